//! Messages on the wire: framing, connections, time limits.

use crate::support::wire::{self, ReadError};
use crate::support::{
    Client, Framing, Origin, Proxy, ReceivedRequest, Response, Setup, Step, in_time, noise, over,
    plain, wait_until,
};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Every connection was kept, whatever the client's version: a client of HTTP/1.0 waited for a close that never came.
#[tokio::test]
async fn a_client_of_http_1_0_sees_its_connection_closed() {
    let (_origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client.send("GET /x HTTP/1.0\r\n\r\n").await;
    let response = client.response().await;
    assert_eq!(response.field("connection"), Some("close"));
    assert!(client.is_closed().await);
}

/// The HTTP layer drops a length that stands beside chunks and ends the connection; the connection was kept all the same,
/// so that two parties could take the same bytes for different requests.
#[tokio::test]
async fn a_request_with_a_length_and_chunks_is_refused() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /y HTTP/1.1\r\nhost: t\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 400);
    assert!(client.is_closed().await);
    assert_eq!(origin.count(), 0);
}

/// A coding before the chunks was taken out of the head and left in the body.
#[tokio::test]
async fn a_request_with_a_coding_beside_chunks_is_refused() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("POST /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 400);
    assert_eq!(origin.count(), 0);
}

/// CONNECT was passed on to an endpoint.
#[tokio::test]
async fn connect_reaches_no_endpoint() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("CONNECT t:443 HTTP/1.1\r\nhost: t:443\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 405);
    assert_eq!(origin.count(), 0);
}

/// After `100 Continue` the connection was closed with the response.
#[tokio::test]
async fn a_connection_is_kept_after_100_continue() {
    let (_origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    for _ in 0..3 {
        client
            .send("PUT /x HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n")
            .await;
        assert_eq!(client.head().await.map(|head| head.status), Ok(100));
        client.send("a").await;
        let response = client.response().await;
        assert_eq!(response.field("connection"), Some("keep-alive"));
    }
}

/// An endpoint that responded to an upload early was given another request on the same connection: it would have
/// taken that request for the rest of the upload.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_with_an_early_response_ends_its_connection() {
    let early = |seen: &ReceivedRequest| (seen.method() == "PUT").then(|| Step::json(403, "{}"));
    let origin = Origin::start_with_early_response(early, |_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {peek_limit: 1000B}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("PUT /x HTTP/1.1\r\nhost: t\r\ncontent-length: 100000\r\n\r\n")
        .await;
    client.send(noise(50_000)).await;
    assert_eq!(client.response().await.status, 403);
    assert_eq!(proxy.request("GET", "/y", "", b"").await.body, b"ok");
    assert_eq!(origin.last().line, "GET /y HTTP/1.1");
    assert_eq!(origin.count(), 1);
}

/// An endpoint that refused a body and closed while it was still sent was reported as broken; its response was lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_refused_while_it_is_sent_gives_the_endpoints_response() {
    let early = |_: &ReceivedRequest| {
        let mut steps = Step::json(413, r#"{"status":{"error":"too large"}}"#);
        steps.push(Step::Close);
        Some(steps)
    };
    let origin = Origin::start_with_early_response(early, |_| Vec::new()).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {peek_limit: 16MiB}")
        .start()
        .await;
    for _ in 0..5 {
        let response = proxy.request("PUT", "/x", "", &noise(10 << 20)).await;
        assert_eq!(response.status, 413, "{}", response.text());
    }
}

/// A client that let its upload rest was taken for a slow endpoint, whose breaker it could open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_rests_does_not_open_a_breaker() {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {peek_limit: 1000B}")
        .section("upstream: {write_timeout: 1s, read_timeout: 1s}")
        .section("breaker: {threshold: 1}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("PUT /x HTTP/1.1\r\nhost: t\r\ncontent-length: 4000\r\n\r\n")
        .await;
    client.send(noise(3_000)).await;
    // Longer than the endpoint may take: only a clock can tell.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    client.send(noise(1_000)).await;
    assert_eq!(client.response().await.status, 200);
    assert_eq!(origin.count(), 1);
}

/// Informational responses without end were waited for without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn informational_responses_without_end_are_given_up() {
    let origin =
        Origin::start(|_| Step::raw(b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(1_000))).await;
    let proxy = over(&origin).await;
    assert_eq!(proxy.request("PUT", "/x", "", b"a").await.status, 500);
}

