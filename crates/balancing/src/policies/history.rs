//! Adaptive, by history: start from resource aware, and take the endpoint that was fastest for
//! this complexity recently, unless it is much busier. An endpoint without a request for a while gets
//! one, so that new and recovered ones are found; it gets no more than that.

use super::NEAR;
use super::by_score::ByScore;
use super::explored::unexplored;
use super::resource_aware::ResourceAware;
use crate::view::EndpointView;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};

/// How much busier (score A) the fastest may be than the base choice.
const BUSIER: f64 = 0.3;

/// Resource aware, corrected by what was learned for this complexity.
#[derive(Debug)]
pub struct History {
    base: ByScore<ResourceAware>,
}

impl History {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            base: ByScore::new(ResourceAware, endpoints),
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

    fn scores(&self, pool: &PoolView<'_>, ask: &Ask) -> Vec<Option<f64>> {
        self.base.scores(pool, ask)
    }
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
