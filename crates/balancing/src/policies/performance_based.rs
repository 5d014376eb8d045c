//! Performance based: the highest `0.35 * success + 0.25 * speed + 0.25 * reliability + 0.15 * free`, each part 0..=1. What is
//! not known counts as good.

use super::by_score::Score;
use crate::{EndpointView, PoolView};

/// How much lower a performance may be that counts as equal: a tenth of the part of the speed.
const EQUAL: f64 = 0.025;

/// The best performance.
#[derive(Debug)]
pub struct PerformanceBased;

impl Score for PerformanceBased {
    /// The best mean time of the pool.
    type Facts = Option<f64>;
    const EXPLORES: bool = true;

    fn facts(&self, pool: &PoolView<'_>) -> Option<f64> {
        pool.best_time()
    }

    fn of(&self, best: &Option<f64>, endpoint: &EndpointView) -> f64 {
        let success = 0.35 * endpoint.success_rate() + 0.25 * endpoint.speed(*best);
        let free = 0.15 * endpoint.load.free();
        1.0 - (success + 0.25 * endpoint.health.up_share + free)
    }

    fn bound(&self, lowest: f64) -> f64 {
        lowest + EQUAL
    }
}
