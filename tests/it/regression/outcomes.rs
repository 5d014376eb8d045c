//! What a client learns of a request that went wrong, and what is sent again.

use crate::support::{Origin, ReceivedRequest, Setup, Step};
use pointsman::dialect::{Body, Request, registry};
use pointsman::rejection::{Rejection, RejectionReason, RetrySafety};
use std::time::Duration;
use tokio::sync::Notify;

async fn three(script: fn(usize) -> Vec<Step>) -> Vec<Origin> {
    let mut origins = Vec::new();
    for place in 0..3 {
        origins.push(Origin::start(move |_| script(place)).await);
    }
    origins
}

fn over(origins: &[Origin]) -> Setup {
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    Setup::new("qdrant", &urls).section("balance: {strategy: round_robin}")
}

fn calls(origins: &[Origin]) -> usize {
    origins.iter().map(Origin::count).sum()
}

/// One statement that took longer than the time limit was run by one endpoint after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_timed_out_is_not_sent_again() {
    let never = std::sync::Arc::new(Notify::new());
    let mut origins = Vec::new();
    for _ in 0..3 {
        let never = std::sync::Arc::clone(&never);
        origins.push(Origin::start(move |_| vec![Step::Wait(std::sync::Arc::clone(&never))]).await);
    }
    let proxy = over(&origins)
        .section("upstream: {read_timeout: 100ms}")
        .start()
        .await;
    let response = proxy
        .request("GET", "/collections/a/points/7", "", b"")
        .await;
    assert_eq!(response.status, 504, "{}", response.text());
    assert_eq!(calls(&origins), 1);
    let allowed = over(&origins)
        .section("upstream: {read_timeout: 100ms}")
        .section("balance: {retry_timeouts: true, strategy: round_robin}")
        .start()
        .await;
    let response = allowed
        .request("GET", "/collections/a/points/7", "", b"")
        .await;
    assert_eq!(response.status, 504, "{}", response.text());
    assert_eq!(calls(&origins), 1 + 3);
}

const MISSING: &str =
    r#"{"status":{"error":"Not found: Collection `a` doesn't exist!"},"time":0.1}"#;

/// A client's mistake was asked of a second endpoint, and took from the budget that failing endpoints need.
#[tokio::test]
async fn a_collection_that_nobody_has_costs_one_call_and_no_retry() {
    let origins = three(|_| Step::json(404, MISSING)).await;
    let proxy = over(&origins).start().await;
    for _ in 0..5 {
        let response = proxy
            .request("GET", "/collections/a/points/7", "", b"")
            .await;
        assert_eq!(response.status, 404);
    }
    assert_eq!(calls(&origins), 5);
}

