//! The condition of one endpoint: how it fares, and what is known of its server. It takes what probes and traffic say,
//! tells what changed as events, holds the cache off, and is read on the path without a lock. It outlives reloads.

use super::events::{EventKind, EventLog};
use super::identity::Identity;
use super::probe_trigger::ProbeTrigger;
use super::room_signal::RoomSignal;
use super::server_facts::ServerFacts;
use super::{Gate, HealthRules, HealthStatus, OperatorStatus};
use crate::clock::Moment;
use balancing::atomic::{Gauge, Stamp};
use balancing::health::{
    BreakerChange, EndpointHealth, Evidence, HealthChange, Lesson, ProbeOutcome, Trial,
};
use balancing::{Completion, Fault};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// The share that the past keeps in the mean time of probes.
const PAST: f64 = 0.9;

/// The condition of an endpoint, apart from its load.
#[derive(Debug)]
pub struct Condition {
    server: ServerFacts,
    health: Arc<EndpointHealth>,
    held_until: Stamp,
    /// The mean time of its good probes, seconds. It counts where there is no traffic.
    probe_time: Gauge,
    probe_trigger: Arc<ProbeTrigger>,
}

impl Condition {
    /// A new endpoint: healthy, role unknown.
    pub fn new(
        identity: Identity,
        health: Arc<EndpointHealth>,
        events: Arc<EventLog>,
        probe_trigger: Arc<ProbeTrigger>,
        room: Arc<RoomSignal>,
    ) -> Self {
        Self {
            server: ServerFacts::new(identity, events, room),
            health,
            held_until: Stamp::default(),
            probe_time: Gauge::default(),
            probe_trigger,
        }
    }

    /// What is known of the server.
    pub fn server(&self) -> &ServerFacts {
        &self.server
    }

    /// How it fares.
    pub fn health(&self) -> &EndpointHealth {
        &self.health
    }

    /// Which endpoint it is.
    pub fn identity(&self) -> &Identity {
        self.server.identity()
    }

    /// The present status.
    pub fn status(&self) -> HealthStatus {
        self.health.status()
    }

    /// The breaker's gate.
    pub fn gate(&self, now: Moment) -> Gate {
        self.health.gate(now)
    }

    /// When it was last probed.
    pub fn last_check(&self) -> Option<Moment> {
        self.health.last_check()
    }

    /// Whether the cache must store nothing from it: it was slow, ejected, or is just back.
    pub fn held(&self, rejoin_hold: Duration, now: Moment) -> bool {
        self.server.has_moved(rejoin_hold, now) || self.held_until.is_after(now)
    }

    /// The mean time of its good probes, seconds.
    pub fn probe_time(&self) -> Option<f64> {
        self.probe_time.get()
    }

    /// Asks the service's prober for a round.
    pub fn probe_trigger(&self) -> &Arc<ProbeTrigger> {
        &self.probe_trigger
    }

    /// Takes the endpoint out of service, or back.
    pub fn set_operator_status(&self, status: OperatorStatus, now: Moment) {
        if self.health.set_operator_status(status, now) {
            let what = match status {
                OperatorStatus::Maintenance => EventKind::MaintenanceBegun,
                OperatorStatus::Draining => EventKind::DrainingBegun,
                OperatorStatus::Active => EventKind::MaintenanceEnded,
            };
            self.server.tell(what, "operator");
            self.probe_trigger.fire();
        }
    }

    /// Takes the outcome of one round of probes.
    pub fn probed(&self, outcome: ProbeOutcome, why: &str, rules: &HealthRules, now: Moment) {
        if outcome.is_good() {
            self.server.responded();
        } else {
            self.server.did_not_respond(why);
            self.moving(now, || self.server.move_on(now));
        }
        let changes = self.health.probed(outcome, &rules.settings, now);
        self.changed(&changes, why, rules, now);
    }

    /// Takes the addresses of its name. An empty list leaves the last good one.
    pub fn resolved(&self, addresses: Vec<SocketAddr>, now: Moment) {
        self.moving(now, || self.server.resolved(addresses, now));
    }

    /// Where this puts another address in use, another server is new there.
    fn moving(&self, now: Moment, change: impl FnOnce()) {
        let before = self.server.address();
        change();
        if self.server.address() != before {
            self.health.begin_beside_others(now);
        }
    }

    /// Takes the time of a good probe.
    pub fn probe_took(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let mean = self.probe_time.get().unwrap_or(seconds);
        self.probe_time.set(PAST * mean + (1.0 - PAST) * seconds);
    }

    /// A round of probes in which none was good and none was bad. Where the endpoint responded, that ends what its
    /// silence began.
    pub fn checked(&self, responded: bool, rules: &HealthRules, now: Moment) {
        if responded {
            self.server.responded();
        }
        let changes = self.health.checked(responded, &rules.settings, now);
        self.changed(&changes, "it responds", rules, now);
    }

    /// It refused a write for its role: it is a reader until the probes, which start now, say otherwise, or
    /// for a while where no probe tells a role.
    pub fn refused_write(&self, now: Moment) {
        self.server.refused_write(now);
        self.probe_trigger.fire();
    }

