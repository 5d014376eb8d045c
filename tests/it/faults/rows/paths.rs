//! One replica, or the path to it, fails.

use std::time::{Duration, Instant};

use testbed::faults::Requests;
use testbed::link::{Held, Link};

use super::answers::qdrant_error;
use super::{Fault, run};
use crate::faults::bench::{BUSY, Bench, QUICK, Settings, Setup, pause};
use crate::faults::database::{Failing, Replica};
use crate::faults::record::{Moment, Record};
use crate::faults::report::Figure;

/// Requests a second.
const RATE: f64 = 300.0;

/// A read that takes longer was held up by the fault.
const LONG: Duration = Duration::from_millis(500);

pub const FAULTS: &[Fault] = &[
    Fault::new(
        "killed",
        "the busiest of three replicas is killed at 3 s and is back at 6 s",
        run!(killed),
    ),
    Fault::new(
        "refused",
        "connections to one of three replicas are refused from the start",
        run!(refused),
    ),
    Fault::new(
        "reset",
        "the busiest of three replicas resets every connection from 3 s on",
        run!(reset),
    ),
    Fault::new(
        "stopped",
        "the busiest of three replicas stops for 5 s at 3 s (SIGSTOP): it accepts, and nothing comes",
        run!(stopped),
    ),
    Fault::new(
        "never-replies",
        "the busiest of three replicas takes requests from 3 s on and never replies; clients give 1 s",
        run!(never_replies),
    ),
    Fault::new(
        "partition",
        "the path to the busiest of three replicas is cut for 5 s at 3 s, also for new connections",
        run!(partition),
    ),
    Fault::new(
        "one-way-partition",
        "for 5 s at 3 s responses of the busiest of three replicas are lost",
        run!(one_way),
    ),
    Fault::new(
        "lossy",
        "50 ms of delay each way and 5 % loss to all replicas from the start",
        run!(lossy),
    ),
    Fault::new(
        "idle-close",
        "replicas close connections after 300 ms without a byte; 8 requests a second",
        run!(idle_close),
    ),
    Fault::new(
        "flapping",
        "the replica that is busiest at that moment is killed and back each 2 s, five times",
        run!(flapping),
    ),
    Fault::new(
        "fails-again",
        "the busiest of three replicas answers 500 for 2 s at 3 s, its probes are good; when it has taken 10 requests again, for 1 s more; half of the requests are writes",
        run!(fails_again),
    ),
    Fault::new(
        "slow",
        "the busiest of three replicas is ten times as slow from 3 s on",
        run!(slow),
    ),
];

async fn killed(settings: Settings) -> Vec<Figure> {
    let bench = Setup::slow().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let link = &bench.busiest().link;
        let moment = kill(link).await;
        pause(3.0).await;
        link.restore().await.expect("the port");
        moment
    };
    let (record, moment) = bench.run(bench.load(BUSY, 18.0), events).await;
    let mut figures = failed(&record, &[moment]);
    figures.push(Figure::at_most(
        "s until no request fails or takes 0.5 s",
        record.disturbed(3.0..18.0, LONG),
        1.0,
    ));
    figures.push(Figure::at_most(
        "s after its return until it takes half its share",
        bench.all_serve_after(&record, 6.0..18.0),
        5.0,
    ));
    figures.extend(bench.invariants(&record));
    figures
}

/// Kills, and tells when.
async fn kill(link: &Link) -> Moment {
    let before = Instant::now();
    link.kill().await;
    before..Instant::now()
}

/// Reads that failed, and writes that failed and were not under way at any of these moments: those cannot be saved.
fn failed(record: &Record, moments: &[Moment]) -> Vec<Figure> {
    vec![
        Figure::none("reads failed", record.reads_failed(0.0..f64::MAX)),
        Figure::none(
            "writes failed, but those under way at the moment of the fault",
            record.writes_failed_apart_from(moments),
        ),
        Figure::shown("writes failed", record.writes_failed(0.0..f64::MAX)),
    ]
}

