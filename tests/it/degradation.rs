//! What a service gives up while more comes than its endpoints can do, step by step, and that nothing is given up without need.

use crate::support::{Client, Origin, Proxy, Setup, Step, eventually, wait_until};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Notify;

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const POINT: &str = "/collections/a/points/7";

/// An origin that responds once it is let.
async fn held() -> (Origin, Arc<Notify>) {
    let release = Arc::new(Notify::new());
    let signal = Arc::clone(&release);
    let origin = Origin::start(move |_| {
        let wait = vec![Step::Wait(Arc::clone(&signal))];
        wait.into_iter().chain(Step::json(200, OK)).collect()
    });
    (origin.await, release)
}

/// A proxy with a rule that is in force, as memory is always used.
async fn under(action: &str, dialect: &'static str, origins: &[&Origin], more: &str) -> Proxy {
    let urls: Vec<String> = origins.iter().map(|origin| origin.url()).collect();
    let rule = format!("{{name: always, figure: memory_usage, above: 0, action: {action}}}");
    let balance =
        format!("balance: {{monitor: {{interval: 10ms, lasting: 1ms, rules: [{rule}]}}{more}}}");
    let proxy = Setup::new(dialect, &urls).section(&balance).start().await;
    eventually("the rule", || async {
        proxy.series("pointsman_rule_in_force", &[]).await == 1.0
    })
    .await;
    proxy
}

async fn rung(proxy: &Proxy) -> String {
    let overload = proxy.data("/api/coordination/overload").await;
    overload["services"][0]["rung"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

async fn on_rung(proxy: &Proxy, wanted: &str) {
    eventually(wanted, || async { rung(proxy).await == wanted }).await;
}

async fn begin(proxy: &Proxy, id: &str) -> Client {
    let mut client = proxy.client().await;
    let head = format!("GET /{id} HTTP/1.1\r\nhost: test\r\nx-request-id: {id}\r\n\r\n");
    client.send(head).await;
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_lasting_pressure_a_service_gives_up_more_and_more_and_takes_it_back_when_it_is_over()
{
    let (origin, release) = held().await;
    let balance = "balance: {monitor: {interval: 10ms}, queue: {max_pending: 2}, degradation: {raise_after: 20ms, lower_after: 20ms}}";
    let proxy = Setup::new("http", &[origin.url()])
        .section(balance)
        .set("services.db.endpoints[0].max_connections", "1")
        .start()
        .await;
    let mut served = begin(&proxy, "served").await;
    wait_until("the first request", || origin.count() == 1).await;
    let mut waits = [begin(&proxy, "one").await, begin(&proxy, "other").await];
    on_rung(&proxy, "shedding").await;
    assert_eq!(proxy.series("pointsman_degradation_rung", &[]).await, 3.0);
    release.notify_one();
    assert_eq!(served.response().await.status, 200);
    for number in 2..=3 {
        wait_until("the next request", || origin.count() == number).await;
        release.notify_one();
    }
    for client in &mut waits {
        assert_eq!(client.response().await.status, 200);
    }
    let record = "/api/coordination/explain/served";
    eventually("its record", || async {
        proxy.admin(record, "").await.status == 200
    })
    .await;
    let shown = proxy.data(record).await;
    assert_eq!(shown["route"]["rung"], "shedding");
    on_rung(&proxy, "normal").await;
    let events = proxy.data("/api/coordination/events").await;
    let told = events.as_array().expect("events").iter();
    let told: Vec<&Value> = told.filter(|one| one["service"] == "db").collect();
    let whats: Vec<&str> = told.iter().filter_map(|one| one["what"].as_str()).collect();
    let expected = [["rung_raised"; 3], ["rung_lowered"; 3]].concat();
    assert_eq!(whats, expected, "{told:#?}");
    assert!(told[0]["endpoint"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_fails_is_tried_elsewhere_unless_retries_are_given_up() {
    for (action, attempts) in [("skip_extras", 2), ("skip_retries", 1)] {
        let one = Origin::start(|_| vec![Step::Reset]).await;
        let other = Origin::start(|_| vec![Step::Reset]).await;
        let proxy = under(action, "qdrant", &[&one, &other], "").await;
        let response = proxy.request("GET", POINT, "", b"").await;
        assert_eq!(response.status, 502);
        assert_eq!(one.count() + other.count(), attempts, "{action}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_of_low_priority_is_shed_where_it_would_wait_and_a_higher_one_waits() {
    let (origin, release) = held().await;
    let more = ", degradation: {shed_below: 6}";
    let proxy = under("shed_low_priority", "http", &[&origin], more).await;
    // With room nobody is refused.
    let mut clients = Vec::new();
    for number in 0..100 {
        clients.push(begin(&proxy, &format!("served-{number}")).await);
    }
    wait_until("all at the endpoint", || origin.count() == 100).await;
    let shed = proxy.request("GET", "/", "", b"").await;
    assert_eq!(shed.status, 503, "{}", shed.text());
    assert!(shed.field("retry-after").is_some());
    let counted = proxy
        .series("pointsman_rejections_total", &["reason=\"shed\""])
        .await;
    assert_eq!(counted, 1.0);
    let queue = proxy.data("/api/coordination/queue").await;
    assert_eq!(queue[0]["refused"]["shed"], 1);
    let mut premium = proxy.client().await;
    let head = "GET /premium HTTP/1.1\r\nhost: test\r\nx-user-id: premium_ada\r\n\r\n";
    premium.send(head).await;
    eventually("that it waits", || async {
        proxy.series("pointsman_pending_requests", &[]).await == 1.0
    })
    .await;
    release.notify_one();
    wait_until("the premium request", || origin.count() == 101).await;
    for _ in 0..100 {
        release.notify_one();
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_asks_for_more_use_of_the_cache_doubles_how_long_responses_are_stored() {
    let origin = Origin::start(|_| Step::json(200, OK)).await;
    let proxy = under("increase_cache_usage", "qdrant", &[&origin], "").await;
    let number = std::sync::atomic::AtomicU32::new(0);
    eventually("the longer time", || async {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let fields = format!("x-request-id: ttl-{number}\r\n");
        proxy.request("GET", POINT, &fields, b"").await;
        let record = format!("/api/coordination/explain/ttl-{number}");
        proxy.data(&record).await["plan"]["cache"]["ttl"] == 14_400.0
    })
    .await;
    let rules = proxy.data("/api/coordination/rules").await;
    assert_eq!(rules[0]["in_force"], true);
    let events = proxy.data("/api/coordination/events").await;
    assert_eq!(events[0]["what"], "rule_begun");
}
