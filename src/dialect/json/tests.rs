use super::*;
use proptest::prelude::*;

fn canon(text: &str) -> Vec<u8> {
    canonical(&parse(text.as_bytes()).unwrap(), &["timeout"])
}

#[test]
fn a_vector_is_kept_as_its_raw_bytes() {
    let json = parse(br#"{"query": [0.1, -2e3,3], "limit": 5}"#).unwrap();
    assert_eq!(json.get("query"), Some(&Json::Numbers("[0.1, -2e3,3]", 3)));
    assert_eq!(json.get("limit").and_then(Json::as_u64), Some(5));
}

#[test]
fn a_mixed_array_is_read_item_by_item() {
    let json = parse(br#"[1, "a", null]"#).unwrap();
    assert_eq!(json.items().len(), 3);
}

#[test]
fn faults_are_told_apart() {
    assert_eq!(parse(br#"{"a":1,"a":2}"#), Err(Fault::DuplicateKey));
    assert_eq!(parse(br#"{"a":1,"\u0061":2}"#), Err(Fault::DuplicateKey));
    assert_eq!(parse(b"\xff"), Err(Fault::NotUtf8));
    assert_eq!(parse(b"\xef\xbb\xbf{}"), Err(Fault::Syntax(0)));
    assert!(matches!(parse(br#"{} {}"#), Err(Fault::Syntax(_))));
    assert!(matches!(parse(br#"["\ud800"]"#), Err(Fault::Syntax(_))));
    assert!(matches!(parse(b"[1 2]"), Err(Fault::Syntax(_))));
    assert!(matches!(parse(b"[01]"), Err(Fault::Syntax(_))));
}

#[test]
fn depth_is_bounded() {
    let deep = |n| [vec![b'['; n], vec![b']'; n]].concat();
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&deep(MAX_DEPTH + 2)), Err(Fault::TooDeep));
    assert_eq!(parse(&vec![b'['; 1_000_000]), Err(Fault::TooDeep));
}

#[test]
fn order_and_white_space_do_not_change_the_canonical_form() {
    assert_eq!(
        canon(r#"{"a":1,"b":{"d":2,"c":"x"},"timeout":3}"#),
        canon(r#"{ "b": {"c":"\u0078", "d":2}, "a": 1 }"#)
    );
    assert_ne!(canon(r#"{"a":"1"}"#), canon(r#"{"a":1}"#));
    assert_ne!(canon(r#"["a","b"]"#), canon(r#"["a\",\"b"]"#));
    assert_ne!(canon(r#"[[1],[2]]"#), canon(r#"[[1,2]]"#));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn what_is_read_is_json(text in r#"[\[\]{}:,"0-9a-f\\ .eE+-]{0,40}"#) {
        if parse(text.as_bytes()).is_ok() {
            prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok());
        }
    }
}
