//! The trial of availability: clients that read all the time, while the configuration is reloaded
//! again and again, a replica is killed and restarted, and a breaker opens and closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use pointsman::endpoint::What;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use testbed::faults::{CannedResponse, Requests, When};

use super::client::{Call, Client, Lost};
use super::figures::Figures;
use super::place::{Place, REPLICAS, cache};

/// Points in the collection.
const POINTS: u64 = 400;
/// Bytes of text in each point, so that a scroll over all is longer than what is held.
const TEXT: usize = 600;
/// Reloads, of which one is of a broken file.
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
    "breakers opened",
    "breakers closed",
    "streams cut",
    "failed reads",
];

/// How it is run.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    pub clients: usize,
    pub reloads: u64,
    pub time: Duration,
    pub seed: u64,
}

/// Runs the trial. The figures, and whether the promise held.
pub async fn run(wanted: Wanted, progress: impl Fn(u64)) -> (Arc<Figures>, bool) {
    let place = Place::open(&settings(0)).await;
    let figures = Arc::new(Figures::new(ROWS));
    fill(&place).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..wanted.clients {
        let random = StdRng::seed_from_u64(wanted.seed ^ (number as u64 + 1) << 32);
        clients.spawn(reader(
            Arc::clone(&place),
            Arc::clone(&figures),
            Arc::clone(&over),
            random,
        ));
    }
    clients.spawn(writer(
        Arc::clone(&place),
        Arc::clone(&figures),
        Arc::clone(&over),
    ));
    let watched = clients.spawn(watch(
        Arc::clone(&place),
        Arc::clone(&figures),
        Arc::clone(&over),
    ));
    let _ = watched;
    tokio::join!(
        reloads(&place, &figures, wanted, &progress),
        outages(&place, &figures, wanted)
    );
    over.store(true, SeqCst);
    while let Some(done) = clients.join_next().await {
        done.expect("a client that ends well");
    }
    let held = figures.get("failed reads") == 0
        && figures.get("reloads that went wrong") == 0
        && figures.get("reloads taken") >= wanted.reloads
        && figures.get("breakers opened") > 0
        && figures.get("breakers closed") > 0;
    (figures, held)
}

fn settings(turn: u64) -> String {
    let mut text = cache(["1h", "30m", "1h", "10m"][turn as usize % 4]);
    text.push_str("path: {hold_limit: 64KiB}\n");
    text.push_str(match turn % 3 {
        0 => "balance: {strategy: adaptive}\n",
        1 => "balance: {strategy: round_robin}\n",
        _ => "balance: {strategy: least_connections}\n",
    });
    text
}

/// The configuration of a turn: replicas come and go, a listener comes and goes, times change.
fn configuration(place: &Place, turn: u64) -> String {
    let vectors: &[usize] = match turn % 5 {
        1 => &[0, 1],
        3 => &[1, 2, 0],
        4 => &[2, 0, 1],
        _ => &[0, 1, 2],
    };
    let text = place.text(vectors, &settings(turn));
    if turn % 4 < 2 {
        return text;
    }
    let spare = format!(
        "services:\n  spare: {{dialect: http, listen: 127.0.0.1:0, endpoints: [{}]}}",
        place.graph.url(0)
    );
    text.replacen("services:", &spare, 1)
}

async fn fill(place: &Place) {
    let client = Client::default();
    let ask = async |call: Call| {
        let got = client.ask(&call, None).await.expect("an answer");
        assert!(got.is_good(), "{} {}", got.status, got.body);
    };
    let body = json!({"vectors": {"size": 4, "distance": "Cosine"}});
    ask(Call::new("PUT", place.vectors("/collections/docs"), body)).await;
    let point = |id: u64| {
        let text = "x".repeat(TEXT);
        json!({"id": id, "vector": [1.0, id as f32, 2.0, 3.0], "payload": {"n": id, "text": text}})
    };
    let points: Vec<Value> = (0..POINTS).map(point).collect();
    let url = place.vectors("/collections/docs/points?wait=true");
    ask(Call::new("PUT", url, json!({"points": points}))).await;
    let body = json!({"statement": "UNWIND range(0, 99) AS n CREATE (:Doc {n: n})"});
    ask(Call::new("POST", place.neo4j("/db/neo4j/query/v2"), body)).await;
}

fn read(place: &Place, figures: &Figures, random: &mut StdRng) -> Call {
    let id = random.random_range(0..POINTS);
    let docs = |rest: &str| place.vectors(&format!("/collections/docs{rest}"));
    match random.random_range(0..20) {
        0..6 => {
            let body =
                json!({"query": [1.0, id as f32, 0.0, 1.0], "limit": 3, "with_payload": ["n"]});
            Call::new("POST", docs("/points/query"), body)
        }
        6..12 => Call::new("GET", docs(&format!("/points/{id}")), Value::Null),
        12..15 => {
            let body = json!({"offset": id, "limit": 5, "with_payload": ["n"]});
            Call::new("POST", docs("/points/scroll"), body)
        }
        15 => {
            figures.count("long reads that stream");
            Call::new(
                "POST",
                docs("/points/scroll"),
                json!({"limit": POINTS, "with_payload": true}),
            )
        }
        _ => {
            figures.count("reads of the graph");
            let body = json!({"statement": "MATCH (d:Doc {n: $n}) RETURN d.n", "parameters": {"n": id % 100}});
            Call::new("POST", place.neo4j("/db/neo4j/query/v2"), body)
        }
    }
}

