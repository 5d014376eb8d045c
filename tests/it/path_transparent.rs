//! What the path does not understand, or need not change, goes through as it came.

use crate::support::{
    Framing, Origin, Response, Setup, Step, noise, over, plain, wait_until, wire,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Fields that pointsman adds, and hop-by-hop fields.
const OURS: [&str; 5] = [
    "date",
    "connection",
    "x-request-id",
    "x-pointsman-cache",
    "x-pointsman-explain",
];

fn others(response: &Response) -> Vec<(String, String)> {
    let theirs = |(name, _): &&(String, String)| !OURS.contains(&name.as_str());
    response.fields.iter().filter(theirs).cloned().collect()
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    fields.iter().map(pair).collect()
}

fn sorted(mut fields: Vec<(String, String)>) -> Vec<(String, String)> {
    fields.sort();
    fields
}

#[tokio::test]
async fn an_unknown_request_and_its_response_pass_byte_for_byte() {
    let origin = Origin::start(|_| {
        let fields = "X-Odd: \"a, b\" ;c=d\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
             server: origin\r\ncontent-type: application/x-odd\r\n";
        Step::response(299, fields, b"\x00\xff raw \r\n")
    })
    .await;
    let proxy = over(&origin).await;
    let response = proxy
        .request(
            "FROB",
            "/no/such/path",
            "Content-Type: application/x-unknown\r\nX-Field: one\r\nX-Field: two\r\nx-empty:\r\n",
            b"\xfe\x00 not json",
        )
        .await;
    let seen = origin.last();
    assert_eq!(seen.line, "FROB /no/such/path HTTP/1.1");
    assert_eq!(seen.body, b"\xfe\x00 not json");
    let id = seen.field("x-request-id").expect("an id").to_owned();
    let sent = [
        ("host", "test"),
        ("content-length", "11"),
        ("content-type", "application/x-unknown"),
        ("x-field", "one"),
        ("x-field", "two"),
        ("x-empty", ""),
        ("x-request-id", &id),
    ];
    assert_eq!(sorted(seen.fields.clone()), sorted(pairs(&sent)));
    assert_eq!(response.line, "HTTP/1.1 299 Word");
    assert_eq!(response.body, b"\x00\xff raw \r\n");
    let given = [
        ("content-length", "9"),
        ("x-odd", "\"a, b\" ;c=d"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("server", "origin"),
        ("content-type", "application/x-odd"),
    ];
    assert_eq!(sorted(others(&response)), sorted(pairs(&given)));
    assert_eq!(response.field("x-request-id"), Some(id.as_str()));
}

#[tokio::test]
async fn cookies_of_a_response_that_the_dialect_edits_are_all_kept() {
    let origin = Origin::start(|_| {
        let body = r#"{"results":[],"errors":[],"commit":"http://h/db/neo4j/tx/7/commit"}"#;
        let fields = "content-type: application/json\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
             location: http://h/db/neo4j/tx/7\r\n";
        Step::response(201, fields, body)
    })
    .await;
    let proxy = Setup::new("neo4j", &[origin.url()]).start().await;
    let response = proxy.post("/db/neo4j/tx", r#"{"statements":[]}"#).await;
    assert_eq!(response.status, 201, "{}", response.text());
    let cookies = response
        .fields
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    assert_eq!(cookies.count(), 2);
}

#[tokio::test]
async fn targets_are_forwarded_as_they_came() {
    let (origin, proxy) = plain().await;
    let targets = [
        "/",
        "//",
        "//collections//a/",
        "/a/../b/./c",
        "/collections/a%2Fb/points?x=%20&y=+&&=",
        "/%zz?%",
        "/a;v=1/..;/b",
        "/collections/caf%C3%A9?q=1?2",
        "/a?b=/../c",
        "/a'(b)*!~$,:@",
        "/?",
    ];
    for target in targets {
        proxy.request("GET", target, "", b"").await;
        assert_eq!(origin.last().target(), target);
    }
    let long = format!("/{}", "x".repeat(9_000));
    proxy.request("GET", &long, "", b"").await;
    assert_eq!(origin.last().target(), long);
}

#[tokio::test]
async fn a_target_in_absolute_form_loses_its_authority_only() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("GET http://test/a%20b?c=d HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 200);
    assert_eq!(origin.last().target(), "/a%20b?c=d");
    assert_eq!(origin.last().field("host"), Some("test"));
}

#[tokio::test]
async fn an_authority_that_differs_from_host_is_refused() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("GET http://other/a HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 400);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn connect_is_refused_and_reaches_no_endpoint() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("CONNECT test:443 HTTP/1.1\r\nhost: test:443\r\n\r\n")
        .await;
    let response = client.response().await;
    assert!(matches!(response.status, 400 | 405), "{}", response.line);
    assert!(client.is_closed().await);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn host_is_passed_on_and_made_up_only_where_it_is_missing() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("GET /a HTTP/1.1\r\nHost: Some.Name:81\r\n\r\n")
        .await;
    client.response().await;
    assert_eq!(origin.last().field("host"), Some("Some.Name:81"));
    let mut client = proxy.client().await;
    client.send("GET /a HTTP/1.0\r\n\r\n").await;
    client.response().await;
    assert_eq!(origin.last().field("host"), Some(&*origin.authority()));
}

#[tokio::test]
async fn methods_without_content_stay_without_content() {
    let (origin, proxy) = plain().await;
    for method in ["GET", "HEAD", "OPTIONS", "DELETE", "TRACE", "PROPFIND"] {
        let response = proxy.request(method, "/collections/a", "", b"").await;
        assert_eq!(response.status, 200, "{method}");
        let seen = origin.last();
        assert_eq!(seen.method(), method);
        assert_eq!(seen.field("content-length"), None, "{method}");
        assert_eq!(seen.field("transfer-encoding"), None, "{method}");
    }
    let mut client = proxy.client().await;
    client
        .send("OPTIONS * HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    client.response().await;
    assert_eq!(origin.last().target(), "*");
}

#[tokio::test]
async fn a_head_response_keeps_its_length_and_the_connection() {
    let (_origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    let response = client.request("HEAD", "/collections/a", "", b"").await;
    assert_eq!(response.field("content-length"), Some("2"));
    assert_eq!(client.request("GET", "/x", "", b"").await.body, b"ok");
}

#[tokio::test]
async fn a_delete_or_get_may_have_a_body_and_a_post_none() {
    let (origin, proxy) = plain().await;
    for method in ["GET", "DELETE", "OPTIONS"] {
        proxy.request(method, "/collections/a", "", b"body").await;
        assert_eq!(origin.last().body, b"body", "{method}");
    }
    proxy.request("POST", "/collections/a", "", b"").await;
    assert_eq!(origin.last().body, b"");
    let mut client = proxy.client().await;
    client
        .send("PUT /collections/a HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
        .await;
    assert_eq!(client.response().await.status, 200);
    assert_eq!(origin.last().body, b"");
    assert!(!origin.last().truncated);
}

#[tokio::test]
async fn an_encoded_body_passes_as_it_is() {
    let (origin, proxy) = plain().await;
    let gzip =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xae\x05\x00\x43\xbf\xa6\xa3\x02\x00\x00\x00";
    let fields = "content-type: application/json\r\ncontent-encoding: gzip\r\n";
    for target in ["/collections/a/points/query", "/collections/a/points", "/x"] {
        let response = proxy.request("POST", target, fields, gzip).await;
        assert_eq!(response.status, 200);
        assert_eq!(origin.last().body, gzip);
        assert_eq!(origin.last().field("content-encoding"), Some("gzip"));
        assert!(!response.is_hit());
    }
}

#[tokio::test]
async fn responses_without_content_end_at_once_and_keep_the_connection() {
    let origin = Origin::start(|seen| match seen.target() {
        "/204" => Step::raw("HTTP/1.1 204 No Content\r\nx-a: 1\r\n\r\n"),
        "/304" => {
            Step::raw("HTTP/1.1 304 Not Modified\r\netag: \"a\"\r\ncontent-length: 7\r\n\r\n")
        }
        _ => Step::response(200, "", ""),
    })
    .await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    for (target, status) in [("/204", 204), ("/304", 304), ("/empty", 200), ("/204", 204)] {
        let response = client.request("GET", target, "", b"").await;
        assert_eq!(
            (response.status, response.body.len()),
            (status, 0),
            "{target}"
        );
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn a_large_response_streams_with_its_length() {
    let body = noise(5 << 20);
    let copy = body.clone();
    let origin = Origin::start(move |_| Step::response(200, "", &copy)).await;
    let proxy = over(&origin).await;
    for target in ["/unknown", "/collections"] {
        let response = proxy.request("GET", target, "", b"").await;
        assert_eq!(response.framing, Framing::Length);
        assert!(response.body == body, "{target}");
    }
}

#[tokio::test]
async fn a_chunked_response_arrives_whole_however_long_it_is() {
    let origin = Origin::start(|seen| {
        let size = seen.target().trim_start_matches('/').parse().unwrap_or(0);
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        Step::raw([head, wire::chunks(&noise(size), 10_000)].concat())
    })
    .await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    for size in [0, 1, 70_000, 3 << 20] {
        let response = client.request("GET", &format!("/{size}"), "", b"").await;
        assert!(response.body == noise(size), "{size}");
    }
    assert_eq!(origin.connections(), 1);
}

#[tokio::test]
async fn a_response_that_ends_by_closing_reaches_every_client() {
    let origin = Origin::start(|seen| {
        let size = seen.target().trim_start_matches('/').parse().unwrap_or(0);
        let mut steps = Step::raw([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), noise(size)].concat());
        steps.push(Step::Close);
        steps
    })
    .await;
    let proxy = over(&origin).await;
    for size in [0, 10, 2 << 20] {
        let response = proxy.request("GET", &format!("/{size}"), "", b"").await;
        assert!(response.body == noise(size), "{size}");
        assert_ne!(response.framing, Framing::Close);
        for fields in ["", "connection: keep-alive\r\n"] {
            let mut client = proxy.client().await;
            client
                .send(format!("GET /{size} HTTP/1.0\r\n{fields}\r\n"))
                .await;
            let response = client.response().await;
            assert!(response.body == noise(size), "{size} for HTTP/1.0");
            assert_ne!(response.framing, Framing::Chunked);
            let closing = response.field("connection") == Some("close");
            assert!(
                closing || response.framing == Framing::Length,
                "{:?}",
                response.fields
            );
        }
    }
}

#[tokio::test]
async fn a_chunked_response_reaches_a_client_that_knows_no_chunks() {
    let origin = Origin::start(|_| {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        Step::raw([head, wire::chunks(&noise(2 << 20), 50_000)].concat())
    })
    .await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    client.send("GET /x HTTP/1.0\r\n\r\n").await;
    let response = client.response().await;
    assert_eq!(response.framing, Framing::Close);
    assert_eq!(response.field("connection"), Some("close"));
    assert!(response.body == noise(2 << 20));
}

#[tokio::test]
async fn fields_of_the_hop_end_here_in_both_directions() {
    let origin = Origin::start(|_| {
        let fields = "Connection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=5\r\n\
             proxy-authenticate: a\r\nx-pointsman-cache: forged\r\nx-pointsman-odd: forged\r\nx-end: 1\r\n";
        Step::response(200, fields, "ok")
    })
    .await;
    let proxy = over(&origin).await;
    let fields = "Connection: X-Hop, keep-alive\r\nx-hop: 1\r\nkeep-alive: 5\r\nte: trailers\r\n\
         proxy-authorization: b\r\nx-pointsman-cache: no\r\nx-pointsman-odd: 1\r\nx-end: 1\r\n";
    let response = proxy.request("GET", "/x", fields, b"").await;
    let names = |fields: &[(String, String)]| -> Vec<String> {
        fields.iter().map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(
        names(&origin.last().fields),
        ["host", "x-end", "x-request-id"]
    );
    let mut left = names(&others(&response));
    left.sort();
    assert_eq!(left, ["content-length", "x-end"]);
    assert!(!response.cache().contains("forged"));
}

#[tokio::test]
async fn an_upgrade_is_stripped_and_the_request_gets_its_response() {
    let (origin, proxy) = plain().await;
    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\nsec-websocket-key: a\r\n";
    let response = proxy.request("GET", "/x", fields, b"").await;
    assert_eq!(response.status, 200);
    assert_eq!(origin.last().field("upgrade"), None);
    assert_eq!(origin.last().field("connection"), None);
}

#[tokio::test]
async fn a_protected_field_may_not_be_named_as_a_field_of_the_hop() {
    let (origin, proxy) = plain().await;
    let response = proxy
        .request("GET", "/x", "Connection: host\r\n", b"")
        .await;
    assert_eq!(response.status, 400);
    assert_eq!(origin.connections(), 0);
}

#[tokio::test]
async fn pipelined_requests_get_their_responses_in_their_order() {
    let origin = Origin::start(|seen| Step::response(200, "", seen.target())).await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    let request = |number| match number % 3 {
        0 => format!("GET /{number} HTTP/1.1\r\nhost: test\r\n\r\n"),
        1 => format!("POST /{number} HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc"),
        _ => format!(
            "PUT /{number} HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
        ),
    };
    let all: String = (0..30).map(request).collect();
    client.send(all).await;
    for number in 0..30 {
        assert_eq!(client.response().await.text(), format!("/{number}"));
    }
}

#[tokio::test]
async fn a_connection_is_used_again_and_again() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    for _ in 0..50 {
        let response = client.request("POST", "/x", "", b"abc").await;
        assert_eq!(response.field("connection"), Some("keep-alive"));
    }
    assert_eq!(origin.connections(), 1);
    assert_eq!(origin.count(), 50);
}

#[tokio::test]
async fn a_client_that_asks_to_close_is_closed() {
    let (_origin, proxy) = plain().await;
    for request in [
        "GET /x HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n",
        "GET /x HTTP/1.0\r\n\r\n",
    ] {
        let mut client = proxy.client().await;
        client.send(request).await;
        let response = client.response().await;
        assert_eq!(response.field("connection"), Some("close"), "{request}");
        assert!(client.is_closed().await);
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_is_told_to_go_on() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send("PUT /x HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
        .await;
    assert_eq!(client.head().await.expect("a head").status, 100);
    client.send("hello").await;
    assert_eq!(client.response().await.status, 200);
    assert_eq!(origin.last().body, b"hello");
    assert_eq!(origin.last().field("expect"), None);
    assert_eq!(client.request("GET", "/y", "", b"").await.status, 200);
}

#[tokio::test]
async fn trailers_of_a_request_do_no_harm() {
    let (origin, proxy) = plain().await;
    let mut client = proxy.client().await;
    client
        .send(
            "PUT /x HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
             5\r\nhello\r\n0\r\nx-sum: 1\r\nhost: evil\r\n\r\n",
        )
        .await;
    assert_eq!(client.response().await.status, 200);
    let seen = origin.last();
    assert_eq!(seen.body, b"hello");
    assert_eq!(seen.field("x-sum"), None);
    assert_eq!(seen.field("host"), Some("test"));
    assert_eq!(client.request("GET", "/y", "", b"").await.body, b"ok");
}

#[tokio::test]
async fn trailers_of_a_response_do_no_harm() {
    let origin = Origin::start(|_| {
        Step::raw("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 1\r\n\r\n")
    })
    .await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    for _ in 0..3 {
        assert_eq!(client.request("GET", "/y", "", b"").await.body, b"hello");
    }
}

#[tokio::test]
async fn informational_responses_of_an_endpoint_are_passed_over() {
    let origin = Origin::start(|_| {
        Step::raw("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    })
    .await;
    let proxy = over(&origin).await;
    let response = proxy.request("GET", "/y", "", b"").await;
    assert_eq!((response.status, &*response.body), (200, &b"ok"[..]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_comes_during_another_waits_its_turn() {
    let gate = Arc::new(Notify::new());
    let wait = Arc::clone(&gate);
    let origin = Origin::start(move |seen| {
        let mut steps = vec![Step::Wait(Arc::clone(&wait))];
        steps.extend(Step::response(200, "", seen.target()));
        steps
    })
    .await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    let targets = [
        "/collections/a/points/1",
        "/collections/a/points/2?consistency=all",
        "/odd",
    ];
    for (number, target) in targets.iter().enumerate() {
        client
            .send(format!("GET {target} HTTP/1.1\r\nhost: t\r\n\r\n"))
            .await;
        if number == 0 {
            wait_until("the first request", || origin.count() == 1).await;
        }
    }
    for (number, target) in targets.iter().enumerate() {
        wait_until("the request", || origin.count() == number + 1).await;
        gate.notify_one();
        assert_eq!(client.response().await.text(), *target);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chunked_response_arrives_whole_wherever_it_is_cut() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    const BODY: &str = "5\r\nhello\r\n1;a=b\r\n!\r\n0\r\n\r\n";
    let origin = Origin::start(|seen| {
        let with_head = seen.target().len() % BODY.len();
        let (first, rest) = BODY.split_at(with_head);
        let mut steps = Step::raw([HEAD, first].concat());
        for byte in rest.bytes() {
            steps.push(Step::Sleep(Duration::from_millis(1)));
            steps.push(Step::Send(vec![byte]));
        }
        steps
    })
    .await;
    let proxy = over(&origin).await;
    for length in 0..BODY.len() {
        // What is not understood is not held.
        let target = format!("/{}", "x".repeat(length));
        let response = proxy.request("POST", &target, "", b"").await;
        assert_eq!(response.text(), "hello!", "{target}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_comes_while_a_response_streams_waits_its_turn() {
    let more = Arc::new(Notify::new());
    let waits = Arc::clone(&more);
    let origin = Origin::start(move |seen| {
        let begun = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n";
        let end = format!(
            "{:x}\r\n{}\r\n0\r\n\r\n",
            seen.target().len(),
            seen.target()
        );
        vec![
            Step::Send(begun.into()),
            Step::Wait(Arc::clone(&waits)),
            Step::Send(end.into()),
        ]
    })
    .await;
    let proxy = over(&origin).await;
    let mut client = proxy.client().await;
    let ask =
        |number| format!("POST /{number} HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n");
    client.send(ask(0)).await;
    for number in 0..5 {
        let head = client.head().await.expect("a head");
        client.send(ask(number + 1)).await;
        more.notify_one();
        let response = client.body(head, "POST").await.expect("a whole response");
        assert_eq!(response.text(), format!("a/{number}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_and_the_beginning_of_a_body_do_not_wait_for_its_rest() {
    let gate = Arc::new(Notify::new());
    let wait = Arc::clone(&gate);
    let origin = Origin::start(move |_| {
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n".to_vec()),
            Step::Wait(Arc::clone(&wait)),
            Step::Send(b"hello".to_vec()),
            Step::Wait(Arc::clone(&wait)),
            Step::Send(b"world".to_vec()),
        ]
    })
    .await;
    let proxy = Setup::new("http", &[origin.url()]).start().await;
    let mut client = proxy.client().await;
    client
        .send("PUT /file HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n")
        .await;
    let head = client.head().await.expect("a head");
    gate.notify_one();
    assert_eq!(client.read(5).await, b"hello");
    gate.notify_one();
    assert_eq!(client.read(5).await, b"world");
    assert_eq!(head.field("content-length"), Some("10"));
}
