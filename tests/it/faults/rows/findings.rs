//! What was found in the balancing of an earlier version, and must not come back.

use std::time::Duration;

use serde_json::json;

use super::answers::qdrant_error;
use super::outages::outage;
use super::{Fault, run};
use crate::faults::bench::{BUSY, Settings, Setup, pause};
use crate::faults::database::{Failing, Speed};
use crate::faults::load::Load;
use crate::faults::report::Figure;

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "all-gone-shortly",
        "all three replicas are killed for 1.3 s at 3 s",
        run!(shortly),
    ),
    Fault::new(
        "fast-401",
        "the busiest of three replicas answers every request with a 401 at once, from 3 s on; its probes are good",
        run!(fast_401),
    ),
    Fault::new("fast-500", "the same with a 500 of its own", run!(fast_500)),
    Fault::new("fast-503", "the same with a 503", run!(fast_503)),
    Fault::new(
        "fast-peer-500",
        "the same with a 500 that names another node",
        run!(fast_peer),
    ),
    Fault::new(
        "even",
        "nothing: four equal replicas of four workers and 40 ms, at 62 % load",
        run!(even),
    ),
    Fault::new(
        "search-and-write",
        "nothing: searches of a collection that is written now and then (0.3 % of the requests), three replicas at 62 % load",
        run!(search_and_write),
    ),
    Fault::new(
        "burst",
        "600 requests within 10 ms for one replica (100 connections)",
        run!(burst),
    ),
    Fault::new(
        "many",
        "nothing: 100 replicas, 500 reads a second; nothing is written, as reads go to the home of a write while it is not busy",
        run!(many),
    ),
];

async fn shortly(settings: Settings) -> Vec<Figure> {
    let bench = Setup::slow().start(&settings).await;
    let (record, ()) = bench.run(bench.load(BUSY, 16.0), outage(&bench, 1.3)).await;
    let mut figures = vec![
        Figure::at_most(
            "s after its end until no request fails",
            record.disturbed(4.3..16.0, Duration::MAX),
            2.0,
        ),
        Figure::at_most(
            "s after its end until each of the three takes half its share",
            bench.all_serve_after(&record, 4.3..16.0),
            5.0,
        )
        .because("the strategy gives most to the one that it takes for the fastest, and one took less than half of an even share before the outage as well"),
        Figure::at_most(
            "% of requests failed from 2 s after its end",
            record.errors(6.3..16.0),
            0.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn fast(settings: Settings, failing: Failing) -> Vec<Figure> {
    let why = match failing.status {
        401 => {
            "a credential that is refused is passed on, not retried; five refusals end the preference for a home, and a few more eject it"
        }
        _ => "",
    };
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let replica = &bench.busiest().replica;
        replica.fail(Some(failing));
        replica.number
    };
    let (record, victim) = bench.run(bench.load(300.0, 10.0), events).await;
    let mut figures = vec![
        Figure::at_most(
            "% of the requests that it takes from 1 s after",
            bench.share(&record, victim, 4.0..10.0),
            1.0,
        ),
        Figure::at_most(
            "% of requests failed from the fault on",
            record.errors(3.0..10.0),
            1.0,
        ),
        Figure::none(
            "reads failed from 1 s after",
            record.reads_failed(4.0..10.0),
        )
        .because(why),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn fast_401(settings: Settings) -> Vec<Figure> {
    let body = json!("Must provide an API key or an Authorization bearer token");
    fast(settings, Failing::always(401, body)).await
}

async fn fast_500(settings: Settings) -> Vec<Figure> {
    let body = qdrant_error("Service internal error: injected");
    fast(settings, Failing::always(500, body)).await
}

async fn fast_503(settings: Settings) -> Vec<Figure> {
    fast(settings, Failing::always(503, qdrant_error("injected"))).await
}

async fn fast_peer(settings: Settings) -> Vec<Figure> {
    let body = qdrant_error("Service internal error: Tonic status error: unavailable");
    fast(settings, Failing::always(500, body)).await
}

async fn even(settings: Settings) -> Vec<Figure> {
    let setup = Setup {
        replicas: 4,
        speed: Speed {
            workers: 4,
            service: Duration::from_millis(40),
        },
        ..Setup::default()
    };
    let bench = setup.start(&settings).await;
    let (record, ()) = bench.run(bench.load(248.0, 20.0), pause(0.0)).await;
    let shares = (0..4).map(|replica| bench.share(&record, replica, 5.0..20.0));
    let mut figures = vec![
        Figure::at_most("p50 of reads, ms", record.read_ms(5.0..20.0, 0.5), 35.0),
        Figure::at_most("p99 of reads, ms", record.read_ms(5.0..20.0, 0.99), 200.0),
        Figure::at_most(
            "largest share of a replica, %",
            shares.fold(0.0, f64::max),
            30.0,
        )
        .because("one replica takes all writes, and of the reads as many as leave it with a quarter more than its share"),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn search_and_write(settings: Settings) -> Vec<Figure> {
    let bench = Setup::slow().start(&settings).await;
    let mut load = bench.load(186.0, 15.0);
    load.searches = true;
    load.writes = 0.003;
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let shares = (0..3).map(|replica| bench.share(&record, replica, 5.0..15.0));
    let mut figures = vec![
        Figure::at_most("p99 of reads, ms", record.read_ms(5.0..15.0, 0.99), 200.0),
        Figure::at_most(
            "largest share of a replica, %",
            shares.fold(0.0, f64::max),
            60.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn burst(settings: Settings) -> Vec<Figure> {
    let setup = Setup {
        replicas: 1,
        speed: Speed {
            workers: 100,
            service: Duration::from_millis(50),
        },
        ..Setup::default()
    };
    let bench = setup.start(&settings).await;
    let (record, ()) = bench.run(bench.load(60_000.0, 0.01), pause(0.0)).await;
    let mut figures = vec![
        Figure::shown("requests", record.samples().count() as f64),
        Figure::none("% of requests refused", record.errors(0.0..1.0)),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn many(settings: Settings) -> Vec<Figure> {
    let setup = Setup {
        replicas: 100,
        ..Setup::default()
    };
    let bench = setup.start(&settings).await;
    let load = Load {
        writes: 0.0,
        shared: 0.0,
        ..bench.load(500.0, 6.0)
    };
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let took_nothing = |replica: &usize| bench.share(&record, *replica, 0.0..6.0) == 0.0;
    let idle = (0..100).filter(took_nothing).count();
    let mut figures = vec![
        Figure::none("replicas that took nothing", idle as f64),
        Figure::none("% of requests failed", record.errors(0.0..6.0)),
    ];
    figures.extend(bench.invariants(&record));
    figures
}
