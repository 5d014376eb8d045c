//! Rules that keep requests from endpoints, or lead them to some: on the wire, over retries, waits and a reload.

use crate::support::{Origin, Proxy, Setup, Step, eventually};

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const POINT: &str = "/collections/a/points/7";
const BATCH: &str = "x-job: batch\r\n";

async fn good() -> Origin {
    Origin::start(|_| Step::json(200, OK)).await
}

async fn broken() -> Origin {
    Origin::start(|_| Step::json(503, r#"{"status":{"error":"unavailable"}}"#)).await
}

/// A server over these origins, `a`, `b` ..., with the rules.
fn setup(origins: &[&Origin], rules: &str) -> Setup {
    let named = ["a", "b", "c"].into_iter().zip(origins);
    let endpoint =
        |(name, origin): (&str, &&Origin)| format!("{{name: {name}, url: \"{}\"}}", origin.url());
    let balance = format!("balance: {{strategy: round_robin, affinity_rules: [{rules}]}}");
    Setup::new("qdrant", &named.map(endpoint).collect::<Vec<_>>())
        .service("cache: false")
        .section(&balance)
        .section("process: {reload_delay: 1h}")
}

/// The statuses of so many reads with these fields.
async fn statuses(proxy: &Proxy, fields: &str, count: usize) -> Vec<u16> {
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(proxy.request("GET", POINT, fields, b"").await.status);
    }
    all
}

#[tokio::test]
async fn a_request_that_a_rule_keeps_from_an_endpoint_never_goes_there_and_others_do() {
    let (a, b) = (good().await, good().await);
    let rule = "{header: x-job, value: batch, never: [a]}";
    let proxy = setup(&[&a, &b], rule).start().await;
    assert_eq!(statuses(&proxy, BATCH, 6).await, [200; 6]);
    assert_eq!((a.count(), b.count()), (0, 6));
    assert_eq!(statuses(&proxy, "", 6).await, [200; 6]);
    assert_eq!((a.count(), b.count()), (3, 9));
}

#[tokio::test]
async fn a_retry_does_not_break_a_rule_and_the_refusal_says_which_endpoint_it_excludes() {
    let (a, b, c) = (good().await, broken().await, broken().await);
    let rule = "{operation: points.get, target: a, never: [a]}";
    let proxy = setup(&[&a, &b, &c], rule).start().await;
    let fields = "x-request-id: rule\r\nx-pointsman-explain: 1\r\n";
    let response = proxy.request("GET", POINT, fields, b"").await;
    assert_eq!(response.status, 503, "{}", response.text());
    assert_eq!((a.count(), b.count() + c.count()), (0, 2));
    eventually("its record", || async {
        let record = proxy.data("/api/coordination/explain/rule").await;
        record["route"]["attempts"].as_array().map(Vec::len) == Some(2)
    })
    .await;
    let record = proxy.data("/api/coordination/explain/rule").await;
    let excluded = &record["route"]["attempts"][0]["scores"][0]["excluded"];
    assert_eq!(excluded, "anti_affinity", "{record}");
}

#[tokio::test]
async fn where_a_rule_leaves_no_endpoint_the_request_is_refused_with_the_reason() {
    let a = good().await;
    let proxy = setup(&[&a], "{header: x-job, never: [a]}").start().await;
    let response = proxy.request("GET", POINT, BATCH, b"").await;
    assert_eq!(response.status, 503, "{}", response.text());
    assert!(
        response.text().contains("a anti_affinity"),
        "{}",
        response.text()
    );
    assert_eq!(a.count(), 0);
    assert_eq!(statuses(&proxy, "", 1).await, [200]);
}

#[tokio::test]
async fn requests_of_a_rule_go_to_the_endpoint_that_it_prefers_and_elsewhere_without_it() {
    let (a, b) = (good().await, good().await);
    let rule = "{service: db, header: x-job, prefer: [b]}";
    let proxy = setup(&[&a, &b], rule).start().await;
    assert_eq!(statuses(&proxy, BATCH, 6).await, [200; 6]);
    assert_eq!((a.count(), b.count()), (0, 6));
    let fields = format!("{BATCH}x-request-id: liked\r\n");
    assert_eq!(statuses(&proxy, &fields, 1).await, [200]);
    eventually("its record", || async {
        let record = proxy.data("/api/coordination/explain/liked").await;
        record["route"]["attempts"][0]["reason"] == "preferred"
    })
    .await;
    assert_eq!(statuses(&proxy, "", 2).await, [200; 2]);
    assert!(a.count() >= 1, "other requests are shared out");
}

/// Where requests of the rule and others go, of eight each, and what is said of them.
#[tokio::test]
async fn a_rule_names_the_strategy_that_chooses_for_its_requests() {
    let (a, b) = (good().await, good().await);
    let rule =
        "{header: x-job, strategy: weighted_round_robin}, {header: x-job, strategy: history}";
    let weighted = setup(&[&a, &b], rule).set("services.db.endpoints[0].weight", "3");
    let proxy = weighted.start().await;
    assert_eq!(statuses(&proxy, BATCH, 8).await, [200; 8]);
    assert_eq!((a.count(), b.count()), (6, 2), "of the first that matches");
    assert_eq!(statuses(&proxy, "", 8).await, [200; 8]);
    assert_eq!((a.count(), b.count()), (10, 6));
    for (fields, strategy) in [
        ("x-request-id: one\r\nx-job: 1\r\n", "weighted_round_robin"),
        ("x-request-id: one\r\n", "round_robin"),
    ] {
        proxy.request("GET", POINT, fields, b"").await;
        eventually("its record", || async {
            let record = proxy.data("/api/coordination/explain/one").await;
            record["route"]["strategy"] == strategy
        })
        .await;
    }
    let page = proxy.data("/api/coordination/strategy").await;
    let db = &page["services"]["db"];
    assert_eq!(db["strategy"], "round_robin");
    assert_eq!(
        db["by_rule"],
        serde_json::json!(["weighted_round_robin", "history"])
    );
    let metrics = proxy.admin("/metrics", "").await.text();
    let counted = r#"strategy_requests_total{service="db",strategy="weighted_round_robin"} 9"#;
    assert!(metrics.contains(counted), "{metrics}");
}
