//! Stored responses and what invalidates them.

use crate::support::{Origin, ReceivedRequest, Setup, Step};

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
