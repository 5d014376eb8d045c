//! Round robin: each eligible endpoint in turn, whatever its load.

use super::rotation::Rotation;
use super::{Pick, PoolView, Random, Strategy};
use crate::balance::route::RouteReason;

/// Each in turn, with a counter of its own.
#[derive(Debug, Default)]
pub struct RoundRobin {
    rotation: Rotation,
}

impl Strategy for RoundRobin {
    fn choose(&self, pool: &PoolView<'_>, _random: &mut Random) -> Option<Pick> {
        let index = self.rotation.next(pool)?;
        Some(Pick::because(index, RouteReason::Rotation))
    }
}
