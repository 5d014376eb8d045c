//! Resource aware: the lowest mix of load and mean response time, `0.6 * load + 0.4 * time`. An endpoint without samples is
//! taken to be as fast as the others on average.

use super::by_score::Score;
use crate::{EndpointView, PoolView};

/// The lowest mix of load and response time.
#[derive(Debug)]
pub struct ResourceAware;

/// Seconds: the mean time of the pool, and what counts as 1.
pub struct Times {
    neutral: f64,
    slowest: f64,
}

impl Score for ResourceAware {
    type Facts = Times;

    fn facts(&self, pool: &PoolView<'_>) -> Times {
        Times {
            neutral: pool.mean_time(),
            slowest: pool.slowest,
        }
    }

    fn of(&self, times: &Times, endpoint: &EndpointView) -> f64 {
        endpoint.load.resource_score(times.neutral, times.slowest)
    }
}