/// Each byte of a head restarted its time limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_trickles_is_given_up_in_time() {
    let origin = Origin::start(|_| {
        let mut steps = Step::raw("HTTP/1.1 200 OK\r\nx-a: ");
        for _ in 0..1_000 {
            steps.push(Step::Sleep(Duration::from_millis(20)));
            steps.push(Step::Send(b"a".to_vec()));
        }
        steps
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("upstream: {read_timeout: 100ms, write_timeout: 100ms}")
        .start()
        .await;
    let begun = Instant::now();
    assert_eq!(proxy.request("PUT", "/x", "", b"a").await.status, 500);
    assert!(begun.elapsed() < Duration::from_secs(10));
    wait_until("the end of the exchange", || origin.closed() == 1).await;
}

/// A coding before the chunks of a response was taken out of its head and left in its body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_with_a_coding_beside_chunks_is_not_passed_on() {
    let origin = Origin::start(|_| {
        Step::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
    })
    .await;
    let proxy = over(&origin).await;
    assert_eq!(
        proxy.request("GET", "/collections", "", b"").await.status,
        502
    );
}

/// Of several fields of one name only the last was left where the dialect edited a response's head.
#[tokio::test]
async fn several_cookies_survive_an_edited_head() {
    let origin = Origin::start(|_| {
        let fields = "content-type: application/json\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
             location: http://h/db/neo4j/tx/7\r\n";
        Step::response(201, fields, r#"{"results":[],"errors":[]}"#)
    })
    .await;
    let proxy = Setup::new("neo4j", &[origin.url()]).start().await;
    let response = proxy.post("/db/neo4j/tx", r#"{"statements":[]}"#).await;
    let cookies = response
        .fields
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    assert_eq!(cookies.count(), 2);
}

/// A client of HTTP/1.0 that wanted its connection kept was told so, and then got a body whose end only a close could tell.
#[tokio::test]
async fn a_body_whose_end_is_a_close_says_so() {
    let origin = Origin::start(|_| {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        Step::raw([head, wire::chunks(&noise(5_000), 500)].concat())
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {hold_limit: 1KiB}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("GET /collections HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        .await;
    let response = client.response().await;
    assert_eq!(response.framing, Framing::Close);
    assert!(response.body == noise(5_000));
    assert_eq!(response.field("connection"), Some("close"));
}

/// With no endpoint reachable, the client got a 502 for a broken exchange, without `retry-after`.
#[tokio::test]
async fn endpoints_that_cannot_be_reached_are_a_503_that_names_them() {
    let gone = Origin::start(|_| Vec::new()).await.url();
    let proxy = Setup::new("qdrant", &[gone]).start().await;
    let response = proxy.request("PUT", "/collections/a", "", b"{}").await;
    assert_eq!(response.status, 503);
    assert!(response.field("retry-after").is_some());
    assert!(
        response.text().contains("connect_refused"),
        "{}",
        response.text()
    );
}

/// A field with our own prefix that an endpoint or a client made up was passed on.
#[tokio::test]
async fn fields_with_our_prefix_come_from_us_alone() {
    let origin = Origin::start(|_| Step::response(200, "x-pointsman-odd: 1\r\n", "ok")).await;
    let proxy = over(&origin).await;
    let response = proxy
        .request("GET", "/x", "x-pointsman-odd: 1\r\n", b"")
        .await;
    assert_eq!(response.field("x-pointsman-odd"), None);
    assert_eq!(origin.last().field("x-pointsman-odd"), None);
}

/// Responses of other requests must never come, whatever breaks on the way; written after the reuse of connections was mended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_a_storm_of_faults_no_response_belongs_to_another_request() {
    let origin = |salt: usize| {
        Origin::start(move |seen| {
            let body = format!("{} {}", seen.target(), String::from_utf8_lossy(&seen.body));
            let whole = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            match (seen.number + salt) % 11 {
                0 => vec![Step::Close],
                1 => vec![Step::Send(whole.into_bytes()), Step::Close],
                2 => vec![
                    Step::Send(whole.as_bytes()[..whole.len() / 2].to_vec()),
                    Step::Close,
                ],
                3 => vec![Step::Reset],
                4 => Step::raw(format!(
                    "{whole}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"
                )),
                5 => Step::raw(format!("HTTP/1.1 100 Continue\r\n\r\n{whole}")),
                _ => Step::raw(whole),
            }
        })
    };
    let origins = [origin(0).await, origin(4).await, origin(7).await];
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("qdrant", &urls)
        .section("breaker: {enabled: false}")
        .section("path: {peek_limit: 500B}")
        .start()
        .await;
    let proxy = std::sync::Arc::new(proxy);
    let clients: Vec<_> = (0..16)
        .map(|client| tokio::spawn(storm(std::sync::Arc::clone(&proxy), client)))
        .collect();
    let mut answered = 0;
    for client in clients {
        answered += client.await.expect("no panic");
    }
    assert!(answered > 16 * 60 / 2, "{answered}");
    wait_until("the end of all exchanges", || {
        proxy.server.shared().in_flight() == 0
    })
    .await;
}

/// Sixty requests of one client; how many were answered by an endpoint.
async fn storm(proxy: std::sync::Arc<Proxy>, number: usize) -> usize {
    let mut answered = 0;
    let mut client = proxy.client().await;
    for round in 0..60 {
        let (method, target) = match round % 3 {
            0 => ("GET", format!("/collections/c{number}/points/{round}")),
            1 => (
                "PUT",
                format!("/collections/c{number}/points?wait=true&round={round}"),
            ),
            _ => ("POST", format!("/odd/{number}/{round}")),
        };
        let body = if method == "GET" {
            Vec::new()
        } else {
            noise(round * 40)
        };
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: t\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let sent = client.try_send(&[head.as_bytes(), &body].concat()).await;
        let response = match sent {
            true => client.try_response(method).await,
            false => Err(ReadError::Closed),
        };
        match response {
            Ok(response) if response.status == 200 => {
                answered += 1;
                let expected = format!("{target} {}", String::from_utf8_lossy(&body));
                assert!(response.text() == expected, "{target}: {}", response.text());
            }
            Ok(response) => assert!(matches!(response.status, 500 | 502), "{}", response.text()),
            Err(_) => client = proxy.client().await,
        }
        if round % 17 == 16 {
            client = proxy.client().await;
        }
    }
    answered
}

/// A body in chunks, cut into pieces of these sizes again and again.
async fn send_in_pieces(client: &mut crate::support::Client, bytes: &[u8], pieces: &[usize]) {
    let mut rest = bytes;
    let mut number = 0;
    while !rest.is_empty() {
        let length = pieces[number % pieces.len()].min(rest.len());
        let (piece, more) = rest.split_at(length);
        client.send(piece).await;
        if length < 10 {
            // The proxy must see the pieces apart: no signal tells that it has read one.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        (rest, number) = (more, number + 1);
    }
}

/// An empty part from the reader, where a chunk's header or its end was split across reads, was written as the end of
/// the body: uploads longer than `path.peek_limit` were truncated, with a 200, and the rest went to the next client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunked_uploads_arrive_whole_however_they_are_split() {
    // One that is held whole before it is sent (`/db/neo4j/tx/commit`); the others stream after `path.peek_limit`.
    let targets = [
        ("qdrant", "/collections/a/points?wait=true"),
        ("qdrant", "/upload"),
        ("neo4j", "/db/neo4j/tx/commit"),
        ("neo4j", "/upload"),
        ("http", "/upload"),
    ];
    // A chunk of 65,536 bytes is written as 65,536 + 9: these cut before, in and after its size and its end.
    const LINE: usize = 7;
    let pieces: [&[usize]; 5] = [
        &[LINE, 65_536, 2],
        &[3, 4, 65_536, 1, 1],
        &[LINE + 65_536, 2],
        &[LINE + 65_536 + 2 + 1, 65_536 + 2 + LINE],
        &[99_991, 5, 1],
    ];
    for (dialect, target) in targets {
        let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
        let proxy = Setup::new(dialect, &[origin.url()]).start().await;
        let body = noise(3 << 20);
        for (number, pieces) in pieces.iter().enumerate() {
            let mut client = proxy.client().await;
            let head =
                format!("PUT {target} HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n");
            client.send(head).await;
            let chunks = wire::chunks(&body, 65_536);
            // The last chunk comes alone, after a pause.
            let (all, last) = chunks.split_at(chunks.len() - 5);
            assert_eq!(last, b"0\r\n\r\n");
            send_in_pieces(&mut client, all, pieces).await;
            // So do the trailers, split as the chunks were.
            let last = b"0\r\nx-sum: 7\r\n\r\n";
            send_in_pieces(&mut client, last, &[number + 1, 9, 1]).await;
            let response = client.response().await;
            assert_eq!(
                response.status,
                200,
                "{dialect} {number}: {}",
                response.text()
            );
            assert!(origin.last().body == body, "{dialect} {target} {number}");
            assert_eq!(origin.last().trailers, ["x-sum: 7"], "{dialect} {target}");
            // The connections are clean: a bystander gets its own response, on the same connections.
            let bystander = proxy.request("GET", "/odd", "", b"").await;
            assert_eq!(bystander.body, b"ok");
            assert_eq!(origin.last().line, "GET /odd HTTP/1.1");
            assert_eq!(client.request("GET", "/odd", "", b"").await.body, b"ok");
            assert_eq!(origin.last().connection, 0, "{dialect} {target} {number}");
        }
    }
}

/// What comes down in chunks, split at any byte, arrives as it was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunked_responses_arrive_whole_however_they_are_split() {
    let body = noise(3 << 20);
    for dialect in ["qdrant", "neo4j", "http"] {
        let sent = body.clone();
        let origin = Origin::start(move |received| {
            let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
            let all = [head, wire::chunks(&sent, 9_001)].concat();
            let piece = [65_537, 4_093, 99_991][received.number % 3];
            all.chunks(piece)
                .map(|piece| Step::Send(piece.to_vec()))
                .collect()
        })
        .await;
        let proxy = Setup::new(dialect, &[origin.url()]).start().await;
        let mut client = proxy.client().await;
        for _ in 0..4 {
            let response = client.request("GET", "/odd", "", b"").await;
            assert!(response.body == body, "{dialect}");
        }
    }
}

/// A response that came before the upload was read ended the upload, although the server went on reading.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_early_success_does_not_end_the_upload() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = wire::Buffer::default();
        buffer.head(&mut stream).await.unwrap();
        tokio::io::AsyncWriteExt::write_all(
            &mut stream,
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        )
        .await
        .unwrap();
        buffer.chunked(&mut stream).await
    });
    let proxy = Setup::new("http", &[url])
        .section("path: {peek_limit: 1000B}")
        .start()
        .await;
    let body = noise(2 << 20);
    let mut client = proxy.client().await;
    client
        .send("PUT /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let chunks = wire::chunks(&body, 10_000);
    let (first, rest) = chunks.split_at(5_000);
    client.send(first).await;
    let response = client.response().await;
    assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
    client.send(rest).await;
    let (received, _) = crate::support::in_time("the upload", server)
        .await
        .unwrap()
        .expect("a whole body");
    assert!(received == body);
}

/// An endpoint that responded before it had read the upload, and then read no more, held the client's connection and its own
/// until it closed: no time limit counted after the end of a response. Only `upstream.send_timeout` can tell that it reads no
/// more, so the test has a short one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_that_is_not_taken_after_its_response_ends_in_time() {
    /// More than the sockets on the way hold.
    const LENGTH: usize = 64 << 20;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (over, is_over) = tokio::sync::oneshot::channel();
    let endpoint = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = wire::Buffer::default();
        buffer.head(&mut stream).await.unwrap();
        let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        tokio::io::AsyncWriteExt::write_all(&mut stream, response)
            .await
            .unwrap();
        is_over.await.unwrap();
        buffer.exactly(&mut stream, LENGTH).await
    });
    let proxy = Setup::new("http", &[url])
        .section("path: {peek_limit: 1000B}")
        .section("upstream: {send_timeout: 200ms}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send(format!(
            "PUT /x HTTP/1.1\r\nhost: t\r\ncontent-length: {LENGTH}\r\n\r\n"
        ))
        .await;
    let body = noise(LENGTH);
    let (first, rest) = body.split_at(5_000);
    client.send(first).await;
    let response = client.response().await;
    assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
    // Whether the client can send the rest, which is dropped, or not: the connection ends.
    client.try_send(rest).await;
    assert!(client.is_closed().await);
    wait_until("the end of the request", || {
        proxy.server.shared().in_flight() == 0
    })
    .await;
    over.send(()).unwrap();
    let received = in_time("the end of the connection", endpoint)
        .await
        .unwrap();
    assert!(matches!(received, Err(ReadError::Truncated(_))));
    let metrics = proxy.server.shared().observer.metrics_text();
    let aborted = |line: &str| line.starts_with("pointsman_aborted_total{");
    assert!(!metrics.lines().any(aborted), "the response was whole");
}

