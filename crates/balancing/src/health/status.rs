//! The status machine of one endpoint. Probes drive it; failures of traffic add
//! to it under the rule `leaky` only. It never looks at the breaker, which is traffic's own.

use super::HealthStatus;
use super::settings::{ProbeSettings, StatusRule};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Errors above which the rule `leaky` calls an endpoint degraded.
const LEAKY_DEGRADED: u32 = 3;
/// Errors above which the rule `leaky` calls a silent endpoint unhealthy.
const LEAKY_UNHEALTHY: u32 = 5;

/// What one round of probes says of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// It serves: it answered a question for data.
    Good,
    /// It answered a question that any server answers that runs.
    Alive,
    /// It responded, and does not serve.
    Bad,
    /// It did not respond.
    Silent,
}

impl ProbeOutcome {
    /// Whether nothing speaks against the endpoint.
    pub fn is_good(self) -> bool {
        matches!(self, ProbeOutcome::Good | ProbeOutcome::Alive)
    }
}

/// What an operator says of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OperatorStatus {
    /// Probes and traffic decide.
    #[default]
    Active,
    /// Taken out, and not probed.
    Maintenance,
    /// Given no new requests, and probed on.
    Draining,
}

const MAINTENANCE: u8 = OperatorStatus::Maintenance as u8;
const DRAINING: u8 = OperatorStatus::Draining as u8;

/// Status with the counts behind it. Reading takes no lock.
#[derive(Debug, Default)]
pub struct StatusMachine {
    state: AtomicU8,
    operator: AtomicU8,
    /// Whether there are errors to forgive: spares good traffic the lock.
    troubled: AtomicBool,
    probe_failing: AtomicBool,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    errors: u32,
    good: u32,
}

impl StatusMachine {
    /// The present status.
    pub fn get(&self) -> HealthStatus {
        match self.operator.load(Ordering::Relaxed) {
            MAINTENANCE => HealthStatus::Maintenance,
            DRAINING => HealthStatus::Draining,
            _ => status_of(self.state.load(Ordering::Relaxed)),
        }
    }

    /// Whether the last round of probes failed.
    pub fn probe_failing(&self) -> bool {
        self.probe_failing.load(Ordering::Relaxed)
    }

    /// Takes the endpoint out, or back in. True when that is a change.
    pub fn set_operator_status(&self, status: OperatorStatus) -> bool {
        self.operator.swap(status as u8, Ordering::Relaxed) != status as u8
    }

    /// Takes the outcome of a round of probes; gives the new status when it changed.
    pub fn probed(&self, outcome: ProbeOutcome, rules: &ProbeSettings) -> Option<HealthStatus> {
        let mut counts = self.counts.lock();
        self.probe_failing
            .store(!outcome.is_good(), Ordering::Relaxed);
        let now = status_of(self.state.load(Ordering::Relaxed));
        let next = match rules.rule {
            StatusRule::Consecutive => counts.consecutive(now, outcome, rules),
            StatusRule::Leaky => counts.leaky(now, outcome),
        };
        self.settle(&counts, next)
    }

    /// An endpoint fault of traffic; returns the new status when it changed.
    pub fn failed_in_traffic(&self, rules: &ProbeSettings) -> Option<HealthStatus> {
        if rules.rule != StatusRule::Leaky {
            return None;
        }
        let mut counts = self.counts.lock();
        let now = status_of(self.state.load(Ordering::Relaxed));
        let next = counts.leaky(now, ProbeOutcome::Bad);
        self.settle(&counts, next)
    }

    /// A success of traffic forgives one error of the rule `leaky`.
    pub fn succeeded_in_traffic(&self, rules: &ProbeSettings) -> Option<HealthStatus> {
        if rules.rule != StatusRule::Leaky || !self.troubled.load(Ordering::Relaxed) {
            return None;
        }
        let mut counts = self.counts.lock();
        counts.errors = counts.errors.saturating_sub(1);
        let now = status_of(self.state.load(Ordering::Relaxed));
        let forgiven = now == HealthStatus::Degraded && counts.errors <= LEAKY_DEGRADED;
        self.settle(&counts, if forgiven { HealthStatus::Healthy } else { now })
    }

    /// Nothing probes the endpoint any more, so what probes found is no longer known. Returns the new status when it changed.
    pub fn forget_probes(&self) -> Option<HealthStatus> {
        let mut counts = self.counts.lock();
        *counts = Counts::default();
        self.probe_failing.store(false, Ordering::Relaxed);
        self.settle(&counts, HealthStatus::Healthy)
    }

    fn settle(&self, counts: &Counts, next: HealthStatus) -> Option<HealthStatus> {
        self.troubled.store(counts.errors > 0, Ordering::Relaxed);
        let before = self.state.swap(next as u8, Ordering::Relaxed);
        (before != next as u8).then_some(next)
    }
}

impl Counts {
    fn consecutive(
        &mut self,
        now: HealthStatus,
        outcome: ProbeOutcome,
        rules: &ProbeSettings,
    ) -> HealthStatus {
        if outcome.is_good() {
            self.errors = 0;
            self.good = self.good.saturating_add(1);
            let enough = self.good >= rules.healthy_after.max(1);
            return if enough { HealthStatus::Healthy } else { now };
        }
        self.good = 0;
        self.errors = self.errors.saturating_add(1);
        if self.errors >= rules.unhealthy_after.max(1) {
            return HealthStatus::Unhealthy;
        }
        now
    }

    /// A failure never improves a status, so a bad response leaves an unhealthy endpoint unhealthy.
    fn leaky(&mut self, now: HealthStatus, outcome: ProbeOutcome) -> HealthStatus {
        if outcome.is_good() {
            self.errors = self.errors.saturating_sub(1);
            return HealthStatus::Healthy;
        }
        self.errors = self.errors.saturating_add(1);
        match outcome {
            ProbeOutcome::Bad if self.errors > LEAKY_DEGRADED => now.max(HealthStatus::Degraded),
            ProbeOutcome::Silent if self.errors > LEAKY_UNHEALTHY => HealthStatus::Unhealthy,
            _ => now,
        }
    }
}

fn status_of(code: u8) -> HealthStatus {
    match code {
        0 => HealthStatus::Healthy,
        1 => HealthStatus::Degraded,
        _ => HealthStatus::Unhealthy,
    }
}

#[cfg(test)]
mod tests;
