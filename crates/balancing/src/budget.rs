//! A budget of extra attempts: a share of the requests, and at least so many in each second. A service that fails is then
//! not hit much harder for it.

use crate::Moment;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Thousandths of an attempt; requests earn less than a whole one.
const WHOLE: u64 = 1000;
/// The lower half of a word.
const COUNT: u64 = u32::MAX as u64;

/// What was saved up. It is handed to the next budget of the same service: an endpoint that fails just after a reload must
/// not find the others' reads without retries.
#[derive(Debug, Default)]
pub struct Savings {
    earned: AtomicU64,
    /// The second in the upper half, attempts spent in it in the lower.
    spent: AtomicU64,
    /// The second in the upper half, what its floor lent in the lower: repaid before anything more is earned.
    lent: AtomicU64,
}

/// How much a budget grants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowance {
    /// Extra attempts as a share of the requests, 0..=1.
    pub share: f64,
    /// Extra attempts that each second grants, whatever was earned.
    pub per_second: u32,
    /// Extra attempts that may be saved up: quiet times earn no storm.
    pub saved_at_most: u32,
}

/// Counts requests and extra attempts. Lock-free.
#[derive(Debug)]
pub struct Budget {
    earned_per_request: u64,
    per_second: u64,
    saved_at_most: u64,
    savings: Arc<Savings>,
}

impl Budget {
    /// A budget that goes on with these savings.
    pub fn new(allowance: Allowance, savings: Arc<Savings>) -> Self {
        Self {
            earned_per_request: (allowance.share.clamp(0.0, 1.0) * WHOLE as f64) as u64,
            per_second: allowance.per_second.into(),
            saved_at_most: u64::from(allowance.saved_at_most) * WHOLE,
            savings,
        }
    }

    /// A request came in; extra attempts do not count.
    pub fn earn(&self) {
        let earned = self.earned_per_request;
        let repaid = |lent: u64| Some(lent - (lent & COUNT).min(earned));
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let lent = self.savings.lent.fetch_update(set, get, repaid);
        let left = earned - (lent.unwrap_or_default() & COUNT).min(earned);
        let more = |saved: u64| Some((saved + left).min(self.saved_at_most));
        let _ = self
            .savings
            .earned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
    }

    /// Takes one extra attempt from the budget; false when there is none left.
    pub fn spend(&self, now: Moment) -> bool {
        let less = |saved: u64| saved.checked_sub(WHOLE);
        let earned = self
            .savings
            .earned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok();
        let is_counted = self.count(now, earned);
        if is_counted && !earned {
            self.lend(now);
        }
        is_counted || earned
    }

    /// Takes one extra attempt if so many are left then; what the floor of the second grants does not count.
    pub fn spend_surplus(&self, left: u32) -> bool {
        let left = u64::from(left) * WHOLE;
        let less = |saved: u64| saved.checked_sub(WHOLE).filter(|rest| *rest >= left);
        self.savings
            .earned
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }

    /// The floor of this second grants an attempt that was not earned.
    fn lend(&self, now: Moment) {
        let more = |lent: u64| {
            let lent = lent.max(second(now));
            Some(lent + WHOLE.min(COUNT - (lent & COUNT)))
        };
        let (set, get) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.savings.lent.fetch_update(set, get, more);
    }

    /// Counts an attempt in its second. What was earned counts towards the floor of the second, so the two do not add up.
    fn count(&self, now: Moment, earned: bool) -> bool {
        let second = second(now);
        let spend = |spent: u64| {
            let spent = spent.max(second);
            let count = spent & COUNT;
            (count < self.per_second || earned && count < COUNT).then(|| spent + 1)
        };
        self.savings
            .spent
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend)
            .is_ok()
    }
}

/// A second as the upper half of a word. One up, so that the first one differs from the unused state.
fn second(now: Moment) -> u64 {
    (now.0 / 1_000_000_000 + 1) << 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn allowance(share: f64, per_second: u32) -> Allowance {
        Allowance {
            share,
            per_second,
            saved_at_most: 100,
        }
    }

    fn budget(share: f64, per_second: u32) -> Budget {
        Budget::new(allowance(share, per_second), Arc::default())
    }

    fn granted(budget: &Budget, asked: usize, now: Moment) -> usize {
        (0..asked).filter(|_| budget.spend(now)).count()
    }

    fn at(millis: u64) -> Moment {
        Moment::default() + Duration::from_millis(millis)
    }

    #[test]
    fn a_fifth_of_the_requests_may_be_repeated() {
        let budget = budget(0.2, 0);
        (0..50).for_each(|_| budget.earn());
        assert_eq!(granted(&budget, 50, at(0)), 10);
    }

    #[test]
    fn what_was_saved_up_outlives_a_reload() {
        let savings = Arc::<Savings>::default();
        let before = Budget::new(allowance(0.2, 0), Arc::clone(&savings));
        (0..50).for_each(|_| before.earn());
        let after = Budget::new(allowance(0.5, 0), savings);
        assert_eq!(granted(&after, 50, at(0)), 10);
    }

    #[test]
    fn the_floor_is_there_again_each_second() {
        let budget = budget(0.0, 3);
        assert_eq!(granted(&budget, 9, at(0)), 3);
        assert_eq!(granted(&budget, 9, at(999)), 0);
        assert_eq!(granted(&budget, 9, at(1000)), 3);
    }

    #[test]
    fn the_floor_is_a_minimum_and_adds_nothing_to_a_larger_share() {
        let budget = budget(0.2, 10);
        (0..100).for_each(|_| budget.earn());
        assert_eq!(granted(&budget, 100, at(0)), 20);
        (0..20).for_each(|_| budget.earn());
        assert_eq!(granted(&budget, 100, at(1000)), 10);
    }

    #[test]
    fn what_the_floor_grants_first_is_not_earned_again_in_the_same_second() {
        let budget = budget(0.2, 10);
        assert_eq!(granted(&budget, 100, at(0)), 10);
        (0..100).for_each(|_| budget.earn());
        assert_eq!(granted(&budget, 100, at(500)), 10);
        assert_eq!(granted(&budget, 100, at(1000)), 10);
    }

    #[test]
    fn a_surplus_leaves_so_many() {
        let budget = budget(0.2, 10);
        (0..50).for_each(|_| budget.earn());
        assert_eq!((0..50).filter(|_| budget.spend_surplus(4)).count(), 6);
        assert!(!budget.spend_surplus(4));
    }

    #[test]
    fn a_quiet_day_earns_no_storm() {
        let budget = budget(1.0, 0);
        (0..100_000).for_each(|_| budget.earn());
        assert_eq!(granted(&budget, 1000, at(0)), 100);
    }
}
