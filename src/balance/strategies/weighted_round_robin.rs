//! Weighted round robin: exact shares by weight, spread evenly over a cycle. Over one full
//! cycle of the weights each endpoint has had precisely its share.

use super::rotation::SmoothRotation;
use super::{Pick, PoolView, Random, Strategy};
use crate::balance::route::RouteReason;

/// Each in turn, in proportion to its weight.
#[derive(Debug, Default)]
pub struct WeightedRoundRobin {
    rotation: SmoothRotation,
}

impl Strategy for WeightedRoundRobin {
    fn choose(&self, pool: &PoolView<'_>, _random: &mut Random) -> Option<Pick> {
        let index = self.rotation.next(pool)?;
        Some(Pick::because(index, RouteReason::Weight))
    }
}
