//! Replicas answer, and badly.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testbed::faults::Requests;

use super::{Fault, run};
use crate::faults::bench::{BUSY, Bench, Settings, Setup, pause};
use crate::faults::database::{Failing, failure};
use crate::faults::record::Record;
use crate::faults::report::Figure;

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "errors-in-part",
        "all three replicas fail at 30 % of the requests with a 500, for 6 s at 2 s",
        run!(in_part),
    ),
    Fault::new(
        "errors-in-all",
        "all three replicas fail at every request with a 503, for 6 s at 2 s",
        run!(in_all),
    ),
    Fault::new(
        "retry-after",
        "the busiest of three replicas answers 429 with Retry-After: 4 for 4 s at 3 s",
        run!(retry_after),
    ),
    Fault::new(
        "transient-errors",
        "the busiest of three Neo4j servers answers 200 with DatabaseUnavailable to every read, from 3 s on",
        run!(transient),
    ),
    Fault::new(
        "client-errors",
        "all Neo4j servers answer a third of the statements with a SyntaxError",
        run!(client_errors),
    ),
    Fault::new(
        "not-consistent",
        "the busiest of three Qdrant nodes answers writes with 500, consistency not guaranteed, from 3 s on",
        run!(not_consistent),
    ),
    Fault::new(
        "disk-full",
        "the busiest of three Qdrant nodes answers writes with 500, no space left on its disk, from 3 s on; its reads are good",
        run!(disk_full),
    ),
    Fault::new(
        "empty",
        "the busiest of three Qdrant nodes comes back empty at 3 s: its probes are good, and it answers 404, collection doesn't exist, at once",
        run!(empty),
    ),
];

/// A failure in Qdrant's shape.
pub fn qdrant_error(text: &str) -> Value {
    json!({"status": {"error": text}, "time": 0.0})
}

/// All replicas fail like this for 6 s at 2 s.
async fn all_fail(bench: &Bench, failing: Failing) -> Record {
    let set = |failing: Option<Failing>| {
        let replicas = bench.servers.iter().map(|server| &server.replica);
        replicas.for_each(|replica| replica.fail(failing.clone()));
    };
    let events = async {
        pause(2.0).await;
        set(Some(failing));
        pause(6.0).await;
        set(None);
    };
    let (record, ()) = bench.run(bench.load(300.0, 12.0), events).await;
    record
}

/// Requests at the replicas for each one of a client while they fail.
fn amplification(bench: &Bench, record: &Record) -> Figure {
    let (from, to) = (record.moment(2.0), record.moment(8.0));
    let taken = bench
        .servers
        .iter()
        .map(|server| server.replica.taken(from, to));
    let asked = record
        .samples()
        .filter(|one| !one.cached && (2.0..8.0).contains(&one.due.as_secs_f64()));
    Figure::at_most(
        "requests at the replicas for each one of a client",
        taken.sum::<usize>() as f64 / asked.count() as f64,
        1.2,
    )
    .because("retries take the fifth that `balance.retry_budget` allows, the floor and hedges come on top")
}

