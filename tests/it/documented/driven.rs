//! What is counted is what happened: a server with known traffic, whose metrics, statistics and records must
//! say just that.

use crate::support::{Origin, Proxy, ReceivedRequest, Setup, Step, eventually};
use crate::trial::client::{Client, HttpRequest};
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const UPSERT: &[u8] = br#"{"points":[{"id":1,"vector":[1,0]}]}"#;
const FAILS_ONCE: &str = "/collections/a/points/99";
const WAITS: &str = "/collections/a/points/77";

/// A response that ends too early, so that the endpoint is to blame whatever became of the connection before.
fn cut() -> Vec<Step> {
    let response = Step::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx");
    response.into_iter().chain([Step::Close]).collect()
}

/// Everything that is not as it must be, so that one run tells it all.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn same<T: PartialEq + Debug>(&mut self, what: &str, found: T, expected: T) {
        if found != expected {
            self.0
                .push(format!("{what}: {found:?}, expected {expected:?}"));
        }
    }
}

/// Two endpoints that share a script, and the server in front of them.
struct Site {
    origins: [Origin; 2],
    proxy: Proxy,
    release: Arc<Notify>,
    /// Bytes of the bodies that clients received.
    received: usize,
}

impl Site {
    async fn start() -> Self {
        let (failed, release) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let signal = Arc::clone(&release);
        let script = move |seen: &ReceivedRequest| {
            let fails = seen.target() == FAILS_ONCE && !failed.swap(true, Ordering::SeqCst);
            let waits = (seen.target() == WAITS).then(|| Step::Wait(Arc::clone(&signal)));
            match fails {
                true => cut(),
                false => waits.into_iter().chain(Step::json(200, OK)).collect(),
            }
        };
        let script = Arc::new(script);
        let (one, other) = (Arc::clone(&script), script);
        let origins = [
            Origin::start(move |seen| one(seen)).await,
            Origin::start(move |seen| other(seen)).await,
        ];
        let names = ["a", "b"].into_iter().zip(&origins);
        let endpoint = |(name, origin): (&str, &Origin)| {
            format!("{{name: {name}, url: \"{}\"}}", origin.url())
        };
        let endpoints: Vec<String> = names.map(endpoint).collect();
        let setup = Setup::new("qdrant", &endpoints);
        let proxy = setup
            .section("balance: {strategy: round_robin}")
            .start()
            .await;
        Self {
            origins,
            proxy,
            release,
            received: 0,
        }
    }

    async fn send(&mut self, method: &str, target: &str, body: &[u8]) -> u16 {
        let fields = "content-type: application/json\r\n";
        let response = self.proxy.request(method, target, fields, body).await;
        self.received += response.body.len();
        response.status
    }

    async fn read(&mut self, id: u32) -> u16 {
        self.send("GET", &format!("/collections/a/points/{id}"), b"")
            .await
    }

    async fn set_status(&self, status: &str) {
        for endpoint in ["a", "b"] {
            let path = format!("/api/coordination/instances/db/{endpoint}/status");
            let url = format!("http://{}{path}", self.proxy.server.admin());
            let request = HttpRequest::new("PUT", url, json!({"status": status}));
            let response = Client::default().send(&request, None).await.unwrap();
            assert_eq!(response.status, 200, "{response:?}");
        }
    }

    async fn instances(&self) -> Vec<Value> {
        let all = self.proxy.data("/api/coordination/instances").await;
        all["db"].as_array().unwrap().clone()
    }

    /// The sum of a figure over the endpoints.
    async fn sum(&self, figure: &str) -> u64 {
        let instances = self.instances().await;
        instances
            .iter()
            .map(|one| one[figure].as_u64().unwrap())
            .sum()
    }

    async fn metric(&self, family: &str, labels: &[&str]) -> u64 {
        self.proxy
            .series(&format!("pointsman_{family}"), labels)
            .await as u64
    }
}

/// Both endpoints out of service: what every page says of them.
async fn maintenance(site: &mut Site, wrong: &mut Differences) {
    site.set_status("maintenance").await;
    wrong.same("status of a refused read", site.read(50).await, 503);
    for one in site.instances().await {
        wrong.same("status", one["status"].clone(), json!("maintenance"));
        wrong.same("is_healthy", one["is_healthy"].clone(), json!(false));
    }
    for one in site.proxy.data("/api/coordination/scores").await["db"]
        .as_array()
        .unwrap()
    {
        wrong.same("excluded", one["excluded"].clone(), json!("maintenance"));
    }
    let stats = site
        .proxy
        .data("/api/performance/load-balancer/stats")
        .await;
    wrong.same(
        "healthy_servers",
        stats["healthy_servers"].clone(),
        json!(0),
    );
    let health = site.proxy.data("/api/performance/health").await;
    wrong.same(
        "database",
        health["components"]["database"].clone(),
        json!("unhealthy"),
    );
    let states = [("healthy", 0), ("maintenance", 2)];
    for (state, count) in states {
        let label = format!("state=\"{state}\"");
        wrong.same(
            state,
            site.metric("endpoint_status", &[&label]).await,
            count,
        );
    }
    site.set_status("active").await;
}

