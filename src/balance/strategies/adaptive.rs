//! Adaptive, by history: start from resource aware, and take the endpoint that was fastest for
//! this complexity lately, unless it is much busier. An endpoint without a request for a while gets
//! one, so that new and recovered ones are found; it gets no more than that.

use super::resource_aware::ResourceAware;
use super::{Eligible, NEAR, Pick, Plan, Random, Strategy};
use crate::balance::route::RouteReason;
use crate::endpoint::Endpoint;
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
    fn choose(&self, pool: &Eligible<'_>, plan: &Plan, random: &mut Random) -> Option<Pick> {
        if let Some(index) = unexplored(pool, plan, random) {
            return Some(Pick::because(index, RouteReason::Explored));
        }
        let base = self.base.choose(pool, plan, random)?;
        Some(faster(pool, plan, &base).unwrap_or(base))
    }
}

/// One of the endpoints that were not asked for a while, by the dice.
fn unexplored(pool: &Eligible<'_>, plan: &Plan, random: &mut Random) -> Option<usize> {
    let stale = pool.keep(|endpoint| {
        let asked = endpoint.state.times.last_chosen(plan.complexity);
        asked.is_none_or(|at| pool.now - at >= STALE)
    });
    if stale.is_empty() {
        return None;
    }
    let (index, _) = stale.iter().nth(random.below(stale.len()))?;
    Some(index)
}

/// The fastest for this complexity, when it is clearly faster than the base and not much busier.
fn faster(pool: &Eligible<'_>, plan: &Plan, base: &Pick) -> Option<Pick> {
    let time = |e: &Endpoint| e.state.times.recent_mean(plan.complexity);
    let known = pool.keep(|endpoint| time(endpoint).is_some());
    let (_, fast) = known.lowest(NEAR, |e| time(e).unwrap_or(f64::INFINITY))?;
    if fast.has(base.index) {
        return None;
    }
    let score = |e: &Endpoint| time(e).unwrap_or(f64::INFINITY);
    let (index, best) = fast
        .iter()
        .min_by(|a, b| score(a.1).total_cmp(&score(b.1)))?;
    let busier = best.load().score() - pool.get(base.index)?.load().score();
    (busier < BUSIER).then_some(Pick {
        index,
        reason: RouteReason::BestHistory,
        score: score(best),
    })
}
