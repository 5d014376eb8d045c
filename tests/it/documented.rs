//! What is documented is so: a process with real traffic, in which every family of docs/metrics.md moves
//! and every field of docs/admin.md is there. Its log holds no credential, at any level.

mod check;
mod driven;
mod expected;
mod reasons;
mod runbook;

use crate::support::{Process, eventually};
use crate::trial::client::{Client, HttpRequest, JsonResponse};
use check::{Responses, Scrapes};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use testbed::faults::Requests;
use testbed::graph::Graph;
use testbed::qdrant::Cluster;
use tokio::io::AsyncWriteExt;

const SECRET: &str = "hunter2-never-printed";

/// The databases, the process in front of them, and what was seen of it.
struct Site {
    cluster: Cluster,
    _graph: Graph,
    process: Process,
    vectors: String,
    graph: String,
    admin: String,
    client: Client,
    scrapes: Scrapes,
    responses: Responses,
}

/// Probes are frequent, and many must fail, so that a breaker opens before its endpoint is unhealthy.
fn yaml(cluster: &Cluster, graph: &Graph, l1: &str) -> String {
    format!(
        "services:\n\
         \x20 vectors: {{dialect: qdrant, strategy: round_robin, listen: '127.0.0.1:0', endpoints: [{{name: a, zone: here, url: '{}', max_connections: 4}}, {{name: b, zone: here, url: '{}', max_connections: 4}}]}}\n\
         \x20 graph: {{dialect: neo4j, listen: '127.0.0.1:0', endpoints: [{{name: g, url: '{}', role: writer}}]}}\n\
         admin: {{listen: '127.0.0.1:0', operate_token: {SECRET}}}\n\
         observe: {{log: trace}}\n\
         queries: {{slow_threshold: 300ms}}\n\
         balance: {{preferred_zone: here, shadow: least_connections, monitor: {{interval: 20ms, lasting: 20ms, rules: [{{name: much, figure: vector_db_load, above: 0.3, action: increase_cache_usage}}]}}, degradation: {{raise_above: 0.001, lower_below: 0, raise_after: 20ms, lower_after: 20ms}}}}\n\
         health: {{interval: 100ms, unhealthy_after: 100}}\n\
         planner: {{max_db_load: 0}}\n\
         breaker: {{threshold: 3, open_for: 500ms}}\n\
         process: {{reload_delay: 1h}}\n\
         upstream: {{idle_timeout: 1ms}}\n\
         path: {{read_ahead: 64KiB}}\n\
         cache: {{max_size: 4, cleanup_interval: 50ms, rejoin_hold: 1ms, quarantine: 1ms, share_wait: 700ms, l1: {{size: {l1}}}, categories: {{entity: 2s}}}}\n",
        cluster.url(0),
        cluster.url(1),
        graph.url(0),
    )
}