/// One request in flight: what every page says of it, and that it is gone afterwards.
async fn in_flight(site: &mut Site, wrong: &mut Differences) {
    let mut client = site.proxy.client().await;
    client
        .send(format!(
            "GET {WAITS} HTTP/1.1\r\nhost: test\r\nx-request-id: waits\r\n\r\n"
        ))
        .await;
    eventually("the request in flight", || async {
        site.sum("active_queries").await == 1
    })
    .await;
    let running = site.proxy.data("/api/coordination/executions").await;
    wrong.same("executions", running.as_array().map(Vec::len), Some(1));
    for (key, value) in [
        ("service", "db"),
        ("operation", "points.get"),
        ("effect", "read"),
    ] {
        wrong.same(key, running[0][key].clone(), json!(value));
    }
    wrong.same("in_flight", site.metric("in_flight", &[]).await, 1);
    wrong.same("executions", site.metric("executions", &[]).await, 1);
    site.release.notify_one();
    site.received += client.response().await.body.len();
    let record = "/api/coordination/explain/waits";
    eventually("its record", || async {
        site.proxy.admin(record, "").await.status == 200
    })
    .await;
    let record = site.proxy.data(record).await;
    for (pointer, value) in [
        ("/request_id", json!("waits")),
        ("/method", json!("GET")),
        ("/path", json!(WAITS)),
        ("/service", json!("db")),
        ("/dialect", json!("qdrant")),
        ("/client", json!("127.0.0.1")),
        ("/call/operation", json!("points.get")),
        ("/call/effect", json!("read")),
        ("/call/target", json!("collection/a")),
        ("/cache/status", json!("miss")),
        ("/status", json!(200)),
        ("/bytes_in", json!(0)),
        ("/bytes_out", json!(OK.len())),
        ("/outcome", json!("complete")),
        ("/rejection", Value::Null),
        ("/generation", json!(1)),
        ("/route/strategy", json!("round_robin")),
        ("/route/attempts/0/status", json!(200)),
        ("/route/attempts/0/fault", json!("none")),
        ("/route/attempts/1", Value::Null),
    ] {
        let found = record.pointer(pointer).cloned().unwrap_or_default();
        wrong.same(pointer, found, value);
    }
    wrong.same("in_flight", site.metric("in_flight", &[]).await, 0);
    wrong.same("executions", site.metric("executions", &[]).await, 0);
    wrong.same("active_queries", site.sum("active_queries").await, 0);
}

