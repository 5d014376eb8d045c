//! What is counted is what happened: a process with known traffic, whose metrics, statistics and records must
//! say just that. Every family and every documented field is looked at; `Differences` tells which are not.

mod history;
mod metrics;
mod pages;

use super::expected::{Differences, Must, be};
use crate::support::{
    Addresses, Origin, Process, ReceivedRequest, Response, Setup, Step, eventually,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::Notify;

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const PROBED: &str = r#"{"result":{"exists":false,"aliases":[]},"status":"ok","time":0.1}"#;
const UPSERT: &[u8] = br#"{"points":[{"id":1,"vector":[1,0]}]}"#;
const FAILS_ONCE: &str = "/collections/a/points/99";
const WAITS: &str = "/collections/a/points/77";
const WAITS_TOO: &str = "/collections/a/points/78";
const LARGE: &str = "/collections/a/points/88";
/// Bytes of the large response.
const LARGE_SIZE: usize = 8 << 20;
const SECRET: &str = "key-of-the-probes";
/// Milliseconds from which on a request is slow.
const SLOW: u64 = 50;

/// Requests that the test sends.
const REQUESTS: u64 = 15;

/// A response that ends too early, so that the endpoint is to blame whatever became of the connection before.
fn cut() -> Vec<Step> {
    let response = Step::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx");
    response.into_iter().chain([Step::Close]).collect()
}

fn large() -> String {
    format!(
        r#"{{"result":"{}","status":"ok","time":0.1}}"#,
        "x".repeat(LARGE_SIZE)
    )
}

/// Two endpoints that share a script, and the process in front of them.
struct Site {
    origins: [Origin; 2],
    process: Process,
    at: Addresses,
    release: Arc<Notify>,
    started: Instant,
    /// Bytes of the bodies that clients received.
    received: usize,
}

impl Site {
    async fn start() -> Self {
        let (failed, release) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let signal = Arc::clone(&release);
        let script = move |seen: &ReceivedRequest| match seen.target() {
            FAILS_ONCE if !failed.swap(true, Ordering::SeqCst) => cut(),
            WAITS | WAITS_TOO => {
                let wait = [Step::Wait(Arc::clone(&signal))];
                wait.into_iter().chain(Step::json(200, OK)).collect()
            }
            LARGE => Step::json(200, &large()),
            _ => Step::json(200, OK),
        };
        let script = Arc::new(script);
        let (one, other) = (Arc::clone(&script), script);
        let probe = |_: &ReceivedRequest| Step::json(200, PROBED);
        let origins = [
            Origin::start_with_probes(probe, move |seen| one(seen)).await,
            Origin::start_with_probes(probe, move |seen| other(seen)).await,
        ];
        let names = ["a", "b"].into_iter().zip(&origins);
        let endpoint = |(name, origin): (&str, &Origin)| {
            format!("{{name: {name}, url: \"{}\"}}", origin.url())
        };
        let endpoints: Vec<String> = names.map(endpoint).collect();
        let started = Instant::now();
        let process = Setup::new("qdrant", &endpoints)
            .service(&format!("probe: {{api_key: {SECRET}}}"))
            .section("balance: {strategy: round_robin, shadow: least_connections, monitor: {interval: 100ms, lasting: 100ms, rules: [{name: many_wait, figure: pending_queries, above: 500, action: increase_cache_usage}]}}")
            .section("health: {interval: 1d}")
            .section("path: {read_ahead: 64KiB}")
            .section("cache: {l1: {size: 64MiB}, rejoin_hold: 1ms, share_wait: 1m}")
            .section(&format!("queries: {{slow_threshold: {SLOW}ms}}"))
            .section("thresholds: {memory_usage: 100}")
            // The machine of the test may be as busy as can be.
            .section("planner: {max_cpu_usage: 1, max_memory_usage: 1, requirement_scale: 0}")
            .section("process: {reload_delay: 1h}")
            .start_binary();
        let at = process.addresses().await;
        // What is stored before the aliases are known is dropped when they are. Probes and the admin API share a
        // thread, so that what was responded to the probes is taken before the last of these is answered.
        eventually("that aliases were asked for", || async {
            let probes = origins.iter().flat_map(Origin::probes);
            probes.filter(|one| one.target() == "/aliases").count() > 0
        })
        .await;
        for _ in 0..5 {
            at.data("/livez").await;
        }
        Self {
            origins,
            process,
            at,
            release,
            started,
            received: 0,
        }
    }

    /// A request with this `x-request-id`.
    async fn send(&mut self, id: &str, method: &str, target: &str, body: &[u8]) -> u16 {
        let fields = format!("content-type: application/json\r\nx-request-id: {id}\r\n");
        let response = self.at.request(method, target, &fields, body).await;
        self.received(&response);
        response.status
    }

    fn received(&mut self, response: &Response) {
        self.received += response.body.len();
    }

    async fn read(&mut self, id: &str, point: u32) -> u16 {
        let target = format!("/collections/a/points/{point}");
        self.send(id, "GET", &target, b"").await
    }

    /// Sends a request and does not wait for its response.
    async fn begin(&self, id: &str, target: &str) -> crate::support::Client {
        let mut client = self.at.client().await;
        let head = format!("GET {target} HTTP/1.1\r\nhost: test\r\nx-request-id: {id}\r\n\r\n");
        client.send(head).await;
        client
    }

    async fn operate(&self, method: &str, path: &str, body: Value) -> Value {
        let response = self.at.operate(method, path, "", &body).await;
        assert_eq!(response.status, 200, "{}", response.text());
        response.json()["data"].clone()
    }

    async fn instances(&self) -> Vec<Value> {
        let all = self.at.data("/api/coordination/instances").await;
        all["db"].as_array().unwrap().clone()
    }

    /// The sum of a figure over the endpoints.
    async fn sum(&self, figure: &str) -> u64 {
        let instances = self.instances().await;
        let figures = instances.iter().map(|one| one[figure].as_u64().unwrap());
        figures.sum()
    }

    async fn metric(&self, family: &str, labels: &[&str]) -> f64 {
        let family = format!("pointsman_{family}");
        self.at.series(&family, labels).await
    }

    async fn cache(&self, figure: &str) -> u64 {
        let stats = self.at.data("/api/performance/cache/stats").await;
        stats[figure].as_u64().unwrap()
    }

    async fn record(&self, id: &str) -> Value {
        let path = format!("/api/coordination/explain/{id}");
        eventually("its record", || async {
            self.at.admin(&path, "").await.status == 200
        })
        .await;
        self.at.data(&path).await
    }

    /// Requests that reached the endpoints.
    fn attempts(&self) -> u64 {
        self.origins
            .iter()
            .map(|origin| origin.count() as u64)
            .sum()
    }
}

/// Reads, hits, a write, a retry.
async fn drive(site: &mut Site) {
    for _ in 0..2 {
        for point in 1..=3 {
            assert_eq!(site.read(&format!("read-{point}"), point).await, 200);
        }
    }
    let points = "/collections/a/points?wait=true";
    assert_eq!(site.send("upsert", "PUT", points, UPSERT).await, 200);
    assert_eq!(site.read("again", 1).await, 200);
    assert_eq!(site.send("retried", "GET", FAILS_ONCE, b"").await, 200);
}

/// Both endpoints out of service: what every page says of them.
async fn maintenance(site: &mut Site, wrong: &mut Differences) {
    let route = "PUT /api/coordination/instances/{service}/{id}/status";
    for status in ["maintenance", "active"] {
        for endpoint in ["a", "b"] {
            let path = format!("/api/coordination/instances/db/{endpoint}/status");
            let set = site.operate("PUT", &path, json!({"status": status})).await;
            let rows = [
                ("service", "db"),
                ("instance", endpoint),
                ("status", status),
            ];
            wrong.fields(
                route,
                &set,
                "",
                rows.map(|(field, value)| (field, be(value))),
            );
        }
        if status == "maintenance" {
            wrong.same("a refused read", site.read("refused", 50).await, 503);
            out_of_service(site, wrong).await;
        }
    }
}

async fn out_of_service(site: &Site, wrong: &mut Differences) {
    let instances = site.at.data("/api/coordination/instances").await;
    let rows = [("status", be("maintenance")), ("is_healthy", be(false))];
    wrong.fields("GET /api/coordination/instances", &instances, "db[].", rows);
    let scores = site.at.data("/api/coordination/scores").await;
    let rows = [("excluded", be("maintenance"))];
    wrong.fields("GET /api/coordination/scores", &scores, "db[].", rows);
    let path = "/api/performance/load-balancer/stats";
    let stats = site.at.data(path).await;
    wrong.same(
        "healthy_servers",
        stats["healthy_servers"].clone(),
        json!(0),
    );
    let path = "/api/performance/health";
    let health = site.at.data(path).await;
    let rows = [
        ("overall_health", be("degraded")),
        ("components.database", be("unhealthy")),
        ("components.load_balancer", be("unhealthy")),
    ];
    wrong.fields("GET /api/performance/health", &health, "", rows);
    let ready = site.at.admin("/readyz", "").await;
    wrong.same("readiness", ready.status, 503);
    for (state, count) in [("healthy", 0.0), ("maintenance", 2.0)] {
        let label = format!("state=\"{state}\"");
        let found = site.metric("endpoint_status", &[&label]).await;
        wrong.family("endpoint_status", &[state], found, be(count));
    }
    let online = site
        .metric("selectable_endpoints", &["count=\"online\""])
        .await;
    wrong.family("selectable_endpoints", &["online"], online, be(0));
}

/// A request in flight and one that waits for its response: what every page says of them, and that they are gone
/// afterwards.
async fn in_flight(site: &mut Site, wrong: &mut Differences) {
    let mut client = site.begin("waits", WAITS).await;
    eventually("the request in flight", || async {
        site.sum("active_queries").await == 1
    })
    .await;
    let route = "GET /api/coordination/executions";
    let path = "/api/coordination/executions";
    eventually("that it is slow and overdue", || async {
        let running = &site.at.data(path).await[0];
        running["overdue"] == true && running["age_ms"].as_u64() > Some(SLOW)
    })
    .await;
    for (family, count) in [
        ("in_flight", 1),
        ("executions", 1),
        ("executions_overdue", 1),
    ] {
        wrong.family(family, &[], site.metric(family, &[]).await, be(count));
    }
    wrong.same("flights", site.cache("flights").await, 1);
    let running = site.at.data(path).await;
    wrong.same("executions", running.as_array().map(Vec::len), Some(1));
    let misses = site.cache("misses").await;
    let mut follower = site.begin("follows", WAITS).await;
    eventually("that the second waits for the first", || async {
        site.cache("misses").await > misses
    })
    .await;
    wrong.same("active queries", site.sum("active_queries").await, 1);
    site.release.notify_one();
    for client in [&mut client, &mut follower] {
        let response = client.response().await;
        site.received += response.body.len();
    }
    let record = site.record("waits").await;
    site.record("follows").await;
    let planned = record["plan"]["time"].as_f64().unwrap();
    let start = record["start_unix_ms"].as_u64().unwrap();
    let endpoint = record["route"]["attempts"][0]["endpoint"].clone();
    let rows = [
        ("query_id", be(record["id"].clone())),
        ("service", be("db")),
        ("operation", be("points.get")),
        ("effect", be("read")),
        ("assigned_instances.db", be(endpoint)),
        ("start_time", be(start)),
        (
            "estimated_completion",
            be(start + (planned * 1000.0) as u64),
        ),
        ("priority", be(record["plan"]["priority"].clone())),
        (
            "age_ms",
            Must::Lie(
                SLOW as f64,
                record["times"]["total"].as_f64().unwrap() * 1000.0,
            ),
        ),
        ("overdue", be(true)),
    ];
    wrong.fields(route, &running, "[].", rows);
    let plan = ["query_type", "execution", "complexity", "score", "cost"];
    let rows = plan.map(|field| (field, be(record["plan"][field].clone())));
    wrong.fields(route, &running, "[].plan.", rows);
    for family in ["in_flight", "executions", "executions_overdue"] {
        wrong.family(family, &[], site.metric(family, &[]).await, be(0));
    }
}

/// A response that its client does not read for a while.
async fn slow_reader(site: &mut Site, wrong: &mut Differences) {
    let mut client = site.begin("large", LARGE).await;
    eventually("a stalled response", || async {
        site.metric("stalled_responses", &[]).await > 0.0
    })
    .await;
    wrong.family(
        "stalled_responses",
        &[],
        site.metric("stalled_responses", &[]).await,
        be(1),
    );
    wrong.same("active queries", site.sum("active_queries").await, 0);
    let held = site.metric("held_body_bytes", &[]).await;
    wrong.family(
        "held_body_bytes",
        &[],
        held,
        Must::Lie(1.0, LARGE_SIZE as f64),
    );
    let response = client.response().await;
    wrong.same("its body", response.body.len(), large().len());
    site.received(&response);
    site.record("large").await;
    wrong.family(
        "stalled_responses",
        &[],
        site.metric("stalled_responses", &[]).await,
        be(0),
    );
}

/// A reload that is taken and one that is not, and what they change.
async fn reloads(site: &mut Site, wrong: &mut Differences) {
    let good = std::fs::read_to_string(&site.process.file).unwrap();
    let shorter = good.replace("share_wait: 1m", "share_wait: 1ms");
    std::fs::write(&site.process.file, shorter).unwrap();
    let taken = site
        .operate("POST", "/api/config/reload", Value::Null)
        .await;
    let rows = [
        ("generation", be(2)),
        ("changed", be(true)),
        ("warnings", be(json!([]))),
    ];
    wrong.fields("POST /api/config/reload", &taken, "", rows);
    let last = site.metric("config_last_good", &[]).await;
    wrong.family("config_last_good", &[], last, be(1));
    std::fs::write(&site.process.file, "services: {").unwrap();
    let path = "/api/config/reload";
    let refused = site.at.operate("POST", path, "", &Value::Null).await;
    wrong.same("a reload of a broken file", refused.status, 409);
}

/// A request that waits for another's response as long as it may, and goes alone.
async fn alone(site: &mut Site) {
    let before = site.attempts();
    let mut first = site.begin("leads", WAITS_TOO).await;
    eventually("the first", || async { site.attempts() == before + 1 }).await;
    let mut second = site.begin("alone", WAITS_TOO).await;
    eventually("the second", || async { site.attempts() == before + 2 }).await;
    let ended = || async { site.metric("requests_total", &[]).await };
    let count = ended().await;
    let release = async {
        site.release.notify_one();
        eventually("the end of one", || async { ended().await > count }).await;
        site.release.notify_one();
    };
    let (first, second, ()) = tokio::join!(first.response(), second.response(), release);
    site.received(&first);
    site.received(&second);
    site.record("leads").await;
    site.record("alone").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_figure_of_metrics_and_every_field_of_the_admin_api_equals_what_was_driven() {
    let (mut site, mut wrong) = (Site::start().await, Differences::default());
    drive(&mut site).await;
    maintenance(&mut site, &mut wrong).await;
    in_flight(&mut site, &mut wrong).await;
    slow_reader(&mut site, &mut wrong).await;
    reloads(&mut site, &mut wrong).await;
    alone(&mut site).await;
    metrics::check(&site, &mut wrong).await;
    pages::check(&site, &mut wrong).await;
    wrong.check();
}
