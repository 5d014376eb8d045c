//! The trial of freshness: concurrent readers and writers; each read is checked against what had been
//! acknowledged when it began.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::aliases::Aliases;
use super::client::{Client, JsonResponse, RequestError};
use super::environment::{Environment, cache};
use super::fault_schedule::{self, FaultState};
use super::figures::Figures;
use super::graph::Nodes;
use super::points::Points;
use super::register::{Floor, Observed, Violation};
use super::worker::{DataSet, RegisterRead, Worker};

/// Concurrent clients.
const WORKERS: u64 = 24;

/// What is counted.
const ROWS: &[&str] = &[
    "operations",
    "reads",
    "values checked",
    "hits",
    "hits shared with a request in flight",
    "hits of points",
    "hits of aliases",
    "hits of nodes",
    "writes",
    "writes that do not wait",
    "writes of unknown outcome",
    "writes applied after the quarantine",
    "writes without effect",
    "writes rejected as invalid",
    "writes sent twice",
    "writes that matched nothing",
    "alias switches",
    "collections recreated",
    "explicit transactions",
    "transactions that expired before their commit",
    "transactions rolled back",
    "requests cancelled by the client",
    "responses truncated",
    "failed reads while no fault was active",
    "failed reads of replicas during faults",
    "failed reads of the graph during faults",
    "replicas killed and restarted",
    "old values from a lagging replica",
    "old values from the database itself",
    "hits in quarantine",
    "responses with a value never written",
    "stale responses",
];

/// Figures that must be zero.
const PROMISED: &[&str] = &[
    "writes rejected as invalid",
    "writes sent twice",
    "failed reads while no fault was active",
    "hits in quarantine",
    "responses with a value never written",
    "stale responses",
];

/// Runs this many operations. Returns the figures and whether the promise held.
pub async fn run(operations: u64, seed: u64, progress: impl Fn(u64)) -> (Arc<Figures>, bool) {
    let env = Environment::start(&cache("1h")).await;
    let figures = Arc::new(Figures::new(ROWS));
    let faults = Arc::new(FaultState::default());
    let worker = Worker {
        client: Client::default(),
        env: Arc::clone(&env),
        figures: Arc::clone(&figures),
        faults: Arc::clone(&faults),
    };
    let data_sets: Arc<[Box<dyn DataSet>]> = Arc::new([
        Box::new(Points::default()),
        Box::new(Aliases::default()),
        Box::new(Nodes::default()),
    ]);
    for data in data_sets.iter() {
        data.load(&worker).await;
    }
    let schedule = tokio::spawn(fault_schedule::run(
        Arc::clone(&env),
        Arc::clone(&faults),
        Arc::clone(&figures),
        operations,
        seed,
    ));
    let mut workers = tokio::task::JoinSet::new();
    for number in 0..WORKERS {
        let random = StdRng::seed_from_u64(seed ^ (number + 1) << 32);
        workers.spawn(work(
            worker.clone(),
            Arc::clone(&data_sets),
            operations,
            random,
        ));
    }
    while workers.try_join_next().is_none() {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        progress(faults.done.load(SeqCst));
    }
    while let Some(done) = workers.join_next().await {
        done.expect("a worker without a panic");
    }
    faults.end();
    schedule.await.expect("a schedule without a panic");
    let held = PROMISED.iter().all(|row| figures.get(row) == 0);
    (figures, held)
}

async fn work(
    worker: Worker,
    data_sets: Arc<[Box<dyn DataSet>]>,
    operations: u64,
    mut random: StdRng,
) {
    // Each worker has its own connections, as clients have.
    let worker = Worker {
        client: Client::default(),
        ..worker
    };
    while worker.faults.done.fetch_add(1, SeqCst) < operations {
        worker.figures.count("operations");
        let data = &data_sets[match random.random_range(0..10) {
            0..6 => 0,
            6..8 => 1,
            _ => 2,
        }];
        match random.random_ratio(1, 20) {
            true => data.write(&worker, &mut random).await,
            false => read(&worker, &**data, &mut random).await,
        }
    }
}

