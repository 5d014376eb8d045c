//! Least loaded: the lowest estimated cost in flight, as a share of the capacity. An endpoint without a capacity has that of
//! its weight.

use super::by_score::Score;
use crate::{EndpointView, PoolView};

/// The lowest cost in flight per capacity.
#[derive(Debug)]
pub struct LeastLoaded;

impl Score for LeastLoaded {
    type Facts = ();

    fn facts(&self, _pool: &PoolView<'_>) {}

    fn of(&self, (): &(), endpoint: &EndpointView) -> f64 {
        endpoint.cost_per_capacity()
    }

    /// Costs are known, so that a little less is less.
    fn bound(&self, lowest: f64) -> f64 {
        lowest
    }
}
