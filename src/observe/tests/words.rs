use crate::observe::id;
use crate::observe::safe;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

fn from_client(values: &[&[u8]]) -> Option<String> {
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(id::REQUEST_ID, HeaderValue::from_bytes(value).unwrap());
    }
    id::from_client(&headers).map(str::to_owned)
}

#[test]
fn a_clients_id_is_taken_only_if_it_is_one_short_visible_word() {
    assert_eq!(from_client(&[b"a"]).as_deref(), Some("a"));
    assert_eq!(from_client(&[&[b'~'; 128]]).map(|id| id.len()), Some(128));
    for refused in [
        &b""[..],
        &[b'x'; 129],
        b"two words",
        b"tab\tbed",
        b"caf\xc3\xa9",
    ] {
        assert_eq!(from_client(&[refused]), None);
    }
    assert_eq!(from_client(&[b"a", b"b"]), None);
    assert_eq!(from_client(&[]), None);
}

#[test]
fn a_path_loses_query_fragment_and_authority_and_nothing_else() {
    assert_eq!(safe::path("/a/b%20c?x=1?y"), "/a/b%20c");
    assert_eq!(safe::path("http://h:1/a?x"), "/a");
    assert_eq!(safe::path("http://h"), "/");
    assert_eq!(safe::path("/a/http://h/b"), "/a/http://h/b");
    assert_eq!(safe::path("*"), "*");
    assert_eq!(safe::path(""), "");
}

proptest! {
    #[test]
    fn text_is_bounded_and_harmless(text in any::<String>(), max in 0usize..64) {
        let out = safe::text(&text, max);
        prop_assert!(out.len() <= max + '…'.len_utf8());
        prop_assert!(!out.chars().any(char::is_control));
    }

    #[test]
    fn plain_text_is_kept_as_it_is(text in "[ -~]{0,50}") {
        prop_assert_eq!(&*safe::text(&text, 50), text.as_str());
    }
}
