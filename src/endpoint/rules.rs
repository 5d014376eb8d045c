//! The settings that judge an endpoint, as the configuration says them.

use super::{Distance, ServingRules};
use crate::config::{self, HealthRule};
use balancing::health::{BreakerSettings, HealthSettings, ProbeSettings, StatusRule};
use std::time::Duration;

/// The settings that judge an endpoint. They come with each reload; the judged state stays.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HealthRules {
    pub health: config::Health,
    /// What decides whether the endpoint is given requests.
    pub settings: HealthSettings,
    /// How long the cache stores nothing from an endpoint after it was slow, ejected or back.
    pub rejoin_hold: Duration,
    /// A response at least this slow holds the cache off the endpoint.
    pub slow: Duration,
    /// How long a figure that an agent reported counts.
    pub report_ttl: Duration,
    pub preferred_region: Option<String>,
    pub preferred_zone: Option<String>,
}

impl HealthRules {
    /// The rules of a configuration.
    pub fn of(config: &config::Config) -> Self {
        Self {
            health: config.health.clone(),
            settings: settings(config),
            rejoin_hold: config.cache.rejoin_hold,
            slow: config.planner.max_response_time,
            report_ttl: config.balance.report_ttl,
            preferred_region: config.balance.preferred_region.clone(),
            preferred_zone: config.balance.preferred_zone.clone(),
        }
    }

    /// How far an endpoint is from where requests should stay.
    pub fn distance(&self, endpoint: &config::Endpoint) -> Distance {
        let is_elsewhere = |preferred: &Option<String>, own: &Option<String>| {
            preferred.is_some() && preferred != own
        };
        if is_elsewhere(&self.preferred_region, &endpoint.region) {
            return Distance::OtherRegion;
        }
        match is_elsewhere(&self.preferred_zone, &endpoint.zone) {
            true => Distance::OtherZone,
            false => Distance::Near,
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

fn settings(config: &config::Config) -> HealthSettings {
    let (health, breaker) = (&config.health, &config.breaker);
    HealthSettings {
        probes: ProbeSettings {
            rule: match health.rule {
                HealthRule::Consecutive => StatusRule::Consecutive,
                HealthRule::Leaky => StatusRule::Leaky,
            },
            unhealthy_after: health.unhealthy_after,
            healthy_after: health.healthy_after,
        },
        breaker: BreakerSettings {
            enabled: breaker.enabled,
            threshold: breaker.threshold,
            open_for: breaker.open_for,
            open_at_most: breaker.open_at_most,
            recover_on_probe: breaker.recover_on_probe,
        },
        eject_for: breaker.eject_for,
        slow_start: health.slow_start,
        serving: serving_rules(config),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_configuration_are_those_that_are_simulated() {
        let config = config::Config::default();
        assert_eq!(HealthRules::of(&config).settings, HealthSettings::default());
    }
}
