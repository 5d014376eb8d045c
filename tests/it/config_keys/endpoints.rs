//! Endpoints: which of them is asked, how often and how long, and what their probes and breakers say.

use super::given::Given;
use super::observe::*;
use crate::hedging;
use crate::support::{
    Client, Origin, Proxy, ReceivedRequest, SERVICE, Setup, Step, eventually, wait_until,
};
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;

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

/// Sends each endpoint several requests that fail; none is tried elsewhere.
async fn failing(setup: Setup) -> Proxy {
    let setup = setup.section("balance: {strategy: round_robin, max_retries: 1}");
    let proxy = setup.start().await;
    for _ in 0..6 {
        get(&proxy, "/").await;
    }
    proxy
}

async fn probes(proxy: &Proxy) -> f64 {
    proxy.series("pointsman_probes_total", &[]).await
}

/// The value of a field in the first probe of this target.
async fn field_of_a_probe(
    setup: Setup,
    origin: &Origin,
    target: &str,
    field: &str,
) -> Option<String> {
    let _proxy = setup
        .section("health: {enabled: true, interval: 1h}")
        .start()
        .await;
    let found = || {
        let probes = origin.probes();
        probes.into_iter().find(|probe| probe.target() == target)
    };
    wait_until("the probe", || found().is_some()).await;
    found().and_then(|probe| probe.field(field).map(str::to_owned))
}

async fn user_and_password(given: Given) -> Option<String> {
    let origin = good().await;
    let other = match given.key.ends_with("user") {
        true => "services.db.probe.password",
        false => "services.db.probe.user",
    };
    let setup = given.over("neo4j", &[&origin]).set(other, "other");
    field_of_a_probe(setup, &origin, "/db/neo4j/query/v2", "authorization").await
}

/// A proxy whose monitor tells at once, and the name of its first endpoint.
async fn watched(given: &Given, origins: &[&Origin]) -> (Proxy, String) {
    let mut setup = given.over("http", origins);
    for (key, value) in [("interval", "10ms"), ("lasting", "1ms")] {
        let key = format!("balance.monitor.{key}");
        if key != given.key {
            setup = setup.set(&key, value);
        }
    }
    let proxy = setup.start().await;
    let name = instances(&proxy).await[0]["instance_id"]
        .as_str()
        .unwrap()
        .to_owned();
    (proxy, name)
}

/// An agent reports so many connections of 100.
async fn report(proxy: &Proxy, name: &str, connections: u32) {
    let path = format!("/api/coordination/instances/db/{name}/metrics");
    let figures = json!({"current_connections": connections});
    let pushed = proxy.operate("PUT", &path, "", &figures).await;
    assert_eq!(pushed.status, 200, "{}", pushed.text());
}

/// Whether there was such an event.
async fn told(proxy: &Proxy, what: &str) -> bool {
    events(proxy)
        .await
        .iter()
        .any(|event| event["what"] == what)
}

/// A proxy over an endpoint with room for one request, which has one that does not end.
async fn full(given: &Given, balance: &str) -> (Origin, Proxy, Client) {
    let never = Arc::new(Notify::new());
    let origin = Origin::start(move |_| vec![Step::Wait(Arc::clone(&never))]).await;
    let setup = given.over("http", &[&origin]).section(balance);
    let proxy = setup
        .set("services.db.endpoints[0].max_connections", "1")
        .start()
        .await;
    let mut first = proxy.client().await;
    first.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
    wait_until("the first request", || origin.count() == 1).await;
    (origin, proxy, first)
}

/// The rung of the service.
async fn rung(proxy: &Proxy) -> f64 {
    proxy.series("pointsman_degradation_rung", &[]).await
}

/// A proxy whose queue has room for two, and is full. The first of the clients is being served.
async fn pressed(given: &Given, lower_after: &str) -> (Origin, Proxy, Vec<Client>) {
    let balance = format!(
        "balance: {{monitor: {{interval: 10ms}}, degradation: {{raise_after: 1ms, lower_after: {lower_after}}}, queue: {{max_pending: 2, max_wait: 1h}}}}"
    );
    let (origin, proxy, first) = full(given, &balance).await;
    let mut clients = vec![first];
    for _ in 0..2 {
        let mut client = proxy.client().await;
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        clients.push(client);
    }
    (origin, proxy, clients)
}

