//! More comes than can be served. The replicas do 300 requests a second together; clients give 1 s (Qdrant's `timeout`).

use super::{Fault, run};
use crate::faults::bench::{Bench, Settings, Setup, pause, promises};
use crate::faults::load::Load;
use crate::faults::record::{Outcome, Record, Sample};
use crate::faults::report::Figure;
use std::ops::Range;
use std::time::Duration;
use testbed::faults::Requests;

/// Requests a second that three slow replicas do.
const CAPACITY: f64 = 300.0;

/// An answer that comes later after it was due helps nobody.
const WELL: Duration = Duration::from_secs(1);

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "overload",
        "1.03, 1.41 and 1.74 times as many requests as the replicas can do, for 10 s each; clients give the database 1 s and wait for 20 s",
        run!(overload),
    ),
    Fault::new(
        "impatient",
        "twice as many requests as the replicas can do, for 16 s; clients leave after 5 s, and say nothing of it",
        run!(impatient),
    ),
    Fault::new(
        "spike",
        "0.8 of what the replicas can do, and 3.0 for 5 s at 5 s; clients give the database 1 s and wait for 20 s",
        run!(spike),
    ),
    Fault::new(
        "refusals",
        "all replicas hang and the queue is full: 500 more requests a second",
        run!(refusals),
    ),
];

/// Why less than the replicas can do is served well under lasting overload.
const TRIES_FEWER: &str = "a replica that is always at its limit is left with fewer now and then, to learn whether these are served as fast";

async fn slow_bench(settings: &Settings) -> Bench {
    Setup::slow().start(settings).await
}

fn load(bench: &Bench, share: f64, seconds: f64) -> Load {
    Load {
        limit: Some(1),
        ..bench.load(CAPACITY * share, seconds)
    }
}

/// Good responses in a window, as a share of what the replicas could do.
fn goodput(name: &str, bench: &Bench, records: &[&Record], window: Range<f64>) -> Figure {
    let name = format!(
        "{name}answered well within 1 s of being due, as a share of what the replicas could do"
    );
    let share = bench.goodput(records, window, WELL);
    Figure::at_least(&name, share, 0.97)
}

/// How long those took that were served.
fn p99(name: &str, record: &Record, window: Range<f64>) -> [Figure; 2] {
    let reads = record.read_ms(window.clone(), 0.99);
    let writes = record.write_ms(window, 0.99);
    [("reads", reads), ("writes", writes)].map(|(kind, ms)| {
        let name = format!("{name}p99 of {kind}, ms (half of what clients give)");
        Figure::at_most(&name, ms, 500.0)
    })
}

async fn overload(settings: Settings) -> Vec<Figure> {
    let (mut figures, mut broken) = (Vec::new(), 0.0);
    for share in [1.03, 1.41, 1.74] {
        let bench = slow_bench(&settings).await;
        let (record, ()) = bench.run(load(&bench, share, 10.0), pause(0.0)).await;
        let name = format!("at {share}: ");
        let share = goodput(&name, &bench, &[&record], 3.0..10.0);
        figures.push(share.because(TRIES_FEWER));
        figures.extend(p99(&name, &record, 3.0..10.0));
        broken += bench.broken(&[&record]);
    }
    figures.push(promises(broken));
    figures
}

async fn impatient(settings: Settings) -> Vec<Figure> {
    let bench = slow_bench(&settings).await;
    let patience = Duration::from_secs(5);
    let load = Load {
        patience,
        ..bench.load(2.0 * CAPACITY, 16.0)
    };
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let lost = |one: &&Sample| one.outcome == Outcome::Lost;
    let left = record.samples().filter(lost).count();
    let mut figures = vec![
        Figure::at_least(
            "answered well, as a share of what the replicas could do",
            bench.goodput(&[&record], 3.0..16.0, patience),
            0.9,
        ),
        Figure::shown("p99 of reads, ms", record.read_ms(3.0..16.0, 0.99)),
        Figure::shown("p99 of writes, ms", record.write_ms(3.0..16.0, 0.99)),
        Figure::shown("clients that left", left as f64),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn spike(settings: Settings) -> Vec<Figure> {
    let bench = slow_bench(&settings).await;
    let mut more = load(&bench, 2.2, 5.0);
    more.seed = !more.seed;
    let more = async {
        pause(5.0).await;
        more.run(&bench.pointsman.url).await
    };
    let (record, more) = bench.run(load(&bench, 0.8, 16.0), more).await;
    let both = [&record, &more];
    let mut figures = vec![goodput("in the spike: ", &bench, &both, 5.0..10.0)];
    figures.extend(p99("in the spike: ", &more, 0.0..5.0));
    figures.push(Figure::at_most(
        "% of requests not answered well within 1 s, from 1 s after it",
        record.late(11.0..16.0, WELL),
        5.0,
    ));
    figures.push(promises(bench.broken(&both)));
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
        shared: 0.0,
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
        )
        .because(
            "a refusal is read, understood and planned as any request is before it is refused",
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
    figures.push(promises(bench.broken(&[&record, &refusals])));
    figures
}
