//! Bad input: what HTTP allows passes on untouched and uncached, what breaks its framing is refused,
//! and nothing of it ends the process.

use crate::support::{Framing, Origin, Proxy, Setup, Step};

const QUERY: &str = "/collections/a/points/query";

async fn plain() -> (Origin, Proxy) {
    let origin =
        Origin::start(|_| Step::json(400, r#"{"status":{"error":"the database's own"}}"#)).await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    (origin, proxy)
}

fn nested(levels: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels))
}

#[tokio::test]
async fn odd_bodies_pass_untouched_to_the_databases_own_response() {
    let (origin, proxy) = plain().await;
    let bodies: Vec<Vec<u8>> = vec![
        b"not json".to_vec(),
        b"{\"query\":".to_vec(),
        b"\xff\xfe\x00{\x00}".to_vec(),
        b"null".to_vec(),
        b"[]".to_vec(),
        br#"{"limit":1,"limit":2}"#.to_vec(),
        br#"{"query":[1e999999],"limit":99999999999999999999999}"#.to_vec(),
        br#"{"query":"\ud800"}"#.to_vec(),
        nested(129).into_bytes(),
        nested(100_000).into_bytes(),
        "[".repeat(500_000).into_bytes(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{} {}".to_vec(),
    ];
    for body in bodies {
        for kind in [
            "application/json",
            "text/plain",
            "application/x-odd; a=b",
            "",
        ] {
            let field = format!("content-type: {kind}\r\n");
            let response = proxy.request("POST", QUERY, &field, &body).await;
            assert_eq!(response.status, 400);
            assert!(response.text().contains("the database's own"));
            assert!(!response.is_hit());
            assert!(origin.last().body == body);
        }
    }
}

#[tokio::test]
async fn odd_statements_pass_untouched_to_the_databases_own_response() {
    let origin = Origin::start(|_| {
        Step::json(
            400,
            r#"{"errors":[{"code":"Neo.ClientError.Request.Invalid","message":"own"}]}"#,
        )
    })
    .await;
    let proxy = Setup::new("neo4j", &[origin.url()]).start().await;
    for body in [
        "not json",
        r#"{"statement":1}"#,
        r#"{"statement":"RETURN 1","statement":"CREATE (n)"}"#,
        &nested(129),
    ] {
        for target in ["/db/neo4j/query/v2", "/db/neo4j/tx/commit"] {
            let response = proxy.post(target, body).await;
            assert!(response.text().contains("own"), "{}", response.text());
            assert_eq!(origin.last().body, body.as_bytes(), "{target}");
        }
    }
}

/// Requests whose framing is broken, each of which must be refused with 400 and reach nobody.
const BROKEN: [&str; 23] = [
    "GET /x HTTP/1.1\r\nx-a: b\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: -1\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: +3\r\n\r\nabc",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 3x\r\n\r\nabc",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length:\r\n\r\n",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 0x3\r\n\r\nabc",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 3, 4\r\n\r\nabc",
    "POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 99999999999999999999999999\r\n\r\nabc",
    "GET /x HTTP/1.1\r\nhost: t\r\nno colon here\r\n\r\n",
    "GET /x HTTP/1.1\r\nhost: t\r\nname : value\r\n\r\n",
    "GET /x HTTP/1.1\r\nhost: t\r\n: empty\r\n\r\n",
    "GET /x HTTP/1.1\r\nhost: t\r\nname: a\0b\r\n\r\n",
    "GET /x HTTP/1.1\r\nhost: t\r\nhost: u\r\n\r\n",
    "GET /x y HTTP/1.1 z\r\nhost: t\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01 garbage\r\n\r\n",
];

#[tokio::test]
async fn broken_framing_is_refused_and_reaches_nobody() {
    let (origin, proxy) = plain().await;
    for request in BROKEN {
        let mut client = proxy.client().await;
        client.send(request).await;
        let response = client.response().await;
        assert_eq!(response.status, 400, "{request:?}");
        assert!(client.is_closed().await, "{request:?}");
    }
    assert_eq!(origin.count(), 0);
    assert_eq!(origin.connections(), 0);
}

/// Bodies whose chunks are broken.
const CHUNKS: [&str; 7] = [
    "zz\r\nabc\r\n0\r\n\r\n",
    "-1\r\nabc\r\n0\r\n\r\n",
    "0x3\r\nabc\r\n0\r\n\r\n",
    "3\r\nabcdef\r\n0\r\n\r\n",
    "ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "3\nabc\n0\n\n",
    " 3\r\nabc\r\n0\r\n\r\n",
];

#[tokio::test]
async fn broken_chunks_are_refused_and_reach_nobody() {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    for chunks in CHUNKS {
        let mut client = proxy.client().await;
        client
            .send(format!(
                "POST {QUERY} HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
            ))
            .await;
        let response = client.response().await;
        assert_eq!(response.status, 400, "{chunks:?}");
        assert!(client.is_closed().await, "{chunks:?}");
    }
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn chunks_of_an_odd_form_go_out_in_the_plain_form() {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    for chunks in [
        "3;ext=\"a\"\r\nabc\r\n0;b\r\n\r\n",
        "0003\r\nabc\r\n000\r\n\r\n",
    ] {
        let mut client = proxy.client().await;
        client
            .send(format!(
                "POST {QUERY} HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"
            ))
            .await;
        assert_eq!(client.response().await.status, 200, "{chunks:?}");
        let seen = origin.last();
        assert_eq!(seen.field("content-length"), Some("3"));
        assert_eq!(seen.body, b"abc");
    }
}

#[tokio::test]
async fn bytes_after_a_refused_request_are_no_request() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: t\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 400);
    assert!(client.is_closed().await);
    assert_eq!(origin.count(), 0);
}

