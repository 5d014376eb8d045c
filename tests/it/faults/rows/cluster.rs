//! Members of a cluster change their parts, or lag behind.

use std::time::Duration;

use testbed::faults::Requests;

use super::{Fault, run};
use crate::faults::bench::{Settings, Setup, pause};
use crate::faults::database::{Failing, Part, failure};
use crate::faults::report::Figure;

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "leader-switch",
        "the leader of three Neo4j servers changes at 3 s: the old one answers writes with NotALeader",
        run!(leader_switch),
    ),
    Fault::new(
        "lagging-bookmark",
        "a follower of three Neo4j servers answers every read with BookmarkTimeout, from 3 s on",
        run!(bookmark),
    ),
    Fault::new(
        "lagging-replica",
        "one of three Qdrant nodes sees the writes of the others 2 s later; reads and writes of 60 points",
        run!(lag),
    )
    .missed("a read goes past the home of a write where that has more than its share and the others are not idle, or where it is full; a replica may then lag"),
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
    bench.servers[1].replica.set_lag(Duration::from_secs(2));
    let mut load = bench.load(300.0, 10.0);
    load.ids = Some(60);
    load.writes = 0.05;
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let mut figures = vec![Figure::none(
        "% of requests failed",
        record.errors(0.0..10.0),
    )];
    figures.extend(bench.invariants(&record));
    figures
}
