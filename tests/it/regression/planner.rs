//! What the planner learns of requests that ended.

use crate::support::{Addresses, Origin, Setup, Step, eventually};
use pointsman::config;
use pointsman::runtime::Server;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;

async fn origin(pause: Duration) -> Origin {
    Origin::start(move |_| {
        let pause = vec![Step::Sleep(pause)];
        pause.into_iter().chain(Step::json(200, OK)).collect()
    })
    .await
}

/// The plan of one read.
async fn plan(at: Addresses, id: &str) -> Value {
    let fields = format!("x-request-id: {id}\r\n");
    let target = "/collections/a/points/7";
    let read = at.request("GET", target, &fields, b"").await;
    assert_eq!(read.status, 200);
    let path = format!("/api/coordination/explain/{id}");
    eventually("its record", || async {
        at.admin(&path, "").await.status == 200
    })
    .await;
    at.data(&path).await["plan"].clone()
}

/// The limits of the planner were keys without use. What does not fit is served behind others or refused, as configured; a
/// transaction that is open goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_served_or_refused_as_configured_and_a_transaction_goes_on() {
    const STATEMENT: &str = r#"{"statements":[{"statement":"MATCH (n:P) RETURN n"}]}"#;
    let origin = Origin::start(|seen| match seen.target() {
        "/db/neo4j/tx" => Step::json(
            201,
            r#"{"results":[],"errors":[],"commit":"http://t/db/neo4j/tx/9/commit","transaction":{}}"#,
        ),
        _ => Step::json(200, r#"{"results":[],"errors":[]}"#),
    })
    .await;
    for (rule, status) in [("lower_priority", 200), ("refuse", 503)] {
        // The machine of the test may be as busy as can be.
        let proxy = Setup::new("neo4j", &[origin.url()])
            .section("planner: {max_cpu_usage: 1, max_memory_usage: 1, max_db_load: 0.5, requirement_scale: 0}")
            .set("planner.when_infeasible", rule)
            .start()
            .await;
        let begun = proxy.post("/db/neo4j/tx", STATEMENT).await.json();
        let commit = begun["commit"].as_str().expect("a URL");
        let commit = commit.trim_start_matches("http://t").to_owned();
        let load = json!({"current_connections": 100, "cpu_usage": 1.0, "memory_usage": 1.0, "queue_size": 100});
        let instances = proxy.data("/api/coordination/instances").await;
        let name = instances["db"][0]["instance_id"].as_str().expect("a name");
        let path = format!("/api/coordination/instances/db/{name}/metrics");
        assert_eq!(proxy.operate("PUT", &path, "", &load).await.status, 200);
        eventually("a sample of the load", || async {
            let resources = proxy.data("/api/coordination/resources?limit=1").await;
            resources["current"]["services"]["db"] == 1.0
        })
        .await;
        let alone = proxy.post("/db/neo4j/tx/commit", STATEMENT).await;
        assert_eq!(alone.status, status, "{rule}");
        eventually("the metric", || async {
            let labels = ["resource=\"database\""];
            let family = "pointsman_infeasible_plans_total";
            proxy.series(family, &labels).await >= 1.0
        })
        .await;
        let record = proxy.data("/api/coordination/explain?limit=1").await[0].clone();
        assert_eq!(record["plan"]["short_of"], "database", "{record}");
        // Not even a simple request fits, so none is put behind others.
        assert_eq!(record["plan"]["priority"], 5, "{record}");
        assert_eq!(
            record["rejection"],
            match status {
                503 => json!("infeasible"),
                _ => Value::Null,
            }
        );
        assert_eq!(proxy.post(&commit, STATEMENT).await.status, 200, "{rule}");
        proxy.server.stop().await;
    }
}

/// One mean served all services, so that a slow database made the requests to a fast one seem slow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_service_takes_is_not_expected_of_another() {
    let (slow, fast) = (
        origin(Duration::from_millis(300)).await,
        origin(Duration::ZERO).await,
    );
    let service = |name: &str, origin: &Origin| {
        format!(
            "  {name}: {{dialect: qdrant, cache: false, listen: '127.0.0.1:0', endpoints: ['{}']}}\n",
            origin.url()
        )
    };
    let yaml = format!(
        "services:\n{}{}admin: {{listen: '127.0.0.1:0'}}\nhealth: {{enabled: false}}\n",
        service("slow", &slow),
        service("fast", &fast),
    );
    let loaded = config::read(&yaml, "f.yaml", &BTreeMap::new(), &[]).unwrap();
    let server = Server::start(loaded, None).await.unwrap();
    let at = |name: &str| Addresses {
        address: server.address(name).unwrap().to_string().parse().unwrap(),
        admin: server.admin(),
    };
    plan(at("slow"), "slow-1").await;
    let slow = plan(at("slow"), "slow-2").await;
    assert_eq!(slow["similar_queries_count"], 1, "{slow}");
    assert!(slow["time"].as_f64() >= Some(0.2), "{slow}");
    let fast = plan(at("fast"), "fast-1").await;
    assert_eq!(fast["similar_queries_count"], 0, "{fast}");
    // As long as a simple request takes on a busy machine.
    assert!(fast["time"].as_f64() <= Some(0.15), "{fast}");
    server.stop().await;
}
