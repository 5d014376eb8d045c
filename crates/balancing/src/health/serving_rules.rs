//! Which states take an endpoint out of service: the one rule that choosing and the statistics follow.

use super::{Gate, HealthStatus};

/// What of an endpoint's state counts; by default all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServingRules {
    /// Whether states count at all.
    pub states: bool,
    /// Whether the verdict of probes counts.
    pub probes: bool,
    /// Whether breakers and ejections take endpoints out.
    pub breakers: bool,
}

impl ServingRules {
    /// Whether an endpoint of this status is given no request.
    pub fn is_out(self, status: HealthStatus) -> bool {
        self.states
            && match status {
                HealthStatus::Healthy | HealthStatus::Degraded => false,
                HealthStatus::Unhealthy => self.probes,
                HealthStatus::Maintenance | HealthStatus::Draining => true,
            }
    }

    /// The breaker's gate, as far as breakers count.
    pub fn gate(self, gate: Gate) -> Gate {
        match self.states && self.breakers {
            true => gate,
            false => Gate::Closed,
        }
    }

    /// Whether an ejection takes the endpoint out.
    pub fn is_ejected(self, is_ejected: bool) -> bool {
        self.states && self.breakers && is_ejected
    }

    /// Whether it serves: it has an address, its status keeps it in, its breaker is closed, and no ejection takes it out.
    pub fn is_online(
        self,
        is_resolved: bool,
        status: HealthStatus,
        (gate, is_ejected): (Gate, bool),
    ) -> bool {
        let is_closed = self.gate(gate) == Gate::Closed && !self.is_ejected(is_ejected);
        is_resolved && !self.is_out(status) && is_closed
    }
}

impl Default for ServingRules {
    fn default() -> Self {
        Self {
            states: true,
            probes: true,
            breakers: true,
        }
    }
}
