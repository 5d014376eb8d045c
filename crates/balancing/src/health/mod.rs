//! How an endpoint fares, as far as it decides whether it is given requests.

mod serving_rules;

pub use serving_rules::ServingRules;

use crate::Moment;
use serde::Serialize;

/// Whether a breaker lets a request through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Closed,
    /// No, until then.
    Open(Moment),
    /// One request may try it.
    HalfOpen,
    /// One request tries it.
    TrialRunning,
}

/// How an endpoint is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// Takes traffic.
    Healthy,
    /// Takes traffic when no healthy endpoint can.
    Degraded,
    /// Takes none, but as a last resort.
    Unhealthy,
    /// Taken out by the operator; not probed.
    Maintenance,
}

impl HealthStatus {
    /// The name in metrics, logs and the admin API.
    pub const fn label(self) -> &'static str {
        match self {
            HealthStatus::Healthy => "healthy",
            HealthStatus::Degraded => "degraded",
            HealthStatus::Unhealthy => "unhealthy",
            HealthStatus::Maintenance => "maintenance",
        }
    }
}

/// How fit an endpoint is for writes; a pool sends them to its fittest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WriteFitness {
    /// A reader by configuration: never.
    Never,
    /// A reader by its own word, which may be old: when there is no better one, the database is the judge.
    Reader,
    /// Not known.
    Unknown,
    /// A writer.
    Writer,
}
