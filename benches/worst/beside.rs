//! Other clients beside a worst body: one worker, as the proxy has it, that is given a small request
//! every millisecond. How late each is done, from when it was due.

use crate::bodies::Nasty;
use hdrhistogram::Histogram;
use pointsman::dialect::Dialect;
use pointsman::dialect::neo4j::{Neo4j, Neo4jSettings};
use pointsman::offload;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

/// How long each is measured.
const MEASURED: Duration = Duration::from_millis(300);
/// How often a small request comes.
const EVERY: Duration = Duration::from_millis(1);

/// What the worker does beside the small requests.
#[derive(Clone, Copy)]
enum Load {
    Nothing,
    /// One worst body after the other, on the worker.
    InItsWay,
    /// The same, as the proxy does it.
    AsServed,
}

/// The p99 of the small requests in milliseconds: alone, with worst bodies in their way, and as
/// they are served.
pub fn p99(dialect: &Arc<dyn Dialect>, nasty: &Nasty, small: &Nasty) -> [f64; 3] {
    [Load::Nothing, Load::InItsWay, Load::AsServed].map(|load| {
        let worker = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap_or_else(|error| panic!("a runtime is built: {error}"));
        let times = worker.block_on(async {
            tokio::select! {
                times = small_requests(small) => times,
                () = worst(load, dialect, nasty) => panic!("this never ends"),
            }
        });
        times.value_at_quantile(0.99) as f64 / 1000.0
    })
}

async fn small_requests(small: &Nasty) -> Histogram<u64> {
    let dialect = Neo4j::new(Neo4jSettings::new("graph"));
    let mut late = Histogram::new_with_bounds(1, 60_000_000, 3)
        .unwrap_or_else(|error| panic!("these bounds are allowed: {error}"));
    let mut due = interval(EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let end = Instant::now() + MEASURED;
    while Instant::now() < end {
        let was_due = due.tick().await;
        drop(black_box(dialect.understand(&small.request.as_request())));
        late.saturating_record(u64::try_from(was_due.elapsed().as_micros()).unwrap_or(u64::MAX));
    }
    late
}

async fn worst(load: Load, dialect: &Arc<dyn Dialect>, nasty: &Nasty) {
    loop {
        match load {
            Load::Nothing => {
                let _ = timeout(EVERY, std::future::pending::<()>()).await;
            }
            Load::InItsWay => drop(black_box(dialect.understand(&nasty.request.as_request()))),
            Load::AsServed => drop(black_box(
                offload::understand(dialect, &nasty.request.as_request()).await,
            )),
        }
        tokio::task::yield_now().await;
    }
}
