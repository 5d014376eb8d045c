//! The settings that judge the endpoints of a service. They come anew with each configuration; the judged state stays.

use super::ServingRules;
use std::time::Duration;

/// What judges an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HealthSettings {
    pub probes: ProbeSettings,
    pub breaker: BreakerSettings,
    /// How long the first ejection lasts; each further one that follows soon lasts as much longer.
    pub eject_for: Duration,
    /// How long an endpoint that is back is given fewer requests than it may have.
    pub slow_start: Duration,
    pub serving: ServingRules,
}

/// How probes change a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StatusRule {
    /// So many failures in a row; so many good ones restore.
    #[default]
    Consecutive,
    /// A failure adds one, a success takes one away; above 3 degraded, above 5 unhealthy.
    Leaky,
}

/// What probes decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeSettings {
    pub rule: StatusRule,
    /// Failed probes in a row until an endpoint is unhealthy.
    pub unhealthy_after: u32,
    /// Good probes in a row until it is healthy again.
    pub healthy_after: u32,
}

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Off: it counts and never opens.
    pub enabled: bool,
    /// Failures in a row until it opens.
    pub threshold: u32,
    /// How long it stays open before one request may try.
    pub open_for: Duration,
    /// Each trial that fails while peers serve doubles the time, up to this.
    pub open_at_most: Duration,
    /// A good probe makes the trial due, as long as the trials after good probes do not fail.
    pub recover_on_probe: bool,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self {
            probes: ProbeSettings {
                rule: StatusRule::Consecutive,
                unhealthy_after: 5,
                healthy_after: 1,
            },
            breaker: BreakerSettings::default(),
            eject_for: Duration::from_secs(30),
            slow_start: Duration::from_secs(10),
            serving: ServingRules::default(),
        }
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            threshold: 5,
            open_for: Duration::from_secs(300),
            open_at_most: Duration::from_secs(1800),
            recover_on_probe: true,
        }
    }
}