    /// The cache stores nothing from it for a while.
    pub fn hold(&self, rules: &HealthRules, now: Moment) {
        self.held_until.mark(now + rules.rejoin_hold);
    }

    /// Takes the trial of an open breaker, if it is due.
    pub fn claim_trial(&self, now: Moment) -> Option<Trial> {
        self.health.claim_trial(now)
    }

    /// The response of a trial is good, and goes on for as long as it takes.
    pub fn trial_responded(&self, trial: &Trial, began: Moment, rules: &HealthRules, now: Moment) {
        let changes = self.health.trial_responded(trial, began, now);
        self.changed(&changes, "trial succeeded", rules, now);
    }

    /// Learns how a request ended.
    pub fn on_finish(&self, done: &Completion, evidence: &Evidence, rules: &HealthRules) -> Lesson {
        let lesson = self.health.on_finish(done, evidence, &rules.settings);
        let now = done.now;
        match lesson.fault {
            Fault::None if done.fault == Some(Fault::None) => self.server.responded(),
            Fault::Role => self.refused_write(now),
            Fault::Lag => self.hold(rules, now),
            _ => {}
        }
        if lesson.is_endpoints {
            self.hold(rules, now);
            self.moving(now, || self.server.move_on(now));
        }
        self.changed(&lesson.changes, "traffic", rules, now);
        lesson
    }

    /// Tells what time alone has changed: that its ejection is over. To be called again and again.
    pub fn time_passed(&self, rules: &HealthRules, now: Moment) {
        let returned = self.health.returned(now);
        self.changed(returned.as_slice(), "", rules, now);
    }

    /// Breakers are off from now on: an open one is closed.
    pub fn close_breaker(&self) {
        if self.health.close_breaker() {
            self.server
                .tell(EventKind::BreakerClosed, "breakers are off");
        }
    }

    /// Probes are off from now on: the endpoint counts as healthy until traffic says otherwise.
    pub fn forget_probes(&self, rules: &HealthRules, now: Moment) {
        let changes = self.health.forget_probes(now);
        self.changed(&changes, "probes are off", rules, now);
    }

    fn changed(&self, changes: &[HealthChange], why: &str, rules: &HealthRules, now: Moment) {
        for change in changes {
            if *change != HealthChange::Status(HealthStatus::Degraded) {
                self.hold(rules, now);
            }
            match *change {
                HealthChange::Status(status) => self.server.tell(status_event(status), why),
                HealthChange::Breaker(change) => self.breaker_changed(change, why, rules),
                HealthChange::Ejected { pause, fault } => {
                    let why = format!("{} failures, for {}", fault.label(), seconds(pause));
                    self.server.tell(EventKind::Ejected, why);
                    self.probe_trigger.fire();
                }
                HealthChange::WritesAvoided { pause, fault } => {
                    let why = format!("{} failures, for {}", fault.label(), seconds(pause));
                    self.server.tell(EventKind::WritesAvoided, why);
                    self.probe_trigger.fire();
                }
                HealthChange::TargetMissing { pause } => {
                    let span = seconds(pause);
                    let why = format!("it denies what its peers serve, for {span}");
                    self.server.tell(EventKind::TargetMissing, why);
                    self.probe_trigger.fire();
                }
                HealthChange::Readmitted(end) => {
                    let why = match end.by_outage {
                        true => "its peers fail as well, so it is tried again",
                        false => "its time is over",
                    };
                    let why = format!("after {}: {why}", seconds(end.after));
                    self.server.tell(EventKind::Readmitted, why);
                }
            }
        }
    }

    fn breaker_changed(&self, change: BreakerChange, why: &str, rules: &HealthRules) {
        let for_so_long = |pause| match rules.settings.breaker.recover_on_probe {
            true => format!("for {} at most: good probes shorten it", seconds(pause)),
            false => format!("for {}", seconds(pause)),
        };
        let (what, why) = match change {
            BreakerChange::Opened(pause) => (EventKind::BreakerOpened, for_so_long(pause)),
            // In an outage many trials fail one after the other: those that change nothing are no event.
            BreakerChange::Reopened { is_longer, .. } if !is_longer => {
                return self.probe_trigger.fire();
            }
            BreakerChange::Reopened { pause, .. } => {
                (EventKind::BreakerReopened, for_so_long(pause))
            }
            BreakerChange::Closed => return self.server.tell(EventKind::BreakerClosed, why),
        };
        self.server.tell(what, why);
        self.probe_trigger.fire();
    }
}

fn status_event(status: HealthStatus) -> EventKind {
    match status {
        HealthStatus::Healthy => EventKind::Healthy,
        HealthStatus::Degraded => EventKind::Degraded,
        HealthStatus::Unhealthy | HealthStatus::Maintenance | HealthStatus::Draining => {
            EventKind::Unhealthy
        }
    }
}

fn seconds(span: Duration) -> String {
    format!("{} s", (span.as_secs_f64() * 10.0).round() / 10.0)
}

#[cfg(test)]
mod tests;