async fn metrics(site: &Site, wrong: &mut Differences) {
    let served = r#"status="2xx""#;
    for (family, labels, expected) in [
        ("requests_total", &[][..], 11),
        (
            "requests_total",
            &[r#"operation="points.get""#, r#"effect="read""#, served],
            9,
        ),
        (
            "requests_total",
            &[r#"operation="points.upsert""#, r#"effect="write""#, served],
            1,
        ),
        ("requests_total", &[r#"status="5xx""#], 1),
        ("request_duration_seconds_count", &[], 11),
        ("attempts_total", &[], 8),
        ("attempts_total", &[r#"fault="none""#], 7),
        ("attempts_total", &[r#"fault="endpoint""#], 1),
        ("upstream_duration_seconds_count", &[], 8),
        ("retries_total", &[r#"reason="endpoint""#], 1),
        ("retries_total", &[], 1),
        ("assignments_total", &[r#"result="assigned""#], 8),
        ("assignments_total", &[r#"result="none""#], 1),
        ("rejections_total", &[], 1),
        ("aborted_total", &[], 0),
        ("cache_requests_total", &[r#"result="hit""#], 3),
        ("cache_requests_total", &[r#"result="miss""#], 7),
        (
            "client_bytes_total",
            &[r#"direction="in""#],
            UPSERT.len() as u64,
        ),
        (
            "client_bytes_total",
            &[r#"direction="out""#],
            site.received as u64,
        ),
        ("selectable_endpoints", &[r#"count="online""#], 2),
        ("endpoint_status", &[r#"state="healthy""#], 2),
        ("breaker_state", &[r#"state="closed""#], 2),
        (
            "changes_total",
            &[r#"kind="maintenance""#, r#"to="begun""#],
            2,
        ),
        (
            "changes_total",
            &[r#"kind="maintenance""#, r#"to="ended""#],
            2,
        ),
        ("changes_total", &[], 4),
        ("config_generation", &[], 1),
        ("config_last_good", &[], 1),
        ("held_body_bytes", &[], 0),
    ] {
        let what = format!("{family} {labels:?}");
        wrong.same(&what, site.metric(family, labels).await, expected);
    }
}

async fn endpoints(site: &Site, wrong: &mut Differences) {
    let counts = site.origins.each_ref().map(|origin| origin.count() as u64);
    let sent: u64 = counts.iter().sum();
    wrong.same("requests at the origins", sent, 8);
    for (one, count) in site.instances().await.iter().zip(counts) {
        wrong.same(
            "total_requests",
            one["total_requests"].as_u64(),
            Some(count),
        );
        wrong.same(
            "max_connections",
            one["max_connections"].as_u64(),
            Some(100),
        );
        wrong.same("weight", one["weight"].as_f64(), Some(1.0));
        wrong.same("status", one["status"].clone(), json!("healthy"));
        wrong.same("is_healthy", one["is_healthy"].clone(), json!(true));
        wrong.same("breaker", one["breaker"].clone(), json!("closed"));
    }
    wrong.same("success_count", site.sum("success_count").await, 7);
    wrong.same("error_count", site.sum("error_count").await, 1);
    wrong.same("aborted_count", site.sum("aborted_count").await, 0);
    let stats = site
        .proxy
        .data("/api/performance/load-balancer/stats")
        .await;
    for (pointer, value) in [
        ("/strategy", json!("round_robin")),
        ("/total_servers", json!(2)),
        ("/healthy_servers", json!(2)),
        ("/stats/total_requests", json!(8)),
        ("/stats/successful_requests", json!(7)),
        ("/stats/failed_requests", json!(1)),
        ("/stats/success_rate", json!(87.5)),
        ("/stats/active_connections", json!(0)),
        ("/server_distribution/db~1a", json!(counts[0])),
        ("/server_distribution/db~1b", json!(counts[1])),
    ] {
        wrong.same(
            pointer,
            stats.pointer(pointer).cloned().unwrap_or_default(),
            value,
        );
    }
}

async fn cache(site: &Site, wrong: &mut Differences) {
    let stats = site.proxy.data("/api/performance/cache/stats").await;
    let figure = |name: &str| stats[name].as_u64().unwrap();
    wrong.same("hits", figure("hits"), 3);
    wrong.same("misses", figure("misses"), 7);
    wrong.same("hit_rate", stats["hit_rate"].as_f64(), Some(0.3));
    wrong.same("miss_rate", stats["miss_rate"].as_f64(), Some(0.7));
    wrong.same(
        "total_requests",
        figure("total_requests"),
        10 + figure("bypasses"),
    );
    wrong.same("invalidations", figure("invalidations"), 3);
    wrong.same("flights", figure("flights"), 0);
    let gone =
        figure("evictions") + figure("replaced") + figure("expired") + figure("invalidations");
    wrong.same(
        "entry_count",
        figure("entry_count"),
        figure("stores") - gone,
    );
    wrong.same(
        "entities",
        stats["categories"]["entity"]["hits"].as_u64(),
        Some(3),
    );
    for (family, name) in [
        ("cache_entries", "entry_count"),
        ("cache_bytes", "size_bytes"),
        ("cache_limit_bytes", "capacity_bytes"),
        ("cache_stores_total", "stores"),
        ("cache_evictions_total", "evictions"),
        ("cache_expirations_total", "expired"),
        ("cache_invalidations_total", "invalidations"),
        ("cache_shared_total", "coalesced"),
    ] {
        wrong.same(family, site.metric(family, &[]).await, figure(name));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_of_metrics_and_the_admin_api_equal_what_was_driven() {
    let (mut site, mut wrong) = (Site::start().await, Differences::default());
    for _ in 0..2 {
        for id in 1..=3 {
            assert_eq!(site.read(id).await, 200);
        }
    }
    assert_eq!(
        site.send("PUT", "/collections/a/points?wait=true", UPSERT)
            .await,
        200
    );
    assert_eq!(site.read(1).await, 200);
    assert_eq!(site.send("GET", FAILS_ONCE, b"").await, 200);
    maintenance(&mut site, &mut wrong).await;
    in_flight(&mut site, &mut wrong).await;
    eventually("the last record", || async {
        site.metric("requests_total", &[]).await >= 11
    })
    .await;
    metrics(&site, &mut wrong).await;
    endpoints(&site, &mut wrong).await;
    cache(&site, &mut wrong).await;
    let events = site.proxy.data("/api/coordination/events").await;
    let kinds = events
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["what"].as_str());
    let begun = kinds
        .filter(|what| *what == Some("maintenance_begun"))
        .count();
    wrong.same("events", begun, 2);
    assert!(wrong.0.is_empty(), "{:#?}", wrong.0);
}
