//! Least connections by weight, as in HAProxy's `leastconn` and nginx' `least_conn`: the fewest requests in flight, with this
//! one, over the weight.

use super::lowest;
use balancing::{Ask, Pick, Policy, PoolView, Random};

/// The fewest requests in flight by weight.
pub struct WeightedLeast;

impl Policy for WeightedLeast {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        lowest(pool, random, |_, view| {
            f64::from(view.load.in_flight + 1) / view.share()
        })
    }
}
