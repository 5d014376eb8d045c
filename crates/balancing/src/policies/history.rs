//! Adaptive, by history: start from resource aware, and take the endpoint that was fastest for
//! this complexity recently, unless it is much busier. An endpoint without a request for a while gets
//! one, so that new and recovered ones are found; it gets no more than that.

use super::NEAR;
use super::resource_aware::ResourceAware;
use crate::view::EndpointView;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};
use std::time::Duration;

/// How much busier (score A) the fastest may be than the base choice.
const BUSIER: f64 = 0.3;
/// An endpoint that was given no request of a complexity for so long is given one.
const STALE: Duration = Duration::from_secs(60);

/// Resource aware, corrected by what was learned for this complexity.
#[derive(Debug)]
pub struct History {
    base: ResourceAware,
}

impl History {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            base: ResourceAware::new(endpoints),
        }
    }
}

impl Policy for History {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick> {
        if let Some(index) = unexplored(pool, random) {
            return Some(Pick::because(index, RouteReason::Explored));
        }
        let base = self.base.pick(pool, ask, random)?;
        Some(faster(pool, &base).unwrap_or(base))
    }

    fn score(&self, pool: &PoolView<'_>, ask: &Ask, index: usize) -> Option<f64> {
        self.base.score(pool, ask, index)
    }
}

/// One of the endpoints that were not asked for a while, at random.
fn unexplored(pool: &PoolView<'_>, random: &mut Random) -> Option<usize> {
    let is_stale = |one: &EndpointView| one.last_chosen.is_none_or(|at| pool.now - at >= STALE);
    let stale = || pool.iter().filter(|(_, one)| is_stale(one));
    let chosen = stale().nth(random.below(stale().count()));
    chosen.map(|(index, _)| index)
}

/// The fastest for this complexity, when it is clearly faster than the base and not much busier.
fn faster(pool: &PoolView<'_>, base: &Pick) -> Option<Pick> {
    let time = |one: &EndpointView| one.recent_mean.unwrap_or(f64::INFINITY);
    let (index, best) = pool.iter().min_by(|a, b| time(a.1).total_cmp(&time(b.1)))?;
    let chosen = pool.get(base.index)?;
    if best.recent_mean.is_none() || time(chosen) <= time(best) * (1.0 + NEAR) {
        return None;
    }
    let busier = best.load.score() - chosen.load.score();
    (busier < BUSIER).then_some(Pick {
        index,
        reason: RouteReason::BestHistory,
        score: time(best),
    })
}
