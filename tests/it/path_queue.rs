//! More requests than the endpoints have room for: they wait, in order, and each is sent once.

use crate::support::{
    Addresses, Origin, Proxy, ReceivedRequest, Setup, Step, eventually, in_time, wait_until,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;

const OK: &str = r#"{"result":[],"status":"ok","time":0.1}"#;

/// An origin whose responses take a while.
async fn slow(millis: u64) -> Origin {
    Origin::start(move |_| {
        let pause = vec![Step::Sleep(Duration::from_millis(millis))];
        pause.into_iter().chain(Step::json(200, OK)).collect()
    })
    .await
}

/// An origin that responds once it is let.
async fn held(respond: impl Fn() -> Vec<Step> + Send + Sync + 'static) -> (Origin, Arc<Notify>) {
    let release = Arc::new(Notify::new());
    let signal = Arc::clone(&release);
    let origin = Origin::start(move |_| {
        let wait = vec![Step::Wait(Arc::clone(&signal))];
        wait.into_iter().chain(respond()).collect()
    });
    (origin.await, release)
}

/// Sends requests at once, each on a connection of its own and for its own target; the responses by status.
async fn at_once(at: Addresses, method: &'static str, count: usize) -> BTreeMap<u16, usize> {
    let mut tasks = send(at, method, count);
    let mut statuses = BTreeMap::new();
    while let Some(status) = in_time("a response", tasks.join_next()).await {
        *statuses.entry(status.expect("a request")).or_default() += 1;
    }
    statuses
}

fn send(at: Addresses, method: &'static str, count: usize) -> JoinSet<u16> {
    send_to(at, method, count, "/thing/")
}

fn send_to(at: Addresses, method: &'static str, count: usize, to: &'static str) -> JoinSet<u16> {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(async move {
            let target = format!("{to}{number}");
            at.request(method, &target, "", b"").await.status
        });
    }
    tasks
}

async fn pending(proxy: &Proxy) -> usize {
    proxy.series("pointsman_pending_requests", &[]).await as usize
}

async fn waiting(proxy: &Proxy, count: usize) {
    eventually("requests that wait", || async {
        pending(proxy).await == count
    })
    .await;
}

fn max_connections(setup: Setup, endpoint: usize, count: u32) -> Setup {
    let key = format!("services.db.endpoints[{endpoint}].max_connections");
    setup.set(&key, &count.to_string())
}

