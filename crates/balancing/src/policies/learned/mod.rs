//! Adaptive, learned: several strategies vote, and the endpoint with the most votes by weight is taken. The weights move
//! towards the strategies whose vote did well for requests as complex; each keeps a least weight, so that none dies.

mod votes;
mod weights;

use super::explored::unexplored;
use super::{ByScore, LeastConnections, LeastLoaded, LeastResponseTime};
use super::{PerformanceBased, ResourceAware};
use crate::policy::LearnedWeight;
use crate::{
    Ask, Completion, Fault, Memory, Pick, Policy, PoolView, Random, RouteReason, TimeSample,
};
use std::sync::Arc;
use votes::Votes;
use weights::Weights;

/// Strategies that vote.
const VOTERS: usize = 5;
/// Their names, in the order of their votes.
const NAMES: [&str; VOTERS] = [
    "least_connections",
    "least_response_time",
    "least_loaded",
    "resource_aware",
    "performance_based",
];

/// Strategies that vote by learned weights.
pub struct Learned {
    voters: [Box<dyn Policy>; VOTERS],
    /// Shared with the policies that go on from this one: what ends in a pool that was replaced teaches those as well.
    weights: Arc<Weights>,
    votes: Votes,
}

impl Learned {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            voters: [
                Box::new(LeastConnections),
                Box::new(ByScore::new(LeastResponseTime, endpoints)),
                Box::new(ByScore::new(LeastLoaded, endpoints)),
                Box::new(ByScore::new(ResourceAware, endpoints)),
                Box::new(ByScore::new(PerformanceBased, endpoints)),
            ],
            weights: Arc::default(),
            votes: Votes::default(),
        }
    }
}

impl Policy for Learned {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick> {
        if let Some(index) = unexplored(pool, random) {
            return Some(Pick::because(index, RouteReason::Explored));
        }
        let weights = self.weights.of(ask.class);
        let mut ballots = [(usize::MAX, 0.0); VOTERS];
        for ((ballot, voter), weight) in ballots.iter_mut().zip(&self.voters).zip(weights) {
            *ballot = (voter.pick(pool, ask, random)?.index, weight);
        }
        let votes = |index: usize| -> f64 {
            let for_it = ballots.iter().filter(|(vote, _)| *vote == index);
            for_it.map(|(_, weight)| weight).sum()
        };
        let candidates = ballots.iter().map(|(index, _)| (*index, votes(*index)));
        let (index, won) = candidates.max_by(|a, b| a.1.total_cmp(&b.1))?;
        self.votes
            .note(ask, index, ballots.map(|(vote, _)| vote == index));
        Some(Pick {
            index,
            reason: RouteReason::MostVotes,
            score: 1.0 - won,
        })
    }

    /// The share of the endpoints that the strategies rate better, on average by their weights.
    fn scores(&self, pool: &PoolView<'_>, ask: &Ask) -> Vec<Option<f64>> {
        let mut rated = vec![0.0; pool.all().len()];
        for (voter, weight) in self.voters.iter().zip(self.weights.of(ask.class)) {
            let rates = voter.scores(pool, ask).into_iter();
            let rates: Vec<f64> = rates.map(|rate| rate.unwrap_or(f64::INFINITY)).collect();
            let among = pool
                .iter()
                .filter_map(|(index, _)| rates.get(index).copied());
            let mut ranked: Vec<f64> = among.collect();
            ranked.sort_unstable_by(f64::total_cmp);
            for (sum, own) in rated.iter_mut().zip(&rates) {
                let better = ranked.partition_point(|rate| rate < own);
                *sum += weight * better as f64 / ranked.len().max(1) as f64;
            }
        }
        rated.into_iter().map(Some).collect()
    }

    /// What strategies are worth says nothing of single endpoints: it goes on whichever there are.
    fn carried(&self, from: &[Option<usize>]) -> Option<Arc<dyn Policy>> {
        Some(Arc::new(Self {
            weights: Arc::clone(&self.weights),
            ..Self::new(from.len())
        }))
    }

    fn memory(&self) -> Option<Memory> {
        Some(Memory {
            pool: self.weights.figures(),
            ..Memory::default()
        })
    }

    fn recall(&self, memory: &Memory, _from: &[Option<usize>], trust: f64) {
        self.weights.recall(&memory.pool, trust);
    }

    fn on_finish(&self, completion: &Completion) {
        let start = &completion.start;
        let Some(voted) = self.votes.take(&start.ask, start.endpoint) else {
            return;
        };
        let class = start.ask.class;
        let sample = completion.fault.map(Fault::sample);
        match sample {
            Some(TimeSample::Measured) => {
                let seconds = completion.service_time.as_secs_f64();
                self.weights.succeeded(class, voted, seconds);
            }
            Some(TimeSample::Slow) => self.weights.failed(class, voted),
            Some(TimeSample::Nothing) | None => {}
        }
    }

