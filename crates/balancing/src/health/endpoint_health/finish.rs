//! What the end of one request teaches: of the breaker, of ejection, of the status.

use super::{COMPARED, EndpointHealth, PeerTraffic};
use crate::health::breaker::Failure;
use crate::health::targets::Denial;
use crate::health::traffic::TrafficCounts;
use crate::health::writes::FailedWrite;
use crate::health::{Evidence, Gate, HealthChange, HealthSettings, Lesson};
use crate::{Completion, Fault, Moment};

/// Shapes of requests that must have timed out at an endpoint alone.
const TIMED_OUT_SHAPES: usize = 2;

/// A request that ended at an endpoint.
pub struct Finish<'a> {
    pub endpoint: &'a EndpointHealth,
    pub done: &'a Completion,
    pub evidence: &'a Evidence,
    pub settings: &'a HealthSettings,
}

impl Finish<'_> {
    /// Learns from it.
    pub fn learn(&self) -> Lesson {
        let Some(fault) = self.done.fault else {
            return Lesson::nothing(Fault::None);
        };
        let returned = self.endpoint.returned(self.now());
        if let Some(span) = self.evidence.retry_after {
            let asked = &self.endpoint.retry_after;
            asked.ask(span, fault, &self.done.start.ask, self.now());
        }
        if fault == Fault::Access {
            self.endpoint.record.denied();
        }
        let mut lesson = match fault {
            Fault::None => self.succeeded(),
            Fault::Client if self.evidence.denies_target => self.denied_target(),
            Fault::Client | Fault::Role => self.learn_nothing(fault),
            // Clients without a credential could else take the endpoint out that they are bound to.
            Fault::Access if !self.evidence.is_free => self.learn_nothing(Fault::Client),
            _ if self.is_excused() => Lesson::nothing(Fault::None),
            _ => self.failed(fault),
        };
        lesson.changes.extend(self.learn_of_writes(fault));
        if let Some(returned) = returned {
            lesson.changes.insert(0, returned);
        }
        lesson
    }

    /// Reads may go on while all writes fail. What has too much to do says so in its own way.
    fn learn_of_writes(&self, fault: Fault) -> Option<HealthChange> {
        let (endpoint, ask, now) = (self.endpoint, &self.done.start.ask, self.now());
        let writes = &endpoint.writes;
        match fault {
            _ if !ask.is_change => None,
            Fault::None => {
                writes.succeeded(ask.target, self.done.start.now, now);
                None
            }
            Fault::Endpoint | Fault::Database | Fault::Peer if self.settings.breaker.enabled => {
                endpoint.failed.mark(now);
                let doubtful = &endpoint.peers.doubtful;
                let write = FailedWrite {
                    target: ask.target,
                    is_common: !doubtful.speaks_against(endpoint.id, ask.shape, 1, now),
                    avoid_for: self.settings.eject_for,
                    spread: endpoint.spread(now),
                };
                let until = writes.failed(&write, now)?;
                let pause = until - now;
                Some(HealthChange::WritesAvoided { pause, fault })
            }
            _ => None,
        }
    }

    fn now(&self) -> Moment {
        self.done.now
    }

    fn learn_nothing(&self, fault: Fault) -> Lesson {
        self.endpoint.record.count(fault, self.now());
        Lesson::nothing(fault)
    }

    fn succeeded(&self) -> Lesson {
        let (endpoint, now) = (self.endpoint, self.now());
        let asked_data = self.done.start.ask.asks_data;
        endpoint.record.succeeded(asked_data, now);
        let mut lesson = Lesson::nothing(Fault::None);
        if !asked_data {
            return lesson;
        }
        self.served_target();
        let shape = self.done.start.ask.shape;
        endpoint.peers.doubtful.succeeded(endpoint.id, shape);
        let trial = self.evidence.trial.as_ref();
        let closed = endpoint.breaker.succeeded(trial, self.done.start.now, now);
        let status = endpoint.status.succeeded_in_traffic(&self.settings.probes);
        lesson.changes = endpoint.changes(closed, status, now);
        lesson.decides_trial = true;
        lesson
    }

    fn failed(&self, fault: Fault) -> Lesson {
        let (endpoint, now) = (self.endpoint, self.now());
        let (lately, in_a_row) = endpoint.record.failed(fault, now);
        if fault == Fault::Overload {
            endpoint.note_overload(now);
        }
        let peers = endpoint.peers.besides(endpoint.id, now);
        let mut lesson = Lesson {
            decides_trial: true,
            ..Lesson::nothing(fault)
        };
        if fault == Fault::Endpoint || self.evidence.trial.is_some() {
            endpoint.failed.mark(now);
            self.teach_breaker(&mut lesson, &peers);
        }
        if peers.is_outage() && in_a_row >= COMPARED {
            endpoint.peers.outage(endpoint.id, now);
        }
        if self.may_eject() && self.stands_out(fault, &peers, &lately, in_a_row) {
            lesson.changes.push(self.eject(fault));
        }
        lesson
    }

    fn teach_breaker(&self, lesson: &mut Lesson, peers: &PeerTraffic) {
        let (endpoint, evidence, now) = (self.endpoint, self.evidence, self.now());
        let failure = Failure {
            shape: self.done.start.ask.shape,
            needs_two_shapes: evidence.needs_two_shapes && !evidence.timed_out,
            probe_failing: endpoint.probe_failing(),
            is_silence: evidence.is_silence,
            is_common: peers.is_outage() || lesson.fault == Fault::Overload,
            spread: endpoint.spread(now),
        };
        let (trial, settings) = (evidence.trial.as_ref(), &self.settings.breaker);
        let outcome = endpoint.breaker.failed(trial, &failure, settings, now);
        lesson.is_endpoints = outcome.is_endpoints;
        let is_own = lesson.fault == Fault::Endpoint;
        let status = is_own.then(|| endpoint.status.failed_in_traffic(&self.settings.probes));
        lesson.changes = endpoint.changes(outcome.change, status.flatten(), now);
    }

    fn may_eject(&self) -> bool {
        let (endpoint, now) = (self.endpoint, self.now());
        let is_in = !endpoint.ejection.is_out(now) && endpoint.gate(now) == Gate::Closed;
        self.settings.breaker.enabled && is_in
    }

    fn eject(&self, fault: Fault) -> HealthChange {
        let (endpoint, now) = (self.endpoint, self.now());
        endpoint.failed.mark(now);
        let (eject_for, spread) = (self.settings.eject_for, endpoint.spread(now));
        let until = endpoint.ejection.eject(eject_for, spread, now);
        HealthChange::Ejected {
            pause: until - now,
            fault,
        }
    }

    /// The endpoint has the target.
    fn served_target(&self) {
        let start = &self.done.start;
        if start.ask.needs_target {
            let targets = &self.endpoint.targets;
            targets.served(start.ask.target, start.now, self.done.now);
        }
    }

    /// The endpoint says that the target does not exist. It is the client's mistake, unless peers serve it for longer than they
    /// may lag behind each other.
    fn denied_target(&self) -> Lesson {
        let (endpoint, ask, now) = (self.endpoint, &self.done.start.ask, self.done.now);
        if !ask.needs_target || !self.settings.breaker.enabled {
            return self.learn_nothing(Fault::Client);
        }
        let peers = endpoint.peers.of_target(endpoint.id, ask.target, now);
        if peers.served.is_none() && peers.is_denied {
            endpoint.targets.forget(ask.target, now);
            endpoint.peers.forget_target(endpoint.id, ask.target, now);
            return self.learn_nothing(Fault::Client);
        }
        match endpoint.targets.deny(ask.target, peers, now) {
            Denial::Plausible => self.learn_nothing(Fault::Client),
            Denial::Refuted(since) => self.misses_target(since),
        }
    }

    fn misses_target(&self, since: Moment) -> Lesson {
        let (endpoint, target, now) = (self.endpoint, self.done.start.ask.target, self.done.now);
        endpoint.failed.mark(now);
        let mut lesson = self.learn_nothing(Fault::Lag);
        let (base, spread) = (self.settings.eject_for, endpoint.spread(now));
        if let Some(until) = endpoint.targets.avoid(target, base, spread, now) {
            let pause = until - now;
            lesson.changes.push(HealthChange::TargetMissing { pause });
            if self.is_empty(since) {
                lesson.changes.push(self.eject(Fault::Lag));
            }
        }
        lesson
    }

    /// Whether nothing else speaks for the endpoint either: it misses several targets, and has served nothing since.
    fn is_empty(&self, since: Moment) -> bool {
        let (endpoint, now) = (self.endpoint, self.done.now);
        let misses_others = endpoint
            .targets
            .misses_others(self.done.start.ask.target, now);
        misses_others && self.may_eject() && !endpoint.record.has_succeeded_since(since)
    }

    /// Whether the endpoint fails where its peers do not. What may lie in the request counts while the same shape has not
    /// failed at a peer.
    fn stands_out(
        &self,
        fault: Fault,
        peers: &PeerTraffic,
        lately: &TrafficCounts,
        in_a_row: u32,
    ) -> bool {
        let (endpoint, shape) = (self.endpoint, self.done.start.ask.shape);
        let doubtful = &endpoint.peers.doubtful;
        let is_shapes = self.evidence.needs_two_shapes
            && !doubtful.speaks_against(endpoint.id, shape, 1, self.now());
        !is_shapes && peers.make_stand_out(fault, lately, in_a_row)
    }

    /// Whether it timed out and that speaks against the statement rather than the endpoint. A trial that times out has
    /// failed: there was evidence enough to open the breaker.
    fn is_excused(&self) -> bool {
        let (endpoint, evidence) = (self.endpoint, self.evidence);
        if !evidence.timed_out || evidence.trial.is_some() {
            return false;
        }
        let (shape, timeouts) = (self.done.start.ask.shape, &endpoint.peers.timeouts);
        let alone = timeouts.speaks_against(endpoint.id, shape, TIMED_OUT_SHAPES, self.now());
        !alone && !endpoint.probe_failing()
    }
}
