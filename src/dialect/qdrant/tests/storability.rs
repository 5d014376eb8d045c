//! What may be stored, what it depends on, and under which key.

use super::{call, call_with, informed, never, query, tags};
use crate::dialect::{Body, Call, Dialect, Effect, Request, Storability};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method};

const QUERY: &str = "/collections/docs/points/query";

#[test]
fn a_plain_query_is_stored_and_depends_on_service_and_collection() {
    let call = query(r#"{"query":[0.1,0.2],"limit":3}"#);
    assert_eq!(call.storability, Storability::Yes);
    assert_eq!(tags(&call.reads), ["qdrant/vectors", "qdrant/vectors/docs"]);
    assert!(call.invalidates.is_empty() && call.canonical.is_some());
}

#[test]
fn lookups_anywhere_are_read_too() {
    for body in [
        r#"{"query":1,"lookup_from":{"collection":"other"}}"#,
        r#"{"prefetch":{"query":1,"lookup_from":{"collection":"other"}},"query":{"fusion":"rrf"}}"#,
        r#"{"prefetch":[{"prefetch":[{"query":1,"lookup_from":{"collection":"other"}}],"query":2}],"query":3}"#,
        r#"{"searches":[{"query":1},{"query":1,"lookup_from":{"collection":"other"}}]}"#,
        r#"{"group_by":"g","with_lookup":"other"}"#,
        r#"{"group_by":"g","with_lookup":{"collection":"other","with_payload":["a"]}}"#,
        r#"{"positive":[1],"lookup_from":{"collection":"other","vector":"v"}}"#,
    ] {
        let call = query(body);
        assert_eq!(never(&call), "", "{body}");
        assert!(
            tags(&call.reads).contains(&"qdrant/vectors/other"),
            "{body}"
        );
    }
}

#[test]
fn a_lookup_by_alias_depends_on_its_target() {
    let call = query(r#"{"query":1,"lookup_from":{"collection":"current"}}"#);
    let expected = [
        "qdrant/vectors",
        "qdrant/vectors/docs",
        "qdrant/vectors/current",
    ];
    assert_eq!(tags(&call.reads), expected);
}

#[test]
fn responses_that_differ_call_by_call_are_never_stored() {
    for (body, why) in [
        (r#"{"query":{"sample":"random"}}"#, "random"),
        (
            r#"{"prefetch":[{"query":{"sample":"random"}}],"query":[0.1]}"#,
            "random",
        ),
        (r#"{"query":{"sample":{"random":null}}}"#, "random"),
        (r#"{"query":["random"]}"#, "unusual_form"),
        (r#"{"query":{"nearest":["text","model"]}}"#, "unusual_form"),
        (r#"{"prefetch":[[null,[0.1]]],"query":1}"#, "unusual_form"),
        (r#"{"query":1,"lookup_from":["other"]}"#, "unusual_form"),
        (
            r#"{"query":{"context":[{"positive":["t","m"],"negative":1}]}}"#,
            "unusual_form",
        ),
        (
            r#"{"query":{"discover":{"target":1,"context":{"positive":1,"negative":["t","m"]}}}}"#,
            "unusual_form",
        ),
        (r#"{"query":{"text":"t","model":"m"}}"#, "inference"),
        (
            r#"{"query":{"nearest":{"image":"i","model":"m"}}}"#,
            "inference",
        ),
        (r#"{"query":{"object":{},"model":"m"}}"#, "inference"),
    ] {
        let call = query(body);
        assert_eq!(never(&call), why, "{body}");
        assert!(call.reads.is_empty() && call.canonical.is_none());
        assert_eq!(call.effect, Effect::Read);
    }
    for kind in ["pairs", "offsets"] {
        let target = format!("/collections/docs/points/search/matrix/{kind}");
        assert_eq!(
            never(&call(&informed(), "POST", &target, r#"{"sample":5}"#)),
            "random"
        );
    }
}

#[test]
fn a_text_in_a_filter_is_no_inference() {
    let call = query(r#"{"query":[0.1],"filter":{"must":[{"key":"a","match":{"text":"good"}}]}}"#);
    assert_eq!(call.storability, Storability::Yes);
    let call =
        query(r#"{"query":{"formula":{"sum":["$score",{"key":"a","match":{"any":["x"]}}]}}}"#);
    assert_eq!(call.storability, Storability::Yes);
}

#[test]
fn multi_vectors_and_lists_of_ids_are_stored() {
    assert_eq!(
        query(r#"{"query":[[0.1,0.2],[0.3,0.4]]}"#).storability,
        Storability::Yes
    );
    assert_eq!(
        query(r#"{"query":{"recommend":{"positive":["a-b"],"negative":[]}}}"#).storability,
        Storability::Yes
    );
}

#[test]
fn an_estimate_is_stored_for_a_short_time() {
    let count =
        |body| call(&informed(), "POST", "/collections/docs/points/count", body).storability;
    assert_eq!(count(r#"{"exact":false}"#), Storability::Short);
    assert_eq!(count("{}"), Storability::Yes);
    assert_eq!(
        call(&informed(), "GET", "/collections/docs", "").storability,
        Storability::Short
    );
}

#[test]
fn an_unread_body_stays_a_read_and_is_never_stored() {
    for body in [
        "",
        "[1]",
        "{\"query\":1,\"query\":2}",
        "{\"query\":",
        "\u{feff}{}",
        "{}{}",
        "{\"a\":\"\\ud800\"}",
    ] {
        let call = query(body);
        assert_eq!(
            (call.effect, never(&call)),
            (Effect::Read, "unread_body"),
            "{body}"
        );
    }
    let encoded = call_with(
        &informed(),
        "POST",
        QUERY,
        &[("content-encoding", "gzip")],
        "{}",
    );
    assert_eq!(
        (encoded.effect, never(&encoded)),
        (Effect::Read, "unread_body")
    );
}

#[test]
fn a_body_that_was_not_read_whole_is_never_stored() {
    for (method, target) in [
        (Method::POST, QUERY),
        (Method::GET, "/collections/docs/points/7"),
    ] {
        let call = informed().understand(&Request {
            method: &method,
            target,
            headers: &HeaderMap::new(),
            body: Body::Prefix(b"{\"query\":[0.1],"),
        });
        assert_eq!((call.effect, never(&call)), (Effect::Read, "unread_body"));
    }
}

#[test]
fn consistency_and_route_affinity_bypass_the_cache() {
    let target = format!("{QUERY}?consist%65ncy=majority");
    assert_eq!(
        never(&call(&informed(), "POST", &target, "{}")),
        "consistency"
    );
    let pairs = [("X-Qdrant-Route-Affinity", "a")];
    assert_eq!(
        never(&call_with(&informed(), "POST", QUERY, &pairs, "{}")),
        "route_affinity"
    );
}

fn token(claims: &str) -> String {
    format!(
        "{}.{}.sig",
        URL_SAFE_NO_PAD.encode("{}"),
        URL_SAFE_NO_PAD.encode(claims)
    )
}

fn with_token(header: &str, value: &str) -> Call {
    call_with(
        &informed(),
        "POST",
        QUERY,
        &[(header, value)],
        r#"{"query":[0.1]}"#,
    )
}

#[test]
fn an_entry_ends_with_its_token() {
    let token = token(r#"{"access":"r","exp":1700000000}"#);
    assert_eq!(with_token("api-key", &token).expires, Some(1_700_000_000));
    let bearer = with_token("authorization", &format!("Bearer {token}"));
    assert_eq!(
        (bearer.expires, bearer.storability),
        (Some(1_700_000_000), Storability::Yes)
    );
}

#[test]
fn a_token_that_depends_on_a_point_or_cannot_be_read_stores_nothing() {
    let exists = token(r#"{"value_exists":{"collection":"users","matches":[]}}"#);
    assert_eq!(never(&with_token("api-key", &exists)), "value_exists");
    for claims in [
        r#"{"exp":1,"exp":2}"#,
        r#"{"exp":1.5}"#,
        r#"{"exp":"x"}"#,
        "{",
    ] {
        assert_eq!(
            never(&with_token("api-key", &token(claims))),
            "unread_token",
            "{claims}"
        );
    }
}

#[test]
fn a_plain_key_has_no_claims() {
    for key in ["secret", "a.b.c", "..", "a.b", "a.b.c.d"] {
        let call = with_token("api-key", key);
        assert_eq!(
            (call.expires, call.storability),
            (None, Storability::Yes),
            "{key}"
        );
    }
}

#[test]
fn equal_questions_have_one_key_and_others_have_another() {
    let dialect = informed();
    let key = |target: &str, pairs: &[(&str, &str)], body: &str| {
        call_with(&dialect, "POST", target, pairs, body)
            .canonical
            .unwrap()
    };
    let body = r#"{"query":[0.1,0.2],"limit":3}"#;
    let base = key(QUERY, &[], body);
    assert_eq!(
        base,
        key(
            "//collections/d%6fcs/points/query/?timeout=9",
            &[],
            r#"{ "limit":3, "query":[0.1,0.2] }"#
        )
    );
    for (target, pairs, body) in [
        ("/collections/other/points/query", &[][..], body),
        ("/collections/current/points/query", &[], body),
        ("/collections/docs/points/search", &[], body),
        ("/collections/docs/points/query?x=1", &[], body),
        (QUERY, &[("api-key", "a")], body),
        (QUERY, &[("authorization", "a")], body),
        (QUERY, &[("x-openai-api-key", "a")], body),
        (QUERY, &[("accept", "text/plain")], body),
        (QUERY, &[("accept-encoding", "gzip")], body),
        (QUERY, &[("content-type", "text/plain")], body),
        (QUERY, &[("origin", "http://a")], body),
        (QUERY, &[], r#"{"query":[0.1,0.20],"limit":3}"#),
        (QUERY, &[], r#"{"query":[0.1,0.2],"limit":3,"timeout":5}"#),
    ] {
        assert_ne!(base, key(target, pairs, body), "{target} {pairs:?} {body}");
    }
}

#[test]
fn the_clients_own_time_limit_is_read_and_one_that_is_refused_is_no_hit() {
    use std::time::Duration;
    let dialect = informed();
    let read = |query: &str| {
        call(
            &dialect,
            "POST",
            &format!("/collections/docs/points/scroll{query}"),
            "{}",
        )
    };
    let plain = read("").canonical.unwrap();
    let limited = read("?t%69meout=5");
    assert_eq!(limited.time_limit, Some(Duration::from_secs(5)));
    assert_eq!(limited.canonical.unwrap(), plain);
    for odd in [
        "0",
        "abc",
        "",
        "-1",
        "1.5",
        "99999999999999999999",
        "5&timeout=5",
    ] {
        let call = read(&format!("?timeout={odd}"));
        assert_eq!(call.time_limit, None, "{odd}");
        assert_ne!(call.canonical.unwrap(), plain, "{odd}");
    }
}
