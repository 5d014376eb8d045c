//! Least response time: the lowest mean of the last hundred response times. An endpoint without samples comes last, but for
//! one request a minute of each complexity, which finds out.

use super::by_score::Score;
use crate::{EndpointView, PoolView};

/// The lowest mean of the last times.
#[derive(Debug)]
pub struct LeastResponseTime;

impl Score for LeastResponseTime {
    type Facts = ();
    const EXPLORES: bool = true;

    fn facts(&self, _pool: &PoolView<'_>) {}

    fn of(&self, (): &(), endpoint: &EndpointView) -> f64 {
        endpoint.window_mean.unwrap_or(f64::INFINITY)
    }
}
