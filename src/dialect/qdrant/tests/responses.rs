//! Responses of real servers, and of every kind that the tables name.

use super::{call, informed, judge, query, response};
use crate::dialect::qdrant::{Qdrant, QdrantSettings};
use crate::dialect::{Body, Call, Dialect, Executed, Fault, ProbeResult, Response, RetryAdvice};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

const RECORDED: &str = include_str!("../../../../tests/fixtures/qdrant-answers.ndjson");

fn read() -> Call {
    query(r#"{"query":[0.1]}"#)
}

fn write() -> Call {
    call(
        &informed(),
        "PUT",
        "/collections/docs/points?wait=true",
        "{}",
    )
}

/// A recorded exchange, judged: note, status, call, code, storable.
fn recorded() -> impl Iterator<Item = (String, u16, Call, crate::dialect::Judgement)> {
    RECORDED.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let body = match &line["body"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        let call = call(&informed(), text("method"), text("path"), &body);
        let status = line["status"].as_u64().unwrap() as u16;
        let judgement = judge(&call, status, text("answer"));
        (text("note").to_owned(), status, call, judgement)
    })
}

#[test]
fn recorded_responses_mean_what_was_seen() {
    let mut seen = 0;
    for (note, status, call, judgement) in recorded() {
        seen += 1;
        assert_eq!(judgement.is_success(), status == 200, "{note}");
        let stored = call.canonical.is_some();
        assert_eq!(
            stored && judgement.storable.is_ok(),
            stored && status == 200,
            "{note}"
        );
        let code = match note.as_str() {
            "upsert, default wait=false" => "acknowledged",
            "create again: conflict" => "conflict",
            "upsert, wrong size" | "facet without index" => "wrong_input",
            "get missing point" => "point_not_found",
            "unknown collection" => "collection_not_found",
            "bad JSON" | "wrong field" | "duplicate keys" => "format_error",
            "method not allowed" | "unknown path" => "unknown_route",
            "strict: unindexed filter" => "bad_request",
            "strict: rate limited" if status == 429 => "rate_limited",
            _ => "ok",
        };
        assert_eq!(judgement.code, code, "{note}");
    }
    assert!(seen > 35);
}

#[test]
fn a_recorded_write_says_whether_it_was_applied() {
    let done: Vec<_> = recorded()
        .filter(|(note, ..)| note.starts_with("upsert, ") || note == "batch update")
        .map(|(_, _, _, judgement)| judgement.execution)
        .collect();
    assert_eq!(
        done,
        [
            Executed::Done,
            Executed::Queued,
            Executed::Nothing,
            Executed::Done
        ]
    );
}

#[test]
fn a_write_that_timed_out_waiting_is_only_queued() {
    let timed_out =
        r#"{"result":{"operation_id":3,"status":"wait_timeout"},"status":"ok","time":9.4}"#;
    let judgement = judge(&write(), 200, timed_out);
    assert_eq!(
        (judgement.execution, judgement.code),
        (Executed::Queued, "wait_timeout")
    );
    let mixed =
        r#"{"result":[{"status":"completed"},{"status":"acknowledged"}],"status":"ok","time":0}"#;
    assert_eq!(judge(&write(), 200, mixed).execution, Executed::Queued);
}

