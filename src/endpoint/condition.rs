//! The condition of one endpoint: status, breaker, slow start, holds. It takes the signs of probes
//! and of traffic, tells the events, and is read on the path without a lock. It outlives reloads.

use super::Gate;
use super::HealthRules;
use super::HealthStatus;
use super::breaker::{Breaker, BreakerChange, Failure};
use super::events::{EventKind, EventLog};
use super::identity::Identity;
use super::probe_trigger::ProbeTrigger;
use super::server_facts::ServerFacts;
use super::slow_start::SlowStart;
use super::stamp::Stamp;
use super::status::{ProbeOutcome, StatusMachine};
use crate::clock::Moment;
use std::sync::Arc;
use std::time::Duration;

/// How long an endpoint that said that it has too much to do comes last.
const OVERLOADED_FOR: Duration = Duration::from_secs(1);

/// The condition of an endpoint, apart from its load.
#[derive(Debug)]
pub struct Condition {
    server: ServerFacts,
    status: StatusMachine,
    breaker: Breaker,
    slow_start: SlowStart,
    held_until: Stamp,
    overloaded_until: Stamp,
    checked: Stamp,
    failed: Stamp,
    probe_trigger: Arc<ProbeTrigger>,
}

impl Condition {
    /// A new endpoint: healthy, role unknown.
    pub fn new(
        identity: Identity,
        events: Arc<EventLog>,
        probe_trigger: Arc<ProbeTrigger>,
    ) -> Self {
        Self {
            server: ServerFacts::new(identity, events),
            status: StatusMachine::default(),
            breaker: Breaker::default(),
            slow_start: SlowStart::default(),
            held_until: Stamp::default(),
            overloaded_until: Stamp::default(),
            checked: Stamp::default(),
            failed: Stamp::default(),
            probe_trigger,
        }
    }

    /// What is known of the server.
    pub fn server(&self) -> &ServerFacts {
        &self.server
    }

    /// Which endpoint it is.
    pub fn identity(&self) -> &Identity {
        self.server.identity()
    }

    /// The present status.
    pub fn status(&self) -> HealthStatus {
        self.status.get()
    }

    /// The breaker's gate.
    pub fn gate(&self, now: Moment) -> Gate {
        self.breaker.gate(now)
    }

    /// Whether the last round of probes failed.
    pub fn probe_failing(&self) -> bool {
        self.status.probe_failing()
    }

    /// When it was last probed.
    pub fn last_check(&self) -> Option<Moment> {
        self.checked.get()
    }

    /// When it last failed, in traffic or in a probe.
    pub fn last_failure(&self) -> Option<Moment> {
        self.failed.get()
    }

    /// Whether the cache must store nothing from it: it was slow, ejected, or is just back.
    pub fn held(&self, rejoin_hold: Duration, now: Moment) -> bool {
        self.server.has_moved(rejoin_hold, now) || self.held_until.is_after(now)
    }

    /// Whether it said a moment ago that it has too much to do.
    pub fn is_overloaded(&self, now: Moment) -> bool {
        self.overloaded_until.is_after(now)
    }

    /// Whether it is back only lately and already holds what it should (slow start).
    pub fn is_slow_start_full(&self, in_flight: u32) -> bool {
        self.slow_start.is_full(in_flight)
    }

    /// Asks the service's prober for a round.
    pub fn probe_trigger(&self) -> &Arc<ProbeTrigger> {
        &self.probe_trigger
    }

    /// Takes the endpoint out of service, or back.
    pub fn set_maintenance(&self, on: bool) {
        if self.status.set_maintenance(on) {
            let what = match on {
                true => EventKind::MaintenanceBegun,
                false => EventKind::MaintenanceEnded,
            };
            self.server.tell(what, "operator");
            self.probe_trigger.fire();
        }
    }

    /// Takes the outcome of one round of probes.
    pub fn probed(&self, outcome: ProbeOutcome, why: &str, rules: &HealthRules, now: Moment) {
        self.checked.mark(now);
        if outcome == ProbeOutcome::Good {
            self.server.responded();
            if rules.breaker.recover_on_probe {
                self.breaker.allow_trial();
            }
        } else {
            self.server.did_not_respond(why);
            self.failed.mark(now);
            self.server.move_on(now);
        }
        self.changed(self.status.probed(outcome, &rules.health), why, rules, now);
    }