/// What is not understood was held until `read_timeout`: server-sent events came after it, or never.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_understood_streams_from_its_first_byte() {
    let next = std::sync::Arc::new(tokio::sync::Notify::new());
    let go_on = std::sync::Arc::clone(&next);
    let origin = Origin::start(move |_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        vec![
            Step::Send(head.into()),
            Step::Wait(std::sync::Arc::clone(&go_on)),
            Step::Send(b"6\r\ndata: \r\n".to_vec()),
            Step::Wait(std::sync::Arc::clone(&go_on)),
            Step::Send(b"0\r\n\r\n".to_vec()),
        ]
    })
    .await;
    let proxy = Setup::new("http", &[origin.url()]).start().await;
    let mut client = proxy.client().await;
    client.send("GET /events HTTP/1.1\r\nhost: t\r\n\r\n").await;
    // The head comes while the origin waits for the test.
    let head = client.head().await.expect("a head");
    assert_eq!(head.status, 200);
    next.notify_one();
    next.notify_one();
    let response = client.body(head, "GET");
    next.notify_one();
    assert_eq!(response.await.expect("a body").body, b"data: ");
}

/// Informational responses were dropped.
#[tokio::test]
async fn informational_responses_pass() {
    let origin = Origin::start(|_| {
        Step::raw("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    })
    .await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    client.send("GET /odd HTTP/1.1\r\nhost: t\r\n\r\n").await;
    let early = client.head().await.expect("a head");
    assert_eq!((early.status, early.field("link")), (103, Some("</a>")));
    assert_eq!(client.response().await.body, b"ok");
}

/// Trailers were dropped on the way to the endpoint.
#[tokio::test]
async fn trailers_of_a_request_pass() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("PUT /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx-sum: 7\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 200);
    assert_eq!(origin.last().body, b"a");
    assert_eq!(origin.last().trailers, ["x-sum: 7"]);
}

/// TRACE echoed a credential in its response.
#[tokio::test]
async fn trace_with_a_credential_does_not_go_on() {
    let (origin, proxy) = plain().await;
    for field in [
        "api-key: k\r\n",
        "authorization: Basic eDp5\r\n",
        "cookie: a=b\r\n",
    ] {
        assert_eq!(proxy.request("TRACE", "/x", field, b"").await.status, 405);
    }
    assert_eq!(origin.count(), 0);
    assert_eq!(proxy.request("TRACE", "/x", "", b"").await.status, 200);
}

/// A request that breaks the rules of HTTP got a bare 400 and left no trace.
#[tokio::test]
async fn a_refusal_of_broken_framing_has_a_shape_an_id_and_a_record() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\n")
        .await;
    let response = client.response().await;
    assert_eq!(response.status, 400);
    assert!(response.json()["status"]["error"].is_string());
    let id = response.field("x-request-id").expect("an id").to_owned();
    let observer = &proxy.server.shared().observer;
    wait_until("the record", || observer.explain(&id).is_some()).await;
    assert_eq!(origin.count(), 0);
}

/// What a slow reader does: asks for a large response, and takes its head alone.
async fn slow_reader(client: IpAddr, proxy: &Proxy) -> (Response, Client) {
    let mut client = Client::connect_from(client, proxy.address).await;
    client.send("GET /large HTTP/1.1\r\nhost: t\r\n\r\n").await;
    let head = client.head().await.expect("a head");
    assert_eq!(head.status, 200);
    (head, client)
}

/// Responses were held up beyond what is read ahead, and kept their places: readers of one address, as many as
/// `max_connections`, took the service away. All is default but `max_connections`, so that few readers are enough:
/// 4 instead of 100, for 8 readers instead of 150.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_a_slow_reader_holds_up_takes_no_place() {
    const LENGTH: usize = 20 << 20;
    let origin = Origin::start(|received| match received.target() {
        "/large" => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
            let mut steps = Step::raw(head);
            steps.extend((0..LENGTH >> 16).map(|_| Step::Repeat(b'x', 1 << 16)));
            steps
        }
        _ => Step::response(200, "", "ok"),
    })
    .await;
    let endpoint = format!("{{url: {}, max_connections: 4}}", origin.url());
    let proxy = Setup::new("http", &[endpoint]).start().await;
    let (one, other) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
    let bystander = slow_reader(other, &proxy).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        slow.push(slow_reader(one, &proxy).await);
        in_time("a place for an ordinary request", async {
            while proxy.request("GET", "/small", "", b"").await.status != 200 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    let metrics = || proxy.server.shared().observer.metrics_text();
    let evicted = r#"pointsman_aborted_total{service="db",side="proxy"} 5"#;
    wait_until("five evictions", || metrics().contains(evicted)).await;
    let is_stalled =
        |line: &str| line.starts_with("pointsman_stalled_responses{") && line.ends_with(" 4");
    assert!(metrics().lines().any(is_stalled), "{}", metrics());
    // The one that reads slowly from another address is not among them.
    let (head, mut client) = bystander;
    let whole = client.body(head, "GET").await.expect("a whole response");
    assert_eq!(whole.body.len(), LENGTH);
    let mut complete = 0;
    for (head, mut client) in slow {
        let body = client.body(head, "GET").await;
        complete += usize::from(body.is_ok_and(|whole| whole.body.len() == LENGTH));
    }
    assert_eq!(complete, 3);
    wait_until("the end of all responses", || {
        proxy.server.shared().in_flight() == 0
    })
    .await;
}

/// A body that broke the rules, or rested too long, while it streamed to an endpoint ended its connection without a word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_body_that_comes_to_no_end_is_told_why() {
    for (dialect, rest, status) in [
        ("http", "no size\r\n", 400),
        ("qdrant", "0\r\nno trailer\r\n\r\n", 400),
        ("qdrant", "", 408),
    ] {
        let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
        let proxy = Setup::new(dialect, &[origin.url()])
            .section("path: {peek_limit: 1000B, client_read_timeout: 300ms}")
            .start()
            .await;
        let mut client = proxy.client().await;
        client
            .send("PUT /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n1388\r\n")
            .await;
        client.send(noise(5_000)).await;
        client.send(format!("\r\n{rest}")).await;
        assert_eq!(client.response().await.status, status, "{dialect}");
        assert!(client.is_closed().await);
        assert_eq!(proxy.request("PUT", "/y", "", b"a").await.status, 200);
        assert!(
            origin
                .received()
                .iter()
                .all(|one| one.truncated || one.method() == "PUT" && one.target() == "/y")
        );
    }
}

/// A head that came to no end in its time ended its connection without a word.
#[tokio::test]
async fn a_head_that_comes_to_no_end_is_told_why() {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {client_read_timeout: 300ms}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client.send("GET /x HTTP/1.1\r\nhost: t\r\napi-key: ").await;
    let response = client.response().await;
    assert_eq!(response.status, 408);
    assert_eq!(response.field("connection"), Some("close"));
    assert!(response.json()["status"]["error"].is_string());
    assert!(client.is_closed().await);
    assert_eq!(origin.count(), 0);
}

/// An empty line counted as the beginning of a request: for `path.client_read_timeout` the connection was not one that never
/// sent anything, and held one of its listener's places.
#[tokio::test]
async fn an_empty_line_begins_no_request() {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {client_first_byte_timeout: 200ms}")
        .start()
        .await;
    let mut silent = proxy.client().await;
    silent.send("\r\n\r\n").await;
    assert!(silent.is_closed().await, "no head, no response");
    let mut client = proxy.client().await;
    client.send("\r\nGET /x HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(client.response().await.body, b"ok");
}

/// TLS and Bolt waited for `path.client_read_timeout`: nothing in them ends a head.
#[tokio::test]
async fn another_protocol_than_http_is_refused_at_once_and_counted_as_such() {
    let (origin, proxy) = plain().await;
    for (bytes, says) in [
        (
            &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
            "this is TLS",
        ),
        (
            b"\x60\x60\xb0\x17\x00\x00\x04\x05\x00\x00\x02\x04",
            "this is Bolt",
        ),
    ] {
        let mut client = proxy.client().await;
        client.send(bytes).await;
        let response = client.response().await;
        assert_eq!(response.status, 400);
        assert!(response.text().contains(says), "{}", response.text());
        assert!(client.is_closed().await);
    }
    let refused = r#"pointsman_rejections_total{reason="other_protocol",service="db"} 2"#;
    let metrics = || proxy.server.shared().observer.metrics_text();
    wait_until("both to be counted", || metrics().contains(refused)).await;
    assert_eq!(origin.count(), 0);
}

/// A target with a space in it was taken for a version that is not served.
#[tokio::test]
async fn a_space_in_a_target_is_a_bad_request() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client.send("GET /a b HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(client.response().await.status, 400);
    assert_eq!(origin.count(), 0);
}

/// After a refusal 1 MiB was read on and the connection closed then: clients that send a body whole before they read, as
/// Python's `http.client` does, got a reset instead of the refusal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_its_whole_body_before_it_reads_gets_the_refusal() {
    const LENGTH: usize = 40 << 20;
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("neo4j", &[origin.url()]).start().await;
    let mut client = proxy.client().await;
    client
        .send(format!(
            "POST /db/neo4j/tx/commit HTTP/1.1\r\nhost: t\r\ncontent-length: {LENGTH}\r\n\r\n"
        ))
        .await;
    client.send(vec![b'x'; LENGTH]).await;
    let response = client.response().await;
    assert_eq!(response.status, 413, "{}", response.text());
    assert!(client.is_closed().await);
    assert_eq!(origin.count(), 0);
}

/// An endpoint that accepts requests and hardly reads them, and a proxy over it. Nothing but the client's leaving
/// ends a request there: `upstream.send_timeout` is longer than a test.
async fn over_stuck_endpoint() -> (tokio::net::TcpListener, Proxy) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(8).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let setup =
        Setup::new("qdrant", &[url]).section("upstream: {send_timeout: 10m, total_timeout: 10m}");
    (listener, setup.start().await)
}

