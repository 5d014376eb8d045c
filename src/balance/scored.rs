//! The endpoints of a pool with their scores, for explanations and the admin API.

use super::route::Exclusion;
use super::screen::Screen;
use crate::endpoint::{Endpoint, ScoreParts};
use serde::Serialize;
use std::sync::Arc;

/// One endpoint as it stood when a choice was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scored {
    pub endpoint: String,
    /// The load score, 0..=1; higher is busier.
    pub load: f64,
    /// Load and mean time, as resource aware mixes them; lower is better.
    pub score: f64,
    /// What the score is made of.
    pub parts: ScoreParts,
    pub in_flight: u32,
    /// Why it could not be chosen; `None` when it could.
    pub excluded: Option<Exclusion>,
}

impl Scored {
    /// Every endpoint, from the same view that the choice saw.
    pub fn all(endpoints: &[Arc<Endpoint>], screen: &Screen<'_>) -> Vec<Self> {
        let pool = screen.pool().whole();
        let (neutral, slowest) = (pool.mean_time(), pool.slowest);
        let views = endpoints.iter().zip(pool.iter());
        let scored = views.map(|(endpoint, (index, view))| Self {
            endpoint: endpoint.name.to_string(),
            load: view.load.score(),
            score: view.load.resource_score(neutral, slowest),
            parts: view.load.parts(neutral, slowest),
            in_flight: view.load.in_flight,
            excluded: screen.exclusion(index, view),
        });
        scored.collect()
    }
}
