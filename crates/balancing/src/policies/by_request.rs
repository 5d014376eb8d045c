//! Several policies of one pool, of which each request names the one that chooses for it. Each is told of every request, so that
//! what it knows of the endpoints is whole.

use crate::{Ask, Completion, LearnedWeight, Moment, Pick, Policy, PoolView, Random, Room, Start};
use std::sync::Arc;
use std::time::Duration;

/// A policy of a pool, and others that choose for some of its requests.
pub struct ByRequest {
    first: Arc<dyn Policy>,
    others: Box<[Arc<dyn Policy>]>,
}

impl ByRequest {
    /// `others` are those that [`Ask::policy`] names from 1 on; `first` chooses where it names none of them.
    pub fn new(first: Arc<dyn Policy>, others: impl IntoIterator<Item = Arc<dyn Policy>>) -> Self {
        Self {
            first,
            others: others.into_iter().collect(),
        }
    }

    fn of(&self, ask: &Ask) -> &dyn Policy {
        let other = usize::from(ask.policy).checked_sub(1);
        let other = other.and_then(|index| self.others.get(index));
        &**other.unwrap_or(&self.first)
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn Policy>> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// What is asked of an endpoint and not for a request, the first one says.
impl Policy for ByRequest {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick> {
        self.of(ask).pick(pool, ask, random)
    }

    fn work(&self, ask: &Ask) -> f64 {
        self.of(ask).work(ask)
    }

    fn expected_time(&self, start: &Start) -> Option<Duration> {
        self.of(&start.ask).expected_time(start)
    }

    fn scores(&self, pool: &PoolView<'_>, ask: &Ask) -> Vec<Option<f64>> {
        self.of(ask).scores(pool, ask)
    }

    fn places(&self, index: usize, now: Moment) -> Option<f64> {
        self.first.places(index, now)
    }

    fn lately_taken(&self, index: usize, now: Moment) -> Option<f64> {
        self.first.lately_taken(index, now)
    }

    fn weights(&self) -> Vec<LearnedWeight> {
        self.first.weights()
    }

    fn room(&self, pool: &PoolView<'_>, index: usize) -> Room {
        self.first.room(pool, index)
    }

    fn is_far_slower(&self, pool: &PoolView<'_>, index: usize) -> bool {
        self.first.is_far_slower(pool, index)
    }

    fn on_start(&self, start: &Start) {
        self.all().for_each(|one| one.on_start(start));
    }

    fn on_response(&self, start: &Start, now: Moment) {
        self.all().for_each(|one| one.on_response(start, now));
    }

    fn on_finish(&self, completion: &Completion) {
        self.all().for_each(|one| one.on_finish(completion));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IDLE, READ, methods};
    use crate::{Fault, RouteReason, Standing};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Picks one endpoint always, and counts what it is told.
    struct Fixed(usize, AtomicU32);

    impl Policy for Fixed {
        fn pick(&self, _: &PoolView<'_>, _: &Ask, _: &mut Random) -> Option<Pick> {
            Some(Pick::because(self.0, RouteReason::Rotation))
        }

        fn work(&self, _: &Ask) -> f64 {
            self.0 as f64
        }

        fn expected_time(&self, _: &Start) -> Option<Duration> {
            Some(Duration::from_secs(self.0 as u64))
        }

        fn scores(&self, _: &PoolView<'_>, _: &Ask) -> Vec<Option<f64>> {
            vec![Some(self.0 as f64)]
        }

        fn on_start(&self, _: &Start) {
            self.1.fetch_add(1, Ordering::Relaxed);
        }

        fn on_response(&self, _: &Start, _: Moment) {
            self.1.fetch_add(10, Ordering::Relaxed);
        }

        fn on_finish(&self, _: &Completion) {
            self.1.fetch_add(100, Ordering::Relaxed);
        }
    }

    /// A method that is added to the trait with a default body would otherwise be answered by that default. What a policy keeps
    /// beyond its pool is asked of each by itself.
    #[test]
    fn no_method_of_a_policy_is_left_to_its_default() {
        let asked_of_each = ["carried", "memory", "recall"];
        let mut declared = methods(include_str!("../policy.rs"), "pub trait Policy");
        declared.retain(|name| !asked_of_each.contains(name));
        let forwarded = methods(include_str!("by_request.rs"), "\nimpl Policy for ByRequest");
        assert_eq!(forwarded, declared);
    }

    fn fixed(index: usize) -> Arc<Fixed> {
        Arc::new(Fixed(index, AtomicU32::new(0)))
    }

    #[test]
    fn the_policy_that_the_request_names_chooses_and_all_learn() {
        let three = [fixed(0), fixed(1), fixed(2)];
        let [first, others @ ..] = three.clone();
        let all = ByRequest::new(first, others.map(|one| one as Arc<dyn Policy>));
        let views = vec![IDLE; 3];
        let pool = PoolView::new(&views, Standing::PREFERRED, Moment(1), 5.0);
        for (policy, index) in [(0, 0), (1, 1), (2, 2), (3, 0), (255, 0)] {
            let ask = Ask { policy, ..READ };
            let start = Start {
                endpoint: 0,
                in_flight: 1,
                ask,
                now: Moment(1),
            };
            let pick = all.pick(&pool, &ask, &mut Random::seeded(1)).unwrap();
            assert_eq!(pick.index, index);
            assert_eq!(all.work(&ask), index as f64);
            assert_eq!(all.scores(&pool, &ask), [Some(index as f64)]);
            let expected = all.expected_time(&start).unwrap();
            assert_eq!(expected.as_secs(), index as u64);
            all.on_start(&start);
            all.on_response(&start, Moment(2));
            all.on_finish(&Completion {
                start,
                now: Moment(2),
                service_time: Duration::ZERO,
                fault: Some(Fault::None),
                outpaced: false,
            });
        }
        for one in three {
            assert_eq!(one.1.load(Ordering::Relaxed), 5 * 111);
        }
    }
}
