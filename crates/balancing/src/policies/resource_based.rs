//! Resource based: the lowest sum of CPU, memory and connections, each in percent of what there is.

use super::by_score::Score;
use crate::{EndpointView, PoolView};

/// The lowest sum of resources in use.
#[derive(Debug)]
pub struct ResourceBased;

impl Score for ResourceBased {
    type Facts = ();

    fn facts(&self, _pool: &PoolView<'_>) {}

    fn of(&self, (): &(), endpoint: &EndpointView) -> f64 {
        endpoint.load.resource_sum()
    }
}