async fn pending(proxy: &Proxy) -> f64 {
    proxy.series("pointsman_pending_requests", &[]).await
}

/// A port to which no connection is made: its queue of connections is full, and nobody takes them.
async fn unreachable() -> (TcpListener, SocketAddr, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket
        .bind("127.0.0.1:0".parse().expect("an address"))
        .expect("a port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut queued = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await
    {
        queued.push(connected.expect("a connection"));
    }
    (listener, address, queued)
}

/// Begins a transaction and moves its endpoint; returns whether its commit fails in the end.
async fn transaction_of_a_moved_endpoint(given: Given) -> bool {
    let begun = r#"{"data":{"fields":[],"values":[]},"transaction":{"id":"abc","expires":"2030-01-01T00:00:00Z"}}"#;
    let old = Origin::start(move |_| Step::json(202, begun)).await;
    let new = good().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pointsman.yaml");
    let setup = given.over("neo4j", &[&old]);
    let proxy = setup
        .section("process: {reload_delay: 1h}")
        .start_from(&file)
        .await;
    let response = proxy
        .post("/db/neo4j/query/v2/tx", r#"{"statement":"RETURN 1"}"#)
        .await;
    let id = response.json()["transaction"]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let text = std::fs::read_to_string(&file).expect("the file");
    std::fs::write(&file, text.replace(&old.url(), &new.url())).expect("a file");
    proxy.server.reload().await.expect("a reload");
    let commit = format!("/db/neo4j/query/v2/tx/{id}/commit");
    given
        .comes(async || proxy.post(&commit, "{}").await.status != 202)
        .await
}

observations! {
    shadow_of_the_service(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        proxy.data("/api/coordination/shadow").await["services"]["db"]["shadow"].clone()
    }
    strategy_of_the_service(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        proxy.data("/api/coordination/strategy").await["services"]["db"]["strategy"].clone()
    }
    score_by_figures(given) {
        let origin = good().await;
        let setup = given.over("qdrant", &[&origin]);
        let custom = match given.key.contains("weights") {
            true => "balance: {strategy: db, custom: {db: {weights: [{figure: worker}]}}}",
            false => "balance: {strategy: db}",
        };
        let proxy = setup.section(custom).start().await;
        proxy.data("/api/coordination/scores").await["db"][0]["by_strategy"].clone()
    }
    /// Of eight reads of one collection.
    reads_that_the_first_takes(given) {
        let (a, b) = (good().await, good().await);
        let mut setup = given.over("qdrant", &[&a, &b]).service("cache: false");
        let others: &[(&str, &str)] = match given.key {
            "balance.custom.NAME.tags" => &[
                ("balance.strategy", "db"),
                ("balance.custom.db.keys", "[in_flight]"),
                ("services.db.endpoints[0].tags", "[gpu]"),
            ],
            "services.NAME.affinity.header" => &[
                ("balance.strategy", "round_robin"),
                ("services.db.affinity.by", "header"),
            ],
            "balance.affinity.header" => &[
                ("balance.strategy", "round_robin"),
                ("balance.affinity.by", "header"),
            ],
            _ => &[("balance.strategy", "round_robin")],
        };
        for (key, value) in others {
            setup = setup.set(key, value);
        }
        let proxy = setup.start().await;
        for _ in 0..8 {
            proxy.request("GET", POINT, "x-one: 1\r\n", b"").await;
        }
        a.count()
    }
    /// By the first of two endpoints, of eight.
    reads_under_a_rule(given) {
        let (a, b) = (good().await, good().await);
        let list = match given.key {
            // Aliases are not known here, so `never` holds for each name.
            "balance.affinity_rules[0].prefer" | "balance.affinity_rules[0].target" => "prefer: [one]",
            "balance.affinity_rules[0].strategy" => "strategy: round_robin",
            "balance.affinity_rules[0].value" => "never: [one], header: x-one",
            _ => "never: [one]",
        };
        let balance = format!("balance: {{strategy: round_robin, affinity_rules: [{{{list}}}]}}");
        let mut setup = given.over("qdrant", &[&a, &b]).service("cache: false").section(&balance);
        for (key, value) in [
            ("balance.queue.tenant_header", "x-one"),
            ("services.db.endpoints[0].name", "one"),
            ("services.db.endpoints[0].weight", "3"),
            ("services.db.endpoints[1].name", "two"),
            ("services.other.dialect", "qdrant"),
            ("services.other.listen", "127.0.0.1:0"),
            ("services.other.endpoints", "[{name: one, url: \"http://127.0.0.1:9\"}]"),
        ] {
            setup = setup.set(key, value);
        }
        let proxy = setup.start().await;
        for _ in 0..8 {
            proxy.request("GET", POINT, "x-one: 1\r\n", b"").await;
        }
        a.count()
    }
    /// Three requests of one key at once: how many the endpoint with fewer of them has.
    endpoints_of_a_hot_key(given) {
        let never = Arc::new(Notify::new());
        let wait = |never: &Arc<Notify>| {
            let never = Arc::clone(never);
            Origin::start(move |_| vec![Step::Wait(Arc::clone(&never))])
        };
        let (a, b) = (wait(&never).await, wait(&never).await);
        let setup = given.over("qdrant", &[&a, &b]).service("cache: false");
        let by = match given.key.starts_with("services") {
            true => "services.db.affinity.by",
            false => "balance.affinity.by",
        };
        let setup = setup.set("balance.strategy", "round_robin").set(by, "target");
        let proxy = setup.set("balance.hedging", "false").start().await;
        let mut clients = Vec::new();
        for sent in 1..=3 {
            let mut client = proxy.client().await;
            client.send(&format!("GET {POINT}?n={sent} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
            wait_until("the request", || a.count() + b.count() == sent).await;
            clients.push(client);
        }
        a.count().min(b.count())
    }

    /// Whether the first of two files holds an arrival.
    file_of_arrivals(given) {
        let origin = good().await;
        let folder = tempfile::tempdir().expect("a folder");
        let named = |name: &str| folder.path().join(name).display().to_string();
        let setup = given.over("qdrant", &[&origin]).set(given.key, &named(given.value));
        let proxy = setup.start().await;
        get(&proxy, "/").await;
        let file = named("one.ndjson");
        let written = || async { std::fs::read_to_string(&file).is_ok_and(|text| text.ends_with("}\n")) };
        given.comes(written).await
    }

    /// Of 120 requests.
    records_of_arrivals(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        for _ in 0..119 {
            get(&proxy, "/").await;
        }
        record(&proxy, "/", "", "").await;
        let kept = proxy.data("/api/coordination/arrivals?limit=1000").await;
        kept.as_array().map(Vec::len)
    }

    /// The share of the processor that an agent pushed, a while later.
    overload_of_an_endpoint(given) {
        let (proxy, name) = watched(&given, &[&good().await]).await;
        report(&proxy, &name, 90).await;
        given.comes(async || told(&proxy, "overloaded").await).await
    }

    end_of_an_overload(given) {
        let (proxy, name) = watched(&given, &[&good().await]).await;
        report(&proxy, &name, 90).await;
        eventually("the event", || told(&proxy, "overloaded")).await;
        report(&proxy, &name, 50).await;
        given.comes(async || told(&proxy, "overload_ended").await).await
    }

    imbalance_of_endpoints(given) {
        let (proxy, name) = watched(&given, &[&good().await, &good().await]).await;
        report(&proxy, &name, 90).await;
        given.comes(async || told(&proxy, "imbalanced").await).await
    }

    rule_about_memory(given) {
        let monitor = "balance: {monitor: {interval: 10ms, rules: [{name: one, figure: memory_usage, above: 0, action: skip_extras}]}}";
        let setup = Setup::new("http", &[good().await.url()]).section(monitor);
        let proxy = setup.set(&given.path(), given.value).start().await;
        eventually("a sample", || async {
            proxy.data("/api/coordination/resources").await["current"]["memory_usage"].is_number()
        })
        .await;
        let rule = proxy.data("/api/coordination/rules").await[0].clone();
        (rule["name"].clone(), rule["active"].clone())
    }

    rung_of_a_rule(given) {
        let monitor = "balance: {monitor: {interval: 10ms, lasting: 1ms, rules: [{name: one, figure: memory_usage, above: 0, action: skip_extras}]}}";
        let setup = Setup::new("http", &[good().await.url()]).section(monitor);
        let proxy = setup.set(&given.path(), given.value).start().await;
        eventually("a rung", || async { rung(&proxy).await > 0.0 }).await;
        rung(&proxy).await
    }

    rung_under_pressure(given) {
        let (_origin, proxy, _waiting) = pressed(&given, "1h").await;
        given.comes(async || rung(&proxy).await > 0.0).await
    }

    rung_under_less_pressure(given) {
        let (_origin, proxy, mut waiting) = pressed(&given, "1ms").await;
        eventually("the last rung", || async { rung(&proxy).await == 3.0 }).await;
        waiting.pop();
        given.comes(async || rung(&proxy).await < 3.0).await
    }

    request_that_is_shed(given) {
        let (_origin, proxy, mut waiting) = pressed(&given, "1h").await;
        eventually("the last rung", || async { rung(&proxy).await == 3.0 }).await;
        waiting.pop();
        eventually("one left", || async { pending(&proxy).await == 1.0 }).await;
        let shed = async || get(&proxy, "/").await.text();
        given.happens(shed()).await.is_some_and(|text| text.contains("priority"))
    }

    figures_that_an_agent_pushed(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        let name = instances(&proxy).await[0]["instance_id"].as_str().unwrap().to_owned();
        let path = format!("/api/coordination/instances/db/{name}/metrics");
        let pushed = proxy.operate("PUT", &path, "", &json!({"cpu_usage": 0.5})).await;
        assert_eq!(pushed.status, 200, "{}", pushed.text());
        let expired = || async { proxy.data(&path).await["cpu_usage"].is_null() };
        given.comes(expired).await
    }

    origin_that_was_reached(given) {
        let (a, b) = (good().await, good().await);
        let url = if given.value == "first" { a.url() } else { b.url() };
        let dead = "{url: \"http://127.0.0.1:1\"}".to_owned();
        let proxy = Setup::new("http", &[dead]).set(&given.path(), &url).start().await;
        get(&proxy, "/").await;
        (a.count(), b.count())
    }
    share_of_the_first(given) {
        let (a, b) = (good().await, good().await);
        let mut setup = given.over("http", &[&a, &b]).section("balance: {strategy: weighted_round_robin}");
        if !given.key.ends_with("weight") {
            setup = setup.set("services.db.endpoints[0].weight", "3");
        }
        let proxy = setup.start().await;
        for _ in 0..8 {
            get(&proxy, "/").await;
        }
        a.count()
    }
    /// Of two endpoints, the second of which is elsewhere where the key is the preference, and near where it is the first one's.
    requests_that_the_first_takes(given) {
        let (a, b) = (good().await, good().await);
        let what = if given.key.ends_with("zone") { "zone" } else { "region" };
        let second = if given.key.starts_with("balance") { "far" } else { "near" };
        let mut setup = given.over("http", &[&a, &b]).set("balance.strategy", "round_robin");
        for (key, value) in [
            (format!("balance.preferred_{what}"), "near"),
            (format!("services.db.endpoints[0].{what}"), "near"),
            (format!("services.db.endpoints[1].{what}"), second),
        ] {
            if key != given.path() {
                setup = setup.set(&key, value);
            }
        }
        let proxy = setup.start().await;
        for _ in 0..8 {
            get(&proxy, "/").await;
        }
        a.count()
    }
    reads_at_a_reader_of_a_cluster(given) {
        let rows = r#"{"data":{"fields":["x"],"values":[[1]]},"bookmarks":[]}"#;
        let a = Origin::start(move |_| Step::json(202, rows)).await;
        let b = Origin::start(move |_| Step::json(202, rows)).await;
        let mut setup = given.over("neo4j", &[&a, &b]).service("cache: false");
        for (place, role) in ["reader", "writer"].into_iter().enumerate() {
            setup = setup.set(&format!("services.db.endpoints[{place}].role"), role);
        }
        let proxy = setup.section("balance: {strategy: round_robin}").start().await;
        for _ in 0..4 {
            proxy.post(QUERY, r#"{"statement":"MATCH (n) RETURN n.x"}"#).await;
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
        let (a, b, c) = (good_but_for(POINT).await, good_but_for(POINT).await, good_but_for(POINT).await);
        let setup = given.over("qdrant", &[&a, &b, &c]).section("balance: {retry_floor: 0}");
        let proxy = setup.start().await;
        for _ in 0..3 {
            get(&proxy, "/").await;
        }
        get(&proxy, POINT).await;
        attempts(&[&a, &b, &c])
    }
    attempts_of_a_read_that_takes_long(given) {
        let [a, b] = hedging::origins(|_| hedging::after(2000)).await;
        let proxy = given.over("qdrant", &[&a, &b]).service("cache: false")
            .section("balance: {strategy: round_robin}").start().await;
        hedging::warm(&proxy).await;
        get(&proxy, hedging::READ).await;
        attempts(&[&a, &b])
    }
    attempts_of_a_timed_out_read(given) {
        let (a, b) = (slow().await, slow().await);
        let setup = given.over("qdrant", &[&a, &b]).section("upstream: {read_timeout: 50ms}");
        get(&setup.start().await, POINT).await;
        attempts(&[&a, &b])
    }
    names_in_metrics(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        get(&proxy, "/").await;
        proxy.admin("/metrics", "").await.text().contains(r#"endpoint="one""#)
    }
    status_beside_another(given) {
        let release = Arc::new(Notify::new());
        let signal = Arc::clone(&release);
        let origin = Origin::start(move |seen| {
            let wait = (seen.target() == "/waits").then(|| Step::Wait(Arc::clone(&signal)));
            wait.into_iter().chain(Step::json(200, OK)).collect()
        }).await;
        let setup = given.over("http", &[&origin]).section("balance: {queue: {max_wait: 50ms}}");
        let proxy = setup.start().await;
        let mut first = proxy.client().await;
        first.send("GET /waits HTTP/1.1\r\nhost: test\r\n\r\n").await;
        wait_until("the first request", || origin.count() == 1).await;
        let second = get(&proxy, "/").await.status;
        release.notify_one();
        (first.response().await.status, second)
    }
    request_that_finds_no_room(given) {
        let (_origin, proxy, _first) = full(&given, "balance: {}").await;
        let second = async { get(&proxy, "/second").await.status };
        given.happens(second).await
    }
    first_refusal_of_a_full_queue(given) {
        let queue = match given.key {
            "balance.queue.tenant_header" => "max_pending: 2",
            _ => "max_pending: 2, tenant_header: x-tenant",
        };
        let (_origin, proxy, _first) = full(&given, &format!("balance: {{queue: {{{queue}}}}}")).await;
        let as_tenant = |name: &str| {
            let (at, field) = (*proxy, format!("x-tenant: {name}\r\n"));
            async move { at.request("GET", "/other", &field, b"").await.status }
        };
        let mut waiting = tokio::task::JoinSet::new();
        waiting.spawn(as_tenant(SERVICE));
        waiting.spawn(as_tenant(SERVICE));
        eventually("two that wait", || async { pending(&proxy).await == 2.0 }).await;
        waiting.spawn(as_tenant("other"));
        waiting.join_next().await.expect("a request").expect("a response")
    }
    status_of_a_write(given) {
        let origin = good().await;
        let proxy = given.over("neo4j", &[&origin]).start().await;
        proxy.post(COMMIT, r#"{"statements":[{"statement":"CREATE (:P)"}]}"#).await.status
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
    request_that_finds_no_connection(given) {
        let (_listener, address, _queued) = unreachable().await;
        let endpoint = format!("{{url: \"http://{address}\"}}");
        let setup = Setup::new("http", &[endpoint]).set(given.key, given.value);
        let proxy = setup.start().await;
        given.happens(get(&proxy, "/")).await.map(|response| response.status)
    }
    idle_upstream(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        get(&proxy, "/").await;
        given.comes(async || origin.closed() == 1).await
    }
    /// Whether one of two idle connections to an endpoint is closed.
    second_idle_upstream(given) {
        let (origin, releases) = holding_two().await;
        let proxy = given.over("http", &[&origin]).set("upstream.idle_timeout", "1h").start().await;
        let both = async {
            wait_until("both requests", || origin.count() == 2).await;
            releases.iter().for_each(|release| release.notify_one());
        };
        tokio::join!(get(&proxy, "/"), get(&proxy, "/"), both);
        given.comes(async || origin.closed() == 1).await
    }
    /// When a request for a name without an address may come back: after the next look-up.
    time_of_the_next_look_up(given) {
        let nowhere = "{url: \"http://nowhere.invalid:1\"}".to_owned();
        let proxy = Setup::new("http", &[nowhere]).set(given.key, given.value).start().await;
        get(&proxy, "/").await.field("retry-after").map(str::to_owned)
    }
    transaction_that_rests(given) {
        transaction_of_a_moved_endpoint(given).await
    }
    user_of_a_probe(given) {
        user_and_password(given).await
    }
    key_of_a_probe(given) {
        let origin = good().await;
        let setup = given.over("qdrant", &[&origin]);
        field_of_a_probe(setup, &origin, "/collections/pointsman-probe/exists", "api-key").await
    }
    path_of_a_probe(given) {
        let status = |request: &ReceivedRequest| if request.target() == "/health" { 503 } else { 200 };
        let answer = move |request: &ReceivedRequest| Step::response(status(request), "", "");
        let origin = Origin::start_with_probes(answer, answer).await;
        let setup = given.over("http", &[&origin]).section("health: {enabled: true, interval: 10ms, unhealthy_after: 1}");
        let proxy = setup.start().await;
        given.comes(async || instances(&proxy).await[0]["status"] == "unhealthy").await
    }
    status_after_a_probe_that_finds_200(given) {
        let origin = good().await;
        let setup = given.over("http", &[&origin]).section("health: {enabled: true, interval: 10ms, unhealthy_after: 1}");
        let proxy = setup.start().await;
        given.comes(async || instances(&proxy).await[0]["status"] == "unhealthy").await
    }
    first_probe(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        given.comes(async || probes(&proxy).await > 0.0).await
    }
    more_probes(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).section("health: {enabled: true}").start().await;
        given.comes(async || probes(&proxy).await > 1.0).await
    }
    status_after_a_bad_probe(given) {
        let setup = Setup::new("http", &["http://127.0.0.1:1".into()]).section("health: {enabled: true, interval: 1h}");
        let proxy = setup.set(given.key, given.value).start().await;
        given.comes(async || instances(&proxy).await[0]["status"] == "unhealthy").await
    }
    status_after_a_probe_without_a_response(given) {
        let never = Arc::default();
        let origin = Origin::start_with_probes(move |_| vec![Step::Wait(Arc::clone(&never))], |_| Vec::new()).await;
        let setup = given.over("http", &[&origin]).section("health: {enabled: true, interval: 1h, unhealthy_after: 1}");
        let proxy = setup.start().await;
        given.comes(async || instances(&proxy).await[0]["status"] == "unhealthy").await
    }
    /// Whether an endpoint is healthy again whose first probe failed and whose others are good.
    status_after_one_bad_probe(given) {
        let probed = AtomicUsize::new(0);
        let probe = move |_: &_| match probed.fetch_add(1, Ordering::SeqCst) {
            0 => Step::response(503, "", ""),
            _ => Step::response(200, "", ""),
        };
        let origin = Origin::start_with_probes(probe, |_| Vec::new()).await;
        let setup = given.over("qdrant", &[&origin]).section("health: {enabled: true, interval: 10ms, unhealthy_after: 1}");
        let proxy = setup.start().await;
        let has = async |what: &str| events(&proxy).await.iter().any(|event| event["what"] == what);
        eventually("the endpoint is unhealthy", async || has("unhealthy").await).await;
        given.comes(async || has("healthy").await).await
    }
    /// The first event of an endpoint whose probes are answered with an error.
    event_of_bad_probes(given) {
        let origin = Origin::start_with_probes(|_| Step::response(503, "", ""), |_| Vec::new()).await;
        let setup = given.over("qdrant", &[&origin]).section("health: {enabled: true, interval: 10ms, unhealthy_after: 1}");
        let proxy = setup.start().await;
        let first = async || {
            let events = events(&proxy).await;
            events.iter().map(|event| event["what"].to_string()).find(|what| what.contains("unhealthy") || what.contains("degraded"))
        };
        eventually("an event", async || first().await.is_some()).await;
        first().await
    }
    breakers_after_failures(given) {
        let (a, b) = (resetting().await, resetting().await);
        let mut setup = given.over("http", &[&a, &b]);
        if given.key != "breaker.threshold" {
            setup = setup.set("breaker.threshold", "1");
        }
        let proxy = failing(setup).await;
        instances(&proxy).await.iter().any(|row| row["breaker"] == "open")
    }
    breaker_that_lets_a_trial_through(given) {
        let (a, b) = (resetting().await, good().await);
        let proxy = failing(given.over("http", &[&a, &b]).set("breaker.threshold", "1")).await;
        given.comes(async || instances(&proxy).await.iter().all(|row| row["breaker"] != "open")).await
    }
    /// Whether a trial that fails makes the pause longer.
    pauses_of_a_breaker(given) {
        let (a, b) = (resetting().await, good().await);
        let setup = given.over("http", &[&a, &b]).set("breaker.threshold", "1").set("breaker.open_for", "1s");
        let proxy = failing(setup).await;
        given.comes(async || {
            get(&proxy, "/").await;
            events(&proxy).await.iter().any(|event| event["what"] == "breaker_reopened")
        }).await
    }
    /// For how long an endpoint is out whose requests alone are answered with 401.
    endpoint_that_alone_refuses_credentials(given) {
        let (a, b) = (Origin::start(|_| Step::json(401, "{}")).await, good().await);
        let setup = given.over("http", &[&a, &b]).section("balance: {strategy: round_robin, max_retries: 1}");
        let proxy = setup.start().await;
        let ejected = async || {
            get(&proxy, "/").await;
            let events = events(&proxy).await;
            let mut ejected = events.iter().filter(|event| event["what"] == "ejected");
            ejected.next().map(|event| event["why"].to_string())
        };
        eventually("the endpoint is ejected", async || ejected().await.is_some()).await;
        ejected().await
    }
    /// Why an endpoint of ten places that is just back takes no second request.
    second_request_after_a_return(given) {
        let never = Arc::<Notify>::default();
        let wait = Arc::clone(&never);
        let origin = Origin::start(move |_| vec![Step::Wait(Arc::clone(&wait))]).await;
        let endpoint = format!("{{name: a, url: \"{}\", max_connections: 10}}", origin.url());
        let setup = Setup::new("http", &[endpoint]).set(&given.path(), given.value);
        let proxy = setup.start().await;
        for status in ["maintenance", "active"] {
            let change = json!({"status": status});
            proxy.operate("PUT", "/api/coordination/instances/db/a/status", "", &change).await;
        }
        let excluded = async || proxy.data("/api/coordination/scores").await["db"][0]["excluded"].to_string();
        tokio::select! {
            _ = get(&proxy, "/") => String::new(),
            found = async {
                eventually("the request is there", async || origin.count() > 0).await;
                excluded().await
            } => found,
        }
    }
    endpoints_that_breakers_took_out(given) {
        let (a, b, c) = (resetting().await, resetting().await, good().await);
        let proxy = failing(given.over("http", &[&a, &b, &c]).set("breaker.threshold", "1")).await;
        let scores = proxy.data("/api/coordination/scores").await;
        let rows = scores["db"].as_array().cloned().unwrap_or_default();
        rows.iter().filter(|row| row["excluded"] == "breaker_open").count()
    }
    breaker_of_an_endpoint_with_good_probes(given) {
        let probe = |_: &_| Step::response(200, "", "");
        let a = Origin::start_with_probes(probe, |_| vec![Step::Reset]).await;
        let b = Origin::start_with_probes(probe, |_| Step::json(200, OK)).await;
        let setup = given.over("qdrant", &[&a, &b]).set("breaker.threshold", "1");
        let proxy = failing(setup.section("health: {enabled: true, interval: 10ms}")).await;
        given.comes(async || instances(&proxy).await.iter().all(|row| row["breaker"] != "open")).await
    }
}
