//! Members of a cluster change their parts, or lag behind.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::faults::Requests;

use super::{Fault, run};
use crate::faults::bench::{Settings, Setup, pause, promises};
use crate::faults::database::{Failing, Part, failure};
use crate::faults::record::{Outcome, Sample};
use crate::faults::report::Figure;

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "leader-switch",
        "the leader of three Neo4j servers changes at 3 s: the old one answers writes with NotALeader",
        run!(leader_switch),
    ),
    Fault::new(
        "open-transactions",
        "20 transactions are open at the leader of three Neo4j servers when it changes at 3 s; the old one answers their statements with NotALeader",
        run!(transactions),
    ),
    Fault::new(
        "lagging-bookmark",
        "a follower of three Neo4j servers answers every read with BookmarkTimeout, from 3 s on",
        run!(bookmark),
    ),
    Fault::new(
        "lagging-replica",
        "each of three Qdrant nodes sees the writes of the others 2 s later; reads and writes of 60 points",
        run!(lag),
    ),
];

/// Makes all but this server followers.
fn lead(bench: &crate::faults::bench::Bench, leader: usize) {
    for server in &bench.servers {
        let is_leader = server.replica.number == leader;
        server.replica.set_part(if is_leader {
            Part::Leader
        } else {
            Part::Follower
        });
    }
}

async fn leader_switch(settings: Settings) -> Vec<Figure> {
    let bench = Setup::neo4j().start(&settings).await;
    lead(&bench, 0);
    let events = async {
        pause(3.0).await;
        lead(&bench, 1);
    };
    let mut load = bench.load(200.0, 9.0);
    load.writes = 0.3;
    let (record, ()) = bench.run(load, events).await;
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(2.0..9.0)),
        Figure::at_most(
            "s until no request fails",
            record.disturbed(3.0..9.0, Duration::MAX),
            2.0,
        ),
        Figure::shown("writes failed", record.writes_failed(2.0..9.0)),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

/// Sends a statement that writes, to begin or go on with a transaction; its id, or the code of the failure.
async fn write(url: &str) -> Result<String, String> {
    let request = reqwest::Client::new()
        .post(url)
        .json(&json!({"statement": "CREATE (:Doc)"}));
    let response = request.send().await.map_err(|error| error.to_string())?;
    let body: Value = response.json().await.map_err(|error| error.to_string())?;
    match body["errors"][0]["code"].as_str() {
        Some(code) => Err(code.to_owned()),
        None => Ok(body["transaction"]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()),
    }
}

async fn transactions(settings: Settings) -> Vec<Figure> {
    let bench = Setup::neo4j().start(&settings).await;
    lead(&bench, 0);
    let url = format!("{}/db/neo4j/query/v2/tx", bench.pointsman.url);
    let events = async {
        let (mut open, mut before, mut after, mut anew) = (Vec::new(), 0, 0, 0);
        pause(2.0).await;
        for _ in 0..20 {
            open.extend(write(&url).await.map(|id| format!("{url}/{id}")));
        }
        for transaction in &open {
            before += usize::from(write(transaction).await.is_ok());
        }
        pause(0.5).await;
        lead(&bench, 1);
        for transaction in &open {
            let told = write(transaction).await;
            after += usize::from(told.is_err_and(|code| code.ends_with("NotALeader")));
        }
        pause(2.0).await;
        for _ in 0..20 {
            let Ok(id) = write(&url).await else { continue };
            anew += usize::from(write(&format!("{url}/{id}/commit")).await.is_ok());
        }
        [before, after, anew]
    };
    let (record, counts) = bench.run(bench.load(200.0, 9.0), events).await;
    let [before, after, anew] = counts.map(|count| count as f64);
    let crossed = bench.servers.iter().map(|server| server.replica.crossed());
    let mut figures = vec![
        Figure::none(
            "requests of a transaction at a server that did not open it",
            crossed.sum::<usize>() as f64,
        ),
        Figure::at_least("of 20, went on before the switch", before, 20.0),
        Figure::at_least("of 20, told NotALeader after it", after, 20.0),
        Figure::at_least("of 20 from 2 s after it, committed", anew, 20.0),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn bookmark(settings: Settings) -> Vec<Figure> {
    let bench = Setup::neo4j().start(&settings).await;
    lead(&bench, 0);
    let events = async {
        pause(3.0).await;
        let mut failing = Failing::always(
            200,
            failure("Neo.TransientError.Transaction.BookmarkTimeout"),
        );
        failing.only = Requests::Reads;
        bench.servers[1].replica.fail(Some(failing));
    };
    let (record, ()) = bench.run(bench.load(200.0, 8.0), events).await;
    let mut figures = vec![Figure::none("reads failed", record.reads_failed(2.0..8.0))];
    figures.extend(bench.invariants(&record));
    figures
}

async fn lag(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    for server in &bench.servers {
        server.replica.set_lag(Duration::from_secs(2));
    }
    let mut load = bench.load(300.0, 10.0);
    load.shared = 1.0;
    load.writes = 0.05;
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let stale = |cached| {
        let stale = |one: &&Sample| one.cached == cached && one.outcome == Outcome::Stale;
        record.samples().filter(stale).count() as f64
    };
    let read = |one: &&Sample| one.is_read() && !one.cached;
    let reads = record.samples().filter(read).count();
    vec![
        Figure::none("% of requests failed", record.errors(0.0..10.0)),
        Figure::none("stale answers from the cache", stale(true)),
        Figure::none(
            &format!("stale answers of replicas, of {reads} reads that they answered"),
            stale(false),
        )
        .because("a read goes past the home of a write where that has more than its share and the others are not idle, or where it is full; a replica may then lag. Nothing else is promised"),
        promises(bench.broken(&[&record]) - stale(true) - stale(false)),
    ]
}
