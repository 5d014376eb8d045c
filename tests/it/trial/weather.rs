//! The weather of a freshness trial: calm, then storms (answers of 500, cut answers, killed replicas,
//! clients that leave), then a replica that lags, then both.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use testbed::faults::{CannedResponse, Faults, Requests, When};

use super::client::{Call, Client};
use super::figures::Figures;
use super::place::{Place, QUARANTINE, REPLICAS, eventually};

/// How far the lagging replica is behind; below the quarantine, as an operator must set it.
const LAG: Duration = Duration::from_millis(150);

/// What a storm's own answers say; the database never saw those calls.
pub const MADE_UP: &str = "made up";

/// The weather now, as the workers feel it.
#[derive(Default)]
pub struct Weather {
    storm: AtomicBool,
    lag: AtomicBool,
    parted: AtomicBool,
    /// Operations done, of so many.
    pub done: AtomicU64,
    over: AtomicBool,
}

impl Weather {
    /// For how long a client waits for its answer; `None`: as long as it takes.
    pub fn patience(&self, random: &mut StdRng) -> Option<Duration> {
        let leaves = self.storm.load(SeqCst) && random.random_ratio(1, 50);
        leaves.then(|| Duration::from_micros(random.random_range(0..4_000)))
    }

    /// Whether a replica lags: what it answers by itself may be old.
    pub fn lags(&self) -> bool {
        self.lag.load(SeqCst)
    }

    /// Whether a replica has had an engine of its own, as it keeps once it lagged.
    pub fn has_parted(&self) -> bool {
        self.parted.load(SeqCst)
    }

    /// Whether faults are about.
    pub fn storms(&self) -> bool {
        self.storm.load(SeqCst)
    }

    /// Ends it.
    pub fn end(&self) {
        self.over.store(true, SeqCst);
    }
}

/// Makes the weather until the trial is over. The last part of it is calm again.
pub async fn make(
    place: Arc<Place>,
    weather: Arc<Weather>,
    figures: Arc<Figures>,
    operations: u64,
    seed: u64,
) {
    let mut random = StdRng::seed_from_u64(seed);
    while !weather.over.load(SeqCst) {
        let part = weather.done.load(SeqCst) * 100 / operations.max(1);
        storm(&place, &weather, matches!(part, 35..60 | 80..95)).await;
        lag(&place, &weather, matches!(part, 60..95)).await;
        if weather.storms() {
            outage(&place, &figures, &mut random).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    storm(&place, &weather, false).await;
    lag(&place, &weather, false).await;
}

async fn storm(place: &Place, weather: &Weather, on: bool) {
    if weather.storm.load(SeqCst) == on {
        return;
    }
    // Whoever feels calm must meet no fault: the word comes before the storm and goes after it.
    if on {
        weather.storm.store(true, SeqCst);
    }
    let listeners = place
        .cluster
        .listeners()
        .iter()
        .chain(place.graph.listeners());
    for faults in listeners.map(|listener| listener.faults()) {
        match on {
            true => stir(faults),
            false => faults.clear(),
        }
    }
    if !on {
        clear_up(place).await;
    }
    weather.storm.store(on, SeqCst);
}

/// Waits until pointsman sends requests to the one graph again: a breaker may have been open.
async fn clear_up(place: &Place) {
    let client = Client::default();
    eventually("the graph after a storm", || async {
        let body = json!({"statement": "RETURN $n", "parameters": {"n": rand::random::<u32>()}});
        let ask = Call::new("POST", place.neo4j("/db/neo4j/query/v2"), body);
        client.ask(&ask, None).await.is_ok_and(|got| got.is_good())
    })
    .await;
}

fn stir(faults: &Faults) {
    let failure = json!({"status": {"error": MADE_UP}, "time": 0.0});
    let failure = CannedResponse::json(500, failure.to_string());
    faults.respond(failure, When::Probability(0.01));
    faults.cut_after(7, When::Probability(0.01), Requests::All);
}

async fn lag(place: &Place, weather: &Weather, on: bool) {
    if weather.lag.load(SeqCst) == on {
        return;
    }
    if on {
        weather.lag.store(true, SeqCst);
        weather.parted.store(true, SeqCst);
        place.cluster.set_lag(REPLICAS - 1, LAG);
        return;
    }
    place.cluster.set_lag(REPLICAS - 1, Duration::ZERO);
    tokio::time::sleep(LAG + QUARANTINE).await;
    place.cluster.settle();
    weather.lag.store(false, SeqCst);
}

/// Kills a replica for a while, seldom the graph.
async fn outage(place: &Place, figures: &Figures, random: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(random.random_range(0..400))).await;
    figures.count("replicas killed and restarted");
    let span = Duration::from_millis(random.random_range(20..300));
    if random.random_ratio(1, 5) {
        place.graph.kill(0);
        tokio::time::sleep(span / 4).await;
        place.graph.restart(0).expect("the graph's port");
        return;
    }
    let listener = random.random_range(0..REPLICAS);
    place.cluster.kill(listener);
    tokio::time::sleep(span).await;
    place.cluster.restart(listener).expect("the replica's port");
}
