//! Adaptive, by history: start from resource aware, and take the endpoint that was fastest for
//! this complexity recently, unless it is much busier. An endpoint without a request for a while gets
//! one, so that new and recovered ones are found; it gets no more than that.

use super::resource_aware::ResourceAware;
use super::{NEAR, Pick, PoolView, Random, Strategy};
use crate::balance::route::RouteReason;
use crate::balance::view::EndpointView;
use std::time::Duration;

/// How much busier (score A) the fastest may be than the base choice.
const BUSIER: f64 = 0.3;
/// An endpoint that was given no request of a complexity for so long is given one.
const STALE: Duration = Duration::from_secs(60);

/// Resource aware, corrected by what was learned for this complexity.
#[derive(Debug, Default)]
pub struct Adaptive {
    base: ResourceAware,
}

impl Strategy for Adaptive {
    fn choose(&self, pool: &PoolView<'_>, random: &mut Random) -> Option<Pick> {
        if let Some(index) = unexplored(pool, random) {
            return Some(Pick::because(index, RouteReason::Explored));
        }
        let base = self.base.choose(pool, random)?;
        Some(faster(pool, &base).unwrap_or(base))
    }
}

/// One of the endpoints that were not asked for a while, at random.
fn unexplored(pool: &PoolView<'_>, random: &mut Random) -> Option<usize> {
    let stale = pool.keep(|endpoint| {
        let asked = endpoint.last_chosen;
        asked.is_none_or(|at| pool.now - at >= STALE)
    });
    if stale.is_empty() {
        return None;
    }
    stale.set().iter().nth(random.below(stale.len()))
}

/// The fastest for this complexity, when it is clearly faster than the base and not much busier.
fn faster(pool: &PoolView<'_>, base: &Pick) -> Option<Pick> {
    let time = |e: &EndpointView| e.recent_mean.unwrap_or(f64::INFINITY);
    let known = pool.keep(|endpoint| endpoint.recent_mean.is_some());
    let (_, fast) = known.lowest(NEAR, time)?;
    if fast.has(base.index) {
        return None;
    }
    let fastest = fast.iter().min_by(|a, b| time(a.1).total_cmp(&time(b.1)));
    let (index, best) = fastest?;
    let busier = best.load.score() - pool.get(base.index)?.load.score();
    (busier < BUSIER).then_some(Pick {
        index,
        reason: RouteReason::BestHistory,
        score: time(best),
    })
}
