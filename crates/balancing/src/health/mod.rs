//! How endpoints fare, as far as it decides whether they are given requests. Pure: the moment and all that happened are
//! handed in, and what changed is given back. `EndpointHealth` is one endpoint's; `Peers` are those of a service.

mod breaker;
mod changes;
mod ejection;
mod endpoint_health;
mod peers;
mod probe_schedule;
mod record;
mod retry_after;
mod serving_rules;
mod settings;
mod share;
mod shared_failures;
mod slow_start;
mod status;
mod targets;
mod traffic;
mod uptime;
mod writes;

pub use breaker::{BreakerChange, Trial};
pub use changes::{Evidence, HealthChange, Lesson};
pub use ejection::Return;
pub use endpoint_health::EndpointHealth;
pub use peers::Peers;
pub use probe_schedule::ProbeSchedule;
pub use serving_rules::ServingRules;
pub use settings::{BreakerSettings, HealthSettings, ProbeSettings, StatusRule};
pub use status::{OperatorStatus, ProbeOutcome};
pub use targets::TargetStanding;
pub use traffic::{TrafficCounts, WINDOW};
pub use writes::WriteStanding;

use crate::Moment;
use serde::Serialize;

/// How an endpoint stands for one request: plain values, each read once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthView {
    /// By probes and by the operator.
    pub status: HealthStatus,
    /// By its own failures in traffic.
    pub gate: Gate,
    /// By failures that its peers do not have.
    pub is_ejected: bool,
    /// It asked to be left alone until then.
    pub waits_until: Option<Moment>,
    /// It asked so because there were too many such requests, not because it does not serve.
    pub is_limited: bool,
    /// It said a moment ago that it has too much to do.
    pub is_overloaded: bool,
    /// Its last requests failed, a moment ago.
    pub is_failing: bool,
    /// It refused the credentials of its last requests, whoever sent them.
    pub is_denying: bool,
    /// How it fares with writes of what the request is about.
    pub writes: WriteStanding,
    /// Whether it has what the request is about, as far as that is known.
    pub target: TargetStanding,
    /// The share of its requests that it may have; less than 1 while it is back only lately.
    pub start_share: f64,
    /// When a probe or a request last failed there.
    pub last_failure: Option<Moment>,
    /// The share of time in which it was healthy and its breaker closed, 0..=1; after an hour the past counts for a third.
    pub up_share: f64,
}

impl HealthView {
    /// Of an endpoint of which nothing speaks against.
    pub const GOOD: Self = Self {
        status: HealthStatus::Healthy,
        gate: Gate::Closed,
        is_ejected: false,
        waits_until: None,
        is_limited: false,
        is_overloaded: false,
        is_failing: false,
        is_denying: false,
        writes: WriteStanding::Good,
        target: TargetStanding::Held,
        start_share: 1.0,
        last_failure: None,
        up_share: 1.0,
    };
}

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
    /// The operator lets it drain: no new requests.
    Draining,
}

impl HealthStatus {
    /// The name in metrics, logs and the admin API.
    pub const fn label(self) -> &'static str {
        match self {
            HealthStatus::Healthy => "healthy",
            HealthStatus::Degraded => "degraded",
            HealthStatus::Unhealthy => "unhealthy",
            HealthStatus::Maintenance => "maintenance",
            HealthStatus::Draining => "draining",
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

#[cfg(test)]
mod tests;