fn is_refused_in_the_dialects_shape(response: &crate::support::Response) {
    assert_eq!(response.status, 431, "{}", response.line);
    assert_eq!(response.field("content-type"), Some("application/json"));
    assert!(
        response.json()["status"]["error"]
            .as_str()
            .is_some_and(|text| text.contains("headers_too_large"))
    );
    assert_eq!(response.framing, Framing::Length);
}

#[tokio::test]
async fn header_fields_beyond_the_limits_are_refused_in_the_dialects_shape() {
    let (origin, proxy) = plain().await;
    let many = |count: usize| "x-a: b\r\n".repeat(count);
    let large = |size: usize| format!("x-a: {}\r\n", "b".repeat(size));
    for fields in [
        many(201),
        many(255),
        many(300),
        many(5_000),
        large(70_000),
        large(900_000),
        large(1_500_000),
    ] {
        let mut client = proxy.client().await;
        client
            .try_send(format!("GET /x HTTP/1.1\r\nhost: t\r\n{fields}\r\n").as_bytes())
            .await;
        is_refused_in_the_dialects_shape(&client.response().await);
    }
    assert_eq!(origin.count(), 0);
    assert_eq!(
        proxy.request("GET", "/x", &many(150), b"").await.status,
        400
    );
    assert_eq!(
        proxy.request("GET", "/x", &large(60_000), b"").await.status,
        400
    );
    assert_eq!(origin.count(), 2);
}

#[tokio::test]
async fn a_refusal_before_the_body_reaches_a_client_that_still_sends_it() {
    let (origin, proxy) = plain().await;
    let fields = "x-a: b\r\n".repeat(230);
    let mut client = proxy.client().await;
    client
        .send(format!(
            "POST {QUERY} HTTP/1.1\r\nhost: t\r\ncontent-length: 2000000\r\n{fields}\r\n"
        ))
        .await;
    client.try_send(&vec![b'a'; 2_000_000]).await;
    is_refused_in_the_dialects_shape(&client.response().await);
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn a_client_that_never_ends_its_head_is_closed_in_time() {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {client_first_byte_timeout: 300ms, client_read_timeout: 300ms}")
        .start()
        .await;
    let mut idle = proxy.client().await;
    assert!(idle.is_closed().await);
    let mut slow = proxy.client().await;
    slow.send("GET /x HTTP/1.1\r\nhost: t\r\nx-a: ").await;
    let mut sent = 0;
    while slow.try_send(b"a").await && sent < 10_000 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        sent += 1;
    }
    assert!(sent < 10_000);
}

#[tokio::test]
async fn a_body_that_never_comes_gets_its_response_in_time() {
    let origin = Origin::start(|_| Step::response(200, "", "ok")).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {client_read_timeout: 100ms}")
        .start()
        .await;
    let mut client = proxy.client().await;
    client
        .send("PUT /x HTTP/1.1\r\nhost: t\r\ncontent-length: 10\r\n\r\nhalf")
        .await;
    assert_eq!(client.response().await.status, 408);
    assert_eq!(origin.count(), 0);
}

#[tokio::test]
async fn a_refusal_needs_no_body_from_a_client_that_waits_for_100() {
    let (origin, proxy) = plain().await;
    let fields = "x-a: b\r\n".repeat(230);
    let mut client = proxy.client().await;
    client
        .send(format!(
            "PUT /x HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 5\r\n{fields}\r\n"
        ))
        .await;
    assert_eq!(client.head().await.map(|head| head.status), Ok(431));
    assert_eq!(origin.count(), 0);
}
