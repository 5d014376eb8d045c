//! What a client is told of a request that went wrong, and what is sent again.

use crate::support::{Origin, Setup, Step};
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