/// The connection of a client's request, of which the head was read. The proxy's own questions are left without a response.
async fn accept_stuck(listener: &tokio::net::TcpListener) -> (tokio::net::TcpStream, wire::Buffer) {
    let mut own = Vec::new();
    loop {
        let (mut stream, _) = in_time("a request", listener.accept()).await.unwrap();
        let mut buffer = wire::Buffer::default();
        let head = buffer.head(&mut stream).await.unwrap();
        match head.contains("x-request-id") {
            true => return (stream, buffer),
            false => own.push(stream),
        }
    }
}

const UPSERT: &str = "PUT /collections/a/points?wait=true";
const QUERY: &str = "POST /collections/a/points/query";

/// A client that left while the endpoint did not take its upload was noticed by `upstream.send_timeout` alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_while_its_upload_is_stuck_is_noticed() {
    for (request, resets) in [
        (UPSERT, true),
        (QUERY, true),
        (UPSERT, false),
        (QUERY, false),
    ] {
        let (listener, proxy) = over_stuck_endpoint().await;
        let mut client = proxy.client().await;
        let head = format!("{request} HTTP/1.1\r\nhost: t\r\ncontent-length: 100000000\r\n\r\n");
        client.send(head).await;
        // More than the endpoint's sockets hold, and the rest less than ours does: an end comes after it.
        client.send(noise(4 << 20)).await;
        let (mut endpoint, mut buffer) = accept_stuck(&listener).await;
        match resets {
            true => client.reset(),
            false => drop(client),
        }
        wait_until("the end of the request", || {
            proxy.server.shared().in_flight() == 0
        })
        .await;
        let received = in_time("the end", buffer.exactly(&mut endpoint, 100_000_000)).await;
        assert!(matches!(received, Err(ReadError::Truncated(_))));
        let metrics = proxy.server.shared().observer.metrics_text();
        let aborted = r#"pointsman_aborted_total{service="db",side="client"} 1"#;
        assert!(metrics.contains(aborted), "{request} {resets}");
    }
}

