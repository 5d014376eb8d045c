//! How many requests waited for their responses at an endpoint lately: the mean over time, of which the last second or so counts.

use crate::Moment;
use crate::atomic::{AtomicF64, AtomicMoment};

/// Seconds after which what was counts for a third.
const MEMORY: f64 = 1.0;

/// A number that changes in steps, with its mean. Written by one at a time, read by many.
#[derive(Debug, Default)]
pub struct LatelyTaken {
    mean: AtomicF64,
    value: AtomicF64,
    since: AtomicMoment,
}

impl LatelyTaken {
    /// From now on so many wait.
    pub fn set(&self, waiting: usize, now: Moment) {
        self.mean.set(self.get(now));
        self.value.set(waiting as f64);
        self.since.set(now);
    }

    /// The mean as of now.
    pub fn get(&self, now: Moment) -> f64 {
        let lasted = now.since(self.since.get()).as_secs_f64();
        let value = self.value.get();
        value + (self.mean.get() - value) * (-lasted / MEMORY).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn each_number_counts_for_as_long_as_it_held() {
        let taken = LatelyTaken::default();
        for n in 0..10_000 {
            let now = Moment(0) + Duration::from_millis(n);
            taken.set(if n % 4 == 0 { 8 } else { 0 }, now);
        }
        let mean = taken.get(Moment(0) + Duration::from_secs(10));
        assert!((1.98..2.02).contains(&mean), "{mean}");
    }
}
