//! What may be set of a run, whatever the scenario.

use crate::line::Waiting;
use crate::replica::Discipline;
use crate::scenario::Scenario;
use crate::shipped::MAX_CONNECTIONS;
use balancing::health::{BreakerSettings, HealthSettings};

/// The settings of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Sigma of the log-normal error of a request's estimated cost; infinite: all requests seem alike.
    pub cost_error: f64,
    /// Whether failures and probes take a replica out, as by default.
    pub health: bool,
    /// Requests that a proxy may have in flight at a replica; of policies of the crate.
    pub max_connections: u32,
    /// How replicas work off requests.
    pub discipline: Discipline,
    /// How requests wait in a proxy.
    pub waiting: Waiting,
    /// Whether proxies make extra attempts, as by default: retries and hedges, within their budgets.
    pub extra_attempts: bool,
    /// Share of the time that is simulated of scenarios without fixed times.
    pub length: f64,
}

impl Settings {
    /// All as shipped; of estimated costs nothing is shipped.
    pub fn shipped() -> Self {
        Self {
            waiting: Waiting::PredictedWait,
            extra_attempts: true,
            ..Self::default()
        }
    }

    /// How a proxy judges replicas: as by default.
    pub fn health_settings(&self) -> HealthSettings {
        HealthSettings {
            breaker: BreakerSettings {
                enabled: self.health,
                ..BreakerSettings::default()
            },
            ..HealthSettings::default()
        }
    }

    /// For how long requests of a scenario arrive, seconds.
    pub fn seconds_of(&self, scenario: &Scenario) -> f64 {
        match scenario.has_fixed_times() {
            true => scenario.seconds,
            false => scenario.seconds * self.length,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cost_error: 0.7,
            health: true,
            max_connections: MAX_CONNECTIONS,
            discipline: Discipline::Fcfs,
            waiting: Waiting::Patient,
            extra_attempts: false,
            length: 1.0,
        }
    }
}
