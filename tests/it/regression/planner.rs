//! What the planner learns of requests that ended.

use crate::support::{Addresses, Origin, Step, eventually};
use pointsman::config;
use pointsman::runtime::Server;
use serde_json::Value;
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
