//! What holds for any input.

use super::table::example;
use super::{informed, response};
use crate::dialect::qdrant::rows;
use crate::dialect::{Body, Call, Dialect, Effect, Request, Storability};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use proptest::collection::vec;
use proptest::prelude::*;

/// Every reason for which a call of this dialect is never stored.
const NEVER: [&str; 13] = [
    "consistency",
    "inference",
    "many_lookups",
    "node_local",
    "not_a_read",
    "random",
    "route_affinity",
    "server_state",
    "unknown_operation",
    "unread_body",
    "unread_token",
    "unusual_form",
    "value_exists",
];

fn understood(method: &str, target: &str, headers: &HeaderMap, body: &Bytes) -> Call {
    informed().understand(&Request {
        method: &Method::from_bytes(method.as_bytes()).unwrap(),
        target,
        headers,
        body: Body::Whole(body),
    })
}

/// The same path in another spelling: letters escaped, slashes doubled.
fn respelled(path: &str, choices: &[u8]) -> String {
    let mut choices = choices.iter().cycle();
    path.chars()
        .map(|c| match (c, choices.next().unwrap_or(&0) % 4) {
            ('/', 0) => "//".to_owned(),
            ('/', _) => "/".to_owned(),
            (c, 1) => format!("%{:02x}", c as u32),
            (c, 2) => format!("%{:02X}", c as u32),
            (c, _) => c.to_string(),
        })
        .collect()
}

fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("collections"),
        Just("points"),
        Just("query"),
        Just("docs"),
        Just(".."),
        Just("%2F"),
        Just("aliases"),
        Just(""),
        Just("%61"),
        Just("shards"),
        Just("snapshots"),
        Just("batch"),
    ];
    vec(word, 0..12).prop_map(|words| format!("/{}", words.join("/")))
}

proptest! {
    #[test]
    fn any_bytes_are_understood_without_a_panic(
        target in prop_oneof![".{0,80}", words()],
        method in "[A-Z]{1,8}",
        header in vec(32u8..127, 0..60),
        body in vec(any::<u8>(), 0..200),
        status in any::<u16>(),
    ) {
        let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, HeaderValue::from_bytes(&header).unwrap())]);
        let body = Bytes::from(body);
        let call = understood(&method, &target, &headers, &body);
        prop_assert!(call.effect == Effect::Read || matches!(call.storability, Storability::Never(_)));
        if let Storability::Never(why) = call.storability {
            prop_assert!(NEVER.contains(&why), "{}", why);
        }
        prop_assert!(call.effect != Effect::Unknown || !call.invalidates.is_empty());
        prop_assert_eq!(call.canonical.is_some(), !call.reads.is_empty());
        informed().judge(&call, &response(status, &headers, &body));
    }

    #[test]
    fn no_spelling_makes_a_read_of_what_is_none(
        row in 0..200usize,
        choices in vec(any::<u8>(), 1..40),
        query in "[a-z=&%0-9]{0,30}",
        body in ".{0,80}",
        encoded in any::<bool>(),
        whole in any::<bool>(),
    ) {
        let row = rows().nth(row % rows().count()).unwrap();
        let method = if row.method == "*" { "PUT" } else { row.method };
        let target = format!("{}?{query}", respelled(&example(row), &choices));
        let body = Bytes::from(body);
        let coding = encoded.then_some((http::header::CONTENT_ENCODING, HeaderValue::from_static("gzip")));
        let call = informed().understand(&Request {
            method: &Method::from_bytes(method.as_bytes()).unwrap(),
            target: &target,
            headers: &HeaderMap::from_iter(coding),
            body: if whole { Body::Whole(&body) } else { Body::Prefix(&body) },
        });
        prop_assert_eq!(call.effect, row.effect, "{} {}", row.name, target);
        if row.effect != Effect::Read {
            prop_assert!(matches!(call.storability, Storability::Never(_)));
        }
    }

    #[test]
    fn a_deep_or_wide_body_is_bounded(depth in 0..400usize, width in 0..2000usize) {
        let prefetch = r#"{"prefetch":"#.repeat(depth) + "{}" + &"}".repeat(depth);
        let call = super::query(&prefetch);
        prop_assert_eq!(super::never(&call) == "unread_body", depth > 128);
        let lookups: Vec<_> = (0..width).map(|i| format!(r#"{{"lookup_from":{{"collection":"c{i}"}}}}"#)).collect();
        let call = super::query(&format!(r#"{{"searches":[{}]}}"#, lookups.join(",")));
        prop_assert_eq!(super::never(&call) == "many_lookups", width > 64);
        prop_assert!(call.reads.len() <= 66);
    }

    #[test]
    fn another_body_is_another_key(a in vec(-1.0f32..1.0, 1..8), b in vec(-1.0f32..1.0, 1..8)) {
        let key = |vector: &[f32]| super::query(&format!(r#"{{"query":{vector:?}}}"#)).canonical.unwrap();
        prop_assert_eq!(key(&a) == key(&b), a == b);
    }

    #[test]
    fn another_credential_is_another_key(a in "[!-~]{1,20}", b in "[!-~]{1,20}") {
        let key = |credential: &str| {
            let pairs = [("api-key", credential)];
            super::call_with(&informed(), "GET", "/collections/docs/points/1", &pairs, "").canonical.unwrap()
        };
        prop_assert_eq!(key(&a) == key(&b), a == b);
    }
}
