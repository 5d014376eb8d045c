//! A real Neo4j from Maven. Without java and mvn the test is skipped, loudly, but never in CI.

use serde_json::json;
use testbed::neo4j::{Options, Server, available};
use testbed::sample::{QUESTIONS, WORKS, load_neo4j_with};

use crate::support::{get, json as send_json};
use testbed::client::send;

/// Whether there is a server to test; in CI there must be.
fn absent() -> bool {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(available() || !ci, "CI without java and mvn");
    if !available() {
        eprintln!("SKIPPED: no java or no mvn on the path, so no real Neo4j");
    }
    !available()
}

async fn started(options: Options) -> Server {
    tokio::task::spawn_blocking(|| Server::start(options))
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_real_server_starts_responds_refuses_writes_in_read_mode_and_survives_a_crash() {
    if absent() {
        return;
    }
    let server = started(Options {
        password: Some("a-long-secret".into()),
        ..Options::default()
    })
    .await;
    assert_eq!(
        get(&server.url()).await.json()["neo4j_edition"],
        "community"
    );
    let url = format!("{}/db/neo4j/query/v2", server.url());
    assert_eq!(
        send_json("POST", &url, json!({"statement": "RETURN 1"}))
            .await
            .status,
        401
    );
    let key = "Basic bmVvNGo6YS1sb25nLXNlY3JldA==";
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("authorization", key),
    ];
    let ask = |body: serde_json::Value| send("POST", &url, &headers, Some(body.to_string()));
    let refused = ask(json!({"statement": "CREATE (:A)", "accessMode": "READ"})).await;
    assert_eq!(
        refused.json()["errors"][0]["code"],
        "Neo.ClientError.Statement.AccessMode"
    );
    assert_eq!(ask(json!({"statement": "CREATE (:A)"})).await.status, 202);
    let server = tokio::task::spawn_blocking(move || {
        server.kill();
        server.restart().unwrap();
        server
    })
    .await
    .unwrap();
    let kept = ask(json!({"statement": "MATCH (n:A) RETURN count(n)"})).await;
    assert_eq!(
        kept.json()["data"]["values"],
        json!([[1]]),
        "{}",
        server.url()
    );
    for _ in 0..2 {
        load_neo4j_with(&server.url(), &[("authorization", key)])
            .await
            .unwrap();
    }
    assert_eq!(
        ask(json!({"statement": "MATCH (w:Work) RETURN count(w)"}))
            .await
            .json()["data"]["values"],
        json!([[WORKS.len()]])
    );
    for (question, statement) in QUESTIONS {
        let got = ask(json!({"statement": statement})).await.json();
        assert!(
            got["data"]["values"]
                .as_array()
                .is_some_and(|rows| !rows.is_empty()),
            "{question}: {got}"
        );
    }
}
