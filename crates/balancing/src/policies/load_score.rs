//! Adaptive, by score: the lowest load score B, `0.3 time + 0.3 connections + 0.2 errors + 0.2 machine` in percent.

use super::by_score::Score;
use crate::{EndpointView, PoolView};

/// The lowest load score B.
#[derive(Debug)]
pub struct LoadScore;

impl Score for LoadScore {
    type Facts = ();
    const EXPLORES: bool = true;

    fn facts(&self, _pool: &PoolView<'_>) {}

    fn of(&self, (): &(), endpoint: &EndpointView) -> f64 {
        endpoint.load.score_b()
    }
}
