//! Least connections: the endpoint with the fewest requests in flight per unit of weight. Ties
//! go round by weight, so that idle endpoints share as they should.

use super::turns::Turns;
use crate::view::EndpointView;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};

/// The fewest requests in flight per weight.
#[derive(Debug)]
pub struct LeastConnections {
    turns: Turns,
}

impl LeastConnections {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            turns: Turns::new(endpoints),
        }
    }

    /// The one with the fewest requests in flight among those that `may`.
    pub fn pick_among(
        &self,
        pool: &PoolView<'_>,
        may: impl Fn(&EndpointView) -> bool,
    ) -> Option<Pick> {
        let load = |one: &EndpointView| match may(one) {
            true => one.in_flight_per_weight(),
            false => f64::INFINITY,
        };
        let score = pool.lowest(load)?;
        Some(Pick {
            index: self.turns.next(pool, |_, one| load(one) <= score)?,
            reason: RouteReason::FewestInFlight,
            score,
        })
    }
}

impl Policy for LeastConnections {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, _random: &mut Random) -> Option<Pick> {
        self.pick_among(pool, |_| true)
    }

    fn score(&self, pool: &PoolView<'_>, _ask: &Ask, index: usize) -> Option<f64> {
        pool.at(index).map(EndpointView::in_flight_per_weight)
    }
}
