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

#[test]
fn no_more_values_are_built_than_allowed_however_long_the_text_is() {
    for (piece, end) in [
        ("[],", "[]"),
        (r#"{"":0},"#, "0"),
        (r#""","#, "0"),
        ("[[[]]],", "0"),
        ("1,", "[]"),
        ("null,", "0"),
    ] {
        let text = format!("[{}{end}]", piece.repeat(MAX_VALUES));
        assert_eq!(
            parse(text.as_bytes()),
            Err(JsonError::TooManyValues),
            "{piece}"
        );
        let few = format!("[{}{end}]", piece.repeat(100));
        assert!(parse(few.as_bytes()).is_ok(), "{piece}");
    }
    let members: Vec<String> = (0..MAX_VALUES).map(|i| format!(r#""{i}":{i}"#)).collect();
    let text = format!("{{{}}}", members.join(","));
    assert_eq!(parse(text.as_bytes()), Err(JsonError::TooManyValues));
    let more = JsonParser::default().max_values(MAX_VALUES + 1);
    assert_eq!(
        more.parse(text.as_bytes()).unwrap().members().len(),
        MAX_VALUES
    );
}

#[test]
fn a_vector_of_any_length_is_one_value() {
    let text = format!("[{}1]", "0.5,".repeat(200_000));
    assert_eq!(parse(text.as_bytes()), Ok(Json::Numbers(&text, 200_001)));
}

#[test]
fn what_is_left_unread_is_checked_and_counts_as_nothing() {
    let parser = JsonParser::default().max_values(3).leave_unread(&["rows"]);
    let rows = format!("[{}[]]", r#"{"a": [], "b": "\n"},"#.repeat(1000));
    let text = format!(r#"{{"statement": "x", "rows": {rows}, "n": 1}}"#);
    let json = parser.parse(text.as_bytes()).unwrap();
    assert_eq!(json.get("rows"), Some(&Json::Unread(rows.as_str())));
    assert!(json.get("rows").unwrap().items().is_empty());
    for bad in [
        "[1,]",
        "{a:1}",
        "[\u{1}]",
        r#"["\x"]"#,
        r#"["\ud800"]"#,
        "[1 2]",
        "[}",
        "[",
        "{\"a\"}",
        "{\"a\":1,}",
        "[tru]",
    ] {
        let text = format!(r#"{{"rows":{bad}}}"#);
        let read = parser.parse(text.as_bytes());
        assert!(matches!(read, Err(JsonError::Syntax(_))), "{bad}: {read:?}");
    }
    let deep = format!(r#"{{"rows":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(parser.parse(deep.as_bytes()), Err(JsonError::TooDeep));
}

#[test]
fn members_of_the_top_level_are_found_behind_any_number_of_others() {
    let others: String = (0..500)
        .map(|i| format!(r#""{i}":{{"wanted":0}},"#))
        .collect();
    let text = format!(r#" {{{others}"w\u0061nted" : "x" , "wanted":2}} "#);
    let found = top_level(text.as_bytes(), ["wanted", "absent"]);
    let [wanted, absent] = found.values;
    assert_eq!(&text[wanted.unwrap()], "\"x\"");
    assert_eq!(absent, None);
    assert!(found.is_complete && !found.is_empty);
    assert_eq!(found.inside, 2);
}

#[test]
fn the_beginning_of_a_body_shows_its_whole_members() {
    let text = r#"{"errors":[],"data":{"values":[["é"#.as_bytes();
    for end in 12..=text.len() {
        let found = top_level(&text[..end], ["errors", "data"]);
        assert_eq!(found.values, [Some(10..12), None], "{end}");
        assert!(!found.is_complete);
    }
    for none in ["", "[]", "x", "{} {}", r#"{"a":1"#] {
        assert!(!top_level(none.as_bytes(), ["a"]).is_complete, "{none}");
    }
    assert!(top_level(b" {} ", ["a"]).is_complete);
}

#[test]
fn a_member_is_found_without_a_look_at_what_is_behind_it() {
    let text = br#" {"a":[1,{}] , "b":"x", what comes here"#;
    assert_eq!(member(text, "a"), Some(6..12));
    assert_eq!(member(text, "b"), Some(19..22));
    assert_eq!(member(text, "c"), None);
    assert_eq!(member(b"[]", "a"), None);
}

#[test]
fn nesting_that_is_stepped_over_takes_no_stack() {
    let text = format!(r#"{{"a":{}{}}}"#, "[".repeat(60_000), "]".repeat(60_000));
    assert!(top_level(text.as_bytes(), ["a"]).is_complete);
    let text = format!(r#"{{"a":{}"#, "[".repeat(1_000_000));
    assert!(!top_level(text.as_bytes(), ["a"]).is_complete);
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

    #[test]
    fn what_is_stepped_over_is_json_and_all_json_is_stepped_over(text in r#"[\[\]{}:,"0-9a-f\\ .eE+-]{0,40}"#) {
        let body = format!(r#"{{"a":{text}}}"#);
        let found = top_level(body.as_bytes(), ["a"]);
        let json = serde_json::from_str::<&serde_json::value::RawValue>(&body).is_ok();
        prop_assert!(!found.is_complete || json, "{text}");
        // serde_json also steps over lone surrogates.
        prop_assert!(found.is_complete || !json || text.contains('\\'), "{text}");
    }
}

#[test]
fn a_member_is_set_and_all_else_stays() {
    let set = |body: &str| {
        let sent = set_member(body.as_bytes(), "a", "1")?;
        Some(String::from_utf8(sent).unwrap())
    };
    assert_eq!(set("{}").unwrap(), r#"{"a":1}"#);
    assert_eq!(set(" { } ").unwrap(), r#" {"a":1 } "#);
    assert_eq!(set(r#"{"b": 2}"#).unwrap(), r#"{"a":1,"b": 2}"#);
    assert_eq!(
        set(r#"{"\u0061" : null, "b": 2}"#).unwrap(),
        r#"{"\u0061" : 1, "b": 2}"#
    );
    assert_eq!(set("[]"), None);
    assert_eq!(set(r#"{"b": 2"#), None);
}

fn form_of(value: &Json<'_>, skip: &[&str]) -> Vec<u8> {
    let mut form = Vec::new();
    canonical(value, skip, &mut |piece| form.extend_from_slice(piece));
    form
}

fn form(text: &str) -> Vec<u8> {
    form_of(&parse(text.as_bytes()).unwrap(), &["timeout"])
}

#[test]
fn order_and_white_space_do_not_change_the_canonical_form() {
    assert_eq!(
        form(r#"{"a":1,"b":{"d":2,"c":"x"},"timeout":3}"#),
        form(r#"{ "b": {"c":"\u0078", "d":2}, "a": 1 }"#)
    );
    assert_ne!(form(r#"{"a":"1"}"#), form(r#"{"a":1}"#));
    assert_ne!(form(r#"["a","b"]"#), form(r#"["a\",\"b"]"#));
    assert_ne!(form(r#"[[1],[2]]"#), form(r#"[[1,2]]"#));
}

#[test]
fn what_was_left_unread_has_the_form_of_what_was_read() {
    let parser = JsonParser::default().leave_unread(&["rows"]);
    let unread = |text: &str| form_of(&parser.parse(text.as_bytes()).unwrap(), &[]);
    for text in [
        r#"{"rows":[1,[2,"x"],{"b":1,"a":[]}]}"#,
        r#"{"rows":{"b":1,"a":"\u0061"},"z":1}"#,
    ] {
        let read = parse(text.as_bytes()).unwrap();
        assert_eq!(unread(text), form_of(&read, &[]), "{text}");
    }
    assert_eq!(
        unread(r#"{"rows":{"b":1,"a":2}}"#),
        unread(r#"{"rows":{"a":2, "b":1}}"#)
    );
}

#[test]
fn what_cannot_be_read_stands_for_itself() {
    let parser = JsonParser::default().leave_unread(&["rows"]);
    let form_of_rows = |rows: &str| {
        let text = format!(r#"{{"rows":{rows}}}"#);
        form_of(&parser.parse(text.as_bytes()).unwrap(), &[])
    };
    let many = format!("[{}[]]", "[],".repeat(MAX_VALUES));
    assert_ne!(
        form_of_rows(&many),
        form_of_rows(&many.replacen("[]", "[ ]", 1))
    );
    assert_ne!(
        form_of_rows(r#"{"a":1,"a":2}"#),
        form_of_rows(r#"{"a":2,"a":1}"#)
    );
    assert_ne!(form_of_rows(r#"{"a":1,"a":2}"#), form_of_rows(r#"{"a":2}"#));
}

/// The keys of a text with their depths, as a scan finds them.
fn scanned_keys(text: &[u8]) -> Vec<(u32, String)> {
    let mut scan = Scan::default();
    let mut keys: Vec<(u32, Vec<u8>)> = Vec::new();
    for byte in text {
        match scan.step(*byte) {
            Step::StringStart if scan.is_key() => keys.push((scan.depth(), Vec::new())),
            Step::StringByte if scan.is_key() => keys.last_mut().unwrap().1.push(*byte),
            _ => {}
        }
    }
    assert_eq!(scan.depth(), 0);
    let text = |(depth, key)| (depth, String::from_utf8(key).unwrap());
    keys.into_iter().map(text).collect()
}

#[test]
fn a_scan_tells_keys_from_other_strings() {
    let keys = |text: &str| scanned_keys(text.as_bytes());
    let named = |keys: &[(u32, &str)]| -> Vec<(u32, String)> {
        keys.iter()
            .map(|(depth, key)| (*depth, (*key).to_owned()))
            .collect()
    };
    let text = r#"{"a":"x","b":["y",{"c":{"d":"z"}},"w"],"e\"":"{\\"}"#;
    let found = [(1, "a"), (1, "b"), (3, "c"), (4, "d"), (1, "e\\\"")];
    assert_eq!(keys(text), named(&found));
    assert_eq!(
        keys("{\"a\":1}\n{\"b\":[\"c\"]}"),
        named(&[(1, "a"), (1, "b")])
    );
    let deep = |levels: usize| {
        let (open, close) = ("[".repeat(levels - 1), "]".repeat(levels - 1));
        keys(&format!("{open}{{\"a\":\"b\"}}{close}")).len()
    };
    assert_eq!((deep(64), deep(65), deep(200)), (1, 0, 0));
}
