//! Round robin (RT-08): each eligible endpoint in turn, whatever its load.

use super::rotation::Rotation;
use super::{Choice, Dice, Eligible, Plan, Strategy};
use crate::balance::route::Reason;

/// Each in turn, with a counter of its own.
#[derive(Debug, Default)]
pub struct RoundRobin {
    rotation: Rotation,
}

impl Strategy for RoundRobin {
    fn choose(&self, pool: &Eligible<'_>, _plan: &Plan, _dice: &mut Dice) -> Option<Choice> {
        let index = self.rotation.next(pool)?;
        Some(Choice::because(index, Reason::Rotation))
    }
}
