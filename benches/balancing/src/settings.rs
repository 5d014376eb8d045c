//! What may be set of a run, whatever the scenario.

use crate::line::Waiting;
use crate::replica::Discipline;
use crate::scenario::Scenario;

/// The settings of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Sigma of the log-normal error of a request's estimated cost; infinite: all requests seem alike.
    pub cost_error: f64,
    /// Whether a replica is ejected after failures in a row.
    pub ejection: bool,
    /// Requests that a proxy may have in flight at a replica.
    pub max_connections: u32,
    /// How replicas work off requests.
    pub discipline: Discipline,
    /// How requests wait in a proxy.
    pub waiting: Waiting,
    /// Share of the time that is simulated of scenarios in which nothing happens at a certain second.
    pub length: f64,
}

impl Settings {
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
            ejection: true,
            max_connections: 1_000_000,
            discipline: Discipline::Fcfs,
            waiting: Waiting::Fifo,
            length: 1.0,
        }
    }
}