async fn in_part(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let mut failing = Failing::always(500, qdrant_error("injected"));
    failing.share = 0.3;
    let record = all_fail(&bench, failing).await;
    let mut figures = vec![
        amplification(&bench, &record),
        Figure::shown("% of requests failed meanwhile", record.errors(2.0..8.0)),
        Figure::none(
            "% of requests failed from 2 s after",
            record.errors(10.0..12.0),
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn in_all(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let failing = Failing::always(503, qdrant_error("injected"));
    let record = all_fail(&bench, failing).await;
    let mut figures = vec![
        amplification(&bench, &record),
        Figure::none(
            "% of requests failed from 2 s after",
            record.errors(10.0..12.0),
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn retry_after(settings: Settings) -> Vec<Figure> {
    let bench = Setup::slow().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let replica = &bench.busiest().replica;
        let mut failing = Failing::always(429, qdrant_error("Rate limiting exceeded"));
        failing.retry_after = Some(4);
        replica.fail(Some(failing));
        let injected = Instant::now();
        pause(4.0).await;
        replica.fail(None);
        (replica, injected)
    };
    let (record, (replica, injected)) = bench.run(bench.load(BUSY, 14.0), events).await;
    // Each has a limit of its own. What was under way when the first one was told may still come.
    let again = [false, true].map(|write| {
        let to = record.moment(7.0);
        let refused = replica.taken_at(write, injected, to);
        let first = refused.first().copied().unwrap_or(to);
        let later = first + Duration::from_millis(100);
        refused.iter().filter(|at| **at > later).count()
    });
    let again: usize = again.iter().sum();
    let mut figures = vec![
        Figure::none(
            "requests to it while it asks to be left alone, beyond the first of the reads and of the writes",
            again as f64,
        ),
        Figure::at_most("% of requests failed", record.errors(0.0..14.0), 0.1),
        Figure::at_most(
            "s after that until it takes half its share",
            bench.all_serve_after(&record, 7.0..14.0),
            5.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn transient(settings: Settings) -> Vec<Figure> {
    let bench = Setup::neo4j().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let replica = &bench.busiest().replica;
        let body = failure("Neo.TransientError.General.DatabaseUnavailable");
        replica.fail(Some(Failing::always(200, body)));
        replica.number
    };
    let (record, victim) = bench.run(bench.load(300.0, 10.0), events).await;
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(0.0..10.0)),
        Figure::at_most(
            "% of the requests that it takes from 2 s after",
            bench.share(&record, victim, 5.0..10.0),
            1.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn client_errors(settings: Settings) -> Vec<Figure> {
    let bench = Setup::neo4j().start(&settings).await;
    for server in &bench.servers {
        let mut failing = Failing::always(400, failure("Neo.ClientError.Statement.SyntaxError"));
        failing.share = 1.0 / 3.0;
        server.replica.fail(Some(failing));
    }
    let (record, ()) = bench.run(bench.load(300.0, 6.0), pause(0.0)).await;
    let mut figures = vec![
        Figure::none("servers taken out", bench.pointsman.taken_out().await),
        Figure::shown(
            "% of requests failed, as they were answered",
            record.errors(0.0..6.0),
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

/// The busiest replica fails all writes like this, and no read, from 3 s on.
async fn writes_fail(settings: Settings, error: &str) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let mut failing = Failing::always(500, qdrant_error(error));
        failing.only = Requests::Writes;
        let busiest = &bench.busiest().replica;
        busiest.fail(Some(failing));
        busiest.number
    };
    let mut load = bench.load(300.0, 9.0);
    load.writes = 0.3;
    let (record, failing) = bench.run(load, events).await;
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(0.0..9.0)),
        Figure::at_most(
            "% of writes failed from 2 s after",
            record.writes_failed_share(5.0..9.0),
            1.0,
        ),
        Figure::shown(
            "% of requests served there from 2 s after",
            bench.share(&record, failing, 5.0..9.0),
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn not_consistent(settings: Settings) -> Vec<Figure> {
    let error = "Service internal error: Consistency of this update is not guaranteed";
    writes_fail(settings, error).await
}

async fn disk_full(settings: Settings) -> Vec<Figure> {
    writes_fail(settings, "Service internal error: No space left on device").await
}

async fn empty(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let error = qdrant_error("Not found: Collection `docs` doesn't exist!");
        let busiest = &bench.busiest().replica;
        busiest.fail(Some(Failing::always(404, error)));
        busiest.number
    };
    let mut load = bench.load(300.0, 11.0);
    load.writes = 0.2;
    let (record, empty) = bench.run(load, events).await;
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(0.0..11.0)),
        Figure::none(
            "% of writes failed from 1 s after",
            record.writes_failed_share(4.0..11.0),
        ),
        Figure::at_most(
            "% of the requests that it takes from 5 s after",
            bench.share(&record, empty, 8.0..11.0),
            1.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}
