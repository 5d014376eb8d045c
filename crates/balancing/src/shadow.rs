//! A shadow: another policy that is asked for each choice beside the one that decides, and learns from the same requests. How
//! often the two agree and what the difference may be worth is counted; what the shadow says changes nothing.

use crate::{
    Ask, Completion, LearnedWeight, Memory, Moment, Pick, Policy, PoolView, Random, Room, Start,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

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

    fn expected_time(&self, start: &Start) -> Option<Duration> {
        self.policy.expected_time(start)
    }

    fn scores(&self, pool: &PoolView<'_>, ask: &Ask) -> Vec<Option<f64>> {
        self.policy.scores(pool, ask)
    }

    fn places(&self, index: usize, now: Moment) -> Option<f64> {
        self.policy.places(index, now)
    }

    fn lately_taken(&self, index: usize, now: Moment) -> Option<f64> {
        self.policy.lately_taken(index, now)
    }

    /// The policy that chooses goes on; its shadow is begun anew with the pool.
    fn carried(&self, from: &[Option<usize>]) -> Option<Arc<dyn Policy>> {
        self.policy.carried(from)
    }

    fn memory(&self) -> Option<Memory> {
        self.policy.memory()
    }

    fn recall(&self, memory: &Memory, from: &[Option<usize>], trust: f64) {
        self.policy.recall(memory, from, trust);
    }

    fn weights(&self) -> Vec<LearnedWeight> {
        self.policy.weights()
    }

    fn room(&self, pool: &PoolView<'_>, index: usize) -> Room {
        self.policy.room(pool, index)
    }

    fn is_far_slower(&self, pool: &PoolView<'_>, index: usize) -> bool {
        self.policy.is_far_slower(pool, index)
    }

    fn on_start(&self, start: &Start) {
        self.policy.on_start(start);
        self.shadow.on_start(start);
    }

    fn on_response(&self, start: &Start, now: Moment) {
        self.policy.on_response(start, now);
        self.shadow.on_response(start, now);
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
    use crate::testing::{IDLE, Plain, READ, methods};
    use crate::{RouteReason, Standing};

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

    /// Answers every question unlike a policy that has nothing to say.
    #[derive(Default)]
    struct Contrary {
        told: AtomicU64,
    }

    const WEIGHT: LearnedWeight = LearnedWeight {
        class: 3,
        strategy: "contrary",
        weight: 0.5,
    };

    impl Policy for Contrary {
        fn pick(&self, _: &PoolView<'_>, _: &Ask, _: &mut Random) -> Option<Pick> {
            Some(Pick::because(1, RouteReason::Weight))
        }

        fn work(&self, _: &Ask) -> f64 {
            7.0
        }

        fn scores(&self, _: &PoolView<'_>, _: &Ask) -> Vec<Option<f64>> {
            vec![None, Some(1.5)]
        }

        fn carried(&self, _: &[Option<usize>]) -> Option<Arc<dyn Policy>> {
            Some(Arc::new(Self::default()))
        }

        fn memory(&self) -> Option<Memory> {
            Some(Memory {
                pool: vec![7.0],
                ..Memory::default()
            })
        }

        fn recall(&self, _: &Memory, _: &[Option<usize>], _: f64) {
            self.told.fetch_add(1000, Ordering::Relaxed);
        }

        fn weights(&self) -> Vec<LearnedWeight> {
            vec![WEIGHT]
        }

        fn room(&self, _: &PoolView<'_>, _: usize) -> Room {
            Room::Silent
        }

        fn on_start(&self, _: &Start) {
            self.told.fetch_add(1, Ordering::Relaxed);
        }

        fn on_response(&self, _: &Start, _: Moment) {
            self.told.fetch_add(10, Ordering::Relaxed);
        }

        fn on_finish(&self, _: &Completion) {
            self.told.fetch_add(100, Ordering::Relaxed);
        }
    }

    fn completion(start: Start) -> Completion {
        Completion {
            start,
            now: start.now,
            service_time: std::time::Duration::ZERO,
            fault: None,
            outpaced: false,
        }
    }

    #[test]
    fn a_shadow_changes_no_answer_of_the_policy_beside_it() {
        let views = vec![IDLE; 2];
        let pool = PoolView::new(&views, Standing::PREFERRED, Moment(1), 5.0);
        let shadow = Strategy::LeastConnections.policy(2);
        let shadowed = Shadowed::new(Arc::new(Contrary::default()), shadow);
        let mut random = Random::seeded(1);
        assert_eq!(shadowed.pick(&pool, &READ, &mut random).unwrap().index, 1);
        assert_eq!(shadowed.work(&READ), 7.0);
        assert_eq!(shadowed.scores(&pool, &READ), [None, Some(1.5)]);
        assert_eq!(shadowed.weights(), [WEIGHT]);
        assert_eq!(shadowed.room(&pool, 0), Room::Silent);
        assert_eq!(shadowed.memory().unwrap().pool, [7.0]);
        let carried = shadowed.carried(&[Some(0)]).unwrap();
        assert_eq!(carried.work(&READ), 7.0);
    }

    #[test]
    fn the_policy_and_its_shadow_are_told_of_every_request() {
        let both: [Arc<Contrary>; 2] = Default::default();
        let [policy, shadow] = both.clone();
        let shadowed = Shadowed::new(policy, shadow);
        let start = Start {
            endpoint: 0,
            in_flight: 1,
            ask: READ,
            now: Moment(1),
        };
        shadowed.on_start(&start);
        shadowed.on_response(&start, start.now);
        shadowed.on_finish(&completion(start));
        assert_eq!(both.map(|one| one.told.load(Ordering::Relaxed)), [111; 2]);
    }

    /// A method that is added to the trait with a default body would otherwise be answered by that default.
    #[test]
    fn no_method_of_a_policy_is_left_to_its_default() {
        let declared = methods(include_str!("policy.rs"), "pub trait Policy");
        let forwarded = methods(include_str!("shadow.rs"), "\nimpl Policy for Shadowed");
        assert_eq!(forwarded, declared);
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
