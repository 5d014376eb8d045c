//! What a client or an endpoint may cost: slow ones are let go, bodies that cannot be held stream or
//! are refused, and nothing stays behind.

use crate::support::{Origin, Proxy, Setup, Step, in_time, noise, wait_until};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

const OK: &str = r#"{"result":{"status":"completed"},"status":"ok","time":0.1}"#;

async fn echo() -> Origin {
    Origin::start(|seen| Step::response(200, "content-type: application/json\r\n", &seen.body))
        .await
}

/// Sends a head, then single bytes for as long as the server reads them. What the server said to it.
async fn trickle(proxy: &Proxy, head: &str) -> String {
    let stream = TcpStream::connect(proxy.address)
        .await
        .expect("a connection");
    let (mut from, mut to) = stream.into_split();
    to.write_all(head.as_bytes()).await.expect("a head sent");
    let sending = tokio::spawn(async move {
        let mut beat = tokio::time::interval(Duration::from_millis(20));
        while to.write_all(b"x").await.is_ok() {
            beat.tick().await;
        }
    });
    let mut said = Vec::new();
    // A reset is as good an end as a close.
    let _ = in_time("the end of a trickle", from.read_to_end(&mut said)).await;
    sending.abort();
    String::from_utf8_lossy(&said).into_owned()
}