    fn weights(&self) -> Vec<LearnedWeight> {
        let classes = 0..weights::CLASSES;
        let of = |class: u8| {
            let named = NAMES.into_iter().zip(self.weights.of(class));
            named.map(move |(strategy, weight)| LearnedWeight {
                class,
                strategy,
                weight,
            })
        };
        classes.flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::Strategy;
    use crate::testing::{Plain, READ};
    use crate::{Moment, Start};
    use std::time::Duration;

    fn weight(policy: &dyn Policy, strategy: &str) -> f64 {
        let weights = policy.weights();
        let mut found = weights.iter().filter(|one| one.class == 0);
        found.find(|one| one.strategy == strategy).unwrap().weight
    }

    /// Two endpoints, of which the first looks better by its times and is worse: `milliseconds` of each.
    fn misled(milliseconds: [u64; 2]) -> Plain {
        let mut plain = Plain::idle(Strategy::Learned, 2);
        for (view, seconds) in plain.views.iter_mut().zip([0.1, 1.0]) {
            view.window_mean = Some(seconds);
            view.load.mean_time = Some(0.1);
        }
        for n in 0..2000u64 {
            plain.ask.arrived = Moment(n);
            // Now the first is busy, then the second.
            plain.views[(n % 2) as usize].load.in_flight = 1;
            plain.views[(1 - n % 2) as usize].load.in_flight = 0;
            let pick = plain.select().unwrap();
            plain.selector.policy.on_finish(&Completion {
                start: Start {
                    endpoint: pick.index,
                    in_flight: 1,
                    ask: plain.ask,
                    now: Moment(n),
                },
                now: Moment(n),
                service_time: Duration::from_millis(milliseconds[pick.index]),
                fault: Some(Fault::None),
                outpaced: false,
            });
        }
        plain
    }

    #[test]
    fn all_strategies_begin_with_the_same_weight() {
        let policy = Learned::new(3);
        for name in NAMES {
            assert!((weight(&policy, name) - 0.2).abs() < 1e-12);
        }
    }

    #[test]
    fn a_strategy_whose_votes_do_badly_loses_weight_and_does_not_die() {
        let plain = misled([400, 100]);
        let policy = &plain.selector.policy;
        let (misled, other) = (
            weight(&**policy, "least_response_time"),
            weight(&**policy, "least_connections"),
        );
        assert!((0.03..0.1).contains(&misled), "{misled}");
        assert!(other > 0.2, "{other}");
        let sum: f64 = NAMES.iter().map(|name| weight(&**policy, name)).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{sum}");
    }

    #[test]
    fn weights_are_recalled_and_what_is_none_is_not() {
        let plain = misled([400, 100]);
        let learned = &plain.selector.policy;
        let memory = learned.memory().unwrap();
        let fresh = Learned::new(3);
        let equal = fresh.weights();
        for wrong in [f64::NAN, -1.0, f64::INFINITY] {
            let mut wrong_one = memory.clone();
            wrong_one.pool[0] = wrong;
            fresh.recall(&wrong_one, &[], 1.0);
        }
        fresh.recall(&Memory::default(), &[], 1.0);
        fresh.recall(&memory, &[], 0.0);
        assert_eq!(fresh.weights(), equal);
        fresh.recall(&memory, &[], 1.0);
        for (one, other) in fresh.weights().iter().zip(learned.weights()) {
            assert!((one.weight - other.weight).abs() < 1e-9);
        }
    }

    #[test]
    fn the_strategy_whose_votes_do_well_gains_weight() {
        let plain = misled([100, 400]);
        let policy = &plain.selector.policy;
        let led = weight(&**policy, "least_response_time");
        assert!(led > 0.2, "{led}");
    }

    #[test]
    fn the_weights_go_on_in_a_pool_of_other_endpoints() {
        let plain = misled([400, 100]);
        let before = &plain.selector.policy;
        let after = before.carried(&[Some(1), None, Some(0)]).unwrap();
        assert!(weight(&*after, "least_response_time") < 0.1);
        assert_eq!(after.weights(), before.weights());
    }

    #[test]
    fn classes_learn_apart_and_a_request_that_was_not_picked_teaches_nothing() {
        let policy = Learned::new(2);
        policy.on_finish(&Completion {
            start: Start {
                endpoint: 0,
                in_flight: 1,
                ask: READ,
                now: Moment(0),
            },
            now: Moment(0),
            service_time: Duration::from_secs(1),
            fault: Some(Fault::Endpoint),
            outpaced: false,
        });
        assert!(
            policy
                .weights()
                .iter()
                .all(|one| (one.weight - 0.2).abs() < 1e-12)
        );
        let plain = misled([400, 100]);
        let weights = plain.selector.policy.weights();
        let others = weights.iter().filter(|one| one.class > 0);
        assert!(
            others
                .into_iter()
                .all(|one| (one.weight - 0.2).abs() < 1e-12)
        );
    }
}
