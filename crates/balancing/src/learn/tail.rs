//! How long the slowest requests of a shape take: the 95th and the 99th percentile of their service times, each shape a
//! histogram of fixed size that forgets the past by halves.

use super::ByShape;
use std::time::Duration;

/// Fewer samples give no percentiles: of these, two are beyond the lower one.
const ENOUGH: u32 = 40;
/// Past so many samples, what is known counts half.
const MANY: u32 = 400;

/// The upper edge of the first bucket.
const SHORTEST: Duration = Duration::from_micros(50);
/// Buckets for each doubling of the time: an edge is 19 % above the one before it.
const PER_DOUBLING: f64 = 4.0;
/// The last one begins at 87 s.
const BUCKETS: usize = 84;
/// What a sample weighs in its bucket, so that halving loses no single sample.
const UNIT: u16 = 16;

/// How long the slowest requests of a shape take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tail {
    /// 95 % of them end within this time.
    pub p95: Duration,
    /// 99 % of them do.
    pub p99: Duration,
}

/// The service times of a service, by shape.
#[derive(Debug, Default)]
pub struct TailTimes(ByShape<Histogram>);

/// The service times of one shape.
#[derive(Debug)]
struct Histogram {
    samples: u32,
    buckets: [u16; BUCKETS],
}

impl TailTimes {
    /// A request of this shape took so long.
    pub fn learn(&self, shape: u64, time: Duration) {
        self.0.learn(shape, |tail| tail.add(time));
    }

    /// A request of this shape took longer than this: it was cancelled then. It counts only where it certainly lies beyond the
    /// lower percentile.
    pub fn learn_at_least(&self, shape: u64, time: Duration) {
        self.0.look(shape, |known| {
            if known.tail().is_some_and(|tail| time >= tail.p95) {
                known.add(time);
            }
        });
    }

    /// How long the slowest requests of this shape take; `None` where too few were seen.
    pub fn tail(&self, shape: u64) -> Option<Tail> {
        self.0.look(shape, |known| known.tail())?
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            samples: 0,
            buckets: [0; BUCKETS],
        }
    }
}

impl Histogram {
    fn add(&mut self, time: Duration) {
        if self.samples >= MANY {
            self.samples /= 2;
            self.buckets.iter_mut().for_each(|bucket| *bucket /= 2);
        }
        self.samples += 1;
        if let Some(bucket) = self.buckets.get_mut(bucket_of(time)) {
            *bucket = bucket.saturating_add(UNIT);
        }
    }

    fn tail(&self) -> Option<Tail> {
        if self.samples < ENOUGH {
            return None;
        }
        Some(Tail {
            p95: self.percentile(0.95)?,
            p99: self.percentile(0.99)?,
        })
    }

    fn percentile(&self, share: f64) -> Option<Duration> {
        let all: f64 = self.buckets.iter().map(|bucket| f64::from(*bucket)).sum();
        let mut left = all * share;
        let within = |bucket: &u16| {
            left -= f64::from(*bucket);
            left <= 0.0
        };
        self.buckets.iter().position(within).map(edge)
    }
}

fn bucket_of(time: Duration) -> usize {
    let doublings = (time.as_secs_f64() / SHORTEST.as_secs_f64()).log2();
    // A negative number, of what is shorter, becomes 0.
    ((doublings * PER_DOUBLING).ceil() as usize).min(BUCKETS - 1)
}

/// The upper edge of a bucket.
fn edge(bucket: usize) -> Duration {
    SHORTEST.mul_f64((bucket as f64 / PER_DOUBLING).exp2())
}

#[cfg(test)]
mod tests;
