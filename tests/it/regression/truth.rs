//! What metrics, events and the admin API say.

use crate::support::neo4j::{Proxy, yaml};
use crate::support::{Origin, Step, eventually};
use pointsman::config;
use pointsman::runtime::Server;
use serde_json::json;
use std::collections::BTreeMap;
use std::net::TcpListener;

/// An endpoint whose name never resolved was said to serve, and counted as one that could take a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_without_an_address_is_not_said_to_serve() {
    let origin = Origin::start(|_| Vec::new()).await;
    let nowhere = "http://nowhere.invalid:7474".to_owned();
    let proxy = Proxy::start(&yaml(&[("a", origin.url()), ("b", nowhere)], "", "")).await;
    let instances = proxy.admin("/api/coordination/instances").await;
    assert_eq!(instances["graph"][0]["is_healthy"], true, "{instances}");
    assert_eq!(instances["graph"][1]["is_healthy"], false, "{instances}");
    let stats = proxy.admin("/api/performance/load-balancer/stats").await;
    assert_eq!(stats["healthy_servers"], 1, "{stats}");
    let metrics = proxy.metrics().await;
    let online = r#"pointsman_selectable_endpoints{count="online",service="graph"} 1"#;
    assert!(metrics.contains(online), "{metrics}");
    proxy.stop().await;
}

/// The record of a hit said nothing where its reason belongs, and the metric had an empty label.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hit_has_a_reason_in_its_record_and_in_metrics() {
    let body = r#"{"data":{"fields":["n"],"values":[[1]]},"bookmarks":["FB:1"]}"#;
    let fields = "content-type: application/json\r\n";
    let origin = Origin::start(move |_| Step::response(200, fields, body)).await;
    let proxy = Proxy::start(&yaml(&[("a", origin.url())], "", "")).await;
    let statement = json!({"statement": "MATCH (n:P {id: 7}) RETURN n.id"});
    eventually("a hit", || async {
        let read = proxy.post("/db/neo4j/query/v2", &[], &statement).await;
        read.cache() == "hit"
    })
    .await;
    // A record closes after its response was sent.
    let newest =
        async || proxy.admin("/api/coordination/explain?limit=1").await[0]["cache"].clone();
    eventually("its record", async || newest().await["status"] == "hit").await;
    assert_eq!(newest().await["reason"], "fresh");
    let metrics = proxy.metrics().await;
    let hit = r#"pointsman_cache_reasons_total{reason="fresh",service="graph"} 1"#;
    assert!(metrics.contains(hit), "{metrics}");
    proxy.stop().await;
}

/// Taken addresses were named one after the other, a start for each.
#[tokio::test]
async fn a_start_names_every_taken_address_at_once() {
    let taken = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [a, b, c] = taken.each_ref().map(|one| one.local_addr().unwrap());
    let yaml = format!(
        "services:\n  a: {{dialect: http, listen: \"{a}\", endpoints: [http://127.0.0.1:1]}}\n  b: {{dialect: http, listen: \"{b}\", endpoints: [http://127.0.0.1:1]}}\nadmin: {{listen: \"{c}\"}}\n"
    );
    let loaded = config::read(&yaml, "f.yaml", &BTreeMap::new(), &[]).unwrap();
    let error = Server::start(loaded, None).await.err().unwrap().to_string();
    for words in [
        format!("service a cannot listen on {a}"),
        format!("service b cannot listen on {b}"),
        format!("the admin API cannot listen on {c}"),
    ] {
        assert!(error.contains(&words), "{words}: {error}");
    }
}
