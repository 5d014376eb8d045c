//! Least connections: the endpoint with the fewest requests in flight per unit of weight. Ties
//! go round by weight, so that idle endpoints share as they should.

use super::rotation::SmoothRotation;
use super::{Pick, PoolView, Random, Strategy};
use crate::balance::route::RouteReason;
use crate::balance::view::EndpointView;

/// The fewest requests in flight per weight.
#[derive(Debug, Default)]
pub struct LeastConnections {
    rotation: SmoothRotation,
}

impl Strategy for LeastConnections {
    fn choose(&self, pool: &PoolView<'_>, _random: &mut Random) -> Option<Pick> {
        let (score, least) = pool.lowest(0.0, EndpointView::in_flight_per_weight)?;
        Some(Pick {
            index: self.rotation.next(&least)?,
            reason: RouteReason::FewestInFlight,
            score,
        })
    }
}
