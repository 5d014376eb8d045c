//! The trial of availability: clients read all the time while the configuration is reloaded again and
//! again, replicas are killed and restarted, and breakers open and close.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use balancing::policies::Strategy;
use pointsman::endpoint::EventKind;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use testbed::faults::{CannedResponse, Requests, When};

use super::client::{Client, HttpRequest, RequestError};
use super::environment::{Environment, REPLICAS, cache};
use super::figures::Figures;

/// Points in the collection.
const POINTS: u64 = 400;
/// Bytes of text in each point, so that a scroll over all is longer than what is buffered.
const TEXT: usize = 600;
/// One reload in this many is of a broken file.
const BROKEN_EVERY: u64 = 10;

/// What is counted.
const ROWS: &[&str] = &[
    "reads",
    "hits",
    "reads of the graph",
    "long reads that stream",
    "writes",
    "writes that failed while a replica was out",
    "reloads taken",
    "reloads of a broken file refused",
    "reloads that went wrong",
    "replicas killed and restarted",
    "endpoints found unhealthy",
    "endpoints found healthy again",
    "failing replicas taken out",
    "failing replicas taken back",
    "streams cut",
    "failed reads",
];

/// How the trial is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub clients: usize,
    pub reloads: u64,
    pub time: Duration,
    pub seed: u64,
}

/// Runs the trial. Returns the figures and whether the promise held.
pub async fn run(settings: Settings, progress: impl Fn(u64)) -> (Arc<Figures>, bool) {
    let env = Environment::start(&sections(0)).await;
    let figures = Arc::new(Figures::new(ROWS));
    load(&env).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..settings.clients {
        let random = StdRng::seed_from_u64(settings.seed ^ (number as u64 + 1) << 32);
        clients.spawn(reader(
            Arc::clone(&env),
            Arc::clone(&figures),
            Arc::clone(&over),
            random,
        ));
    }
    clients.spawn(writer(
        Arc::clone(&env),
        Arc::clone(&figures),
        Arc::clone(&over),
    ));
    clients.spawn(count_events(
        Arc::clone(&env),
        Arc::clone(&figures),
        Arc::clone(&over),
    ));
    tokio::join!(
        reloads(&env, &figures, settings, &progress),
        outages(&env, &figures, settings)
    );
    over.store(true, SeqCst);
    while let Some(done) = clients.join_next().await {
        done.expect("a client without a panic");
    }
    let held = figures.get("failed reads") == 0
        && figures.get("reloads that went wrong") == 0
        && figures.get("reloads taken") >= settings.reloads
        && figures.get("failing replicas taken out") > 0
        && figures.get("failing replicas taken back") > 0;
    (figures, held)
}

fn sections(turn: u64) -> String {
    let mut text = cache(["1h", "30m", "1h", "10m"][turn as usize % 4]);
    text.push_str("path: {hold_limit: 64KiB}\n");
    let strategy = Strategy::ALL[turn as usize % Strategy::ALL.len()].word();
    text.push_str(&format!("balance: {{strategy: {strategy}}}\n"));
    text
}

/// The configuration of a turn: replicas come and go, a listener comes and goes, times change.
fn configuration(env: &Environment, turn: u64) -> String {
    let vectors: &[usize] = match turn % 5 {
        1 => &[0, 1],
        3 => &[1, 2, 0],
        4 => &[2, 0, 1],
        _ => &[0, 1, 2],
    };
    let text = env.text(vectors, &sections(turn));
    if turn % 4 < 2 {
        return text;
    }
    let spare = format!(
        "services:\n  spare: {{dialect: http, listen: 127.0.0.1:0, endpoints: [{}]}}",
        env.graph.url(0)
    );
    text.replacen("services:", &spare, 1)
}