/// Ending only its own side, with all of the body sent, a client does not leave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stuck_upload_whose_client_has_sent_all_of_it_goes_on() {
    const LENGTH: usize = 4 << 20;
    let (listener, proxy) = over_stuck_endpoint().await;
    let mut client = proxy.client().await;
    let head = format!("{UPSERT} HTTP/1.1\r\nhost: t\r\ncontent-length: {LENGTH}\r\n\r\n");
    client.send(head).await;
    client.send(noise(LENGTH)).await;
    client.shutdown().await;
    let (mut endpoint, mut buffer) = accept_stuck(&listener).await;
    // Longer than it takes until the proxy looks for the client: only a clock can tell.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let body = buffer.exactly(&mut endpoint, LENGTH).await;
    assert!(body.expect("a whole body") == noise(LENGTH));
    let response = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    tokio::io::AsyncWriteExt::write_all(&mut endpoint, response)
        .await
        .unwrap();
    assert_eq!(client.response().await.body, b"ok");
}

/// An endpoint that responds with this to the head of a request, and reads no body.
async fn over_early_error(
    dialect: &'static str,
    path: &str,
    early: impl Fn() -> Vec<Step> + Send + Sync + 'static,
) -> (Origin, Proxy) {
    let origin = Origin::start_with_early_response(move |_| Some(early()), |_| Vec::new()).await;
    let proxy = Setup::new(dialect, &[origin.url()])
        .section(&format!("path: {{peek_limit: 1000B{path}}}"))
        .start()
        .await;
    (origin, proxy)
}

