//! The power of two choices (Mitzenmacher): two at random, the one with fewer requests in flight.

use super::better_of_two;
use balancing::{Ask, Pick, Policy, PoolView, Random};

/// Two at random, the one with fewer requests in flight.
pub struct TwoChoices;

impl Policy for TwoChoices {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        better_of_two(pool, random, |_, view| f64::from(view.load.in_flight))
    }
}