async fn reader(
    place: Arc<Place>,
    figures: Arc<Figures>,
    over: Arc<AtomicBool>,
    mut random: StdRng,
) {
    let client = Client::default();
    while !over.load(SeqCst) {
        let call = read(&place, &figures, &mut random);
        let began = Instant::now();
        let got = client.ask(&call, None).await;
        figures.count("reads");
        figures.took(began.elapsed());
        match got {
            Ok(got) if got.is_good() && !got.body.is_string() => {
                figures.add("hits", u64::from(got.is_hit()));
            }
            Ok(got) => figures.find("failed reads", || {
                format!(
                    "{call:?}: {} {}; cache: {}",
                    got.status, got.body, got.cache
                )
            }),
            Err(Lost::Cut(_)) if call.body["limit"] == POINTS => figures.count("streams cut"),
            Err(lost) => figures.find("failed reads", || format!("{call:?}: {lost:?}")),
        }
    }
}

/// A few writes, so that hits come and go.
async fn writer(place: Arc<Place>, figures: Arc<Figures>, over: Arc<AtomicBool>) {
    let client = Client::default();
    let mut turn = 0u64;
    while !over.load(SeqCst) {
        turn += 1;
        let body = json!({"payload": {"turn": turn}, "points": [turn % POINTS]});
        let url = place.vectors("/collections/docs/points/payload?wait=true");
        let call = Call::new("POST", url, body);
        figures.count("writes");
        if !client.ask(&call, None).await.is_ok_and(|got| got.is_good()) {
            figures.count("writes that failed while a replica was out");
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Counts the events of endpoints as they come.
async fn watch(place: Arc<Place>, figures: Arc<Figures>, over: Arc<AtomicBool>) {
    let events = || place.server.shared().registry.events().list();
    let mut last = events().last().map(|event| event.when);
    loop {
        let ended = over.load(SeqCst);
        for event in events() {
            if last.is_some_and(|last| event.when <= last) {
                continue;
            }
            last = Some(event.when);
            match format!("{:?}", event.what).as_str() {
                "BreakerOpened" => figures.count("breakers opened"),
                "BreakerClosed" => figures.count("breakers closed"),
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

/// Writes the file anew and asks for a reload, again and again.
async fn reloads(place: &Place, figures: &Figures, wanted: Wanted, progress: &impl Fn(u64)) {
    let client = Client::default();
    let url = format!("http://{}/api/config/reload", place.server.admin());
    let ask = Call::new("POST", url, Value::Null);
    let began = Instant::now();
    let mut turn = 0u64;
    while figures.get("reloads taken") < wanted.reloads || began.elapsed() < wanted.time {
        turn += 1;
        let broken = turn.is_multiple_of(BROKEN_EVERY);
        let mut text = configuration(place, turn);
        if broken {
            text.push_str("nonsense: [\n");
        }
        let next = place.file.with_extension("next");
        std::fs::write(&next, text).expect("a file");
        std::fs::rename(&next, &place.file).expect("a file in its place");
        let got = client.ask(&ask, None).await;
        let status = got.as_ref().map_or(0, |got| got.status);
        match (broken, status) {
            (false, 200) => figures.count("reloads taken"),
            (true, 409) => figures.count("reloads of a broken file refused"),
            _ => figures.find("reloads that went wrong", || format!("{got:?}")),
        }
        let share = figures.get("reloads taken") as f64 / wanted.reloads.max(1) as f64;
        let due = wanted.time.mul_f64(share.min(1.0));
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        progress(figures.get("reloads taken"));
        if wanted.reloads <= figures.get("reloads taken") && began.elapsed() < wanted.time {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// Kills and restarts a replica, then lets another one fail until its breaker opens, and mends it.
async fn outages(place: &Place, figures: &Figures, wanted: Wanted) {
    let began = Instant::now();
    loop {
        kill(place, figures).await;
        all_well(place).await;
        failing(place, figures).await;
        all_well(place).await;
        if began.elapsed() >= wanted.time {
            return;
        }
    }
}

/// Waits until no replica is out any more: what is promised is that one may be, and some configurations have two.
async fn all_well(place: &Place) {
    until(|| (0..REPLICAS).all(|listener| is_well(place, listener))).await;
}

/// Whether the last that was heard of a replica, and of its breaker, is good.
fn is_well(place: &Place, listener: usize) -> bool {
    let name = place.cluster.listener(listener).address().to_string();
    let name = name.replace(['.', ':'], "-");
    let events = place.server.shared().registry.events().list();
    let last = |of: &[What]| {
        let mut events = events.iter().rev();
        let last = events.find(|event| event.endpoint == name && of.contains(&event.what));
        last.map(|event| event.what)
    };
    let status = last(&[What::Healthy, What::Degraded, What::Unhealthy]);
    let breaker = last(&[
        What::BreakerOpened,
        What::BreakerReopened,
        What::BreakerClosed,
    ]);
    status.is_none_or(|what| what == What::Healthy)
        && breaker.is_none_or(|what| what == What::BreakerClosed)
}

async fn kill(place: &Place, figures: &Figures) {
    place.cluster.kill(1);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    place.cluster.restart(1).expect("the replica's port");
    figures.count("replicas killed and restarted");
    tokio::time::sleep(Duration::from_millis(1000)).await;
}

async fn failing(place: &Place, figures: &Figures) {
    let faults = place.cluster.faults(0);
    let failure = CannedResponse::json(500, r#"{"status":{"error":"made up"},"time":0.0}"#);
    let opened = figures.get("breakers opened");
    faults.respond_only(failure, When::Always, Requests::Reads);
    until(|| figures.get("breakers opened") > opened).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let closed = figures.get("breakers closed");
    faults.clear();
    until(|| figures.get("breakers closed") > closed).await;
}

/// Waits for something, at most ten seconds: what does not come shows in the figures.
async fn until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
