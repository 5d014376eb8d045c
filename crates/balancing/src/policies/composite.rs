//! Composite: the best worker score of 0.4 capacity, 0.3 performance, 0.2 affinity and 0.1 reliability.

use super::by_score::Score;
use crate::{EndpointView, PoolView, WorkerScore};

/// How much lower a score may be that counts as equal: more than the noise of times makes.
const EQUAL: f64 = 0.01;

/// The best worker score.
#[derive(Debug)]
pub struct Composite;

impl Score for Composite {
    /// The best mean time of the pool.
    type Facts = Option<f64>;
    /// An endpoint that was given no such request has no affinity, and would never be given one.
    const EXPLORES: bool = true;

    fn facts(&self, pool: &PoolView<'_>) -> Option<f64> {
        pool.best_time()
    }

    fn of(&self, best: &Option<f64>, endpoint: &EndpointView) -> f64 {
        1.0 - WorkerScore::of(endpoint, *best).score
    }

    fn bound(&self, lowest: f64) -> f64 {
        lowest + EQUAL
    }
}
