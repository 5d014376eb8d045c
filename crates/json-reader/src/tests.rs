use super::*;
use proptest::prelude::*;

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
    assert_eq!(parse(br#"{"a":1,"a":2}"#), Err(JsonError::DuplicateKey));
    assert_eq!(
        parse(br#"{"a":1,"\u0061":2}"#),
        Err(JsonError::DuplicateKey)
    );
    assert_eq!(parse(b"\xff"), Err(JsonError::NotUtf8));
    assert_eq!(parse(b"\xef\xbb\xbf{}"), Err(JsonError::Syntax(0)));
    assert!(matches!(parse(br#"{} {}"#), Err(JsonError::Syntax(_))));
    assert!(matches!(parse(br#"["\ud800"]"#), Err(JsonError::Syntax(_))));
    assert!(matches!(parse(b"[1 2]"), Err(JsonError::Syntax(_))));
    assert!(matches!(parse(b"[01]"), Err(JsonError::Syntax(_))));
}

#[test]
fn depth_is_bounded() {
    let deep = |n| [vec![b'['; n], vec![b']'; n]].concat();
    assert!(parse(&deep(MAX_DEPTH)).is_ok());
    assert_eq!(parse(&deep(MAX_DEPTH + 2)), Err(JsonError::TooDeep));
    assert_eq!(parse(&vec![b'['; 1_000_000]), Err(JsonError::TooDeep));
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
