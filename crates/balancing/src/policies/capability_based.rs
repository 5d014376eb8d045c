//! Capability based: of the endpoints that carry the tags of a request, the one with the fewest others, so that special endpoints
//! stay free for what only they can do; of those the least busy by load score A. That an endpoint lacks a tag takes it out before any
//! strategy is asked.

use super::by_score::Score;
use crate::{EndpointView, PoolView};

/// The most specific match.
#[derive(Debug)]
pub struct CapabilityBased;

impl Score for CapabilityBased {
    type Facts = ();

    fn facts(&self, _pool: &PoolView<'_>) {}

    /// Unused tags, and half the load score: the load never outweighs a tag.
    fn of(&self, (): &(), endpoint: &EndpointView) -> f64 {
        f64::from(endpoint.unused_tags) + endpoint.load.score() / 2.0
    }

    fn bound(&self, lowest: f64) -> f64 {
        lowest.floor() + (lowest.fract() * (1.0 + super::NEAR)).min(0.5)
    }
}
