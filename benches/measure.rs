//! Times single runs of a step into a histogram, within a time of its own.

use hdrhistogram::Histogram;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long a step is repeated unmeasured, then measured.
const WARM_UP: Duration = Duration::from_millis(50);
const MEASURED: Duration = Duration::from_millis(400);
/// The longest time that is told apart, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;

/// The columns of the table.
pub const HEADER: &str = "request                        step                   runs      p50      p99    p99.9      max    limit";

/// Times of one step, in nanoseconds.
pub struct Measured(Histogram<u64>);

/// Repeats a step; what it returns is dropped outside the measured time.
pub fn measure<T>(mut step: impl FnMut() -> T) -> Measured {
    let mut times = Histogram::new_with_bounds(1, LONGEST, 3)
        .unwrap_or_else(|error| panic!("these bounds are allowed: {error}"));
    let start = Instant::now();
    while start.elapsed() < WARM_UP {
        drop(black_box(step()));
    }
    let start = Instant::now();
    while start.elapsed() < MEASURED {
        let before = Instant::now();
        let result = black_box(step());
        let nanos = before.elapsed().as_nanos();
        times.saturating_record(u64::try_from(nanos).unwrap_or(u64::MAX));
        drop(result);
    }
    Measured(times)
}

impl Measured {
    /// 99 of 100 runs took no longer.
    pub fn p99(&self) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(0.99))
    }

    /// A row of the table, in microseconds.
    pub fn row(&self, name: &str, step: &str, limit: Duration, good: bool) -> String {
        let micros = |quantile| self.0.value_at_quantile(quantile) as f64 / 1000.0;
        format!(
            "{name:30} {step:18} {:8} {:8.2} {:8.2} {:8.2} {:8.2} {:8.2}  {}",
            self.0.len(),
            micros(0.5),
            micros(0.99),
            micros(0.999),
            micros(1.0),
            limit.as_nanos() as f64 / 1000.0,
            if good { "good" } else { "NOT GOOD" }
        )
    }
}
