//! Resource aware: the lowest mix of load and mean response time. Those that are nearly
//! as low count as equal; among them least connections decides.

use super::least_connections::LeastConnections;
use super::{NEAR, Pick, PoolView, Random, Strategy};
use crate::balance::route::RouteReason;
use crate::balance::view::EndpointView;

/// The lowest mix of load and response time.
#[derive(Debug, Default)]
pub struct ResourceAware {
    among_equals: LeastConnections,
}

impl Strategy for ResourceAware {
    fn choose(&self, pool: &PoolView<'_>, random: &mut Random) -> Option<Pick> {
        // An endpoint without samples is taken to be as fast as the others on average.
        let neutral = pool.mean_time();
        let score = |e: &EndpointView| e.load.resource_score(neutral, pool.slowest);
        let (_, equals) = pool.lowest(NEAR, score)?;
        let choice = self.among_equals.choose(&equals, random)?;
        Some(Pick {
            reason: RouteReason::LowestScore,
            score: score(pool.get(choice.index)?),
            ..choice
        })
    }
}
