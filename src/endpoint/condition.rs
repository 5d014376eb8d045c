//! The condition of one endpoint: status, breaker, role, addresses, holds. It takes the signs of probes
//! and of traffic, tells the events, and is read on the path without a lock. It outlives reloads.

use super::HealthRules;
use super::breaker::{Breaker, Failure, Gate, Turn};
use super::credential::CredentialGate;
use super::events::{EventKind, EventLog};
use super::probe_trigger::ProbeTrigger;
use super::stamp::Stamp;
use super::status::{HealthStatus, Sign, StatusMachine};
use crate::clock::Moment;
use crate::config::EndpointAddress;
use crate::dialect::Role;
use arc_swap::ArcSwap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How long an endpoint that said that it has too much to do comes last.
const PRESSED_FOR: Duration = Duration::from_secs(1);
/// How long nothing is stored from an endpoint whose name came to another address: it may be another
/// server, which lags. As long as `cache.rejoin_hold` is by default.
const MOVED_HOLD: Duration = Duration::from_secs(30);
/// How long an endpoint that refused a write is taken for a reader, when no probe tells its role.
const REFUSED_WRITE_FOR: Duration = Duration::from_secs(30);
/// Addresses kept of one name.
const ADDRESSES_KEPT: usize = 16;

/// Which endpoint it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub service: Arc<str>,
    pub name: Arc<str>,
    pub address: EndpointAddress,
}

/// What is known of one endpoint beside its load.
#[derive(Debug)]
pub struct Condition {
    identity: Identity,
    status: StatusMachine,
    breaker: Breaker,
    /// 0 unknown, 1 writer, 2 reader.
    role: AtomicU8,
    /// Until when it is taken for a reader because it refused a write, nanoseconds; 0 when it did not.
    refused_write_until: AtomicU64,
    credential: CredentialGate,
    addresses: ArcSwap<Vec<SocketAddr>>,
    address_turn: AtomicUsize,
    /// When another address of the name came into use.
    moved: Stamp,
    held_until: Stamp,
    pressed_until: Stamp,
    checked: Stamp,
    failed: Stamp,
    /// 0 nothing is known, 1 its first probe failed, 2 it has answered once.
    met: AtomicU8,
    /// Requests in flight that a returned endpoint may hold before it comes last; 0 when it need not be spared.
    ramp: AtomicU32,
    events: Arc<EventLog>,
    probe_trigger: Arc<ProbeTrigger>,
}

impl Condition {
    /// A new endpoint: healthy, role unknown. A literal address is resolved at once, a name later.
    pub fn new(
        identity: Identity,
        events: Arc<EventLog>,
        probe_trigger: Arc<ProbeTrigger>,
    ) -> Self {
        let EndpointAddress { host, port } = &identity.address;
        let literal = host.parse::<IpAddr>().ok();
        let addresses = literal.map(|ip| SocketAddr::new(ip, *port));
        Self {
            identity,
            status: StatusMachine::default(),
            breaker: Breaker::default(),
            role: AtomicU8::new(0),
            refused_write_until: AtomicU64::new(0),
            credential: CredentialGate::default(),
            met: AtomicU8::new(0),
            addresses: ArcSwap::from_pointee(addresses.into_iter().collect()),
            address_turn: AtomicUsize::new(0),
            moved: Stamp::default(),
            held_until: Stamp::default(),
            pressed_until: Stamp::default(),
            checked: Stamp::default(),
            failed: Stamp::default(),
            ramp: AtomicU32::new(0),
            events,
            probe_trigger,
        }
    }

    /// Which endpoint it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The present status.
    pub fn status(&self) -> HealthStatus {
        self.status.get()
    }

    /// The breaker's gate.
    pub fn gate(&self, now: Moment) -> Gate {
        self.breaker.gate(now)
    }

    /// The role: what probes found, or a reader for a while after it refused a write.
    pub fn role(&self, now: Moment) -> Option<Role> {
        if self.refused_write_until.load(Ordering::Relaxed) > now.0 {
            return Some(Role::Reader);
        }
        match self.role.load(Ordering::Relaxed) {
            1 => Some(Role::Writer),
            2 => Some(Role::Reader),
            _ => None,
        }
    }

    /// Whether it takes our probe credential.
    pub fn credential(&self) -> &CredentialGate {
        &self.credential
    }

    /// It refused our probe credential: what needs it waits.
    pub fn credential_refused(&self, now: Moment) {
        if let Some(pause) = self.credential.refused(now) {
            let why = format!(
                "roles and metadata are not asked for; next try in {} s",
                pause.as_secs()
            );
            self.tell(EventKind::ProbeCredentialRefused, why);
        }
    }

    /// It took our probe credential.
    pub fn credential_accepted(&self) {
        if self.credential.accepted() {
            self.tell(EventKind::ProbeCredentialAccepted, "probe");
        }
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
        let moved = self
            .moved
            .get()
            .is_some_and(|at| now.since(at) < MOVED_HOLD);
        moved || self.held_until.is_after(now)
    }

    /// Whether it said a moment ago that it has too much to do.
    pub fn pressed(&self, now: Moment) -> bool {
        self.pressed_until.is_after(now)
    }

    /// Whether it is back only lately and already holds what it should (slow start).
    pub fn ramping(&self, in_flight: u32) -> bool {
        match self.ramp.load(Ordering::Relaxed) {
            0 => false,
            room => in_flight >= room,
        }
    }

    /// The addresses; empty when its name was never resolved.
    pub fn addresses(&self) -> Arc<Vec<SocketAddr>> {
        self.addresses.load_full()
    }

    /// Whether there is an address to go to.
    pub fn is_resolved(&self) -> bool {
        !self.addresses.load().is_empty()
    }

