//! A shadow: another policy that is asked for each choice beside the one that decides, and learns from the same requests. How
//! often the two agree and what the difference may be worth is counted; what the shadow says changes nothing.

use crate::{Ask, Completion, LearnedWeight, Pick, Policy, PoolView, Random, Start};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A policy and its shadow.
pub struct Shadowed {
    policy: Arc<dyn Policy>,
    shadow: Arc<dyn Policy>,
    agreed: AtomicU64,
    differed: AtomicU64,
    waited: AtomicU64,
    compared: AtomicU64,
    difference_ns: AtomicI64,
}

/// What was counted of a shadow.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ShadowFigures {
    /// Choices in which both picked the same endpoint.
    pub agreed: u64,
    /// Choices in which they did not.
    pub differed: u64,
    /// Choices in which one of them would rather have waited.
    pub waited: u64,
    /// Seconds that the endpoints of the shadow took longer on average than those that were chosen, by their moving
    /// means at the moment of each choice: below 0 it would have been faster. `None` before both means were known.
    pub difference: Option<f64>,
}

impl Shadowed {
    /// `shadow` beside `policy`.
    pub fn new(policy: Arc<dyn Policy>, shadow: Arc<dyn Policy>) -> Self {
        Self {
            policy,
            shadow,
            agreed: AtomicU64::new(0),
            differed: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            compared: AtomicU64::new(0),
            difference_ns: AtomicI64::new(0),
        }
    }

    /// What was counted so far.
    pub fn figures(&self) -> ShadowFigures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let compared = read(&self.compared);
        let sum = self.difference_ns.load(Ordering::Relaxed) as f64 / 1e9;
        ShadowFigures {
            agreed: read(&self.agreed),
            differed: read(&self.differed),
            waited: read(&self.waited),
            difference: (compared > 0).then(|| sum / compared as f64),
        }
    }

    fn compare(&self, pool: &PoolView<'_>, chosen: Option<Pick>, other: Option<Pick>) {
        let (Some(chosen), Some(other)) = (chosen, other) else {
            self.waited.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let count = match chosen.index == other.index {
            true => &self.agreed,
            false => &self.differed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let time = |pick: Pick| pool.get(pick.index)?.load.mean_time;
        if let (Some(chosen), Some(other)) = (time(chosen), time(other)) {
            let nanos = ((other - chosen) * 1e9) as i64;
            self.difference_ns.fetch_add(nanos, Ordering::Relaxed);
            self.compared.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Policy for Shadowed {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick> {
        let mut own = Random::seeded(random.bits());
        let chosen = self.policy.pick(pool, ask, random);
        self.compare(pool, chosen, self.shadow.pick(pool, ask, &mut own));
        chosen
    }

    fn work(&self, ask: &Ask) -> f64 {
        self.policy.work(ask)
    }

    fn score(&self, pool: &PoolView<'_>, ask: &Ask, index: usize) -> Option<f64> {
        self.policy.score(pool, ask, index)
    }

    fn weights(&self) -> Vec<LearnedWeight> {
        self.policy.weights()
    }

    fn on_start(&self, start: &Start) {
        self.policy.on_start(start);
        self.shadow.on_start(start);
    }

    fn on_finish(&self, completion: &Completion) {
        self.policy.on_finish(completion);
        self.shadow.on_finish(completion);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::Strategy;
    use crate::testing::{IDLE, Plain};

    fn shadowed(policy: Strategy, shadow: Strategy, times: [f64; 2]) -> (Plain, Arc<Shadowed>) {
        let view = |seconds| {
            let mut view = IDLE;
            view.load.mean_time = Some(seconds);
            view
        };
        let mut plain = Plain::new(policy, times.map(view).to_vec());
        let shadowed = Arc::new(Shadowed::new(policy.policy(2), shadow.policy(2)));
        plain.selector.policy = shadowed.clone();
        (plain, shadowed)
    }

    #[test]
    fn a_shadow_changes_no_choice_and_its_difference_is_counted() {
        let (mut plain, shadowed) =
            shadowed(Strategy::RoundRobin, Strategy::ResourceAware, [0.1, 2.1]);
        let mut alone = Plain::new(Strategy::RoundRobin, plain.views.clone());
        assert_eq!(plain.picks(100), alone.picks(100));
        let found = shadowed.figures();
        assert_eq!((found.agreed, found.differed, found.waited), (50, 50, 0));
        assert!(
            found
                .difference
                .is_some_and(|mean| (mean + 1.0).abs() < 1e-6)
        );
    }

    #[test]
    fn a_policy_agrees_with_itself() {
        let (mut plain, shadowed) =
            shadowed(Strategy::RoundRobin, Strategy::RoundRobin, [1.0, 1.0]);
        plain.picks(10);
        let found = shadowed.figures();
        assert_eq!((found.agreed, found.difference), (10, Some(0.0)));
    }
}
