//! Observations of a running server, coarse enough that chance does not decide what they say.

use super::Given;
use crate::support::{
    Client, Origin, Proxy, ReceivedRequest, Response, SERVICE, Setup, Step, wait_until,
};
use serde_json::Value;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// What was observed, as text.
pub type Observed = Pin<Box<dyn Future<Output = String> + Send>>;

/// How long something is awaited that one of two values prevents. What the other brings about takes
/// milliseconds.
const WINDOW: Duration = Duration::from_secs(2);

const JSON: &str = "content-type: application/json\r\n";
const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const QUEUED: &str =
    r#"{"result":{"operation_id":1,"status":"acknowledged"},"status":"ok","time":0.1}"#;
const POINT: &str = "/collections/a/points/7";
const POINTS: &str = "/collections/a/points?wait=true";
const UPSERT: &[u8] = br#"{"points":[{"id":1,"vector":[1,0],"payload":{"n":1}}]}"#;
const COMMIT: &str = "/db/neo4j/tx/commit";

macro_rules! observations {
    ($($name:ident($given:ident) $body:block)*) => {
        $(pub fn $name($given: Given) -> Observed { Box::pin(async move { said($body) }) })*
    };
}

fn said(what: impl Debug) -> String {
    format!("{what:?}")
}

impl Given {
    /// A service over these origins, with the key.
    fn over(self, dialect: &'static str, origins: &[&Origin]) -> Setup {
        let key = self.key.replace("NAME", SERVICE);
        over(dialect, origins).set(&key, self.value)
    }
}

fn over(dialect: &'static str, origins: &[&Origin]) -> Setup {
    let endpoint = |origin: &&Origin| format!("{{url: \"{}\"}}", origin.url());
    let endpoints: Vec<String> = origins.iter().map(endpoint).collect();
    Setup::new(dialect, &endpoints)
}

async fn good() -> Origin {
    Origin::start(|_| Step::json(200, OK)).await
}

async fn resetting() -> Origin {
    Origin::start(|_| vec![Step::Reset]).await
}

/// Responds after a while.
async fn slow() -> Origin {
    Origin::start(|_| {
        let pause = vec![Step::Sleep(Duration::from_millis(300))];
        pause.into_iter().chain(Step::json(200, OK)).collect()
    })
    .await
}

async fn get(proxy: &Proxy, target: &str) -> Response {
    proxy.request("GET", target, "", b"").await
}

async fn admin(proxy: &Proxy, path: &str, fields: &str) -> Response {
    let address = proxy.server.admin();
    let mut client = Client::connect(address).await;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n{fields}\r\n");
    client.send(head).await;
    client.response().await
}

async fn data(proxy: &Proxy, path: &str) -> Value {
    admin(proxy, path, "").await.json()["data"].clone()
}

/// Whether something comes to hold within the window.
async fn comes<F: Future<Output = bool>>(holds: impl Fn() -> F) -> bool {
    let wait = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(WINDOW, wait).await.is_ok()
}

/// The record of a request that carried this id.
async fn record(proxy: &Proxy, target: &str, fields: &str, body: &str) -> Value {
    let fields = format!("{JSON}{fields}x-request-id: observed\r\n");
    let method = if body.is_empty() { "GET" } else { "POST" };
    proxy
        .request(method, target, &fields, body.as_bytes())
        .await;
    let path = "/api/coordination/explain/observed";
    assert!(comes(async || admin(proxy, path, "").await.status == 200).await);
    data(proxy, path).await
}

/// Whether the planned time to live is nearer to 2 h than to 1 h, after it was cut by up to a tenth.
async fn lives_long(setup: Setup, target: &str, body: &str) -> bool {
    let proxy = setup.start().await;
    let record = record(&proxy, target, "", body).await;
    let seconds = record["plan"]["cache"]["ttl"].as_f64();
    seconds.unwrap_or_else(|| panic!("{record}")) > 5000.0
}

