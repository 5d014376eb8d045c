//! More comes than can be served. The replicas do 300 requests a second together; clients give 1 s.

use super::{Fault, run};
use crate::faults::bench::{Bench, Settings, Setup, pause};
use crate::faults::load::Load;
use crate::faults::record::{Outcome, Record, Sample};
use crate::faults::report::Figure;
use std::time::Duration;
use testbed::faults::Requests;

/// Requests a second that three slow replicas do.
const CAPACITY: f64 = 300.0;

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "overload",
        "1.03, 1.41 and 1.74 times as many requests as the replicas can do, for 10 s each",
        run!(overload),
    )
    .missed("a replica that is always at its limit is left with fewer now and then, to learn whether these are served as fast; what replicas do in seven seconds varies by 2 % as well"),
    Fault::new(
        "impatient",
        "twice as many requests as the replicas can do, for 16 s; clients leave after 5 s, and say nothing of it",
        run!(impatient),
    ),
    Fault::new(
        "spike",
        "0.8 of what the replicas can do, and 3.0 for 5 s at 5 s",
        run!(spike),
    ),
    Fault::new(
        "refusals",
        "all replicas hang and the queue is full: 500 more requests a second",
        run!(refusals),
    )
    .missed("a refusal is read, understood and planned as any request is before it is refused"),
];

async fn slow_bench(settings: &Settings) -> Bench {
    Setup::slow().start(settings).await
}

fn load(bench: &Bench, share: f64, seconds: f64) -> Load {
    Load {
        limit: Some(1),
        ..bench.load(CAPACITY * share, seconds)
    }
}

async fn overload(settings: Settings) -> Vec<Figure> {
    let mut figures = Vec::new();
    for share in [1.03, 1.41, 1.74] {
        let bench = slow_bench(&settings).await;
        let (record, ()) = bench.run(load(&bench, share, 10.0), pause(0.0)).await;
        figures.push(Figure::at_least(
            &format!("good responses at {share}, as a share of what the replicas can do"),
            record.goodput(3.0..10.0) / CAPACITY,
            0.97,
        ));
        if share == 1.74 {
            figures.push(Figure::at_most(
                "p99 of reads at 1.74, ms (half of what clients give)",
                record.read_ms(3.0..10.0, 0.99),
                500.0,
            ));
            figures.extend(bench.invariants(&record));
        }
    }
    figures
}

async fn impatient(settings: Settings) -> Vec<Figure> {
    let bench = slow_bench(&settings).await;
    let load = Load {
        patience: Duration::from_secs(5),
        ..bench.load(2.0 * CAPACITY, 16.0)
    };
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let lost = |one: &&Sample| one.outcome == Outcome::Lost;
    let left = record.samples().filter(lost).count();
    let mut figures = vec![
        Figure::at_least(
            "good responses, as a share of what the replicas can do",
            record.goodput(3.0..16.0) / CAPACITY,
            0.9,
        ),
        Figure::shown("p99 of reads, ms", record.read_ms(3.0..16.0, 0.99)),
        Figure::shown("clients that left", left as f64),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn spike(settings: Settings) -> Vec<Figure> {
    let bench = slow_bench(&settings).await;
    let url = &bench.pointsman.url;
    let mut more = load(&bench, 2.2, 5.0);
    more.seed = !more.seed;
    more.writes = 0.0;
    let more = async {
        pause(5.0).await;
        more.run(url).await
    };
    let (record, more) = tokio::join!(load(&bench, 0.8, 16.0).run(url), more);
    let mut figures = vec![
        Figure::shown(
            "good responses in the spike, as a share of what the replicas can do",
            (record.goodput(5.0..10.0) + more.goodput(0.0..5.0)) / CAPACITY,
        ),
        Figure::at_most(
            "% of requests failed from 1 s after it",
            record.errors(11.0..16.0),
            5.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

/// Processor time of pointsman for a load, in us for each request.
async fn processor_us(bench: &Bench, load: Load) -> (f64, Record) {
    let before = bench.pointsman.processor_time();
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let spent = bench.pointsman.processor_time() - before;
    (spent * 1e6 / record.samples().count() as f64, record)
}

async fn refusals(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let reads = |rate, seconds, number: u64| Load {
        writes: 0.0,
        seed: settings.seed + number,
        ..bench.load(rate, seconds)
    };
    let (proxied, record) = processor_us(&bench, reads(500.0, 6.0, 0)).await;
    for server in &bench.servers {
        server.faults().hang(Some(Requests::All));
    }
    let filling = reads(4_000.0, 0.5, 1);
    let url = bench.pointsman.url.clone();
    let filling = tokio::spawn(async move { filling.run(&url).await });
    pause(1.0).await;
    let (refused, refusals) = processor_us(&bench, reads(500.0, 6.0, 2)).await;
    filling.abort();
    let mut figures = vec![
        Figure::at_least("% of them refused", refusals.errors(0.0..6.0), 100.0),
        Figure::shown("processor time of a request that is served, us", proxied),
        Figure::at_most("processor time of a refusal, us", refused, 1000.0),
        Figure::at_most(
            "a refusal's as a share of a served request's",
            refused / proxied,
            0.1,
        ),
        Figure::at_most(
            "p99 of refusals, ms",
            refusals.failure_ms(0.0..6.0, 0.99),
            50.0,
        ),
        Figure::at_least(
            "% of refusals with Retry-After",
            refusals.say_when(0.0..6.0),
            100.0,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}
