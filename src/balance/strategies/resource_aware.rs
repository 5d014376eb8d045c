//! Resource aware (RT-13): the lowest mix of load (RT-21) and mean answer time. Those that are nearly
//! as low count as equal; among them least connections decides.

use super::least_connections::LeastConnections;
use super::{Choice, Dice, Eligible, NEAR, Plan, Strategy};
use crate::balance::endpoint::Endpoint;
use crate::balance::route::Reason;

/// The lowest mix of load and answer time.
#[derive(Debug, Default)]
pub struct ResourceAware {
    among_equals: LeastConnections,
}

impl Strategy for ResourceAware {
    fn choose(&self, pool: &Eligible<'_>, plan: &Plan, dice: &mut Dice) -> Option<Choice> {
        let neutral = neutral_time(pool);
        let score = |e: &Endpoint| e.load().resource_score(neutral, pool.slowest);
        let (_, equals) = pool.lowest(NEAR, score)?;
        let choice = self.among_equals.choose(&equals, plan, dice)?;
        Some(Choice {
            reason: Reason::LowestScore,
            score: score(pool.get(choice.index)?),
            ..choice
        })
    }
}

/// The time that an endpoint without samples is taken to need: the mean of the others.
fn neutral_time(pool: &Eligible<'_>) -> f64 {
    let (sum, count) = pool
        .iter()
        .filter_map(|(_, endpoint)| endpoint.state.times.mean())
        .fold((0.0, 0u32), |(sum, n), time| (sum + time, n + 1));
    sum / f64::from(count.max(1))
}
