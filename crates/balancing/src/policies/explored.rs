//! Exploring: an endpoint without a request for a while is given one, so that a strategy that compares times finds new and
//! recovered endpoints. It gets no more than that.

use crate::{EndpointView, PoolView, Random};
use std::time::Duration;

/// An endpoint that was given no request of a complexity for so long is given one.
const STALE: Duration = Duration::from_secs(60);

/// One of the endpoints that were not asked for a while, at random.
pub fn unexplored(pool: &PoolView<'_>, random: &mut Random) -> Option<usize> {
    let is_stale = |one: &EndpointView| one.last_chosen.is_none_or(|at| pool.now - at >= STALE);
    let stale = || pool.iter().filter(|(_, one)| is_stale(one));
    let count = stale().count();
    if count == 0 {
        return None;
    }
    let chosen = stale().nth(random.below(count));
    chosen.map(|(index, _)| index)
}
