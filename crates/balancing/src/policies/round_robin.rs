//! Round robin: each in turn, whatever its weight.

use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Each in turn.
#[derive(Debug, Default)]
pub struct RoundRobin(AtomicUsize);

impl Policy for RoundRobin {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, _random: &mut Random) -> Option<Pick> {
        let turn = self.0.fetch_add(1, Ordering::Relaxed);
        let (index, _) = pool.iter().nth(turn.checked_rem(pool.len())?)?;
        Some(Pick::because(index, RouteReason::Rotation))
    }
}