async fn refused(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    bench.servers[1].link.kill().await;
    let (record, ()) = bench.run(bench.load(RATE, 6.0), pause(0.0)).await;
    let mut figures = vec![Figure::none(
        "% of requests failed",
        record.errors(0.0..6.0),
    )];
    figures.extend(bench.invariants(&record));
    figures
}

async fn reset(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let server = bench.busiest();
        let before = Instant::now();
        server.faults().refuse(true);
        server.listener.kill();
        server.listener.restart().expect("the port");
        before..Instant::now()
    };
    let (record, moment) = bench.run(bench.load(RATE, 9.0), events).await;
    let mut figures = failed(&record, &[moment]);
    figures.extend(bench.invariants(&record));
    figures
}

/// What a replica that hangs costs.
fn hang(bench: &Bench, record: &Record, to: f64) -> Vec<Figure> {
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(0.0..f64::MAX)),
        Figure::at_most(
            "s until no read takes 0.5 s",
            record.reads_disturbed(3.0..to, LONG),
            3.0,
        )
        .because("reads of what was just written are sent to a second replica, which may lag, only after the home was silent for a second"),
        Figure::at_most(
            "p99 of reads from 1 s into it, as a multiple of the quiet p99",
            record.read_ms(4.0..to, 0.99) / record.read_ms(1.0..3.0, 0.99),
            1.5,
        ),
        Figure::shown("longest read, ms", record.read_ms(0.0..f64::MAX, 1.0)),
    ];
    figures.extend(bench.invariants(record));
    figures
}

async fn stopped(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let link = &bench.busiest().link;
        link.hold(Held::Both);
        pause(5.0).await;
        link.hold(Held::Nothing);
    };
    let (record, ()) = bench.run(bench.load(RATE, 12.0), events).await;
    hang(&bench, &record, 8.0)
}

async fn never_replies(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        bench.busiest().faults().hang(Some(Requests::All));
    };
    let mut load = bench.load(RATE, 9.0);
    load.limit = Some(1);
    let (record, ()) = bench.run(load, events).await;
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(0.0..f64::MAX)),
        Figure::shown(
            "writes without an answer after 20 s",
            record.writes_failed(0.0..f64::MAX),
        ),
        Figure::none(
            "of those, sent to it from 2 s after the fault",
            record.writes_failed(5.0..f64::MAX),
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn partition(settings: Settings) -> Vec<Figure> {
    let bench = Setup::slow().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let link = &bench.busiest().link;
        link.isolate().await.expect("the port");
        pause(5.0).await;
        link.restore().await.expect("the port");
    };
    let (record, ()) = bench.run(bench.load(BUSY, 18.0), events).await;
    let mut figures = hang(&bench, &record, 8.0);
    figures.push(
        Figure::at_most(
            "s after its end until all take half their share",
            bench.all_serve_after(&record, 8.0..18.0),
            5.0,
        )
        .because("half an even share is more than the strategy gives to those that it takes for slower; that it takes requests again is seen with `--outcomes`"),
    );
    figures
}

async fn one_way(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let link = &bench.busiest().link;
        link.hold(Held::Responses);
        pause(5.0).await;
        link.hold(Held::Nothing);
    };
    let (record, ()) = bench.run(bench.load(RATE, 12.0), events).await;
    hang(&bench, &record, 8.0)
}

