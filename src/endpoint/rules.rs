//! The settings that judge an endpoint.

use super::ServingRules;
use crate::config;
use std::time::Duration;

/// The settings that judge an endpoint. They come with each reload; the judged state stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealthRules {
    pub health: config::Health,
    pub breaker: config::Breaker,
    pub serving: ServingRules,
    /// How long the cache stores nothing from an endpoint after it was slow, ejected or back.
    pub rejoin_hold: Duration,
    /// A response at least this slow holds the cache off the endpoint.
    pub slow: Duration,
    /// How long a figure that an agent reported counts.
    pub report_ttl: Duration,
}

impl HealthRules {
    /// The rules of a configuration.
    pub fn of(config: &config::Config) -> Self {
        Self {
            health: config.health.clone(),
            breaker: config.breaker.clone(),
            serving: serving_rules(config),
            rejoin_hold: config.cache.rejoin_hold,
            slow: config.planner.max_response_time,
            report_ttl: config.balance.report_ttl,
        }
    }
}

/// What of an endpoint's state counts under a configuration.
pub fn serving_rules(config: &config::Config) -> ServingRules {
    ServingRules {
        states: config.balance.enabled,
        probes: config.health.enabled,
        breakers: config.breaker.enabled,
    }
}