async fn load(env: &Environment) {
    let client = Client::default();
    let send = async |request: HttpRequest| {
        let response = client.send(&request, None).await.expect("a response");
        assert!(response.is_good(), "{} {}", response.status, response.body);
    };
    let body = json!({"vectors": {"size": 4, "distance": "Cosine"}});
    send(HttpRequest::new(
        "PUT",
        env.vectors("/collections/docs"),
        body,
    ))
    .await;
    let point = |id: u64| {
        let text = "x".repeat(TEXT);
        json!({"id": id, "vector": [1.0, id as f32, 2.0, 3.0], "payload": {"n": id, "text": text}})
    };
    let points: Vec<Value> = (0..POINTS).map(point).collect();
    let url = env.vectors("/collections/docs/points?wait=true");
    send(HttpRequest::new("PUT", url, json!({"points": points}))).await;
    let body = json!({"statement": "UNWIND range(0, 99) AS n CREATE (:Doc {n: n})"});
    send(HttpRequest::new(
        "POST",
        env.neo4j("/db/neo4j/query/v2"),
        body,
    ))
    .await;
}

fn read(env: &Environment, figures: &Figures, random: &mut StdRng) -> HttpRequest {
    let id = random.random_range(0..POINTS);
    let docs = |rest: &str| env.vectors(&format!("/collections/docs{rest}"));
    match random.random_range(0..20) {
        0..6 => {
            let body =
                json!({"query": [1.0, id as f32, 0.0, 1.0], "limit": 3, "with_payload": ["n"]});
            HttpRequest::new("POST", docs("/points/query"), body)
        }
        6..12 => HttpRequest::new("GET", docs(&format!("/points/{id}")), Value::Null),
        12..15 => {
            let body = json!({"offset": id, "limit": 5, "with_payload": ["n"]});
            HttpRequest::new("POST", docs("/points/scroll"), body)
        }
        15 => {
            figures.count("long reads that stream");
            HttpRequest::new(
                "POST",
                docs("/points/scroll"),
                json!({"limit": POINTS, "with_payload": true}),
            )
        }
        _ => {
            figures.count("reads of the graph");
            let body = json!({"statement": "MATCH (d:Doc {n: $n}) RETURN d.n", "parameters": {"n": id % 100}});
            HttpRequest::new("POST", env.neo4j("/db/neo4j/query/v2"), body)
        }
    }
}

async fn reader(
    env: Arc<Environment>,
    figures: Arc<Figures>,
    over: Arc<AtomicBool>,
    mut random: StdRng,
) {
    let client = Client::default();
    while !over.load(SeqCst) {
        let request = read(&env, &figures, &mut random);
        let began = Instant::now();
        let response = client.send(&request, None).await;
        figures.count("reads");
        figures.took(began.elapsed());
        match response {
            Ok(response) if response.is_good() && !response.body.is_string() => {
                figures.add("hits", u64::from(response.is_hit()));
            }
            Ok(response) => figures.find("failed reads", || {
                format!(
                    "{request:?}: {} {}; cache: {}",
                    response.status, response.body, response.cache
                )
            }),
            Err(RequestError::Truncated(_)) if request.body["limit"] == POINTS => {
                figures.count("streams cut")
            }
            Err(lost) => figures.find("failed reads", || format!("{request:?}: {lost:?}")),
        }
    }
}

