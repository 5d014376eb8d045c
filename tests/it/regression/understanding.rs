//! What it takes to understand a body, whatever the body is.

use bytes::Bytes;
use http::{HeaderMap, Method};
use pointsman::dialect::neo4j::{Neo4j, Neo4jSettings};
use pointsman::dialect::qdrant::{Qdrant, QdrantSettings};
use pointsman::dialect::{Body, Call, Dialect, Effect, Fence, Request, Storability};

const QUERY: &str = "/db/neo4j/query/v2";
const TX: &str = "/db/neo4j/tx/commit";
const SEARCH: &str = "/collections/docs/points/query";

fn neo4j() -> Neo4j {
    Neo4j::new(Neo4jSettings::new("graph"))
}

fn post<T>(target: &str, body: &Bytes, then: impl FnOnce(&Request<'_>) -> T) -> T {
    then(&Request {
        method: &Method::POST,
        target,
        headers: &HeaderMap::new(),
        body: Body::Whole(body),
    })
}

fn understood(dialect: &dyn Dialect, target: &str, body: String) -> Call {
    post(target, &body.into(), |request| dialect.understand(request))
}

/// Of a body with more than 64 members the record said that the read fence was sent, and it was not.
#[test]
fn a_fence_that_is_recorded_is_sent_however_many_members_the_body_has() {
    let others: String = (0..100).map(|i| format!(r#""x{i}":0,"#)).collect();
    let body = Bytes::from(format!(r#"{{{others}"statement":"RETURN 1"}}"#));
    let neo4j = neo4j();
    post(QUERY, &body, |request| {
        let call = neo4j.understand(request);
        assert_eq!((call.effect, call.fence), (Effect::Read, Fence::Ours));
        let sent = neo4j.outgoing(&call, request, false).body.unwrap();
        let sent: serde_json::Value = serde_json::from_slice(&sent).unwrap();
        assert_eq!(sent["accessMode"], "READ");
    });
}

/// Each list copied all that was known of the statement, so that time and memory grew with their product.
#[test]
fn lists_behind_long_names_are_understood() {
    let names: Vec<String> = (0..100)
        .map(|i| format!("(v{i}{}:A)", "x".repeat(200)))
        .collect();
    let lists = vec!["[[[[[[[[1]]]]]]]]"; 1000].join(",");
    let text = format!("MATCH {} RETURN {lists}", names.join(","));
    let call = understood(&neo4j(), QUERY, format!(r#"{{"statement":"{text}"}}"#));
    assert_eq!(call.effect, Effect::Read);
}

#[test]
fn what_is_too_long_or_too_much_to_understand_is_a_write() {
    let long = format!("RETURN '{}'", "x".repeat(2 << 20));
    let call = understood(&neo4j(), QUERY, format!(r#"{{"statement":"{long}"}}"#));
    assert_eq!(
        (call.effect, call.reason),
        (Effect::Unknown, "statement_too_long")
    );
    assert_eq!(call.fence, Fence::None);
    assert!(!call.invalidates.is_empty());
    for piece in ["[],", r#"{"":0},"#, r#"{"statement":"RETURN 1"},"#] {
        let body = format!(r#"{{"statements":[{}[]]}}"#, piece.repeat(70_000));
        let call = understood(&neo4j(), TX, body);
        assert_eq!(
            (call.effect, call.reason),
            (Effect::Unknown, "unread_body"),
            "{piece}"
        );
        assert!(!call.invalidates.is_empty());
    }
}

#[test]
fn a_search_with_too_many_values_is_never_stored() {
    let qdrant = Qdrant::new("vectors", QdrantSettings::default());
    let body = format!(r#"{{"filter":{{"must":[{}{{}}]}}}}"#, "[],".repeat(70_000));
    let call = understood(&qdrant, SEARCH, body);
    assert_eq!(call.effect, Effect::Read);
    assert_eq!(call.storability, Storability::Never("unread_body"));
    assert_eq!(call.reason, "the body has too many values");
}

#[test]
fn parameters_of_any_size_leave_a_read_a_read() {
    for rows in [
        format!("[{}[]]", "[],".repeat(400_000)),
        format!("[{}0]", r#"{"id":1,"name":"a"},"#.repeat(50_000)),
        r#"{"a":1,"a":2}"#.to_owned(),
    ] {
        let body = format!(
            r#"{{"statement":"UNWIND $rows AS r RETURN r","parameters":{{"rows":{rows}}}}}"#
        );
        let call = understood(&neo4j(), QUERY, body);
        assert_eq!((call.effect, call.fence), (Effect::Read, Fence::Ours));
    }
}