fn with(mut request: HttpRequest, fields: &[(&'static str, &str)]) -> HttpRequest {
    let own = |(name, value): &(&'static str, &str)| (*name, value.to_string());
    request.fields = fields.iter().map(own).collect();
    request
}

impl Site {
    async fn start() -> Self {
        let cluster = Cluster::start(2);
        let graph = Graph::start(Default::default()).unwrap();
        let process = Process::start(&yaml(&cluster, &graph, "64MiB"));
        let vectors = process.url(&["listening", "service=\"vectors\""]).await;
        let graph_url = process.url(&["listening", "service=\"graph\""]).await;
        let admin = process.url(&["admin API listening"]).await;
        Self {
            cluster,
            _graph: graph,
            process,
            vectors,
            graph: graph_url,
            admin,
            client: Client::default(),
            scrapes: Scrapes::default(),
            responses: Responses::default(),
        }
    }

    async fn ask(&self, method: &'static str, url: String, body: Value) -> JsonResponse {
        let fields = [("api-key", SECRET), ("x-request-id", "documented")];
        let call = with(HttpRequest::new(method, url, body), &fields);
        self.client.send(&call, None).await.unwrap()
    }

    async fn points(&self, method: &'static str, path: &str, body: Value) -> JsonResponse {
        self.ask(
            method,
            format!("{}/collections/docs{path}", self.vectors),
            body,
        )
        .await
    }

    /// A read that the cache may keep; each number is another one.
    async fn scroll(&self, number: u64) -> JsonResponse {
        self.points("POST", "/points/scroll", json!({"limit": number}))
            .await
    }

    async fn upsert(&self, id: u64) -> JsonResponse {
        let points = json!({"points": [{"id": id, "vector": [1.0, 2.0], "payload": {"n": id}}]});
        self.points("PUT", "/points?wait=true", points).await
    }

    async fn cypher(&self, statement: &str) -> JsonResponse {
        let url = format!("{}/db/neo4j/query/v2", self.graph);
        self.ask("POST", url, json!({"statement": statement})).await
    }

    /// Calls the admin API, and keeps the response for the check of its fields.
    async fn admin(&mut self, method: &'static str, path: &str, body: Value) -> JsonResponse {
        let url = format!("{}{path}", self.admin);
        let bearer = format!("Bearer {SECRET}");
        let call = with(
            HttpRequest::new(method, url, body),
            &[("authorization", bearer.as_str())],
        );
        let got = self.client.send(&call, None).await.unwrap();
        self.responses.take(method, path, &got);
        got
    }

    async fn scrape(&mut self) {
        let got = self.admin("GET", "/metrics", Value::Null).await;
        self.scrapes.take(got.body.as_str().unwrap_or_default());
    }

    /// Looks at everything once.
    async fn look(&mut self) {
        for path in [
            "/",
            "/livez",
            "/readyz",
            "/api/performance/health",
            "/api/performance/load-balancer/stats",
            "/api/performance/cache/stats",
            "/api/coordination/stats",
            "/api/coordination/instances",
            "/api/coordination/scores",
            "/api/coordination/executions",
            "/api/coordination/explain",
            "/api/coordination/events",
            "/api/coordination/strategy",
            "/api/coordination/mode",
            "/api/coordination/shadow",
            "/api/coordination/resources?limit=5",
            "/api/coordination/rules",
            "/api/coordination/overload",
            "/api/coordination/arrivals",
            "/api/coordination/history",
            "/api/coordination/queue",
            "/api/coordination/migrations",
            "/api/config",
        ] {
            let got = self.admin("GET", path, Value::Null).await;
            if path == "/api/coordination/explain" {
                self.explain_each(&got).await;
            }
        }
        self.scrape().await;
    }

    /// The record of each request of a list, by its id.
    async fn explain_each(&mut self, list: &JsonResponse) {
        for record in list.body["data"].as_array().unwrap() {
            let path = format!(
                "/api/coordination/explain/{}",
                record["id"].as_str().unwrap()
            );
            let one = self.admin("GET", &path, Value::Null).await;
            assert_eq!(one.body["data"]["id"], record["id"]);
        }
    }

    async fn status(&mut self, service: &str, endpoint: &str, status: &str) {
        let path = format!("/api/coordination/instances/{service}/{endpoint}/status");
        let got = self.admin("PUT", &path, json!({"status": status})).await;
        assert_eq!(got.status, 200, "{got:?}");
    }

    async fn until_counted(&mut self, family: &str) {
        for _ in 0..600 {
            self.scrape().await;
            if self.scrapes.moved(family) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{family} does not move");
    }
}

/// Reads, hits, writes, evictions, expirations, shared fetches.
async fn traffic(site: &mut Site) {
    let collection = json!({"vectors": {"size": 2, "distance": "Dot"}});
    assert!(site.points("PUT", "", collection).await.is_good());
    for id in 0..8 {
        assert!(site.upsert(id).await.is_good());
    }
    eventually("a hit", || async { site.scroll(3).await.is_hit() }).await;
    for number in 1..9 {
        site.scroll(number).await;
    }
    site.until_counted("cache_evictions_total").await;
    site.until_counted("cache_expirations_total").await;
    eventually("a hit", || async { site.scroll(3).await.is_hit() }).await;
    // While it is among the newest explanations.
    site.look().await;
    // What is stored may expire before the write comes.
    for _ in 0..100 {
        eventually("a hit", || async { site.scroll(3).await.is_hit() }).await;
        site.upsert(9).await;
        site.scrape().await;
        if site.scrapes.moved("cache_invalidations_total") {
            break;
        }
    }
    site.until_counted("cache_invalidations_total").await;
    assert!(site.cypher("CREATE (:P {n: 1})").await.is_good());
    assert!(site.cypher("MATCH (p:P) RETURN p.n").await.is_good());
    for replica in 0..2 {
        let faults = site.cluster.faults(replica);
        faults.delay(Duration::from_millis(300), Requests::Reads);
    }
    let both = tokio::join!(site.scroll(7), site.scroll(7));
    assert!(both.0.is_shared() || both.1.is_shared(), "{both:?}");
    for replica in 0..2 {
        site.cluster.faults(replica).clear();
    }
}

/// No file left for a connection to an endpoint, then for a client's connection.
async fn shortage(site: &mut Site) {
    let number = AtomicU64::new(5000);
    // The client's own connection is open; those to the endpoints close when they are idle.
    site.scroll(4999).await;
    site.process.set_open_files(3);
    eventually("a refusal", || async {
        let number = number.fetch_add(1, Ordering::Relaxed);
        site.scroll(number).await.status == 503
    })
    .await;
    let address = site.vectors.trim_start_matches("http://").to_owned();
    let waiting = tokio::net::TcpStream::connect(address).await.unwrap();
    site.process.says(&["connections cannot be accepted"]).await;
    site.process.set_open_files(u64::MAX);
    drop(waiting);
    site.until_counted("accept_failures_total").await;
    site.until_counted("connect_shortages_total").await;
}

/// Reads whose time is known, and one that takes longer.
async fn hedge(site: &mut Site) {
    let url = format!("{}/healthz", site.vectors);
    for _ in 0..60 {
        site.ask("GET", url.clone(), Value::Null).await;
    }
    for replica in 0..2 {
        let faults = site.cluster.faults(replica);
        faults.delay(Duration::from_millis(500), Requests::All);
    }
    site.ask("GET", url, Value::Null).await;
    for replica in 0..2 {
        site.cluster.faults(replica).clear();
    }
    site.until_counted("hedges_total").await;
}

/// A client that asks for a large response and does not read it.
async fn slow_reader(site: &mut Site) {
    let large = json!({"points": [{"id": 78, "vector": [1.0, 2.0], "payload": {"x": "y".repeat(4 << 20)}}]});
    assert!(
        site.points("PUT", "/points?wait=true", large)
            .await
            .is_good()
    );
    let address = site.vectors.trim_start_matches("http://").to_owned();
    let mut reader = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = b"GET /collections/docs/points/78 HTTP/1.1\r\nhost: t\r\n\r\n";
    reader.write_all(head).await.unwrap();
    site.until_counted("stalled_responses").await;
    let gone = json!({"points": [78]});
    assert!(
        site.points("POST", "/points/delete?wait=true", gone)
            .await
            .is_good()
    );
}

/// More requests at once than the endpoints have room for.
async fn queue(site: &mut Site) {
    for replica in 0..2 {
        let faults = site.cluster.faults(replica);
        faults.delay(Duration::from_millis(300), Requests::Reads);
    }
    let address = site.vectors.trim_start_matches("http://").to_owned();
    let mut clients = Vec::new();
    for id in 100..120 {
        let mut client = tokio::net::TcpStream::connect(&address).await.unwrap();
        let head = format!("GET /collections/docs/points/{id} HTTP/1.1\r\nhost: t\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        clients.push(client);
    }
    site.until_counted("pending_requests").await;
    site.until_counted("pressure").await;
    site.until_counted("degradation_rung").await;
    site.until_counted("queue_wait_seconds").await;
    for replica in 0..2 {
        site.cluster.faults(replica).clear();
    }
}

/// A slow write in flight, a client that leaves, retries, an open breaker, refusals.
async fn trouble(site: &mut Site) {
    for replica in 0..2 {
        let faults = site.cluster.faults(replica);
        faults.delay(Duration::from_secs(3), Requests::Writes);
    }
    let url = format!("{}/collections/docs/points?wait=true", site.vectors);
    let body =
        json!({"points": [{"id": 77, "vector": [1.0, 2.0], "payload": {"x": "y".repeat(9000)}}]});
    let slow = HttpRequest::new("PUT", url, body);
    let client = site.client.clone();
    let slow = tokio::spawn(async move { client.send(&slow, None).await });
    site.until_counted("executions_overdue").await;
    site.until_counted("held_body_bytes").await;
    site.look().await;
    let scroll = format!("{}/collections/docs/points/scroll", site.vectors);
    for replica in 0..2 {
        let faults = site.cluster.faults(replica);
        faults.delay(Duration::from_secs(1), Requests::All);
    }
    let left = HttpRequest::new("POST", scroll, json!({"limit": 99}));
    let patience = Some(Duration::from_millis(200));
    assert!(site.client.send(&left, patience).await.is_err());
    assert!(slow.await.unwrap().unwrap().is_good());
    // The second waits for the fetch of the first, and then goes alone.
    for number in 200..203 {
        tokio::join!(site.scroll(number), site.scroll(number));
    }
    for replica in 0..2 {
        site.cluster.faults(replica).clear();
    }
    site.cluster.kill(0);
    let mut number = 1000;
    eventually("an open breaker", || {
        number += 1;
        let site = &*site;
        async move {
            // The home of the collection may be the other endpoint, and takes all its reads; these go to both in turn.
            site.ask("GET", format!("{}/healthz", site.vectors), Value::Null)
                .await;
            site.scroll(number).await;
            site.process.line(&["breaker_opened"]).is_some()
        }
    })
    .await;
    site.look().await;
    site.cluster.restart(0).unwrap();
    for endpoint in ["a", "b"] {
        site.status("vectors", endpoint, "maintenance").await;
    }
    let refused = site.scroll(555).await;
    assert_eq!(refused.status, 503);
    site.look().await;
    for endpoint in ["a", "b"] {
        site.status("vectors", endpoint, "active").await;
    }
}

/// The strategies compared on what was recorded, and an explained choice.
async fn replays(site: &mut Site) {
    for number in 400..510 {
        site.scroll(number).await;
    }
    let path = "/api/coordination/simulate?service=vectors";
    let report = site.admin("GET", path, Value::Null).await;
    assert_eq!(report.status, 200, "{report:?}");
    let outcome = json!({"service": "vectors", "query_type": "write", "complexity": "simple", "query_id": "0123456789ab", "estimated_time": 0.1, "actual_time": 0.1, "estimated_cost": 0.5, "actual_cost": 0.4});
    let path = "/api/coordination/feedback";
    assert_eq!(site.admin("POST", path, outcome).await.status, 200);
    let wanted = json!({"service": "vectors", "apply": true});
    let path = "/api/coordination/optimize";
    assert_eq!(site.admin("POST", path, wanted).await.status, 200);
    let url = format!("{}/collections/docs/points/scroll", site.vectors);
    let explained = HttpRequest::new("POST", url, json!({"limit": 999}));
    let explained = with(explained, &[("x-pointsman-explain", "1")]);
    site.status("vectors", "b", "maintenance").await;
    assert!(site.client.send(&explained, None).await.unwrap().is_good());
    site.status("vectors", "b", "active").await;
}

/// What an operator does: figures pushed, the cache cleared, reloads good and bad.
async fn operation(site: &mut Site) {
    let busy = json!({"current_connections": 100, "cpu_usage": 1.0, "queue_size": 100});
    let path = "/api/coordination/instances/vectors/b/metrics";
    assert_eq!(site.admin("PUT", path, busy).await.status, 200);
    site.until_counted("overloaded_endpoints").await;
    site.until_counted("load_imbalance").await;
    site.until_counted("rule_in_force").await;
    for path in ["/api/coordination/overload", "/api/coordination/migrations"] {
        site.admin("GET", path, Value::Null).await;
    }
    let figures = json!({"current_connections": 90, "cpu_usage": 0.5, "memory_usage": 0.25, "requests_per_second": 7.0, "queue_size": 3});
    let path = "/api/coordination/instances/vectors/a/metrics";
    assert_eq!(site.admin("PUT", path, figures).await.status, 200);
    let got = site
        .admin("GET", "/api/coordination/instances", Value::Null)
        .await;
    let one = &got.body["data"]["vectors"][0];
    let shown = [
        "current_connections",
        "cpu_usage",
        "memory_usage",
        "requests_per_second",
        "queue_size",
    ];
    assert_eq!(
        shown.map(|key| one[key].as_f64().unwrap()),
        [90.0, 0.5, 0.25, 7.0, 3.0]
    );
    assert_eq!(site.admin("GET", path, Value::Null).await.status, 200);
    eventually("a hit", || async { site.scroll(5).await.is_hit() }).await;
    let cleared = site
        .admin("POST", "/api/performance/cache/clear", Value::Null)
        .await;
    assert!(
        cleared.body["data"]["removed"].as_u64() > Some(0),
        "{cleared:?}"
    );
    let changes = [
        (
            "PUT",
            "/strategy",
            json!({"service": "vectors", "strategy": "least_connections"}),
        ),
        ("PUT", "/mode", json!({"features": {"queries": true}})),
        (
            "POST",
            "/instances",
            json!({"service": "vectors", "name": "z", "url": "http://127.0.0.1:9"}),
        ),
        ("DELETE", "/instances/vectors/z", Value::Null),
    ];
    for (method, path, body) in changes {
        let path = format!("/api/coordination{path}");
        assert_eq!(site.admin(method, &path, body).await.status, 200, "{path}");
    }
    let events = |got: &JsonResponse| got.body["data"].as_array().unwrap().clone();
    let before = site
        .admin("GET", "/api/coordination/events", Value::Null)
        .await;
    let last = events(&before).last().unwrap()["number"].as_u64().unwrap();
    let good = std::fs::read_to_string(&site.process.file).unwrap();
    std::fs::write(
        &site.process.file,
        good.replace("64MiB", "65MiB")
            .replace("round_robin", "adaptive")
            .replace("name: g,", "name: renamed,"),
    )
    .unwrap();
    let taken = site.admin("POST", "/api/config/reload", Value::Null).await;
    assert_eq!(taken.body["data"]["changed"], true, "{taken:?}");
    for number in 300..310 {
        site.scroll(number).await;
    }
    replays(site).await;
    std::fs::write(&site.process.file, "services: {").unwrap();
    let refused = site.admin("POST", "/api/config/reload", Value::Null).await;
    assert_eq!(refused.status, 409);
    site.look().await;
    let after = format!("/api/coordination/events?after={last}");
    let after = site.admin("GET", &after, Value::Null).await;
    let whole = |one: &&Value| {
        ["reloaded", "reload_refused"]
            .map(Value::from)
            .contains(&one["what"])
    };
    let whole: Vec<Value> = events(&after).iter().filter(whole).cloned().collect();
    assert_eq!(whole.len(), 2, "one reload taken, one refused: {whole:?}");
    assert!(
        events(&after)
            .iter()
            .all(|one| one["number"].as_u64() > Some(last))
    );
}

#[tokio::test]
async fn every_documented_metric_moves_and_every_documented_field_of_the_admin_api_is_there() {
    let mut site = Site::start().await;
    eventually("readiness", || async {
        let url = format!("{}/readyz", site.admin);
        site.ask("GET", url, Value::Null).await.status == 200
    })
    .await;
    site.look().await;
    traffic(&mut site).await;
    hedge(&mut site).await;
    shortage(&mut site).await;
    slow_reader(&mut site).await;
    queue(&mut site).await;
    trouble(&mut site).await;
    operation(&mut site).await;
    let log = site.process.log();
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "the filter is trace"
    );
    assert!(!log.contains(SECRET), "a credential is in the log");
    site.process.stop_reading_the_log();
    for endpoint in ["a", "b", "a", "b"] {
        site.status("vectors", endpoint, "maintenance").await;
        site.status("vectors", endpoint, "active").await;
    }
    site.until_counted("log_lines_dropped_total").await;
    site.scrapes.check();
    site.responses.check();
}