/// A read that one endpoint had answered, and whose statement then failed by itself, was run by a second endpoint each
/// time, outside the budget: twice the work for as long as the statement failed.
#[tokio::test]
async fn a_statement_that_fails_by_itself_is_run_again_within_the_budget_only() {
    const FAILED: &str = r#"{"errors":[{"code":"Neo.DatabaseError.General.UnknownError","message":"An unknown error occurred."}]}"#;
    let script = |body: &[u8]| match body.windows(2).any(|pair| pair == b"-1") {
        true => Step::json(500, FAILED),
        false => Step::json(202, r#"{"data":{"fields":["n"],"values":[[1]]}}"#),
    };
    let mut origins = Vec::new();
    for _ in 0..2 {
        origins.push(Origin::start(move |seen| script(&seen.body)).await);
    }
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("neo4j", &urls)
        .service("cache: false")
        .section("balance: {retry_budget: 0, retry_floor: 0}")
        .start()
        .await;
    let statement =
        |x: i32| format!(r#"{{"statement":"RETURN substring('a', $x)","parameters":{{"x":{x}}}}}"#);
    for _ in 0..5 {
        let good = proxy.post("/db/neo4j/query/v2", &statement(1)).await;
        assert_eq!(good.status, 202, "{}", good.text());
        let bad = proxy.post("/db/neo4j/query/v2", &statement(-1)).await;
        assert_eq!(bad.status, 500, "{}", bad.text());
    }
    assert_eq!(calls(&origins), 10);
}

/// Statements that failed by themselves used up the retries, and reads at an endpoint that broke off failed for it.
#[tokio::test]
async fn statements_that_fail_take_no_retries_from_reads_at_an_endpoint_that_breaks_off() {
    const FAILED: &str = r#"{"errors":[{"code":"Neo.DatabaseError.General.UnknownError","message":"An unknown error occurred."}]}"#;
    let script = |breaks: bool| {
        move |seen: &ReceivedRequest| match &*String::from_utf8_lossy(&seen.body) {
            body if body.contains("fails") => Step::json(500, FAILED),
            body if body.contains("breaks") && breaks => {
                let mut steps = Step::raw("HTTP/1.1 202 Accepted\r\ncontent-length: 9\r\n\r\n{");
                steps.push(Step::Close);
                steps
            }
            _ => Step::json(202, r#"{"data":{"fields":["n"],"values":[[1]]}}"#),
        }
    };
    let origins = [
        Origin::start(script(true)).await,
        Origin::start(script(false)).await,
    ];
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("neo4j", &urls)
        .service("cache: false")
        .section("balance: {strategy: round_robin, retry_budget: 0.1, retry_floor: 0}")
        .start()
        .await;
    let status = async |word: &str| {
        let statement = r#"{"statement":"RETURN substring('a', $x)","parameters":{"x":"WORD"}}"#;
        let statement = statement.replace("WORD", word);
        proxy.post("/db/neo4j/query/v2", &statement).await.status
    };
    for _ in 0..20 {
        assert_eq!(status("good").await, 202);
        assert_eq!(status("fails").await, 500);
    }
    for _ in 0..4 {
        assert_eq!(status("breaks").await, 202);
    }
}

/// A collection that was made a moment ago may be unknown to an endpoint that lags: that one is not the last word.
#[tokio::test]
async fn a_collection_that_was_just_made_is_asked_for_once_more() {
    let origin = |has: bool| {
        Origin::start(move |seen| match (seen.method(), has) {
            ("PUT", _) => Step::json(200, r#"{"result":true,"status":"ok","time":0.1}"#),
            (_, true) => Step::json(200, r#"{"result":{"id":7},"status":"ok","time":0.1}"#),
            (_, false) => Step::json(404, MISSING),
        })
    };
    let origins = [origin(true).await, origin(false).await];
    let proxy = over(&origins).service("cache: false").start().await;
    assert_eq!(
        proxy
            .request("PUT", "/collections/a", "", b"{}")
            .await
            .status,
        200
    );
    for _ in 0..4 {
        let response = proxy
            .request("GET", "/collections/a/points/7", "", b"")
            .await;
        assert_eq!(response.status, 200, "{}", response.text());
    }
}

/// A response that was no HTTP, on a connection that was used before, was taken for a stale connection and asked for again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_response_on_a_reused_connection_is_not_a_stale_connection() {
    let origin = Origin::start(|seen| match seen.number {
        0 => Step::response(200, "", "ok"),
        _ => Step::raw("HTTP/1.1 zzz\r\n\r\n"),
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .service("cache: false")
        .start()
        .await;
    let target = "/collections/a/points/7";
    assert_eq!(proxy.request("GET", target, "", b"").await.status, 200);
    assert_eq!(proxy.request("GET", target, "", b"").await.status, 502);
    assert_eq!(origin.count(), 2);
    assert_eq!(origin.connections(), 1);
}

/// Whether a client of Neo4j sends a request again by itself that was answered with this code: the
/// official drivers and their wrappers of the Query API, and py2neo.
fn neo4js_clients_retry(code: &str) -> bool {
    let others = [
        "Neo.ClientError.Security.AuthorizationExpired",
        "Neo.ClientError.Cluster.NotALeader",
        "Neo.ClientError.General.ForbiddenOnReadOnlyDatabase",
        "ServiceUnavailable",
        "SessionExpired",
    ];
    code.contains("TransientError") || others.contains(&code)
}

/// Whether a generic HTTP client, set up to retry, sends a request again that was answered so.
fn http_clients_retry(status: u16) -> bool {
    [408, 425, 429, 502, 503, 504].contains(&status)
}

fn refused_by(word: &str, reason: RejectionReason, target: &str) -> serde_json::Value {
    let (method, headers) = (http::Method::POST, http::HeaderMap::new());
    let request = Request {
        method: &method,
        target,
        headers: &headers,
        body: Body::Prefix(b""),
    };
    let dialect = registry::offline(word, "s").unwrap();
    let refusal = dialect.refusal(&Rejection::new(reason, "detail"), Some(&request));
    serde_json::from_str(&refusal.body).unwrap()
}

/// The outcome of a write was unknown, the response was transient, and drivers sent the write again.
#[test]
fn no_client_sends_again_by_itself_what_may_have_been_done() {
    for &reason in RejectionReason::ALL {
        let row = reason.row();
        let invited = row.retry_safety.invites_retry();
        let after = Rejection::new(reason, "x").retry_after(Duration::from_secs(1));
        assert_eq!(after.retry_after.is_some(), invited, "{}", row.label);
        if row.retry_safety == RetrySafety::OutcomeUnknown {
            assert!(!http_clients_retry(row.status), "{}", row.label);
        }
        for target in ["/db/neo4j/query/v2", "/db/neo4j/tx/commit", "/x"] {
            let body = refused_by("neo4j", reason, target);
            let code = body["errors"][0]["code"].as_str().unwrap();
            assert_eq!(neo4js_clients_retry(code), invited, "{}: {code}", row.label);
        }
        // Qdrant's clients know the status alone, and send again what is 429 with a `Retry-After`.
        assert!(row.status != 429 || invited, "{}", row.label);
    }
}

#[test]
fn the_page_of_refusals_shows_the_table() {
    let page = std::fs::read_to_string("docs/refusals.md").unwrap();
    for &reason in RejectionReason::ALL {
        let row = reason.row();
        let code = |target| {
            let body = refused_by("neo4j", reason, target);
            body["errors"][0]["code"].as_str().unwrap().to_owned()
        };
        let (query, tx) = (code("/db/neo4j/query/v2/tx/1"), code("/db/neo4j/tx/1"));
        let codes = match query == tx {
            true => format!("`{tx}`"),
            false => format!("`{tx}`; Query API `{query}`"),
        };
        let invited = if row.retry_safety.invites_retry() {
            "yes"
        } else {
            "no"
        };
        let line = format!("| `{}` | {} | {codes} | {invited} |", row.label, row.status);
        assert!(page.contains(&line), "expected in docs/refusals.md: {line}");
    }
}

/// Three endpoints that take a request, and close without a response.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_of_unknown_outcome_is_sent_once_and_told_as_such_by_every_dialect() {
    let cases = [
        (
            "neo4j",
            "POST",
            "/db/neo4j/query/v2",
            r#"{"statement":"CREATE (n)"}"#,
        ),
        (
            "neo4j",
            "POST",
            "/db/neo4j/tx/commit",
            r#"{"statements":[{"statement":"CREATE (n)"}]}"#,
        ),
        (
            "qdrant",
            "PUT",
            "/collections/a/points?wait=true",
            r#"{"points":[]}"#,
        ),
        ("http", "PUT", "/x", "{}"),
    ];
    for (dialect, method, target, body) in cases {
        let origins = three(|_| vec![Step::Close]).await;
        let urls: Vec<String> = origins.iter().map(Origin::url).collect();
        let proxy = Setup::new(dialect, &urls).start().await;
        let fields = "content-type: application/json\r\norigin: http://page.example\r\n";
        let response = proxy.request(method, target, fields, body.as_bytes()).await;
        assert_eq!(response.status, 500, "{target}: {}", response.text());
        assert!(
            response.text().contains("outcome is unknown"),
            "{}",
            response.text()
        );
        assert_eq!(response.field("retry-after"), None);
        let origin = match dialect {
            "neo4j" => Some("*"),
            "qdrant" => Some("http://page.example"),
            _ => None,
        };
        assert_eq!(response.field("access-control-allow-origin"), origin);
        assert_eq!(calls(&origins), 1, "{target}");
    }
}