async fn statement_lives_long(given: Given, statement: &str) -> bool {
    let origin = good().await;
    let body = format!(r#"{{"statement":"{statement}"}}"#);
    lives_long(given.over("neo4j", &[&origin]), "/db/neo4j/query/v2", &body).await
}

/// Requests that reached any of the origins.
fn attempts(origins: &[&Origin]) -> usize {
    origins.iter().map(|origin| origin.count()).sum()
}

async fn reads_over_resetting(given: Given, balance: &str) -> usize {
    let (a, b, c) = (resetting().await, resetting().await, resetting().await);
    let setup = given.over("qdrant", &[&a, &b, &c]);
    let proxy = setup.section(balance).start().await;
    get(&proxy, POINT).await;
    attempts(&[&a, &b, &c])
}

fn is_write(request: &ReceivedRequest) -> bool {
    request.method() == "PUT"
}

/// Whether the connection ends within the window.
async fn ends(mut client: Client) -> bool {
    tokio::time::timeout(WINDOW, client.is_closed()).await == Ok(true)
}

observations! {
    second_read(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        let read = async || proxy.post("/collections/a/points/query", r#"{"query":[1.0,2.0],"limit":3}"#).await;
        read().await;
        read().await.is_hit()
    }
    reads_that_stay(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        for id in 0..100 {
            get(&proxy, &format!("/collections/a/points/{id}")).await;
        }
        let mut hits = 0;
        for id in 0..100 {
            hits += usize::from(get(&proxy, &format!("/collections/a/points/{id}")).await.is_hit());
        }
        hits == 100
    }
    read_after_an_unfinished_write(given) {
        let origin = Origin::start(|seen| Step::json(200, if is_write(seen) { QUEUED } else { OK })).await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        proxy.request("PUT", "/collections/a/points", JSON, UPSERT).await;
        comes(async || get(&proxy, POINT).await.is_hit()).await
    }
    life_without_a_plan(given) {
        let origin = good().await;
        lives_long(given.over("qdrant", &[&origin]).section("planner: {enabled: false}"), POINT, "").await
    }
    life_of_an_entity(given) {
        let origin = good().await;
        lives_long(given.over("qdrant", &[&origin]), POINT, "").await
    }
    life_of_a_vector_search(given) {
        let origin = good().await;
        lives_long(given.over("qdrant", &[&origin]), "/collections/a/points/query", r#"{"query":[1.0,2.0],"limit":3}"#).await
    }
    life_of_a_count(given) {
        let origin = good().await;
        lives_long(given.over("qdrant", &[&origin]), "/collections/a/points/count", r#"{"exact":true}"#).await
    }
    life_of_a_relation(given) {
        statement_lives_long(given, "MATCH (a:A)-[r:R]->(b:B) RETURN b.n").await
    }
    life_of_a_path(given) {
        statement_lives_long(given, "MATCH (a:A)-[:R*1..3]->(b:B) RETURN b.n").await
    }
    life_of_a_query(given) {
        statement_lives_long(given, "UNWIND [1, 2] AS x RETURN x").await
    }
    life_of_collection_information(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        get(&proxy, "/collections/a").await;
        stays_long(&get(&proxy, "/collections/a").await)
    }
    life_with_a_credential(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        let read = async || proxy.request("GET", POINT, "api-key: secret\r\n", b"").await;
        read().await;
        stays_long(&read().await)
    }
    origin_that_was_reached(given) {
        let (a, b) = (good().await, good().await);
        let url = if given.value == "first" { a.url() } else { b.url() };
        let dead = "http://127.0.0.1:1".to_owned();
        let key = given.key.replace("NAME", SERVICE);
        let proxy = Setup::new("http", &[format!("{{url: \"{dead}\"}}")]).set(&key, &url).start().await;
        get(&proxy, "/").await;
        (a.count(), b.count())
    }
    addresses(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = Client::connect(proxy.address).await;
        let status = client.request("GET", "/", "", b"").await.status;
        (proxy.address.ip(), proxy.server.admin().ip(), status, admin(&proxy, "/livez", "").await.status)
    }
    share_of_the_first(given) {
        let (a, b) = (good().await, good().await);
        let proxy = given.over("http", &[&a, &b])
            .section("balance: {strategy: weighted_round_robin}");
        let proxy = match given.key.ends_with("weight") {
            true => proxy,
            false => proxy.set("services.db.endpoints[0].weight", "3"),
        };
        let proxy = proxy.start().await;
        for _ in 0..8 {
            get(&proxy, "/").await;
        }
        a.count()
    }
    attempts_of_a_write(given) {
        let (a, b) = (resetting().await, resetting().await);
        let proxy = given.over("qdrant", &[&a, &b]).start().await;
        proxy.request("PUT", POINTS, JSON, UPSERT).await;
        attempts(&[&a, &b])
    }
    attempts_of_a_read(given) {
        reads_over_resetting(given, "balance: {retry_floor: 10}").await
    }
    attempts_of_a_read_on_floor(given) {
        reads_over_resetting(given, "balance: {retry_budget: 0}").await
    }
    attempts_of_a_read_on_budget(given) {
        reads_over_resetting(given, "balance: {retry_floor: 0}").await
    }
    attempts_of_a_timed_out_read(given) {
        let (a, b) = (slow().await, slow().await);
        let setup = given.over("qdrant", &[&a, &b]).section("upstream: {read_timeout: 50ms}");
        get(&setup.start().await, POINT).await;
        attempts(&[&a, &b])
    }
    record_of_a_function(given) {
        let origin = good().await;
        let proxy = given.over("neo4j", &[&origin]).start().await;
        let body = r#"{"statement":"RETURN my.lookup(1)"}"#;
        let record = record(&proxy, "/db/neo4j/query/v2", "", body).await;
        (record["call"]["effect"].clone(), record["cache"]["reason"].clone())
    }
    names_in_metrics(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        get(&proxy, "/").await;
        admin(&proxy, "/metrics", "").await.text().contains(r#"endpoint="one""#)
    }
    status_beside_another(given) {
        let release = Arc::new(Notify::new());
        let signal = Arc::clone(&release);
        let origin = Origin::start(move |seen| {
            let wait = (seen.target() == "/waits").then(|| Step::Wait(Arc::clone(&signal)));
            wait.into_iter().chain(Step::json(200, OK)).collect()
        }).await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut first = proxy.client().await;
        first.send("GET /waits HTTP/1.1\r\nhost: test\r\n\r\n").await;
        wait_until("the first request", || origin.count() == 1).await;
        let second = get(&proxy, "/").await.status;
        release.notify_one();
        (first.response().await.status, second)
    }
    status_of_a_write(given) {
        let origin = good().await;
        let proxy = given.over("neo4j", &[&origin]).start().await;
        proxy.post(COMMIT, r#"{"statements":[{"statement":"CREATE (:P)"}]}"#).await.status
    }
    status_of_a_long_statement(given) {
        let origin = good().await;
        let proxy = given.over("neo4j", &[&origin]).section("path: {peek_limit: 100B}").start().await;
        let body = format!(r#"{{"statements":[{{"statement":"RETURN '{}'"}}]}}"#, "x".repeat(4000));
        proxy.post(COMMIT, &body).await.status
    }
    status_of_a_large_head(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let fields: String = (0..10).map(|n| format!("x-{n}: {}\r\n", "y".repeat(400))).collect();
        proxy.request("GET", "/", &fields, b"").await.status
    }
    silent_connection(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        ends(proxy.client().await).await
    }
    half_a_head(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = proxy.client().await;
        client.send("GET / HTTP/1.1\r\n").await;
        tokio::time::timeout(WINDOW, client.head()).await.is_ok()
    }
    idle_connection(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = proxy.client().await;
        client.request("GET", "/", "", b"").await;
        ends(client).await
    }
    second_client(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut first = proxy.client().await;
        first.request("GET", "/", "", b"").await;
        tokio::time::timeout(WINDOW, get(&proxy, "/")).await.is_ok()
    }
    status_of_a_slow_read(given) {
        let origin = slow().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        get(&proxy, POINT).await.status
    }
    status_of_a_slow_write(given) {
        let origin = slow().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        proxy.request("PUT", POINTS, JSON, UPSERT).await.status
    }
    idle_upstream(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        get(&proxy, "/").await;
        comes(async || origin.closed() == 1).await
    }
    first_probe(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        comes(async || probes(&proxy).await > 0.0).await
    }
    more_probes(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).section("health: {enabled: true}").start().await;
        comes(async || probes(&proxy).await > 1.0).await
    }
    status_after_a_bad_probe(given) {
        let setup = Setup::new("http", &["http://127.0.0.1:1".into()]).section("health: {enabled: true, interval: 1h}");
        let proxy = setup.set(given.key, given.value).start().await;
        comes(async || data(&proxy, "/api/coordination/instances").await["db"][0]["status"] == "unhealthy").await
    }
    breakers_after_failures(given) {
        let (a, b) = (resetting().await, resetting().await);
        let mut proxy = given.over("http", &[&a, &b]).section("balance: {strategy: round_robin, max_retries: 1}");
        if given.key != "breaker.threshold" {
            proxy = proxy.set("breaker.threshold", "1");
        }
        let proxy = proxy.start().await;
        for _ in 0..6 {
            get(&proxy, "/").await;
        }
        let all = data(&proxy, "/api/coordination/instances").await;
        let rows = all["db"].as_array().cloned().unwrap_or_default();
        rows.iter().any(|row| row["breaker"] == "open")
    }
    breaker_that_lets_a_trial_through(given) {
        let (a, b) = (resetting().await, resetting().await);
        let setup = given.over("http", &[&a, &b]).section("balance: {strategy: round_robin, max_retries: 1}");
        let proxy = setup.set("breaker.threshold", "1").start().await;
        for _ in 0..6 {
            get(&proxy, "/").await;
        }
        comes(async || {
            let all = data(&proxy, "/api/coordination/instances").await["db"].clone();
            all.as_array().is_some_and(|rows| rows.iter().all(|row| row["breaker"] != "open"))
        }).await
    }
    resource_score(given) {
        let origin = slow().await;
        let proxy = given.over("http", &[&origin]).start().await;
        get(&proxy, "/").await;
        let high = async || data(&proxy, "/api/coordination/scores").await["db"][0]["score"].as_f64() > Some(0.2);
        comes(high).await
    }
    priority(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        record(&proxy, POINT, "x-user-id: premium_1\r\n", "").await["plan"]["priority"].clone()
    }
    slow_requests(given) {
        let origin = slow().await;
        let proxy = given.over("http", &[&origin])
            .set("queries.slow_threshold", if given.key.ends_with("enabled") { "1ms" } else { given.value })
            .start().await;
        get(&proxy, "/").await;
        comes(async || series(&proxy, "pointsman_slow_total").await > 0.0).await
    }
    resident_memory(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        series(&proxy, "pointsman_process_resident_memory_bytes").await > 0.0
    }
    explanations(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        for _ in 0..20 {
            get(&proxy, "/").await;
        }
        let listed = async || data(&proxy, "/api/coordination/explain").await.as_array().map(Vec::len);
        comes(async || listed().await == Some(20)).await
    }
    memory_component(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        comes(async || {
            let health = data(&proxy, "/api/performance/health").await.to_string();
            health.contains("memory\":\"healthy") || health.contains("memory\":true")
        }).await
    }
    status_at_the_admin_api(given) {
        let origin = good().await;
        let mut setup = given.over("http", &[&origin]);
        if given.key == "admin.read_token" {
            setup = setup.set("admin.operate_token", "token-of-the-operator");
        }
        let proxy = setup.start().await;
        admin(&proxy, "/api/config", "authorization: Bearer token-of-the-test\r\n").await.status
    }
    cut_by_a_stop(given) {
        let origin = slow().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = proxy.client().await;
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        wait_until("the request", || origin.count() == 1).await;
        proxy.server.stop().await
    }
}

/// Whether a hit may be served for longer than 1.4 h.
fn stays_long(hit: &Response) -> bool {
    let ttl = hit.cache().split("ttl=").nth(1).map(|rest| {
        rest.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    });
    let seconds: Option<u64> = ttl.and_then(|ttl| ttl.parse().ok());
    seconds.unwrap_or_else(|| panic!("{}", hit.cache())) > 5000
}

/// The sum of a family's series.
async fn series(proxy: &Proxy, family: &str) -> f64 {
    let text = admin(proxy, "/metrics", "").await.text();
    let values = text.lines().filter(|line| line.starts_with(family));
    let value = |line: &str| line.rsplit(' ').next()?.parse::<f64>().ok();
    values.filter_map(value).sum()
}

async fn probes(proxy: &Proxy) -> f64 {
    series(proxy, "pointsman_probes_total").await
}