async fn lossy(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    for server in &bench.servers {
        server.link.impair(Duration::from_millis(50), 0.05);
    }
    let (record, ()) = bench.run(bench.load(100.0, 10.0), pause(0.0)).await;
    let mut figures = vec![
        Figure::none("% of requests failed", record.errors(0.0..10.0)),
        Figure::shown("p50 of reads, ms", record.read_ms(0.0..10.0, 0.5)),
        Figure::shown("p99 of reads, ms", record.read_ms(0.0..10.0, 0.99)),
        Figure::none("replicas taken out", bench.pointsman.taken_out().await),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn idle_close(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    for server in &bench.servers {
        server.link.close_idle(Duration::from_millis(300));
    }
    let mut load = bench.load(8.0, 20.0);
    load.writes = 0.3;
    let (record, ()) = bench.run(load, pause(0.0)).await;
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(0.0..20.0)),
        Figure::shown(
            "writes failed, as their outcome is unknown",
            record.writes_failed(0.0..20.0),
        ),
        Figure::none("replicas taken out", bench.pointsman.taken_out().await),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn flapping(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let before = bench.pointsman.changes().await;
    let events = async {
        let mut moments = Vec::new();
        for _ in 0..5 {
            pause(2.0).await;
            let link = &bench.busiest().link;
            moments.push(kill(link).await);
            pause(2.0).await;
            link.restore().await.expect("the port");
        }
        moments
    };
    let (record, moments) = bench.run(bench.load(RATE, 22.0), events).await;
    let changes = bench.pointsman.changes().await - before;
    let mut figures = failed(&record, &moments);
    figures.push(Figure::shown(
        "changes of a replica's state, for each time that one was killed",
        changes / 5.0,
    ));
    figures.extend(bench.invariants(&record));
    figures
}

/// Fails for so many seconds. Returns in how many it takes requests again.
async fn fail_for(replica: &Replica, seconds: f64) -> f64 {
    let error = qdrant_error("Service internal error: injected");
    replica.fail(Some(Failing::always(500, error)));
    pause(seconds).await;
    replica.fail(None);
    let back = Instant::now();
    while replica.taken(back, Instant::now()) < 10 && back.elapsed() < Duration::from_secs(20) {
        pause(0.02).await;
    }
    back.elapsed().as_secs_f64()
}

async fn fails_again(settings: Settings) -> Vec<Figure> {
    let bench = Setup::slow().start(&settings).await;
    let events = async {
        pause(3.0).await;
        let replica = &bench.busiest().replica;
        [fail_for(replica, 2.0).await, fail_for(replica, 1.0).await]
    };
    // Writes go to their home, so that more than the strategy lets through fails there.
    let mut load = bench.load(BUSY, 25.0);
    load.writes = 0.5;
    let (record, [first, second]) = bench.run(load, events).await;
    let mut figures = vec![
        Figure::none("reads failed", record.reads_failed(0.0..25.0)),
        Figure::at_most("% of requests failed", record.errors(0.0..25.0), 0.2),
        Figure::at_most(
            "s after the first time until it has taken 10 requests",
            first,
            5.0,
        ),
        Figure::at_most(
            "s after the second time until it has taken 10 requests",
            second,
            10.0,
        ),
        Figure::shown(
            "times taken out; the strategy gives it less before its breaker opens",
            bench.pointsman.taken_out().await,
        ),
    ];
    figures.extend(bench.invariants(&record));
    figures
}

async fn slow(settings: Settings) -> Vec<Figure> {
    let bench = Setup::default().start(&settings).await;
    let events = async {
        pause(3.0).await;
        bench.busiest().replica.set_service(QUICK.service * 10);
    };
    let (record, ()) = bench.run(bench.load(RATE, 14.0), events).await;
    let mut figures = vec![
        Figure::none("% of requests failed", record.errors(0.0..14.0)),
        Figure::at_most(
            "p99 of reads from 5 s after it, as a multiple of the quiet p99",
            record.read_ms(8.0..14.0, 0.99) / record.read_ms(1.0..3.0, 0.99),
            1.5,
        )
        .because("it is the home of the collection that is written, and reads go to a home that may be ahead of the others until writes leave it, past ten times; elsewhere they might be stale"),
        Figure::none("replicas taken out", bench.pointsman.taken_out().await),
    ];
    figures.extend(bench.invariants(&record));
    figures
}