/// A few writes, so that entries are invalidated.
async fn writer(env: Arc<Environment>, figures: Arc<Figures>, over: Arc<AtomicBool>) {
    let client = Client::default();
    let mut turn = 0u64;
    while !over.load(SeqCst) {
        turn += 1;
        let body = json!({"payload": {"turn": turn}, "points": [turn % POINTS]});
        let url = env.vectors("/collections/docs/points/payload?wait=true");
        let request = HttpRequest::new("POST", url, body);
        figures.count("writes");
        if !client
            .send(&request, None)
            .await
            .is_ok_and(|response| response.is_good())
        {
            figures.count("writes that failed while a replica was out");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Counts the events of endpoints as they happen.
async fn count_events(env: Arc<Environment>, figures: Arc<Figures>, over: Arc<AtomicBool>) {
    let events = |after| env.server.shared().registry.events().after(after);
    let mut last = events(0).last().map_or(0, |event| event.number);
    loop {
        let ended = over.load(SeqCst);
        for event in events(last) {
            last = event.number;
            match format!("{:?}", event.what).as_str() {
                "Unhealthy" => figures.count("endpoints found unhealthy"),
                "Healthy" => figures.count("endpoints found healthy again"),
                _ => {}
            }
        }
        if ended {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Rewrites the file and requests a reload, again and again.
async fn reloads(
    env: &Environment,
    figures: &Figures,
    settings: Settings,
    progress: &impl Fn(u64),
) {
    let client = Client::default();
    let url = format!("http://{}/api/config/reload", env.server.admin());
    let reload = HttpRequest::new("POST", url, Value::Null);
    let began = Instant::now();
    let mut turn = 0u64;
    while figures.get("reloads taken") < settings.reloads || began.elapsed() < settings.time {
        turn += 1;
        let broken = turn.is_multiple_of(BROKEN_EVERY);
        let mut text = configuration(env, turn);
        if broken {
            text.push_str("nonsense: [\n");
        }
        let next = env.file.with_extension("next");
        std::fs::write(&next, text).expect("a file");
        std::fs::rename(&next, &env.file).expect("a file in its env");
        let response = client.send(&reload, None).await;
        let status = response.as_ref().map_or(0, |response| response.status);
        match (broken, status) {
            (false, 200) => figures.count("reloads taken"),
            (true, 409) => figures.count("reloads of a broken file refused"),
            _ => figures.find("reloads that went wrong", || format!("{response:?}")),
        }
        let share = figures.get("reloads taken") as f64 / settings.reloads.max(1) as f64;
        let due = settings.time.mul_f64(share.min(1.0));
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        progress(figures.get("reloads taken"));
        if settings.reloads <= figures.get("reloads taken") && began.elapsed() < settings.time {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Kills and restarts a replica, then injects faults into another one until it is taken out, by probes or for its failures, and clears them.
async fn outages(env: &Environment, figures: &Figures, settings: Settings) {
    let began = Instant::now();
    loop {
        kill(env, figures).await;
        wait_until_all_serve(env).await;
        failing(env, figures).await;
        wait_until_all_serve(env).await;
        if began.elapsed() >= settings.time {
            return;
        }
    }
}

/// Waits until every replica serves: the promise is about one outage at a time, and some configurations have
/// two replicas.
async fn wait_until_all_serve(env: &Environment) {
    until(|| (0..REPLICAS).all(|listener| serves(env, listener))).await;
}

/// Whether the last events of a replica and of its breaker are good.
fn serves(env: &Environment, listener: usize) -> bool {
    let name = env.cluster.listener(listener).address().to_string();
    let name = name.replace(['.', ':'], "-");
    let events = env.server.shared().registry.events().after(0);
    let last = |of: &[EventKind]| {
        let mut events = events.iter().rev();
        let last = events
            .find(|event| event.endpoint.as_deref() == Some(&*name) && of.contains(&event.what));
        last.map(|event| event.what)
    };
    let status = last(&[
        EventKind::Healthy,
        EventKind::Degraded,
        EventKind::Unhealthy,
    ]);
    let breaker = last(&[
        EventKind::BreakerOpened,
        EventKind::BreakerReopened,
        EventKind::BreakerClosed,
    ]);
    let ejection = last(&[EventKind::Ejected, EventKind::Readmitted]);
    status.is_none_or(|what| what == EventKind::Healthy)
        && breaker.is_none_or(|what| what == EventKind::BreakerClosed)
        && ejection.is_none_or(|what| what == EventKind::Readmitted)
}

async fn kill(env: &Environment, figures: &Figures) {
    env.cluster.kill(1);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    env.cluster.restart(1).expect("the replica's port");
    figures.count("replicas killed and restarted");
    tokio::time::sleep(Duration::from_millis(1000)).await;
}

async fn failing(env: &Environment, figures: &Figures) {
    let faults = env.cluster.faults(0);
    let failure = CannedResponse::json(500, r#"{"status":{"error":"injected fault"},"time":0.0}"#);
    faults.respond_only(failure, When::Always, Requests::Reads);
    until(|| !serves(env, 0)).await;
    if !serves(env, 0) {
        figures.count("failing replicas taken out");
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    faults.clear();
    until(|| serves(env, 0)).await;
    if serves(env, 0) {
        figures.count("failing replicas taken back");
    }
}

/// Waits at most 45 seconds, longer than an ejection lasts; a condition that never holds shows in the figures.
async fn until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(45);
    while !holds() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
