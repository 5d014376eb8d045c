//! Policies that compare a score: the lowest is taken. Scores that are nearly as low count as equal, because noise must not
//! send all traffic to one of several like endpoints; among equals the one with the fewest requests in flight is taken, and
//! among those each in turn.

use super::NEAR;
use super::explored::unexplored;
use super::turns::Turns;
use crate::view::EndpointView;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};
use std::cell::Cell;

/// What a policy compares; lower is better.
pub trait Score: Send + Sync {
    /// What is known of the pool as a whole, once for each choice.
    type Facts;

    /// Whether endpoints that were given no request for a while are given one: where the score rests on times that only
    /// requests tell.
    const EXPLORES: bool = false;

    /// Looks at the pool as a whole.
    fn facts(&self, pool: &PoolView<'_>) -> Self::Facts;

    /// The score of an endpoint; infinite where it cannot be told.
    fn of(&self, facts: &Self::Facts, endpoint: &EndpointView) -> f64;

    /// The highest score that counts as equal to the lowest.
    fn bound(&self, lowest: f64) -> f64 {
        lowest * (1.0 + NEAR)
    }
}

/// An endpoint with its score.
struct Rated {
    index: usize,
    score: f64,
    busy: f64,
    share: f64,
}

thread_local! {
    /// What a choice works with, kept so that no choice allocates.
    static RATED: Cell<Vec<Rated>> = const { Cell::new(Vec::new()) };
}

/// Takes the lowest score.
#[derive(Debug)]
pub struct ByScore<S> {
    score: S,
    turns: Turns,
}

impl<S: Score> ByScore<S> {
    /// For a pool of so many endpoints.
    pub fn new(score: S, endpoints: usize) -> Self {
        Self {
            score,
            turns: Turns::new(endpoints),
        }
    }
}

impl<S: Score> ByScore<S> {
    /// The idlest of those whose score is nearly the lowest. `rated`: an empty list, for its memory.
    fn lowest(&self, pool: &PoolView<'_>, rated: &mut Vec<Rated>) -> Option<Pick> {
        let facts = self.score.facts(pool);
        rated.extend(pool.iter().map(|(index, one)| Rated {
            index,
            // What is not a number counts as what cannot be told.
            score: self.score.of(&facts, one).min(f64::INFINITY),
            busy: one.in_flight_per_weight(),
            share: one.share(),
        }));
        let scores = rated.iter().map(|one| one.score);
        let lowest = scores.min_by(f64::total_cmp)?;
        let bound = self.score.bound(lowest).max(lowest);
        let near = || rated.iter().filter(|one| one.score <= bound);
        let idlest = near().map(|one| one.busy).min_by(f64::total_cmp)?;
        let idle = near().filter(|one| one.busy <= idlest);
        let turns = idle.map(|one| (one.index, one.share));
        let index = self.turns.next_of(turns)?;
        let score = near().find(|one| one.index == index)?.score;
        Some(Pick {
            index,
            reason: RouteReason::LowestScore,
            score,
        })
    }
}

impl<S: Score> Policy for ByScore<S> {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        if S::EXPLORES
            && let Some(index) = unexplored(pool, random)
        {
            return Some(Pick::because(index, RouteReason::Explored));
        }
        let mut rated = RATED.take();
        rated.clear();
        let pick = self.lowest(pool, &mut rated);
        RATED.set(rated);
        pick
    }

    fn scores(&self, pool: &PoolView<'_>, _ask: &Ask) -> Vec<Option<f64>> {
        let facts = self.score.facts(pool);
        let score = |one| Some(self.score.of(&facts, one)).filter(|score| score.is_finite());
        pool.all().iter().map(score).collect()
    }
}