/// The beginning of an error that the endpoint ends when it is told.
fn unfinished_error(rest: &std::sync::Arc<tokio::sync::Notify>) -> Vec<Step> {
    let mut steps = Step::raw("HTTP/1.1 500 Word\r\ncontent-length: 4\r\n\r\nab");
    steps.push(Step::Wait(std::sync::Arc::clone(rest)));
    steps.extend(Step::raw("cd"));
    steps
}

/// More than the sockets on the way hold.
const LARGE: usize = 32 << 20;

/// An upload that an error response ended was not read any more, so nothing told that its client had left: it was in
/// flight, with all that was held of its body, until the endpoint's time was up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_after_an_early_error_is_noticed() {
    let never = std::sync::Arc::new(tokio::sync::Notify::new());
    for resets in [true, false] {
        let rest = std::sync::Arc::clone(&never);
        // The first takes its head; to the second, whose dialect holds responses, nothing was sent yet.
        let dialect = if resets { "http" } else { "qdrant" };
        let (_origin, proxy) = over_early_error(dialect, "", move || unfinished_error(&rest)).await;
        let mut client = proxy.client().await;
        let length = LARGE + 1;
        client
            .send(format!(
                "{UPSERT} HTTP/1.1\r\nhost: t\r\ncontent-length: {length}\r\n\r\n"
            ))
            .await;
        if resets {
            client.send(noise(5_000)).await;
            assert_eq!(client.head().await.map(|head| head.status), Ok(500));
            client.reset();
        } else {
            in_time("the upload", client.send(noise(LARGE))).await;
            client.shutdown().await;
        }
        wait_until("the end of the request", || {
            proxy.server.shared().in_flight() == 0
        })
        .await;
    }
}

