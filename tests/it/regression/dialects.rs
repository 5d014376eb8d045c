//! What requests and responses mean to a database.

use crate::support::{Origin, Proxy, ReceivedRequest, Setup, Step, in_time, wait_until};
use std::sync::Arc;
use tokio::sync::Notify;

/// A response of Neo4j to a request of these tests.
fn neo4j(request: &ReceivedRequest) -> Vec<Step> {
    let body = String::from_utf8_lossy(&request.body);
    let has = |text: &str| body.contains(text);
    let unknown = r#"{"errors":[{"code":"Neo.DatabaseError.General.UnknownError","message":"An unknown error occurred."}]}"#;
    match (request.method(), request.target()) {
        ("OPTIONS", _) => Step::response(200, "content-type: text/plain\r\n", "POST, OPTIONS"),
        ("GET", _) => Step::json(200, r#"{"neo4j_version":"5.26.16"}"#),
        (_, "/db/neo4j/query/v2") if has("SHOW DATABASES") => Step::json(
            202,
            r#"{"data":{"fields":["name","aliases"],"values":[["neo4j",[]]]},"bookmarks":[]}"#,
        ),
        _ if has("SHOW DATABASES") => Step::json(
            202,
            r#"{"data":{"fields":["name","aliases"],"values":[["neo4j",[]]]},"bookmarks":[]}"#,
        ),
        _ if has("SHOW PROCEDURES") => Step::json(
            202,
            r#"{"data":{"fields":["name","mode"],"values":[["db.labels","READ"]]},"bookmarks":[]}"#,
        ),
        _ if has("DROP") || has("CONSTRAINT") || has("shortestPath") => Step::json(500, unknown),
        (_, "/db/neo4j/tx/commit") => Step::json(
            200,
            r#"{"results":[],"errors":[{"code":"Neo.DatabaseError.Statement.ExecutionFailed","message":"Invalid result data content specifier: foo"}]}"#,
        ),
        _ if has("SYNTAX") => Step::json(
            400,
            r#"{"errors":[{"code":"Neo.ClientError.Statement.SyntaxError","message":"Invalid input"}]}"#,
        ),
        _ => Step::json(
            202,
            r#"{"data":{"fields":["n"],"values":[[1]]},"bookmarks":[]}"#,
        ),
    }
}

async fn over_neo4j() -> (Origin, Proxy) {
    let origin = Origin::start(neo4j).await;
    let proxy = Setup::new("neo4j", &[origin.url()])
        .section("cache: {enabled: true}")
        .start()
        .await;
    (origin, proxy)
}

const READ: &str = r#"{"statement":"MATCH (n:Kept) RETURN n"}"#;

/// Each counted as the endpoint's fault: some fifteen in a row opened every breaker, and one kept the cache off for the
/// length of a quarantine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_ordinary_mistakes_opens_no_breaker_and_keeps_the_cache_on() {
    let (_origin, proxy) = over_neo4j().await;
    let query = "/db/neo4j/query/v2";
    for round in 0..20 {
        let preflight = "origin: http://page.example\r\naccess-control-request-method: POST\r\n";
        let response = proxy.request("OPTIONS", query, preflight, b"").await;
        assert_eq!(response.status, 200, "{}", response.text());
        for (target, body) in [
            (
                query,
                format!(r#"{{"statement":"DROP INDEX nope{round}"}}"#),
            ),
            (
                query,
                r#"{"statement":"CREATE CONSTRAINT c FOR (n:C) REQUIRE n.x IS UNIQUE"}"#.into(),
            ),
            (
                query,
                r#"{"statement":"MATCH p=shortestPath((a)-[*]-(a)) RETURN p"}"#.into(),
            ),
            (query, r#"{"statement":"SYNTAX"}"#.into()),
            (
                "/db/neo4j/tx/commit",
                r#"{"statements":[{"statement":"RETURN 1","resultDataContents":["foo"]}]}"#.into(),
            ),
            ("/db/neo4j/tx/commit", r#"{"statements":[{}]}"#.into()),
        ] {
            let response = proxy.post(target, &body).await;
            assert!(response.text().contains("Neo."), "{}", response.text());
            assert!(
                !response.text().contains("pointsman"),
                "{}",
                response.text()
            );
        }
        proxy.post(query, READ).await;
        assert!(proxy.post(query, READ).await.is_hit(), "round {round}");
    }
}

/// `GET /` and the checks of health went to one replica of the service, and gave 503 when that one was gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_of_health_go_to_any_replica_that_serves() {
    let alive = Origin::start(|_| Step::response(200, "", "healthz check passed")).await;
    let gone = Origin::start(|_| Step::response(200, "", "")).await;
    let urls = [gone.url(), alive.url()];
    drop(gone);
    let proxy = Setup::new("qdrant", &urls).start().await;
    for target in ["/", "/healthz", "/readyz", "/livez"] {
        for _ in 0..5 {
            let response = proxy.request("GET", target, "", b"").await;
            assert_eq!(response.status, 200, "{target}: {}", response.text());
        }
    }
}

/// A limit that the server refuses was answered from store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_limit_of_a_wrong_type_is_never_served_from_store() {
    let (origin, proxy) = over_neo4j().await;
    let query = "/db/neo4j/query/v2";
    proxy.post(query, READ).await;
    assert!(proxy.post(query, READ).await.is_hit());
    let before = origin.count();
    let wrong = r#"{"statement":"MATCH (n:Kept) RETURN n","maxExecutionTime":true}"#;
    assert!(!proxy.post(query, wrong).await.is_hit());
    assert_eq!(origin.count(), before + 1);
    let limited = r#"{"statement":"MATCH (n:Kept) RETURN n","maxExecutionTime":30}"#;
    assert!(
        proxy.post(query, limited).await.is_hit(),
        "a limit decides no response"
    );
}

/// A write's response is longer than what is buffered, and its errors stand at its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_streamed_response_of_a_write_is_judged_by_its_end() {
    const ROWS: usize = 1 << 20;
    let origin = Origin::start(|request| {
        let body = String::from_utf8_lossy(&request.body);
        if !body.contains("CREATE") {
            return neo4j(request);
        }
        let head = r#"{"results":[{"columns":["n"],"data":[{"row":[""#;
        let tail = match body.contains("Bad") {
            true => r#""]}]}],"errors":[]"#,
            false => r#""]}]}],"errors":[],"lastBookmarks":["FB:x"]}"#,
        };
        let length = head.len() + ROWS + tail.len();
        vec![
            Step::Send(
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{head}")
                    .into_bytes(),
            ),
            Step::Repeat(b'x', ROWS),
            Step::Send(tail.as_bytes().to_vec()),
        ]
    })
    .await;
    let proxy = Setup::new("neo4j", &[origin.url()])
        .section("cache: {enabled: true}")
        .section("path: {hold_limit: 64KiB}")
        .start()
        .await;
    let write = async |label: &str| {
        let body = format!(r#"{{"statements":[{{"statement":"CREATE (n:{label}) RETURN n"}}]}}"#);
        let response = proxy.post("/db/neo4j/tx/commit", &body).await;
        assert_eq!(response.status, 200, "{}", response.text());
        wait_until("the end of the write", || {
            proxy.server.shared().in_flight() == 0
        })
        .await;
    };
    let query = "/db/neo4j/query/v2";
    write("Good").await;
    proxy.post(query, READ).await;
    assert!(
        proxy.post(query, READ).await.is_hit(),
        "the write is known to be done"
    );
    write("Bad").await;
    proxy.post(query, READ).await;
    assert!(
        !proxy.post(query, READ).await.is_hit(),
        "what became of the write is not known"
    );
}

/// A GET that Qdrant's dialect does not know is a read, and its response was held until `read_timeout`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_no_dialect_can_judge_streams_from_its_first_byte() {
    for (dialect, target) in [
        ("qdrant", "/events"),
        ("qdrant", "/collections/docs/events"),
        ("qdrant", "/dashboard/events"),
        ("neo4j", "/events"),
        ("neo4j", "/browser/events"),
        ("neo4j", "/db/neo4j/events"),
        ("http", "/events"),
    ] {
        let go_on = Arc::new(Notify::new());
        let next = Arc::clone(&go_on);
        let origin = Origin::start(move |_| {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            vec![
                Step::Send(head.into()),
                Step::Wait(Arc::clone(&next)),
                Step::Send(b"6\r\ndata: \r\n0\r\n\r\n".to_vec()),
            ]
        })
        .await;
        let proxy = Setup::new(dialect, &[origin.url()]).start().await;
        let mut client = proxy.client().await;
        let request = format!("GET {target} HTTP/1.1\r\nhost: t\r\n\r\n");
        client.send(request).await;
        // The head comes while the origin waits for the test.
        let head = in_time(target, client.head()).await.expect("a head");
        assert_eq!(head.status, 200, "{dialect} {target}");
        go_on.notify_one();
        let response = client.body(head, "GET").await.expect("a body");
        assert_eq!(response.body, b"data: ", "{dialect} {target}");
    }
}
