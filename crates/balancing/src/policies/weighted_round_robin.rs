//! Weighted round robin: each in turn in proportion to its weight, spread evenly.

use super::turns::Turns;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};

/// Each in turn by weight.
#[derive(Debug)]
pub struct WeightedRoundRobin(Turns);

impl WeightedRoundRobin {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self(Turns::new(endpoints))
    }
}

impl Policy for WeightedRoundRobin {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, _random: &mut Random) -> Option<Pick> {
        let index = self.0.next(pool, |_, _| true)?;
        Some(Pick::because(index, RouteReason::Weight))
    }
}