/// A client that sees an error may end its side before its body's end, and reads on (RFC 9112, section 9.5).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_its_upload_at_an_early_error_gets_all_of_the_response() {
    let rest = std::sync::Arc::new(tokio::sync::Notify::new());
    let go_on = std::sync::Arc::clone(&rest);
    let (_origin, proxy) = over_early_error("http", "", move || unfinished_error(&go_on)).await;
    let mut client = proxy.client().await;
    client
        .send("PUT /x HTTP/1.1\r\nhost: t\r\ncontent-length: 100000\r\n\r\n")
        .await;
    client.send(noise(5_000)).await;
    let head = client.head().await.expect("a head");
    client.shutdown().await;
    rest.notify_one();
    let response = client.body(head, "PUT").await.expect("a whole response");
    assert_eq!(response.body, b"abcd");
}

/// A client that sends all of its body before it reads, and an error response larger than the sockets hold, waited for each
/// other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_sends_all_before_it_reads_gets_a_large_early_error() {
    for (dialect, path) in [("http", ""), ("qdrant", ", hold_limit: 64MiB")] {
        let error = || {
            let head = format!("HTTP/1.1 400 Word\r\ncontent-length: {LARGE}\r\n\r\n");
            let mut steps = Step::raw(head);
            steps.extend((0..LARGE >> 16).map(|_| Step::Repeat(b'x', 1 << 16)));
            steps
        };
        let (_origin, proxy) = over_early_error(dialect, path, error).await;
        let mut client = proxy.client().await;
        let head = format!("PUT /x HTTP/1.1\r\nhost: t\r\ncontent-length: {LARGE}\r\n\r\n");
        client.send(head).await;
        in_time("the upload", client.send(noise(LARGE))).await;
        let response = client.response().await;
        assert_eq!((response.status, response.body.len()), (400, LARGE));
    }
}
