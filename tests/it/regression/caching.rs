//! Stored responses and what invalidates them.

use crate::support::{Origin, ReceivedRequest, Setup, Step, in_time, wait_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server of Neo4j, as far as these tests need one.
fn neo4j(request: &ReceivedRequest) -> Vec<Step> {
    match request.target() {
        "/db/neo4j/tx" => Step::json(
            201,
            r#"{"results":[],"errors":[],"commit":"http://t/db/neo4j/tx/9/commit","transaction":{}}"#,
        ),
        "/db/neo4j/tx/9/commit" => {
            Step::json(200, r#"{"results":[],"errors":[],"lastBookmarks":[]}"#)
        }
        _ => Step::json(
            202,
            r#"{"data":{"fields":["n"],"values":[[1]]},"bookmarks":[]}"#,
        ),
    }
}

/// Each transaction began at another endpoint, and its commit there kept its database in quarantine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_begin_where_the_last_write_was_committed() {
    let origins = [Origin::start(neo4j).await, Origin::start(neo4j).await];
    let proxy = Setup::new("neo4j", &origins.each_ref().map(Origin::url))
        .service("strategy: round_robin")
        .section("cache: {enabled: true}")
        .start()
        .await;
    const READ: &str = r#"{"statement":"MATCH (n:Kept) RETURN n"}"#;
    for round in 0..4 {
        let begun = proxy.post("/db/neo4j/tx", "").await.json();
        let commit = begun["commit"].as_str().expect("a URL");
        let commit = commit.trim_start_matches("http://t");
        let statement = r#"{"statements":[{"statement":"CREATE (n:Kept)"}]}"#;
        assert_eq!(proxy.post(commit, statement).await.status, 200);
        proxy.post("/db/neo4j/query/v2", READ).await;
        let second = proxy.post("/db/neo4j/query/v2", READ).await;
        assert!(second.is_hit(), "round {round}: {}", second.cache());
    }
}

/// One client that read the response to its write slowly kept everything of the database out of the store. The bounds on
/// what is read ahead are raised so far that the response does not fit into the sockets between.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_client_reads_nothing_is_settled_when_its_endpoint_has_sent_all() {
    let rows = "[1],".repeat(6 << 20);
    let written = format!(r#"{{"data":{{"fields":["n"],"values":[{rows}[1]]}},"bookmarks":[]}}"#);
    let origin = Origin::start(move |request: &ReceivedRequest| {
        match request.body.windows(6).any(|bytes| bytes == b"CREATE") {
            true => Step::json(202, &written),
            false => neo4j(request),
        }
    })
    .await;
    let proxy = Setup::new("neo4j", &[origin.url()])
        .section("cache: {enabled: true}")
        .section("path: {read_ahead: 64MiB, held_bodies: 1GiB}")
        .start()
        .await;
    let mut writer = proxy.client().await;
    let statement = r#"{"statement":"CREATE (n:Kept) RETURN n"}"#;
    writer
        .send(format!(
            "POST /db/neo4j/query/v2 HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{statement}",
            statement.len()
        ))
        .await;
    wait_until("the write", || origin.count() == 1).await;
    const READ: &str = r#"{"statement":"MATCH (n:Kept) RETURN n"}"#;
    let hit = async { while !proxy.post("/db/neo4j/query/v2", READ).await.is_hit() {} };
    in_time("a read that is stored", hit).await;
    wait_until("the reads' end", || proxy.server.shared().in_flight() == 1).await;
    drop(writer);
}

/// The good end of a streamed response settled the write, although an attempt before it was cut after it was sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_write_stays_of_unknown_outcome_when_its_last_response_streams() {
    let rows = "[1],".repeat(32 << 10);
    let written = format!(r#"{{"data":{{"fields":["n"],"values":[{rows}[1]]}},"bookmarks":[]}}"#);
    let written = Arc::new((written, AtomicUsize::new(0)));
    let server = |request: &ReceivedRequest, (good, writes): &(String, AtomicUsize)| {
        if !request.body.windows(6).any(|bytes| bytes == b"CREATE") {
            return neo4j(request);
        }
        match writes.fetch_add(1, Ordering::Relaxed) {
            0 => vec![Step::Close],
            _ => Step::json(202, good),
        }
    };
    let origin = || {
        let written = Arc::clone(&written);
        Origin::start(move |request: &ReceivedRequest| server(request, &written))
    };
    let origins = [origin().await, origin().await];
    let proxy = Setup::new("neo4j", &origins.each_ref().map(Origin::url))
        .service("idempotent: [cypher.write]")
        .section("cache: {enabled: true}")
        .section("path: {hold_limit: 64KiB}")
        .start()
        .await;
    let query = "/db/neo4j/query/v2";
    let write = proxy.post(query, r#"{"statement":"CREATE (n:Kept) RETURN n"}"#);
    assert_eq!(write.await.status, 202);
    assert_eq!(written.1.load(Ordering::Relaxed), 2);
    wait_until("the end of the write", || {
        proxy.server.shared().in_flight() == 0
    })
    .await;
    for _ in 0..2 {
        let read = proxy.post(query, r#"{"statement":"MATCH (n:Kept) RETURN n"}"#);
        let read = read.await;
        assert!(read.cache().contains("quarantine"), "{}", read.cache());
    }
}

/// `cache/stats` left writes and unread bodies out, and counted other things as hits than the metrics.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_api_and_the_metrics_count_the_same_requests_of_the_cache() {
    let origin = Origin::start(neo4j).await;
    let proxy = Setup::new("neo4j", &[origin.url()])
        .section("cache: {enabled: true}")
        .start()
        .await;
    const READ: &str = r#"{"statement":"MATCH (n:Kept) RETURN n"}"#;
    const WRITE: &str = r#"{"statement":"CREATE (n:Other)"}"#;
    for statement in [READ, READ, WRITE, READ, WRITE] {
        proxy.post("/db/neo4j/query/v2", statement).await;
    }
    let stats = proxy.data("/api/performance/cache/stats").await;
    for (figure, result) in [("hits", "hit"), ("misses", "miss"), ("bypasses", "bypass")] {
        let label = format!("result=\"{result}\"");
        let counted = proxy
            .series("pointsman_cache_requests_total", &[&label])
            .await;
        assert_eq!(stats[figure].as_f64(), Some(counted), "{figure}: {stats}");
    }
    assert!(stats["bypasses"].as_u64() >= Some(2), "{stats}");
}
