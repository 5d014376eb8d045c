//! The condition of one endpoint: status, breaker, slow start, holds. It takes the signs of probes
//! and of traffic, tells the events, and is read on the path without a lock. It outlives reloads.

use super::HealthRules;
use super::breaker::{Breaker, Failure, Gate, Turn};
use super::events::{EventKind, EventLog};
use super::identity::Identity;
use super::probe_trigger::ProbeTrigger;
use super::server_facts::ServerFacts;
use super::slow_start::SlowStart;
use super::stamp::Stamp;
use super::status::{HealthStatus, Sign, StatusMachine};
use crate::clock::Moment;
use std::sync::Arc;
use std::time::Duration;

/// How long an endpoint that said that it has too much to do comes last.
const PRESSED_FOR: Duration = Duration::from_secs(1);

/// How an endpoint fares, beside its load.
#[derive(Debug)]
pub struct Condition {
    server: ServerFacts,
    status: StatusMachine,
    breaker: Breaker,
    slow_start: SlowStart,
    held_until: Stamp,
    pressed_until: Stamp,
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
            pressed_until: Stamp::default(),
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
    pub fn held(&self, now: Moment) -> bool {
        self.server.has_moved(now) || self.held_until.is_after(now)
    }

    /// Whether it said a moment ago that it has too much to do.
    pub fn pressed(&self, now: Moment) -> bool {
        self.pressed_until.is_after(now)
    }

    /// Whether it is back only lately and already holds what it should (slow start).
    pub fn ramping(&self, in_flight: u32) -> bool {
        self.slow_start.is_full(in_flight)
    }

    /// The pulse of the service's prober.
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
            self.probe_trigger.nudge();
        }
    }

    /// Takes the sign of one round of probes.
    pub fn probed(&self, sign: Sign, why: &str, rules: &HealthRules, now: Moment) {
        self.checked.mark(now);
        match sign {
            Sign::Good => self.server.responded(),
            Sign::Bad | Sign::Silent => self.server.did_not_respond(why),
        }
        if sign == Sign::Good {
            if rules.breaker.recover_on_probe {
                self.breaker.hasten();
            }
        } else {
            self.failed.mark(now);
            self.server.move_on(now);
        }
        self.turned(self.status.probed(sign, &rules.health), why, rules, now);
    }

    /// A round of probes that told nothing about health, but perhaps that it answers.
    pub fn checked(&self, answered: bool, now: Moment) {
        self.checked.mark(now);
        if answered {
            self.server.responded();
        }
    }

    /// It refused a write for its role: it is a reader until the probes, which start now, say otherwise, or
    /// for a while where no probe tells a role.
    pub fn refused_write(&self, now: Moment) {
        self.server.refused_write(now);
        self.probe_trigger.nudge();
    }

    /// It has too much to do: it comes last for a moment, and no breaker moves.
    pub fn overloaded(&self, now: Moment) {
        self.pressed_until.mark(now + PRESSED_FOR);
    }

    /// The cache stores nothing from it for a while.
    pub fn hold(&self, rules: &HealthRules, now: Moment) {
        self.held_until.mark(now + rules.rejoin_hold);
    }

    /// Takes the trial slot of an open breaker, due or not.
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
        if self.breaker.succeeded(trial) == Some(Turn::Closed) {
            self.back(EventKind::BreakerClosed, "trial succeeded", rules, now);
        }
        let turned = self.status.succeeded_in_traffic(&rules.health);
        self.turned(turned, "traffic", rules, now);
    }

    /// A request failed, and the endpoint is to blame.
    pub fn failed(&self, trial: bool, failure: &Failure, rules: &HealthRules, now: Moment) {
        self.failed.mark(now);
        self.hold(rules, now);
        self.server.move_on(now);
        let probe_failing = self.probe_failing();
        let turn = self
            .breaker
            .failed(trial, failure, probe_failing, &rules.breaker, now);
        match turn {
            Some(Turn::Opened(span)) => self.out(EventKind::BreakerOpened, span),
            Some(Turn::Reopened(span)) => self.out(EventKind::BreakerReopened, span),
            _ => {}
        }
        let turned = self.status.failed_in_traffic(&rules.health);
        self.turned(turned, "traffic", rules, now);
    }

    fn turned(&self, turned: Option<HealthStatus>, why: &str, rules: &HealthRules, now: Moment) {
        match turned {
            Some(HealthStatus::Healthy) => self.back(EventKind::Healthy, why, rules, now),
            Some(HealthStatus::Degraded) => self.server.tell(EventKind::Degraded, why),
            Some(_) => {
                self.hold(rules, now);
                self.server.tell(EventKind::Unhealthy, why);
            }
            None => {}
        }
    }

    fn out(&self, what: EventKind, span: Duration) {
        self.server
            .tell(what, format!("for {} s", span.as_secs_f64()));
        self.probe_trigger.nudge();
    }

    fn back(&self, what: EventKind, why: &str, rules: &HealthRules, now: Moment) {
        self.hold(rules, now);
        self.slow_start.begin();
        self.server.tell(what, why);
    }
}

#[cfg(test)]
mod tests;