    /// A round of probes in which none was good and none was bad. Where the endpoint responded, that ends what its
    /// silence began: without probes that tell more, it would stay out for ever.
    pub fn checked(&self, responded: bool, rules: &HealthRules, now: Moment) {
        self.checked.mark(now);
        if responded {
            self.server.responded();
            let status = self.status.probed(ProbeOutcome::Good, &rules.health);
            self.changed(status, "it responds", rules, now);
        }
    }

    /// It refused a write for its role: it is a reader until the probes, which start now, say otherwise, or
    /// for a while where no probe tells a role.
    pub fn refused_write(&self, now: Moment) {
        self.server.refused_write(now);
        self.probe_trigger.fire();
    }

    /// It has too much to do: it comes last for a moment, and no breaker moves.
    pub fn note_overload(&self, now: Moment) {
        self.overloaded_until.mark(now + OVERLOADED_FOR);
    }

    /// The cache stores nothing from it for a while.
    pub fn hold(&self, rules: &HealthRules, now: Moment) {
        self.held_until.mark(now + rules.rejoin_hold);
    }

    /// Takes the trial slot of an open breaker, whether its time is over or not.
    pub fn claim_trial(&self) -> bool {
        self.breaker.claim_trial()
    }

    /// Gives the trial slot back without a result.
    pub fn release_trial(&self) {
        self.breaker.release_trial();
    }

    /// A request succeeded. `limit` is where the slow start ends.
    pub fn succeeded(&self, trial: bool, limit: u32, rules: &HealthRules, now: Moment) {
        self.server.responded();
        self.slow_start.succeeded(limit);
        if self.breaker.succeeded(trial) == Some(BreakerChange::Closed) {
            self.returned(EventKind::BreakerClosed, "trial succeeded", rules, now);
        }
        let status = self.status.succeeded_in_traffic(&rules.health);
        self.changed(status, "traffic", rules, now);
    }

    /// A request failed, and the endpoint is to blame.
    pub fn failed(&self, trial: bool, failure: &Failure, rules: &HealthRules, now: Moment) {
        self.failed.mark(now);
        let probe_failing = self.probe_failing();
        let failed = self
            .breaker
            .failed(trial, failure, probe_failing, &rules.breaker, now);
        if failed.is_endpoints {
            self.hold(rules, now);
            self.server.move_on(now);
        }
        match failed.change {
            Some(BreakerChange::Opened(pause)) => self.ejected(EventKind::BreakerOpened, pause),
            // In an outage many trials fail one after the other: those that change nothing are no event.
            Some(BreakerChange::Reopened { is_longer, .. }) if !is_longer => {
                self.probe_trigger.fire();
            }
            Some(BreakerChange::Reopened { pause, .. }) => {
                self.ejected(EventKind::BreakerReopened, pause);
            }
            _ => {}
        }
        let status = self.status.failed_in_traffic(&rules.health);
        self.changed(status, "traffic", rules, now);
    }

    /// Breakers are off from now on: an open one is closed.
    pub fn close_breaker(&self) {
        if self.breaker.reset() {
            self.server
                .tell(EventKind::BreakerClosed, "breakers are off");
        }
    }

    /// Probes are off from now on: the endpoint counts as healthy until traffic says otherwise.
    pub fn forget_probes(&self, rules: &HealthRules, now: Moment) {
        let status = self.status.forget_probes();
        self.changed(status, "probes are off", rules, now);
    }

    fn changed(&self, status: Option<HealthStatus>, why: &str, rules: &HealthRules, now: Moment) {
        match status {
            Some(HealthStatus::Healthy) => self.returned(EventKind::Healthy, why, rules, now),
            Some(HealthStatus::Degraded) => self.server.tell(EventKind::Degraded, why),
            Some(_) => {
                self.hold(rules, now);
                self.server.tell(EventKind::Unhealthy, why);
            }
            None => {}
        }
    }

    fn ejected(&self, what: EventKind, span: Duration) {
        self.server
            .tell(what, format!("for {} s", span.as_secs_f64()));
        self.probe_trigger.fire();
    }

    fn returned(&self, what: EventKind, why: &str, rules: &HealthRules, now: Moment) {
        self.hold(rules, now);
        self.slow_start.begin();
        self.server.tell(what, why);
    }
}

#[cfg(test)]
mod tests;
