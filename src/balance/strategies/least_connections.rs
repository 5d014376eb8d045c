//! Least connections (RT-10): the endpoint with the fewest requests in flight per unit of weight. Ties
//! go round by weight, so that idle endpoints share as they should.

use super::rotation::SmoothRotation;
use super::{Choice, Dice, Eligible, Plan, Strategy};
use crate::balance::endpoint::Endpoint;
use crate::balance::route::Reason;

/// The fewest requests in flight per weight.
#[derive(Debug, Default)]
pub struct LeastConnections {
    rotation: SmoothRotation,
}

impl Strategy for LeastConnections {
    fn choose(&self, pool: &Eligible<'_>, _plan: &Plan, _dice: &mut Dice) -> Option<Choice> {
        let (score, least) = pool.lowest(0.0, Endpoint::in_flight_per_weight)?;
        Some(Choice {
            index: self.rotation.next(&least)?,
            reason: Reason::FewestInFlight,
            score,
        })
    }
}
