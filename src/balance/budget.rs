//! The retry budget of a service: retries are a share of requests plus a few per second, so
//! that a service which fails is not hit harder for it.

use crate::clock::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Thousandths of a retry; requests earn less than a whole one.
const WHOLE: u64 = 1000;
/// Retries that may be saved up: quiet times earn no storm.
const SAVED_AT_MOST: u64 = 100 * WHOLE;

/// What a service has saved up. It outlives a reload: an endpoint that fails just after one must not
/// find the others' reads without retries.
#[derive(Debug, Default)]
pub struct Savings {
    earned: AtomicU64,
    /// The second in the upper half, retries by the floor in it in the lower.
    floor: AtomicU64,
}

/// Counts requests and retries. Lock-free.
#[derive(Debug)]
pub struct RetryBudget {
    earned_per_request: u64,
    per_second: u32,
    savings: Arc<Savings>,
}

impl RetryBudget {
    /// Retries for a `share` (0..=1) of requests, and a fixed rate per second on top of it.
    pub fn new(share: f64, per_second: u32, savings: Arc<Savings>) -> Self {
        Self {
            earned_per_request: (share.clamp(0.0, 1.0) * WHOLE as f64) as u64,
            per_second,
            savings,
        }
    }

    /// What was saved up, for the next configuration's budget.
    pub fn savings(&self) -> Arc<Savings> {
        Arc::clone(&self.savings)
    }

    /// A request came in (not a retry).
    pub fn request(&self) {
        let more = |saved: u64| Some((saved + self.earned_per_request).min(SAVED_AT_MOST));
        let _ = self
            .savings
            .earned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Takes one retry from the budget; false when there is none left.
    pub fn retry(&self, now: Moment) -> bool {
        let spend = |saved: u64| saved.checked_sub(WHOLE);
        let earned = self
            .savings
            .earned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend);
        earned.is_ok() || self.by_floor(now)
    }

    fn by_floor(&self, now: Moment) -> bool {
        // One up, so that the first second differs from the unused state.
        let second = (now.0 / 1_000_000_000 + 1) << 32;
        let spend = |used: u64| {
            let used = used.max(second);
            ((used & u64::from(u32::MAX)) < u64::from(self.per_second)).then(|| used + 1)
        };
        self.savings
            .floor
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::time::Duration;

    fn budget(share: f64, per_second: u32) -> RetryBudget {
        RetryBudget::new(share, per_second, Arc::default())
    }

    fn granted(budget: &RetryBudget, asked: usize, now: Moment) -> usize {
        (0..asked).filter(|_| budget.retry(now)).count()
    }

    #[test]
    fn a_fifth_of_the_requests_may_be_repeated() {
        let budget = budget(0.2, 0);
        (0..50).for_each(|_| budget.request());
        assert_eq!(granted(&budget, 50, Moment(0)), 10);
    }

    #[test]
    fn what_was_saved_up_outlives_a_reload() {
        let savings = Arc::<Savings>::default();
        let before = RetryBudget::new(0.2, 0, Arc::clone(&savings));
        (0..50).for_each(|_| before.request());
        let after = RetryBudget::new(0.5, 0, savings);
        assert_eq!(granted(&after, 50, Moment(0)), 10);
    }

    #[test]
    fn the_floor_is_there_again_each_second() {
        let (budget, clock) = (budget(0.0, 3), Clock::manual());
        assert_eq!(granted(&budget, 9, clock.now()), 3);
        clock.advance(Duration::from_millis(999));
        assert_eq!(granted(&budget, 9, clock.now()), 0);
        clock.advance(Duration::from_millis(1));
        assert_eq!(granted(&budget, 9, clock.now()), 3);
    }

    #[test]
    fn a_quiet_day_earns_no_storm() {
        let budget = budget(1.0, 0);
        (0..100_000).for_each(|_| budget.request());
        assert_eq!(granted(&budget, 1000, Moment(0)), 100);
    }
}
