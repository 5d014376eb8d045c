//! The faults of a freshness trial, phase by phase: none, then faults (responses of 500, truncated
//! responses, killed replicas, clients that cancel), then a replica that lags, then both, then none.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use testbed::faults::{CannedResponse, Faults, Requests, When};

use super::client::{Client, HttpRequest};
use super::environment::{Environment, QUARANTINE, REPLICAS};
use super::figures::Figures;
use super::waiting::eventually;

/// How far the lagging replica is behind; below the quarantine, as an operator must set it.
const LAG: Duration = Duration::from_millis(150);

/// The message of injected responses; the database never sees those requests.
pub const INJECTED: &str = "injected fault";

/// The faults that are active now, as the workers see them.
#[derive(Default)]
pub struct FaultState {
    active: AtomicBool,
    lag: AtomicBool,
    diverged: AtomicBool,
    /// Operations done so far.
    pub done: AtomicU64,
    over: AtomicBool,
}

impl FaultState {
    /// How long a client waits for its response before it cancels; `None`: without limit.
    pub fn client_timeout(&self, random: &mut StdRng) -> Option<Duration> {
        let cancels = self.active.load(SeqCst) && random.random_ratio(1, 50);
        cancels.then(|| Duration::from_micros(random.random_range(0..4_000)))
    }

    /// Whether a replica lags: what it returns may be old.
    pub fn is_lagging(&self) -> bool {
        self.lag.load(SeqCst)
    }

    /// Whether a replica has a copy of the data of its own, which it keeps once it has lagged.
    pub fn has_diverged(&self) -> bool {
        self.diverged.load(SeqCst)
    }

    /// Whether faults are injected.
    pub fn are_active(&self) -> bool {
        self.active.load(SeqCst)
    }

    /// Ends the schedule.
    pub fn end(&self) {
        self.over.store(true, SeqCst);
    }
}

/// Follows the schedule until the trial is over.
pub async fn run(
    env: Arc<Environment>,
    state: Arc<FaultState>,
    figures: Arc<Figures>,
    operations: u64,
    seed: u64,
) {
    let mut random = StdRng::seed_from_u64(seed);
    while !state.over.load(SeqCst) {
        let part = state.done.load(SeqCst) * 100 / operations.max(1);
        set_faults(&env, &state, matches!(part, 35..60 | 80..95)).await;
        set_lag(&env, &state, matches!(part, 60..95)).await;
        if state.are_active() {
            outage(&env, &figures, &mut random).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    set_faults(&env, &state, false).await;
    set_lag(&env, &state, false).await;
}

async fn set_faults(env: &Environment, state: &FaultState, on: bool) {
    if state.active.load(SeqCst) == on {
        return;
    }
    // A worker that sees no faults active must meet none: the flag is set before them and cleared after.
    if on {
        state.active.store(true, SeqCst);
    }
    let listeners = env.cluster.listeners().iter().chain(env.graph.listeners());
    for faults in listeners.map(|listener| listener.faults()) {
        match on {
            true => inject(faults),
            false => faults.clear(),
        }
    }
    if !on {
        wait_until_recovered(env).await;
    }
    state.active.store(on, SeqCst);
}

/// Waits until pointsman sends requests to the only graph again: its breaker may have been open.
async fn wait_until_recovered(env: &Environment) {
    let client = Client::default();
    eventually("the graph to recover", || async {
        let body = json!({"statement": "RETURN $n", "parameters": {"n": rand::random::<u32>()}});
        let query = HttpRequest::new("POST", env.neo4j("/db/neo4j/query/v2"), body);
        client
            .send(&query, None)
            .await
            .is_ok_and(|response| response.is_good())
    })
    .await;
}

fn inject(faults: &Faults) {
    let failure = json!({"status": {"error": INJECTED}, "time": 0.0});
    let failure = CannedResponse::json(500, failure.to_string());
    faults.respond(failure, When::Probability(0.01));
    faults.cut_after(7, When::Probability(0.01), Requests::All);
}

async fn set_lag(env: &Environment, state: &FaultState, on: bool) {
    if state.lag.load(SeqCst) == on {
        return;
    }
    if on {
        state.lag.store(true, SeqCst);
        state.diverged.store(true, SeqCst);
        env.cluster.set_lag(REPLICAS - 1, LAG);
        return;
    }
    env.cluster.set_lag(REPLICAS - 1, Duration::ZERO);
    tokio::time::sleep(LAG + QUARANTINE).await;
    env.cluster.settle();
    state.lag.store(false, SeqCst);
}

/// Kills a replica for a while, sometimes the graph.
async fn outage(env: &Environment, figures: &Figures, random: &mut StdRng) {
    tokio::time::sleep(Duration::from_millis(random.random_range(0..400))).await;
    figures.count("replicas killed and restarted");
    let span = Duration::from_millis(random.random_range(20..300));
    if random.random_ratio(1, 5) {
        env.graph.kill(0);
        tokio::time::sleep(span / 4).await;
        env.graph.restart(0).expect("the graph's port");
        return;
    }
    let listener = random.random_range(0..REPLICAS);
    env.cluster.kill(listener);
    tokio::time::sleep(span).await;
    env.cluster.restart(listener).expect("the replica's port");
}