const UPLOAD: &str =
    "PUT /collections/a/points?wait=true HTTP/1.1\r\nhost: test\r\ncontent-length: 1000000\r\n\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_trickles_is_given_up_although_each_byte_comes_in_time() {
    let origin = echo().await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {client_read_timeout: 300ms, client_rate: 1MiB}")
        .start()
        .await;
    let said = trickle(&proxy, UPLOAD).await;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert_eq!(origin.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_trickles_ends_its_write_and_its_connection() {
    let origin = echo().await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {peek_limit: 10B, client_read_timeout: 300ms, client_rate: 1MiB}")
        .start()
        .await;
    trickle(&proxy, UPLOAD).await;
    wait_until("the end of the upload at the origin", || {
        origin.closed() == 1
    })
    .await;
    assert!(origin.last().truncated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_takes_nothing_is_let_go() {
    let origin = Origin::start(|_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n";
        vec![
            Step::Send(head.as_bytes().to_vec()),
            Step::Repeat(b'x', 100_000_000),
        ]
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {client_write_timeout: 300ms, client_rate: 1GiB, hold_limit: 1KiB}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("GET /collections/a/snapshots/b HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    wait_until("the end of the response at the origin", || {
        origin.closed() == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_is_noticed_while_its_response_rests() {
    let never = Arc::new(Notify::new());
    let origin = Origin::start(move |_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nbegun";
        vec![
            Step::Send(head.as_bytes().to_vec()),
            Step::Repeat(b'x', 50_000),
            Step::Wait(Arc::clone(&never)),
        ]
    })
    .await;
    let proxy = Setup::new("http", &[origin.url()])
        .section("path: {hold_limit: 1KiB}")
        .section("upstream: {read_timeout: 1h, write_timeout: 1h}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("GET /file HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(client.head().await.expect("a head").status, 200);
    drop(client);
    wait_until("its leave", || proxy.server.shared().in_flight() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_trickles_has_a_limit_in_all() {
    let origin = Origin::start(|_| {
        let mut steps = Step::raw("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        for _ in 0..1_000 {
            steps.push(Step::Repeat(b'x', 1));
            steps.push(Step::Sleep(Duration::from_millis(20)));
        }
        steps
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("upstream: {total_timeout: 300ms, read_timeout: 10s}")
        .section("balance: {max_retries: 1}")
        .start()
        .await;
    let held = proxy
        .request("GET", "/collections/a/points/7", "", b"")
        .await;
    assert_eq!(held.status, 504, "{}", held.text());
    assert!(held.text().contains("total_timeout"), "{}", held.text());
    let mut client = proxy.client().await;
    client
        .send("GET /collections/a/snapshots/b HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    let head = client.head().await.expect("a head");
    assert_eq!(head.status, 200);
    assert!(client.body(head, "GET").await.is_err(), "a broken transfer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn statements_beyond_the_limit_are_refused_and_sent_nowhere() {
    let origin = echo().await;
    let proxy = Setup::new("neo4j", &[origin.url()])
        .section("path: {peek_limit: 10KiB, spool_limit: 100KiB}")
        .start()
        .await;
    let response = proxy
        .request("POST", "/db/neo4j/tx/commit", "", &noise(300_000))
        .await;
    assert_eq!(response.status, 413, "{}", response.text());
    assert_eq!(
        response.json()["errors"][0]["code"],
        "Neo.ClientError.Request.Invalid"
    );
    assert!(response.text().contains("path.spool_limit"));
    assert!(
        origin
            .received()
            .iter()
            .all(|seen| seen.target() != "/db/neo4j/tx/commit")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_that_cannot_be_held_stream_or_are_refused() {
    let origin = Origin::start(|seen| match seen.method() {
        "PUT" => Step::json(200, OK),
        "GET" => Step::response(200, "content-type: application/json\r\n", noise(100_000)),
        _ => Step::response(200, "content-type: application/json\r\n", &seen.body),
    })
    .await;
    let full = |dialect| {
        Setup::new(dialect, &[origin.url()])
            .section("path: {held_bodies: 20KiB, client_share: 1}")
            .start()
    };
    let qdrant = full("qdrant").await;
    let body = noise(200_000);
    let response = qdrant
        .request("PUT", "/collections/a/points?wait=true", "", &body)
        .await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert!(origin.last().body == body);
    for _ in 0..2 {
        let response = qdrant
            .request("GET", "/collections/a/points/7", "", b"")
            .await;
        assert_eq!(response.status, 200);
        assert!(response.body == noise(100_000));
        assert!(!response.is_hit());
    }
    let neo4j = full("neo4j").await;
    let statement = "/db/neo4j/tx/commit";
    let response = neo4j.request("POST", statement, "", &body).await;
    assert_eq!(response.status, 503, "{}", response.text());
    assert_eq!(response.field("retry-after"), Some("1"));
    assert!(response.text().contains("path.held_bodies"));
    // What was taken was given back.
    for _ in 0..3 {
        wait_until("all given back", || {
            neo4j.server.shared().bodies.held() == 0
        })
        .await;
        let response = neo4j.request("POST", statement, "", &noise(15_000)).await;
        assert_eq!(response.status, 200, "{}", response.text());
    }
}

/// A response in two parts; the test calls for each.
async fn in_two_parts(part: &Arc<Notify>, first: usize) -> Origin {
    let part = Arc::clone(part);
    Origin::start(move |_| {
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        vec![
            Step::Wait(Arc::clone(&part)),
            Step::Send(format!("{head}{first:x}\r\n").into_bytes()),
            Step::Repeat(b'x', first),
            Step::Send(b"\r\n".to_vec()),
            Step::Wait(Arc::clone(&part)),
            Step::Send(b"3\r\nend\r\n0\r\n\r\n".to_vec()),
        ]
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_only_its_own_side_gets_what_streams_for_a_write_or_an_upload() {
    let part = Arc::new(Notify::new());
    let origin = in_two_parts(&part, 10).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {peek_limit: 4B, hold_limit: 1B}")
        .start()
        .await;
    for (target, body) in [
        ("/not/known", "{}"),
        ("/not/known", r#"{"more": "than is read"}"#),
        ("/collections/a/points/query", r#"{"more": "than is read"}"#),
    ] {
        let mut client = proxy.client().await;
        let length = body.len();
        client
            .send(format!(
                "POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n{body}"
            ))
            .await;
        client.shutdown().await;
        part.notify_one();
        let head = client.head().await.expect("a head");
        part.notify_one();
        let response = client.body(head, "POST").await.expect("a whole response");
        assert_eq!(response.body, b"xxxxxxxxxxend", "{target} {body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_held_of_a_response_is_given_back_while_the_rest_streams() {
    let part = Arc::new(Notify::new());
    let origin = in_two_parts(&part, 10_000).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {hold_limit: 1KiB}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("GET /collections/a/points/7 HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    part.notify_one();
    let head = client.head().await.expect("a head");
    wait_until("the held part given back", || {
        proxy.server.shared().bodies.held() == 0
    })
    .await;
    part.notify_one();
    let response = client.body(head, "GET").await.expect("a whole response");
    assert_eq!(response.body.len(), 10_003);
}