fn http(origins: &[&Origin]) -> Setup {
    let endpoint = |origin: &&Origin| format!("{{url: \"{}\"}}", origin.url());
    let endpoints: Vec<String> = origins.iter().map(endpoint).collect();
    Setup::new("http", &endpoints)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_hundred_requests_at_once_on_one_endpoint_are_all_answered() {
    let origin = slow(50).await;
    let proxy = http(&[&origin]).start().await;
    let statuses = at_once(*proxy, "GET", 600).await;
    assert_eq!(statuses, BTreeMap::from([(200, 600)]));
    assert_eq!(origin.count(), 600);
    assert_eq!(pending(&proxy).await, 0);
    let waited = proxy
        .series("pointsman_queue_wait_seconds_count", &[])
        .await;
    assert!(waited > 0.0);
    let records = proxy.data("/api/coordination/explain?limit=1000").await;
    let records = records.as_array().expect("records");
    let shown = records
        .iter()
        .filter(|one| one["times"]["queue"].is_number());
    assert_eq!(shown.count() as f64, waited);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_while_it_waits_waits_no_more_and_nothing_is_sent() {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let proxy = max_connections(http(&[&origin]), 0, 1).start().await;
    let mut first = send(*proxy, "GET", 1);
    wait_until("the first request", || origin.count() == 1).await;
    let mut leaves = proxy.client().await;
    leaves
        .send("GET /leaves HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    waiting(&proxy, 1).await;
    drop(leaves);
    waiting(&proxy, 0).await;
    release.notify_one();
    let status = first.join_next().await.expect("one").expect("a response");
    assert_eq!((status, origin.count()), (200, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_client_leaves_while_it_waits_is_not_sent_and_frees_its_place() {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let proxy = max_connections(http(&[&origin]), 0, 1).start().await;
    let mut first = send(*proxy, "PUT", 1);
    wait_until("the first request", || origin.count() == 1).await;
    let whole = "PUT /leaves HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\nhi";
    let half = "PUT /leaves HTTP/1.1\r\nhost: test\r\ncontent-length: 900000\r\n\r\nhi";
    for request in [whole, half] {
        let mut leaves = proxy.client().await;
        leaves.send(request).await;
        if request == whole {
            waiting(&proxy, 1).await;
        }
        drop(leaves);
        waiting(&proxy, 0).await;
    }
    release.notify_one();
    let status = first.join_next().await.expect("one").expect("a response");
    assert_eq!((status, origin.count()), (200, 1));
}

/// A connection that is closed looks just so: to go on would send what nobody waits for any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_its_sending_side_while_it_waits_has_left_and_its_write_is_not_sent() {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let proxy = max_connections(http(&[&origin]), 0, 1).start().await;
    let mut sent = proxy.client().await;
    sent.send("PUT /sent HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\nhi")
        .await;
    wait_until("the first request", || origin.count() == 1).await;
    let mut waits = proxy.client().await;
    waits
        .send("PUT /waits HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\n\r\nhi")
        .await;
    waiting(&proxy, 1).await;
    waits.shutdown().await;
    waiting(&proxy, 0).await;
    sent.shutdown().await;
    release.notify_one();
    let response = sent.response_to("PUT").await;
    assert_eq!((response.status, origin.count()), (200, 1), "it was sent");
}

/// Four of five go on waiting: of ten places, an endpoint that is new beside others has one at first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_is_added_takes_few_of_those_that_wait_at_first() {
    let (full, release) = held(|| Step::json(200, OK)).await;
    let (added, go) = held(|| Step::json(200, OK)).await;
    let setup = max_connections(http(&[&full]), 0, 1).set("health.slow_start", "1d");
    let proxy = setup.start().await;
    let mut first = send(*proxy, "GET", 1);
    wait_until("the first request", || full.count() == 1).await;
    let mut waits = send(*proxy, "GET", 5);
    waiting(&proxy, 5).await;
    let instance = serde_json::json!({"service": "db", "url": added.url(), "max_connections": 10});
    let path = "/api/coordination/instances";
    let response = proxy.operate("POST", path, "", &instance).await;
    assert_eq!(response.status, 200, "{}", response.text());
    waiting(&proxy, 4).await;
    assert_eq!(added.count(), 1);
    for _ in 0..5 {
        go.notify_one();
        waits.join_next().await;
    }
    release.notify_one();
    first.join_next().await;
}

/// The row of an endpoint in the list of instances.
async fn instance(proxy: &Proxy, place: usize) -> serde_json::Value {
    proxy.data("/api/coordination/instances").await["db"][place].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_drains_ends_what_it_has_and_takes_nothing_new() {
    let (drains, release) = held(|| Step::json(200, OK)).await;
    let other = slow(0).await;
    let setup = http(&[&drains, &other]).set("balance.strategy", "round_robin");
    let proxy = setup.start().await;
    let mut first = send(*proxy, "GET", 2);
    wait_until("the first request", || drains.count() == 1).await;
    first.join_next().await;
    let name = instance(&proxy, 0).await["instance_id"].clone();
    let path = format!(
        "/api/coordination/instances/db/{}/status",
        name.as_str().unwrap()
    );
    let wrong = serde_json::json!({"status": "away"});
    let refused = proxy.operate("PUT", &path, "", &wrong).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("draining"), "{}", refused.text());
    let body = serde_json::json!({"status": "draining"});
    assert_eq!(proxy.operate("PUT", &path, "", &body).await.status, 200);
    let row = instance(&proxy, 0).await;
    assert_eq!(
        (&row["status"], &row["drained"]),
        (&"draining".into(), &false.into())
    );
    let moves = proxy.data("/api/coordination/migrations").await;
    assert_eq!(moves[0]["from_worker"], name);
    assert!(moves[0]["to_worker"].is_string(), "{moves}");
    assert_eq!(
        at_once(*proxy, "GET", 10).await,
        BTreeMap::from([(200, 10)])
    );
    assert_eq!(drains.count(), 1);
    release.notify_one();
    let status = first.join_next().await.expect("one").expect("a response");
    assert_eq!(status, 200);
    eventually("it is drained", || async {
        instance(&proxy, 0).await["drained"] == true
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_queue_is_shown_by_priority_and_tenant_with_what_was_refused() {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let setup = max_connections(http(&[&origin]), 0, 1).set("balance.queue.max_pending", "2");
    let proxy = setup.start().await;
    let mut tasks = send(*proxy, "GET", 1);
    wait_until("the first request", || origin.count() == 1).await;
    let mut waits = send(*proxy, "GET", 2);
    waiting(&proxy, 2).await;
    assert_eq!(at_once(*proxy, "GET", 1).await, BTreeMap::from([(503, 1)]));
    let queue = proxy.data("/api/coordination/queue").await[0].clone();
    assert_eq!(
        (&queue["pending"], &queue["max_pending"]),
        (&2.into(), &2.into())
    );
    assert_eq!(
        queue["by_priority"].as_object().unwrap().values().next(),
        Some(&2.into())
    );
    assert_eq!(
        (&queue["tenants"], &queue["refused"]["queue_full"]),
        (&1.into(), &1.into())
    );
    assert!(queue["oldest_age"].as_f64().unwrap() > 0.0);
    let first = queue["first"].as_array().unwrap();
    assert_eq!(first.len(), 2);
    for one in first {
        assert!(one["waited"].as_f64().unwrap() > 0.0, "{one}");
        assert_eq!(one["endpoint"], instance(&proxy, 0).await["instance_id"]);
        assert_eq!(one.as_object().unwrap().len(), 6, "{one}");
    }
    for _ in 0..3 {
        release.notify_one();
        tokio::select! {
            Some(_) = tasks.join_next() => {}
            Some(_) = waits.join_next() => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_that_wait_go_to_an_endpoint_that_a_reload_adds() {
    let (full, release) = held(|| Step::json(200, OK)).await;
    let added = slow(0).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.yaml");
    let setup = max_connections(http(&[&full]), 0, 1);
    let proxy = setup.start_from(&file).await;
    let mut first = send(*proxy, "GET", 1);
    wait_until("the first request", || full.count() == 1).await;
    let mut waits = send(*proxy, "GET", 5);
    waiting(&proxy, 5).await;
    let text = std::fs::read_to_string(&file).expect("the file");
    let one = format!("[{{url: \"{}\"}}]", full.url());
    let both = format!(
        "[{{url: \"{}\"}}, {{url: \"{}\"}}]",
        full.url(),
        added.url()
    );
    std::fs::write(&file, text.replace(&one, &both)).expect("the file");
    proxy.server.reload().await.expect("a reload");
    while let Some(status) = in_time("a response", waits.join_next()).await {
        assert_eq!(status.expect("a request"), 200);
    }
    assert_eq!(added.count(), 5);
    release.notify_one();
    first.join_next().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_an_endpoint_dies_the_others_take_those_that_wait() {
    let dies = Arc::new(AtomicBool::new(false));
    let dead = Arc::clone(&dies);
    let bad = Origin::start(move |_| match dead.load(SeqCst) {
        true => vec![Step::Reset],
        false => vec![Step::Sleep(Duration::from_millis(300)), Step::Reset],
    })
    .await;
    let good = slow(10).await;
    let setup = max_connections(http(&[&bad, &good]), 0, 5);
    let proxy = max_connections(setup, 1, 5).start().await;
    let requests = tokio::spawn(at_once(*proxy, "GET", 200));
    wait_until("requests at the endpoint", || bad.count() >= 5).await;
    dies.store(true, SeqCst);
    let statuses = requests.await.expect("responses");
    assert_eq!(statuses, BTreeMap::from([(200, 200)]));
    assert!(good.count() >= 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_wait_as_well_and_each_is_sent_once() {
    let origin = slow(20).await;
    let proxy = max_connections(http(&[&origin]), 0, 2).start().await;
    let statuses = at_once(*proxy, "PUT", 60).await;
    assert_eq!(statuses, BTreeMap::from([(200, 60)]));
    let received = origin.received();
    let targets: BTreeSet<&str> = received.iter().map(ReceivedRequest::target).collect();
    assert_eq!((targets.len(), received.len()), (60, 60));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_in_the_form_of_the_dialect_and_says_when_to_come_back() {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let endpoint = format!("{{url: \"{}\"}}", origin.url());
    let setup = Setup::new("qdrant", &[endpoint]).set("balance.queue.max_pending", "1");
    let proxy = max_connections(setup, 0, 1).start().await;
    let at = *proxy;
    let read = move |number: usize| async move {
        at.request("GET", &format!("/collections/c/points/{number}"), "", b"")
            .await
    };
    let first = tokio::spawn(read(1));
    wait_until("the first request", || origin.count() == 1).await;
    let second = tokio::spawn(read(2));
    waiting(&proxy, 1).await;
    let refused = read(3).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.field("retry-after"), Some("1"));
    assert!(
        refused.text().contains("(queue_full)"),
        "{}",
        refused.text()
    );
    let label = ["reason=\"queue_full\""];
    assert_eq!(
        proxy.series("pointsman_rejections_total", &label).await,
        1.0
    );
    release.notify_one();
    assert_eq!(first.await.expect("one").status, 200);
    release.notify_one();
    assert_eq!(second.await.expect("the other").status, 200);
}

/// A proxy whose only place is taken and whose queue is full, with what lets it go on.
async fn full(dialect: &'static str, change: impl FnOnce(Setup) -> Setup) -> (Proxy, Origin, Held) {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let endpoint = format!("{{url: \"{}\"}}", origin.url());
    let setup = change(Setup::new(dialect, &[endpoint])).set("balance.queue.max_wait", "1h");
    let proxy = max_connections(setup, 0, 1).start().await;
    let requests = send_to(*proxy, "GET", 1, "/collections/c/points/");
    wait_until("the first request", || origin.count() == 1).await;
    let waits = send_to(*proxy, "GET", 3, "/collections/d/points/");
    waiting(&proxy, 3).await;
    (proxy, origin, Held(release, requests, waits))
}

/// The requests that occupy the place and the queue.
struct Held(Arc<Notify>, JoinSet<u16>, JoinSet<u16>);

impl Held {
    /// Lets them all be answered.
    async fn release(mut self) {
        let mut left = self.1.len() + self.2.len();
        while left > 0 {
            self.0.notify_one();
            tokio::select! {
                Some(_) = self.1.join_next() => left -= 1,
                Some(_) = self.2.join_next() => left -= 1,
            }
        }
    }
}

fn bounded(setup: Setup) -> Setup {
    setup.set("balance.queue.max_pending", "3")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_finds_the_queue_full_is_refused_before_its_body_is_sent() {
    let (proxy, origin, held) = full("qdrant", bounded).await;
    let mut client = proxy.client().await;
    client
        .send("PUT /collections/c/points HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 900000\r\n\r\n")
        .await;
    let response = in_time("a refusal", client.response()).await;
    assert_eq!(response.status, 503);
    assert!(
        response.text().contains("(queue_full)"),
        "{}",
        response.text()
    );
    assert_eq!(response.field("retry-after"), Some("1"));
    let record = proxy.data("/api/coordination/explain?limit=1").await[0].clone();
    assert_eq!(record["rejection"], "queue_full", "{record}");
    let label = ["reason=\"queue_full\""];
    assert_eq!(
        proxy.series("pointsman_rejections_total", &label).await,
        1.0
    );
    let queue = proxy.data("/api/coordination/queue").await[0].clone();
    assert_eq!(queue["refused"]["queue_full"], 1);
    assert_eq!(origin.count(), 1);
    held.release().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_outlives_the_refusal_of_a_short_write() {
    let (proxy, _origin, held) = full("qdrant", bounded).await;
    let mut client = proxy.client().await;
    for _ in 0..3 {
        client
            .send("PUT /collections/c/points HTTP/1.1\r\nhost: test\r\ncontent-length: 13\r\n\r\n{\"points\":[]}")
            .await;
        assert_eq!(in_time("a refusal", client.response()).await.status, 503);
    }
    held.release().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_response_is_served_while_the_queue_is_full() {
    let stored = "/collections/c/points/0";
    let (proxy, origin, held) = full("qdrant", bounded).await;
    held.0.notify_one();
    eventually("a stored response and a full queue", || async {
        pending(&proxy).await == 2
    })
    .await;
    let more = send_to(*proxy, "GET", 1, "/collections/e/points/");
    waiting(&proxy, 3).await;
    let sent = origin.count();
    let hit = proxy.request("GET", stored, "", b"").await;
    assert_eq!(
        (
            hit.status,
            hit.field("x-pointsman-cache")
                .map(|it| it.starts_with("hit"))
        ),
        (200, Some(true))
    );
    assert_eq!(
        proxy
            .request("GET", "/collections/c/points/9", "", b"")
            .await
            .status,
        503
    );
    assert_eq!(origin.count(), sent);
    drop(more);
    held.release().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_gives_way_to_a_higher_priority_and_to_another_tenant() {
    // Both bounds are reached: the service's and that of all services.
    let both = |setup: Setup| {
        let setup = setup.set("planner.max_queue_size", "3");
        bounded(setup).set("balance.queue.tenant_header", "x-tenant")
    };
    let (proxy, _origin, mut held) = full("http", both).await;
    let at = *proxy;
    for field in ["x-user-id: premium_ada", "x-tenant: small"] {
        let fields = format!("{field}\r\n");
        held.1
            .spawn(async move { at.request("PUT", "/own", &fields, b"").await.status });
        let pushed_out = in_time("one that goes", held.2.join_next()).await;
        assert!(matches!(pushed_out, Some(Ok(503 | 429))), "{pushed_out:?}");
    }
    assert_eq!(pending(&proxy).await, 3);
    held.release().await;
}

/// Twice as many requests as can be served, each with a limit of one second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_overload_with_deadlines_each_request_is_served_or_told_and_none_is_sent_in_vain() {
    let origin = slow(50).await;
    let endpoint = format!("{{url: \"{}\"}}", origin.url());
    let proxy = max_connections(Setup::new("qdrant", &[endpoint]), 0, 5)
        .start()
        .await;
    let at = *proxy;
    let served = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let mut beat = tokio::time::interval(Duration::from_millis(5));
    for number in 0..500 {
        beat.tick().await;
        let served = Arc::clone(&served);
        tasks.spawn(async move {
            let target = format!("/collections/c/points/search?timeout=1&n={number}");
            let body = r#"{"vector":[1.0],"limit":1}"#;
            let response = at.post(&target, body).await;
            match response.status {
                200 => {
                    served.fetch_add(1, SeqCst);
                }
                status => {
                    assert_eq!(status, 503);
                    assert!(response.field("retry-after").is_some());
                    let text = response.text();
                    let is_known = ["wait_too_long", "queue_timeout"]
                        .iter()
                        .any(|word| text.contains(word));
                    assert!(is_known, "{text}");
                }
            }
        });
    }
    while let Some(ended) = in_time("a response", tasks.join_next()).await {
        ended.expect("a request");
    }
    let served = served.load(SeqCst);
    assert!(served > 0);
    assert_eq!(origin.count(), served, "nothing was sent in vain");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_place_is_left_empty_while_requests_wait() {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let setup = max_connections(http(&[&origin]), 0, 5).set("balance.queue.max_wait", "1h");
    let proxy = setup.start().await;
    let mut tasks = send(*proxy, "GET", 25);
    for served in 0..20 {
        wait_until("all places are taken", || origin.count() == 5 + served).await;
        release.notify_one();
        let status = in_time("a response", tasks.join_next()).await;
        assert_eq!(status.expect("one").expect("a response"), 200);
    }
    for _ in 0..5 {
        release.notify_one();
        tasks.join_next().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_at_once_on_three_endpoints_are_all_answered() {
    let respond = || Step::json(200, OK);
    let origins = [
        held(respond).await,
        held(respond).await,
        held(respond).await,
    ];
    let all: Vec<&Origin> = origins.iter().map(|(origin, _)| origin).collect();
    // A hedge would be one more at the endpoints.
    let proxy = http(&all).set("balance.hedging", "false").start().await;
    let mut tasks = send(*proxy, "GET", 1000);
    waiting(&proxy, 700).await;
    let mut beat = tokio::time::interval(Duration::from_millis(1));
    let mut statuses = BTreeMap::new();
    while !tasks.is_empty() {
        tokio::select! {
            Some(status) = tasks.join_next() => *statuses.entry(status.expect("a request")).or_default() += 1,
            _ = beat.tick() => origins.iter().for_each(|(_, release)| release.notify_waiters()),
        }
    }
    assert_eq!(statuses, BTreeMap::from([(200, 1000)]));
    assert_eq!(all.iter().map(|origin| origin.count()).sum::<usize>(), 1000);
}

/// A search of its own, so that no stored response answers it, by whose credential this is.
fn search(at: Addresses, key: &str, number: usize) -> impl Future<Output = u16> + 'static {
    let fields = format!("api-key: {key}\r\ncontent-type: application/json\r\n");
    let body = format!(
        r#"{{"vector":[{number}.25,0.5],"limit":{}}}"#,
        10 + number % 7
    );
    async move {
        let target = "/collections/c/points/search";
        at.request("POST", target, &fields, body.as_bytes())
            .await
            .status
    }
}

/// That rounding does not end this is held by the tests of the queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_beside_one_that_floods_is_served_in_turn_and_never_refused() {
    let (origin, release) = held(|| Step::json(200, OK)).await;
    let setup = Setup::new("qdrant", &[format!("{{url: \"{}\"}}", origin.url())])
        .set("balance.queue.max_wait", "1h");
    let proxy = max_connections(setup, 0, 1).start().await;
    let mut flood = JoinSet::new();
    for number in 0..120 {
        flood.spawn(search(*proxy, "noisy", number));
    }
    wait_until("the first request", || origin.count() == 1).await;
    waiting(&proxy, 119).await;
    for round in 0..20 {
        let before = pending(&proxy).await;
        let good = tokio::spawn(search(*proxy, "good", 1000 + round));
        eventually("it waits, or is refused", || async {
            good.is_finished() || pending(&proxy).await > before
        })
        .await;
        let sent = origin.count();
        while !good.is_finished() && origin.count() < sent + 4 {
            let last = origin.count();
            release.notify_one();
            wait_until("the next", || origin.count() > last).await;
        }
        let status = in_time("a response after that of one other", good).await;
        assert_eq!(status.expect("one"), 200, "round {round}");
    }
    while !flood.is_empty() {
        release.notify_one();
        let status = in_time("a response", flood.join_next()).await;
        assert_eq!(status.expect("one").expect("a request"), 200);
    }
}
