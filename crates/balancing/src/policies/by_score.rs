//! Policies that compare a score: the lowest is taken. Scores that are nearly as low count as equal, because noise must not
//! send all traffic to one of several like endpoints; among equals the one with the fewest requests in flight is taken, and
//! among those each in turn.

use super::NEAR;
use super::explored::unexplored;
use super::turns::Turns;
use crate::view::EndpointView;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};

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

impl<S: Score> Policy for ByScore<S> {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        if S::EXPLORES
            && let Some(index) = unexplored(pool, random)
        {
            return Some(Pick::because(index, RouteReason::Explored));
        }
        let facts = self.score.facts(pool);
        let score = |one: &EndpointView| self.score.of(&facts, one);
        let bound = self.score.bound(pool.lowest(score)?);
        let load = |one: &EndpointView| match score(one) <= bound {
            true => one.in_flight_per_weight(),
            false => f64::INFINITY,
        };
        let idlest = pool.lowest(load)?;
        let index = self.turns.next(pool, |_, one| load(one) <= idlest)?;
        Some(Pick {
            index,
            reason: RouteReason::LowestScore,
            score: score(pool.get(index)?),
        })
    }

    fn score(&self, pool: &PoolView<'_>, _ask: &Ask, index: usize) -> Option<f64> {
        let score = self.score.of(&self.score.facts(pool), pool.at(index)?);
        score.is_finite().then_some(score)
    }
}
