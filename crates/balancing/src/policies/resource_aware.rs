//! Resource aware: the lowest mix of load and mean response time. Those that are nearly
//! as low count as equal; among them least connections decides.

use super::NEAR;
use super::least_connections::LeastConnections;
use crate::view::EndpointView;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};

/// The lowest mix of load and response time.
#[derive(Debug)]
pub struct ResourceAware {
    among_equals: LeastConnections,
}

impl ResourceAware {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            among_equals: LeastConnections::new(endpoints),
        }
    }
}

impl Policy for ResourceAware {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, _random: &mut Random) -> Option<Pick> {
        // An endpoint without samples is taken to be as fast as the others on average.
        let neutral = pool.mean_time();
        let score = |e: &EndpointView| e.load.resource_score(neutral, pool.slowest);
        let bound = pool.lowest(score)? * (1.0 + NEAR);
        let choice = self
            .among_equals
            .pick_among(pool, |one| score(one) <= bound)?;
        Some(Pick {
            reason: RouteReason::LowestScore,
            score: score(pool.get(choice.index)?),
            ..choice
        })
    }

    fn score(&self, pool: &PoolView<'_>, _ask: &Ask, index: usize) -> Option<f64> {
        let load = pool.at(index)?.load;
        Some(load.resource_score(pool.mean_time(), pool.slowest))
    }
}
