//! pointsman's own process is starved, or badly configured.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use tokio::net::TcpStream;

use super::{Fault, run};
use crate::faults::bench::{Settings, Setup, pause};
use crate::faults::report::Figure;

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "no-files",
        "256 open files at most, and 400 clients connect at 2 s and stay idle for 4 s",
        run!(no_files),
    ),
    Fault::new(
        "no-processor",
        "other threads use every core four times over, for 8 s at 3 s",
        run!(no_processor),
    ),
    Fault::new(
        "bad-configuration",
        "an endpoint of weight 0, one that is listed twice, a name that does not resolve",
        run!(bad_configuration),
    ),
];

async fn no_files(settings: Settings) -> Vec<Figure> {
    let setup = Setup {
        open_files: Some(256),
        ..Setup::default()
    };
    let bench = setup.start(&settings).await;
    let address = bench.pointsman.url.trim_start_matches("http://").to_owned();
    let mut unanswered = 0.0;
    let events = async {
        pause(2.0).await;
        let mut idle = Vec::new();
        for _ in 0..400 {
            idle.extend(TcpStream::connect(&address).await);
        }
        for _ in 0..10 {
            unanswered += f64::from(!bench.pointsman.is_ready().await);
            pause(0.4).await;
        }
        drop(idle);
    };
    let (record, ()) = bench.run(bench.load(50.0, 12.0), events).await;
    let mut figures = vec![
        Figure::none(
            "of 10 requests to the admin API meanwhile, not answered",
            unanswered,
        ),
        Figure::none("replicas taken out", bench.pointsman.taken_out().await),
        Figure::none(
            "% of requests failed from 2 s after",
            record.errors(8.5..12.0),
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn no_processor(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let over = Arc::new(AtomicBool::new(false));
    let events = async {
        pause(3.0).await;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..4 * cores {
            let over = Arc::clone(&over);
            std::thread::spawn(move || while !over.load(Relaxed) {});
        }
        pause(8.0).await;
        over.store(true, Relaxed);
    };
    let (record, ()) = bench.run(bench.load(100.0, 13.0), events).await;
    let mut figures = vec![
        Figure::none("replicas taken out", bench.pointsman.taken_out().await),
        Figure::none("% of requests failed", record.errors(0.0..13.0)),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn bad_configuration(settings: Settings) -> Vec<Figure> {
    let check = |endpoints: &str| {
        let yaml = format!("services: {{db: {{dialect: qdrant, endpoints: [{endpoints}]}}}}\n");
        settings.program.check(&yaml).status
    };
    let listed_twice = check("http://127.0.0.1:6333, http://127.0.0.1:6333");
    let bad_weight = check("{url: http://127.0.0.1:6333, weight: -1}");
    let weightless = check("{url: http://127.0.0.1:6333, weight: 0}, http://127.0.0.1:6334");
    let accepted = [listed_twice, bad_weight]
        .iter()
        .filter(|one| one.success())
        .count();
    let setup = Setup {
        unresolvable: true,
        ..Setup::default()
    };
    let bench = setup.start(&settings).await;
    let (record, ()) = bench.run(bench.load(100.0, 4.0), pause(0.0)).await;
    let mut figures = vec![
        Figure::none(
            "of an endpoint listed twice and a weight of -1, accepted",
            accepted as f64,
        ),
        Figure::none(
            "a weight of 0 refused: it takes nothing while others may",
            f64::from(!weightless.success()),
        ),
        Figure::none(
            "% of requests failed beside a name that does not resolve",
            record.errors(0.0..4.0),
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}
