//! What the end of a request teaches of its target: whether the endpoint has it.

use super::finish::Finish;
use crate::health::targets::Denial;
use crate::health::{HealthChange, Lesson};
use crate::{Fault, Moment};

impl Finish<'_> {
    /// The endpoint has the target.
    pub(super) fn served_target(&self) {
        let start = &self.done.start;
        if start.ask.needs_target {
            let targets = &self.endpoint.targets;
            targets.served(start.ask.target, start.now, self.done.now);
        }
    }

    /// The endpoint says that the target does not exist. It is the client's mistake, unless peers serve it for longer than they
    /// may lag behind each other.
    pub(super) fn denied_target(&self) -> Lesson {
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
}