    /// The address to go to now. A failure moves on to the next one of the name.
    pub fn address(&self) -> Option<SocketAddr> {
        let addresses = self.addresses.load();
        let turn = self.address_turn.load(Ordering::Relaxed);
        addresses.get(turn.checked_rem(addresses.len())?).copied()
    }

    /// The pulse of the service's prober.
    pub fn probe_trigger(&self) -> &Arc<ProbeTrigger> {
        &self.probe_trigger
    }

    /// Takes the addresses of its name. An empty list leaves the last good one.
    ///
    /// Each address may be another server. Their order means nothing (it rotates), and the one in use
    /// stays in use while it is listed.
    pub fn resolved(&self, mut addresses: Vec<SocketAddr>, now: Moment) {
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(ADDRESSES_KEPT);
        if addresses.is_empty() || *self.addresses.load_full() == addresses {
            return;
        }
        let used = self.address();
        let stays = addresses.iter().position(|one| Some(*one) == used);
        if used.is_some() && stays.is_none() {
            self.moved.mark(now);
        }
        self.tell(EventKind::Resolved, format!("{addresses:?}"));
        self.addresses.store(Arc::new(addresses));
        self.address_turn
            .store(stays.unwrap_or(0), Ordering::Relaxed);
    }

    /// Tries the next address of the name, where there is one.
    fn move_on(&self, now: Moment) {
        if self.addresses.load().len() > 1 {
            self.address_turn.fetch_add(1, Ordering::Relaxed);
            self.moved.mark(now);
        }
    }

    /// Takes the endpoint out of service, or back.
    pub fn set_maintenance(&self, on: bool) {
        if self.status.set_maintenance(on) {
            let what = if on {
                EventKind::MaintenanceBegun
            } else {
                EventKind::MaintenanceEnded
            };
            self.tell(what, "operator");
            self.probe_trigger.nudge();
        }
    }

    /// Takes the sign of one round of probes.
    pub fn probed(&self, sign: Sign, why: &str, rules: &HealthRules, now: Moment) {
        self.checked.mark(now);
        self.meet(sign == Sign::Good, why);
        if sign == Sign::Good {
            if rules.breaker.recover_on_probe {
                self.breaker.hasten();
            }
        } else {
            self.failed.mark(now);
            self.move_on(now);
        }
        self.turned(self.status.probed(sign, &rules.health), why, rules, now);
    }

    /// Whether it has ever answered, a probe or a request.
    pub fn has_answered(&self) -> bool {
        self.met.load(Ordering::Relaxed) == 2
    }

    /// Notes that it answers, or says once that it does not: it takes some probes more until its status tells.
    fn meet(&self, good: bool, why: &str) {
        if good {
            self.met.store(2, Ordering::Relaxed);
            return;
        }
        let first = self
            .met
            .compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed);
        if first.is_ok() {
            let Identity { service, name, .. } = &self.identity;
            tracing::warn!(%service, endpoint = %name, why, "does not answer its first probe");
        }
    }

    /// A round of probes that told nothing about health, but perhaps that it answers.
    pub fn checked(&self, answered: bool, now: Moment) {
        self.checked.mark(now);
        if answered {
            self.meet(true, "");
        }
    }

    /// Takes the role that a probe found.
    pub fn found_role(&self, role: Role, now: Moment) {
        let (code, what) = match role {
            Role::Writer => (1, EventKind::RoleWriter),
            Role::Reader => (2, EventKind::RoleReader),
        };
        let refused = self.refused_write_until.swap(0, Ordering::Relaxed) > now.0;
        let before = self.role.swap(code, Ordering::Relaxed);
        if before != code || refused && role == Role::Writer {
            self.tell(what, "probe");
        }
    }

    /// It refused a write for its role: it is a reader until the probes, which start now, say otherwise, or
    /// for a while where no probe tells a role.
    pub fn refused_write(&self, now: Moment) {
        let was = self.role(now);
        let until = (now + REFUSED_WRITE_FOR).0;
        self.refused_write_until.fetch_max(until, Ordering::Relaxed);
        if was != Some(Role::Reader) {
            self.tell(EventKind::RoleReader, "refused a write");
        }
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
        self.meet(true, "");
        if self.ramp.load(Ordering::Relaxed) > 0 {
            self.widen(limit);
        }
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
        self.move_on(now);
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

    /// Tells an event of this endpoint.
    pub fn tell(&self, what: EventKind, why: impl Into<String>) {
        let Identity { service, name, .. } = &self.identity;
        self.events.record(Some((service, name)), what, why);
    }

    fn turned(&self, turned: Option<HealthStatus>, why: &str, rules: &HealthRules, now: Moment) {
        match turned {
            Some(HealthStatus::Healthy) => self.back(EventKind::Healthy, why, rules, now),
            Some(HealthStatus::Degraded) => self.tell(EventKind::Degraded, why),
            Some(_) => {
                self.hold(rules, now);
                self.tell(EventKind::Unhealthy, why);
            }
            None => {}
        }
    }

    fn out(&self, what: EventKind, span: Duration) {
        self.tell(what, format!("for {} s", span.as_secs_f64()));
        self.probe_trigger.nudge();
    }

    fn back(&self, what: EventKind, why: &str, rules: &HealthRules, now: Moment) {
        self.hold(rules, now);
        self.ramp.store(1, Ordering::Relaxed);
        self.tell(what, why);
    }

    /// Slow start: each success makes room for one more, so the room doubles with each round of answers.
    fn widen(&self, limit: u32) {
        let wider = |room: u32| match room {
            0 => None,
            room if room >= limit => Some(0),
            room => Some(room + 1),
        };
        let _ = self
            .ramp
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, wider);
    }
}

#[cfg(test)]
mod tests;