async fn read(worker: &Worker, data: &dyn DataSet, random: &mut StdRng) {
    let read = data.random_read(&worker.env, random);
    let lagging = worker.faults.is_lagging();
    let floors: Vec<Floor> = read
        .shows
        .iter()
        .map(|(_, id)| data.registers()[*id].floor())
        .collect();
    let faulty = worker.faults.are_active();
    let began = Instant::now();
    let response = worker
        .client
        .send(&read.request, worker.faults.client_timeout(random))
        .await;
    let ended = Instant::now();
    worker.figures.count("reads");
    let faulty = faulty || worker.faults.are_active();
    match response {
        Ok(response) => {
            worker.figures.took(ended - began);
            if response.is_hit() {
                count_hit(worker, data, &response);
                if data.must_not_be_cached(&read, began, ended) {
                    worker.figures.find("hits in quarantine", || {
                        format!("{:?}: {}", read.request, response.cache)
                    });
                }
            }
            match read.observed(&response) {
                Some(observed) => {
                    let checked = CheckedRead {
                        read: &read,
                        response: &response,
                        floors: &floors,
                        lagging,
                        ended,
                    };
                    check(worker, data, &checked, observed).await;
                }
                None => failed(
                    worker,
                    data,
                    &read,
                    &format!("{} {}", response.status, response.body),
                    faulty,
                ),
            }
        }
        Err(RequestError::Cancelled) => worker.figures.count("requests cancelled by the client"),
        Err(RequestError::Truncated(why)) if faulty => {
            let _ = why;
            worker.figures.count("responses truncated");
        }
        Err(RequestError::Truncated(why) | RequestError::NoResponse(why)) => {
            failed(worker, data, &read, &why, faulty)
        }
    }
}

fn count_hit(worker: &Worker, data: &dyn DataSet, response: &JsonResponse) {
    worker.figures.count("hits");
    worker.figures.count(match data.name() {
        "points" => "hits of points",
        "aliases" => "hits of aliases",
        _ => "hits of nodes",
    });
    if response.is_shared() {
        worker.figures.count("hits shared with a request in flight");
    }
}

fn failed(worker: &Worker, data: &dyn DataSet, read: &RegisterRead, what: &str, faulty: bool) {
    // A collection that is being recreated is absent for a moment.
    if what.starts_with("404") && data.name() == "aliases" {
        return;
    }
    match faulty {
        true if data.name() == "nodes" => {
            worker
                .figures
                .count("failed reads of the graph during faults");
        }
        true => worker
            .figures
            .count("failed reads of replicas during faults"),
        false => worker
            .figures
            .find("failed reads while no fault was active", || {
                format!("{:?}: {what}", read.request)
            }),
    }
}

/// A read with its response.
struct CheckedRead<'a> {
    read: &'a RegisterRead,
    response: &'a JsonResponse,
    floors: &'a [Floor],
    /// Whether a replica lagged when it began.
    lagging: bool,
    ended: Instant,
}

async fn check(
    worker: &Worker,
    data: &dyn DataSet,
    check: &CheckedRead<'_>,
    observed: Vec<(usize, Observed)>,
) {
    let (read, response) = (check.read, check.response);
    worker.figures.add("values checked", observed.len() as u64);
    // Replicas with copies of their own show a write in flight one after the other. The cache does not.
    let diverged = !response.is_hit() && worker.faults.has_diverged() && data.name() != "nodes";
    for ((id, observed), floor) in observed.into_iter().zip(check.floors) {
        if data.name() == "aliases" && observed == Observed::Absent {
            continue;
        }
        let floor = match diverged {
            true => floor.acknowledged,
            false => floor.seen,
        };
        let register = &data.registers()[id];
        let Err(violation) = register.check_read(floor, observed, check.ended) else {
            continue;
        };
        if violation == Violation::Stale
            && !response.is_hit()
            && (check.lagging || worker.faults.is_lagging())
        {
            worker.figures.count("old values from a lagging replica");
            continue;
        }
        let truth = worker.read_directly(data, read).await;
        let same = truth
            .iter()
            .any(|(other, now)| *other == id && *now == observed);
        if violation == Violation::Stale && same {
            worker
                .figures
                .find("old values from the database itself", || {
                    format!(
                        "{:?} shows {observed:?}, expected {floor} or newer",
                        read.request
                    )
                });
            continue;
        }
        let row = match violation {
            Violation::Stale => "stale responses",
            Violation::NeverWritten => "responses with a value never written",
        };
        worker.figures.find(row, || {
            format!(
                "operation {}: {} {id}: {:?}: shows {observed:?}, expected {floor} or newer; cache: {}; the database: {truth:?}; {register:?}",
                worker.faults.done.load(SeqCst),
                data.name(),
                read.request,
                response.cache
            )
        });
    }
}
