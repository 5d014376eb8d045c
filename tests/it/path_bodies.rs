//! Bodies of any size and framing arrive as they were sent, and a body that is broken off leaves
//! nothing behind.

use crate::support::{Client, Origin, Proxy, Setup, Step, noise, wait_until, wire};
use std::sync::Arc;
use tokio::sync::Notify;

const SIZES: [usize; 10] = [
    0,
    1,
    48 << 10,
    64 << 10,
    66_000,
    200_000,
    (1 << 20) - 1,
    1 << 20,
    (1 << 20) + 1,
    3 << 20,
];

/// A read and a write of each dialect, and requests that no dialect knows.
const TARGETS: [(&str, &str, &str); 7] = [
    ("qdrant", "POST", "/collections/a/points/query"),
    ("qdrant", "PUT", "/collections/a/points"),
    ("qdrant", "POST", "/no/such/thing"),
    ("neo4j", "POST", "/db/neo4j/query/v2"),
    ("neo4j", "POST", "/db/neo4j/tx/commit"),
    ("http", "GET", "/file"),
    ("http", "PUT", "/file"),
];

async fn echo() -> Origin {
    Origin::start(|seen| Step::response(200, "content-type: application/json\r\n", &seen.body))
        .await
}

async fn goes_through(framed: impl Fn(&str, &str, &[u8]) -> Vec<u8>) {
    let origin = echo().await;
    for (dialect, method, target) in TARGETS {
        let proxy = Setup::new(dialect, &[origin.url()]).start().await;
        let mut client = proxy.client().await;
        for size in SIZES {
            let body = noise(size);
            client.send(framed(method, target, &body)).await;
            let response = client.response().await;
            let place = format!("{dialect} {method} {target} {size}");
            assert_eq!(response.status, 200, "{place}: {}", response.text());
            let seen = origin.last();
            assert!(seen.body == body, "{place}: {} arrived", seen.body.len());
            assert!(
                response.body == body,
                "{place}: {} came back",
                response.body.len()
            );
            assert!(!response.is_hit(), "{place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_with_a_length_arrive_as_they_were_sent() {
    goes_through(|method, target, body| {
        let length = body.len();
        let head =
            format!("{method} {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_in_chunks_arrive_as_they_were_sent() {
    goes_through(|method, target, body| {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        [head.as_bytes(), &wire::chunks(body, 7_777)].concat()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_in_tiny_pieces_arrive_as_they_were_sent() {
    let origin = echo().await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    let mut client = proxy.client().await;
    let body = noise(600);
    client
        .send("PUT /collections/a/points HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    for byte in wire::chunks(&body, 5) {
        client.send([byte]).await;
    }
    assert_eq!(client.response().await.body, body);
}

/// A server whose bodies of more than 10,000 bytes stream.
async fn small_peek(origin: &Origin) -> Proxy {
    Setup::new("qdrant", &[origin.url()])
        .section("path: {peek_limit: 10000B}")
        .start()
        .await
}

async fn begin_upload(proxy: &Proxy, length: usize) -> Client {
    let mut client = proxy.client().await;
    client
        .send(format!(
            "PUT /collections/a/points?wait=true HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n"
        ))
        .await;
    client.send(noise(200_000)).await;
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_cut_closes_its_connection_and_invalidates_its_tags() {
    let origin = Origin::start(|seen| match seen.method() {
        "GET" => Step::json(
            200,
            r#"{"result":{"points_count":1},"status":"ok","time":0.1}"#,
        ),
        _ => Step::json(
            200,
            r#"{"result":{"status":"completed"},"status":"ok","time":0.1}"#,
        ),
    })
    .await;
    let proxy = small_peek(&origin).await;
    let read = "/collections/a/points/7";
    assert_eq!(proxy.request("GET", read, "", b"").await.status, 200);
    assert!(proxy.request("GET", read, "", b"").await.is_hit());
    let client = begin_upload(&proxy, 1 << 20).await;
    drop(client);
    wait_until("the upload's end at the origin", || origin.last().truncated).await;
    let cut = origin.last();
    assert!(noise(200_000).starts_with(&cut.body));
    wait_until("the connection's end", || origin.closed() == 1).await;
    let response = proxy.request("GET", read, "", b"").await;
    assert!(!response.is_hit(), "{}", response.cache());
    let puts = origin
        .received()
        .iter()
        .filter(|seen| seen.method() == "PUT")
        .count();
    assert_eq!(puts, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_cut_before_it_is_understood_is_sent_nowhere() {
    let origin = echo().await;
    for (dialect, method, target) in TARGETS {
        let proxy = Setup::new(dialect, &[origin.url()]).start().await;
        let mut client = proxy.client().await;
        client
            .send(format!(
                "{method} {target} HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\nhalf"
            ))
            .await;
        client.shutdown().await;
        assert!(client.is_closed().await, "{dialect} {target}");
    }
    assert_eq!(origin.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_that_are_cut_are_sent_nowhere_however_long_they_are() {
    let origin = echo().await;
    let proxy = Setup::new("neo4j", &[origin.url()])
        .section("path: {peek_limit: 10000B}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("POST /db/neo4j/tx/commit HTTP/1.1\r\nhost: test\r\ncontent-length: 400000\r\n\r\n")
        .await;
    client.send(noise(200_000)).await;
    client.shutdown().await;
    assert!(client.is_closed().await);
    // The proxy's own questions go to the Query API.
    let commits = || {
        let seen = origin.received().into_iter();
        let mine = seen.filter(|seen| seen.target() == "/db/neo4j/tx/commit");
        mine.map(|seen| seen.body).collect::<Vec<_>>()
    };
    assert!(commits().is_empty());
    let whole = noise(400_000);
    let response = proxy
        .request("POST", "/db/neo4j/tx/commit", "", &whole)
        .await;
    assert_eq!(response.status, 200);
    assert!(commits() == [whole]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_response_reaches_a_client_that_still_uploads() {
    let early = |seen: &crate::support::ReceivedRequest| {
        (seen.method() == "PUT").then(|| {
            let mut steps = Step::json(413, r#"{"status":{"error":"too large"}}"#);
            steps.push(Step::Close);
            steps
        })
    };
    let origin = Origin::start_with_early_response(early, |_| Step::response(200, "", "ok")).await;
    let proxy = small_peek(&origin).await;
    let mut client = begin_upload(&proxy, 3 << 20).await;
    let response = client.response().await;
    assert_eq!(response.status, 413, "{}", response.text());
    assert!(response.text().contains("too large"));
    assert_eq!(response.field("connection"), Some("close"));
    // A client that reads only after it has sent everything sees it as well.
    let mut client = begin_upload(&proxy, 3 << 20).await;
    client.try_send(&noise((3 << 20) - 200_000)).await;
    assert_eq!(client.response().await.status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_on_which_an_upload_did_not_end_is_not_used_again() {
    let early = |seen: &crate::support::ReceivedRequest| {
        (seen.method() == "PUT").then(|| Step::json(403, r#"{"status":{"error":"no"}}"#))
    };
    let origin = Origin::start_with_early_response(early, |_| Step::response(200, "", "ok")).await;
    let proxy = small_peek(&origin).await;
    for _ in 0..3 {
        let mut client = begin_upload(&proxy, 1 << 20).await;
        assert_eq!(client.response().await.status, 403);
        let response = proxy.request("GET", "/collections/a", "", b"").await;
        assert_eq!((response.status, &*response.body), (200, &b"ok"[..]));
    }
    assert_eq!(origin.count(), 3);
    assert!(origin.received().iter().all(|seen| seen.method() == "GET"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_stalls_is_no_fault_of_the_endpoint() {
    let origin = echo().await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {peek_limit: 10000B, client_read_timeout: 600ms}")
        .section("upstream: {write_timeout: 50ms, read_timeout: 50ms}")
        .section("breaker: {threshold: 1}")
        .start()
        .await;
    let mut stalled = begin_upload(&proxy, 1 << 20).await;
    assert_eq!(stalled.response().await.status, 408);
    assert!(stalled.is_closed().await);
    let response = proxy.request("GET", "/collections", "", b"").await;
    assert_eq!(response.status, 200, "{}", response.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_is_read_although_the_endpoint_stopped_reading() {
    let gate = Arc::new(Notify::new());
    let wait = Arc::clone(&gate);
    let early = move |_: &crate::support::ReceivedRequest| {
        let mut steps = Step::json(503, r#"{"status":{"error":"busy"}}"#);
        steps.push(Step::Wait(Arc::clone(&wait)));
        steps.push(Step::Close);
        Some(steps)
    };
    let origin = Origin::start_with_early_response(early, |_| Step::response(200, "", "ok")).await;
    let proxy = small_peek(&origin).await;
    let mut client = begin_upload(&proxy, 64 << 20).await;
    assert_eq!(client.response().await.status, 503);
    gate.notify_one();
}
