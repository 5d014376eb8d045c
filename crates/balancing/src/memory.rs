//! What a policy has learned, as plain figures that outlive the process.

use serde::{Deserialize, Serialize};

/// What a policy has learned. What each figure is, is the policy's own matter: they are given back to a policy of the same name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Of the pool as a whole.
    pub pool: Vec<f64>,
    /// Of each endpoint, in the order of the pool.
    pub endpoints: Vec<Vec<f64>>,
    /// Of groups of requests, by the hash of each.
    pub groups: Vec<(u64, f64, f64)>,
}

impl Memory {
    /// Whether every figure is a number: what is not can be neither written nor learned from.
    pub fn is_sound(&self) -> bool {
        let endpoints = self.endpoints.iter().flatten();
        let groups = self.groups.iter().flat_map(|(_, one, other)| [one, other]);
        let mut all = self.pool.iter().chain(endpoints).chain(groups);
        all.all(|figure| figure.is_finite())
    }
}