#[test]
fn a_write_whose_response_cannot_be_read_is_only_queued() {
    for body in ["", "<html>", "{\"result\":"] {
        assert_eq!(
            judge(&write(), 200, body).execution,
            Executed::Queued,
            "{body}"
        );
    }
    let cut = Response {
        status: 200,
        headers: &HeaderMap::new(),
        body: Body::Prefix(br#"{"result":{"status":"completed"},"status":"ok","time":0.1}"#),
    };
    assert_eq!(informed().judge(&write(), &cut).execution, Executed::Queued);
}

#[test]
fn failures_are_judged_by_status_and_text() {
    use Fault::{Access, Client, Database, Endpoint, Overload, Peer};
    for (status, text, fault, read_retry, code) in [
        (
            400,
            "Bad request: no index",
            Client,
            RetryAdvice::No,
            "bad_request",
        ),
        (
            400,
            "JSON payload is larger than allowed (limit: 1)",
            Client,
            RetryAdvice::No,
            "too_large",
        ),
        (
            401,
            "Must provide an API key or an Authorization bearer token",
            Access,
            RetryAdvice::No,
            "unauthenticated",
        ),
        (
            403,
            "Forbidden: Global access is required",
            Access,
            RetryAdvice::No,
            "forbidden",
        ),
        (
            403,
            "ExpiredSignature",
            Client,
            RetryAdvice::No,
            "expired_token",
        ),
        (
            403,
            "Storage locked: by an operator",
            Endpoint,
            RetryAdvice::No,
            "storage_locked",
        ),
        (404, "", Client, RetryAdvice::No, "unknown_route"),
        (
            404,
            "Not found: Collection `x` doesn't exist!",
            Client,
            RetryAdvice::Once,
            "collection_not_found",
        ),
        (
            404,
            "Not found: No point with id 3 found",
            Client,
            RetryAdvice::No,
            "point_not_found",
        ),
        (
            408,
            "Timeout: 1 out of 3 shards failed to apply operation",
            Overload,
            RetryAdvice::No,
            "timeout",
        ),
        (
            413,
            "<html>too large</html>",
            Client,
            RetryAdvice::No,
            "too_large",
        ),
        (
            429,
            "Rate limiting exceeded: Retry after 30s",
            Overload,
            RetryAdvice::No,
            "rate_limited",
        ),
        (431, "x", Client, RetryAdvice::No, "client_error"),
        (
            500,
            "Service internal error: Tonic status error: connection refused",
            Peer,
            RetryAdvice::Once,
            "peer_failed",
        ),
        (
            500,
            "Service internal error: tcp connect error",
            Peer,
            RetryAdvice::Once,
            "peer_unreachable",
        ),
        (
            500,
            "Service internal error: 1 of 2 read operations failed",
            Peer,
            RetryAdvice::Once,
            "peer_failed",
        ),
        (
            500,
            "The replica set for shard 1 has no active replica",
            Peer,
            RetryAdvice::Once,
            "no_active_replica",
        ),
        (
            500,
            "Consistency of this update is not guaranteed",
            Database,
            RetryAdvice::No,
            "inconsistent",
        ),
        (
            500,
            "Service internal error: out of memory",
            Endpoint,
            RetryAdvice::Once,
            "internal_error",
        ),
        (500, "<html>", Endpoint, RetryAdvice::Once, "internal_error"),
        (
            503,
            "Shard temporarily unavailable: x",
            Database,
            RetryAdvice::Elsewhere,
            "shard_unavailable",
        ),
        (
            503,
            "<html>upstream</html>",
            Endpoint,
            RetryAdvice::Elsewhere,
            "unavailable",
        ),
        (
            507,
            "Insufficient storage: quota",
            Database,
            RetryAdvice::No,
            "insufficient_storage",
        ),
        (599, "", Endpoint, RetryAdvice::Once, "server_error"),
        (0, "", Endpoint, RetryAdvice::Once, "server_error"),
    ] {
        let json = format!("{{\"status\":{{\"error\":{text:?}}},\"time\":0.0}}");
        for body in [text.to_owned(), json]
            .iter()
            .take(if text.is_empty() { 1 } else { 2 })
        {
            let judgement = judge(&read(), status, body);
            assert_eq!(
                (judgement.fault, judgement.read_retry, judgement.code),
                (fault, read_retry, code),
                "{body}"
            );
            assert_eq!(
                judgement.needs_two_shapes,
                matches!(code, "internal_error" | "server_error"),
                "{body}"
            );
            assert_eq!(judgement.write_retry, RetryAdvice::No);
            assert!(judgement.storable.is_err());
            assert_eq!(
                judgement.revoke,
                matches!(code, "unauthenticated" | "forbidden" | "expired_token"),
                "{body}"
            );
        }
    }
}

/// A search may name another collection (`lookup_from`): that this one is missing says nothing of the one that is searched.
#[test]
fn only_that_the_collection_of_the_path_is_missing_denies_it() {
    let denies = |text: &str| {
        let json = serde_json::json!({"status": {"error": text}, "time": 0.0});
        judge(&read(), 404, &json.to_string()).denies_target
    };
    assert!(denies("Not found: Collection `docs` doesn't exist!"));
    for other in [
        "Not found: Collection `docs2` doesn't exist!",
        "Not found: Collection `doc` doesn't exist!",
        "Not found: Collection `docs` doesn't exist!` doesn't exist!",
        "Not found: Collection `docs` doesn't exist!\"` doesn't exist!",
        "Not found: No point with id 3 found",
        "docs",
    ] {
        assert!(!denies(other), "{other}");
    }
}

#[test]
fn a_cut_error_is_judged_by_what_is_there() {
    let cut = Response {
        status: 500,
        headers: &HeaderMap::new(),
        body: Body::Prefix(br#"{"status":{"error":"Service internal error: Tonic status error: "#),
    };
    assert_eq!(informed().judge(&read(), &cut).fault, Fault::Peer);
}

#[test]
fn a_refused_batch_of_changes_may_be_partly_applied() {
    let batch = call(&informed(), "POST", "/collections/docs/points/batch", "{}");
    assert_eq!(
        judge(&batch, 400, "Wrong input: x").execution,
        Executed::Unknown
    );
    assert_eq!(
        judge(&write(), 400, "Wrong input: x").execution,
        Executed::Nothing
    );
}

#[test]
fn a_rate_limited_read_asks_another_replica_where_there_is_one() {
    let replicated = Qdrant::new(
        "vectors",
        QdrantSettings {
            replicas: 2,
            ..QdrantSettings::default()
        },
    );
    let body = Bytes::from_static(b"Rate limiting exceeded");
    let judgement = replicated.judge(&read(), &response(429, &HeaderMap::new(), &body));
    assert_eq!(
        (judgement.read_retry, judgement.write_retry),
        (RetryAdvice::Once, RetryAdvice::No)
    );
}

#[test]
fn only_a_whole_response_that_says_ok_is_stored() {
    let storable = |body: &str| judge(&read(), 200, body).storable.is_ok();
    assert!(storable(
        r#"{"result":{"points":[]},"status":"ok","time":0.1}"#
    ));
    assert!(storable(
        r#"{"result":[],"status":"ok","time":0.1,"usage":{"hardware":{"cpu":1}}}"#
    ));
    assert!(storable("{ \"status\": \"ok\", \"result\": [] }"));
    assert!(!storable(
        r#"{"result":[],"status":"acknowledged","time":0.1}"#
    ));
    assert!(!storable(
        r#"{"result":[{"payload":{"status":"ok","time":1}"#
    ));
    assert!(!storable("") && !storable("<html>"));
    let long = |end: &str| storable(&format!(r#"{{"result":"{}"{end}"#, "x".repeat(100_000)));
    assert!(long(r#","status":"ok","time":0.1}"#));
    assert!(long(
        r#","status":"ok","time":1e-5,"usage":{"hardware":null}}"#
    ));
    assert!(!long(r#","status":"ok","time":0.1}]"#) && !long(r#","status":"ok","time":0."#));
    assert!(!long(r#","status":"grey","time":0.1}"#));
    assert!(
        judge(&read(), 206, r#"{"status":"ok","time":0}"#)
            .storable
            .is_err()
    );
}

#[test]
fn a_refusal_of_ours_has_the_shape_of_qdrant() {
    use crate::rejection::{Rejection, RejectionReason};
    let rejection = Rejection::new(RejectionReason::NoEndpoint, "no \"good\" endpoint\n");
    let refusal = informed().refusal(&rejection, None);
    let body: Value = serde_json::from_str(&refusal.body).unwrap();
    assert_eq!(
        body["status"]["error"],
        "pointsman: no \"good\" endpoint\n (no_endpoint)"
    );
    assert_eq!(body["time"], 0.0);
}

#[test]
fn probes_tell_a_node_that_serves_from_one_that_does_not() {
    let settings = QdrantSettings::default().with_api_key("secret").unwrap();
    let probes = Qdrant::new("vectors", settings).probes();
    let finding = |i: usize, status: u16| {
        (probes[i].read)(&response(status, &HeaderMap::new(), &Bytes::new()))
    };
    assert_eq!(finding(0, 200), ProbeResult::Good);
    assert!(matches!(finding(0, 503), ProbeResult::Bad(_)));
    assert_eq!(finding(0, 404), ProbeResult::Unsupported);
    for refused in [401, 403] {
        assert_eq!(finding(0, refused), ProbeResult::Good, "it lives");
    }
    assert_eq!(finding(1, 200), ProbeResult::Good);
    assert_eq!(finding(1, 401), ProbeResult::Locked);
    assert_eq!(finding(1, 403), ProbeResult::Locked);
    let body = Bytes::from_static(br#"{"status":{"error":"Forbidden: no access"}}"#);
    let scoped = (probes[1].read)(&response(403, &HeaderMap::new(), &body));
    assert_eq!(scoped, ProbeResult::Good, "the key is known");
    assert_eq!(finding(1, 429), ProbeResult::Busy);
    assert!(matches!(finding(1, 500), ProbeResult::Bad(_)));
    // The list of all collections grows with them, beyond what is read of a response to a probe.
    assert!(probes.iter().all(|probe| probe.target != "/collections"));
    assert!(!probes[0].asks_service && probes[0].headers.is_empty());
    assert!(probes[1].asks_service && probes[1].headers[0].1.is_sensitive());
}
