//! All replicas fail at once, and come back.

use std::time::Duration;

use super::{Fault, run};
use crate::faults::bench::{Bench, Settings, Setup, pause, promises};
use crate::faults::database::Speed;
use crate::faults::report::Figure;

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "all-gone",
        "all three replicas are killed at 3 s, for good",
        run!(for_good),
    ),
    Fault::new(
        "recovery-storm",
        "all three replicas are killed for 4 s at 3 s; at their return 1,000 requests come at once",
        run!(storm),
    ),
];

/// Kills all after 3 s.
async fn kill(bench: &Bench) {
    pause(3.0).await;
    for server in &bench.servers {
        server.link.kill().await;
    }
}

/// Kills all after 3 s, and opens them again so many seconds later.
pub async fn outage(bench: &Bench, seconds: f64) {
    kill(bench).await;
    pause(seconds).await;
    for server in &bench.servers {
        server.link.restore().await.expect("the port");
    }
}

async fn for_good(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let (record, ()) = bench.run(bench.load(300.0, 8.0), kill(&bench)).await;
    let mut figures = vec![
        Figure::at_most(
            "p99 of refusals, ms",
            record.failure_ms(3.1..8.0, 0.99),
            50.0,
        ),
        Figure::at_least(
            "% of refusals with Retry-After",
            record.say_when(3.1..8.0),
            100.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn storm(settings: Settings) -> Vec<Figure> {
    let speed = Speed {
        workers: 4,
        service: Duration::from_millis(20),
    };
    let setup = Setup {
        speed,
        ..Setup::default()
    };
    let bench = setup.start(&settings).await;
    let burst = async {
        outage(&bench, 4.0).await;
        let mut load = bench.load(10_000.0, 0.1);
        load.seed = !load.seed;
        load.run(&bench.pointsman.url).await
    };
    let (record, burst) = bench.run(bench.load(100.0, 16.0), burst).await;
    let most = bench
        .servers
        .iter()
        .map(|server| server.replica.most_in_flight());
    let mut figures = vec![
        Figure::at_most(
            "most requests at a time at a replica (max_connections)",
            most.max().unwrap_or_default() as f64,
            100.0,
        ),
        Figure::shown(
            "% of the 1,000 refused, as none is known to be back",
            burst.errors(0.0..f64::MAX),
        ),
        Figure::at_most(
            "% of requests failed from 5 s after its end",
            record.errors(12.0..16.0),
            0.0,
        ),
    ];
    figures.push(promises(bench.broken(&[&record, &burst])));
    figures
}
