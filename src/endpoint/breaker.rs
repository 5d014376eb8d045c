//! The circuit breaker of one endpoint: closed, open, half-open. It opens after so many
//! endpoint faults in a row, lets one trial through when its time is over, closes on a good trial and
//! waits twice as long after a bad one. Reading its gate takes no lock.

use crate::clock::Moment;
use crate::config;
use balancing::Gate;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const CLOSED: u64 = 0;
const TRIAL_RUNNING: u64 = u64::MAX;
/// An open gate whose time is over.
const HALF_OPEN: u64 = 1;

/// One failed request, as the breaker sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failure {
    /// The shape of the call.
    pub shape: u64,
    /// The statement may be the cause: failures of one shape alone open nothing, unless a probe fails too.
    pub needs_two_shapes: bool,
}

/// What a breaker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerChange {
    /// It opened for so long.
    Opened(Duration),
    /// Its trial failed; it is open again for so long, which is longer than before until it is as long as may be.
    Reopened { pause: Duration, is_longer: bool },
    /// Its trial succeeded.
    Closed,
}

/// What a failure came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureOutcome {
    pub change: Option<BreakerChange>,
    /// Whether it speaks against the endpoint, rather than against the one shape that has failed so far.
    pub is_endpoints: bool,
}

/// The breaker. The gate is one word: closed, a trial is running, or the nanosecond when a trial may go.
#[derive(Debug, Default)]
pub struct Breaker {
    gate: AtomicU64,
    /// Whether there is a streak to forget: spares good traffic the lock.
    failing: AtomicBool,
    streak: Mutex<Streak>,
}

#[derive(Debug, Default)]
struct Streak {
    hard: u32,
    soft: u32,
    shape: Option<u64>,
    two_shapes: bool,
    pause: Duration,
}

impl Breaker {
    /// The gate as a request finds it.
    pub fn gate(&self, now: Moment) -> Gate {
        match self.gate.load(Ordering::Acquire) {
            CLOSED => Gate::Closed,
            TRIAL_RUNNING => Gate::TrialRunning,
            until if until <= now.0.max(HALF_OPEN) => Gate::HalfOpen,
            until => Gate::Open(Moment(until)),
        }
    }

    /// Takes the one trial slot of an open breaker, due or not. False when it is closed or taken.
    pub fn claim_trial(&self) -> bool {
        let claim = |gate| (gate != CLOSED && gate != TRIAL_RUNNING).then_some(TRIAL_RUNNING);
        self.gate
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
            .is_ok()
    }

    /// Gives the slot back without a result: the next request may try at once.
    pub fn release_trial(&self) {
        let _ = self.gate.compare_exchange(
            TRIAL_RUNNING,
            HALF_OPEN,
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    /// Makes an open breaker half-open at once.
    pub fn allow_trial(&self) {
        let due = |gate| (gate != CLOSED && gate != TRIAL_RUNNING).then_some(HALF_OPEN);
        let _ = self
            .gate
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, due);
    }

    /// A success. While the breaker is open only its trial counts; late responses to earlier requests do not.
    pub fn succeeded(&self, trial: bool) -> Option<BreakerChange> {
        if !trial && !self.failing.load(Ordering::Relaxed) {
            return None;
        }
        let mut streak = self.streak.lock();
        if !trial && self.gate.load(Ordering::Acquire) != CLOSED {
            return None;
        }
        *streak = Streak::default();
        self.failing.store(false, Ordering::Relaxed);
        self.gate.store(CLOSED, Ordering::Release);
        trial.then_some(BreakerChange::Closed)
    }

    /// A failure that is the endpoint's fault. `probe_failing`: the probes fail as well.
    pub fn failed(
        &self,
        trial: bool,
        failure: &Failure,
        probe_failing: bool,
        rules: &config::Breaker,
        now: Moment,
    ) -> FailureOutcome {
        let mut streak = self.streak.lock();
        if !rules.enabled {
            self.gate.store(CLOSED, Ordering::Release);
        }
        let was_open = self.gate.load(Ordering::Acquire) != CLOSED;
        if was_open {
            let change = trial.then(|| self.reopen(&mut streak, rules, now));
            let is_endpoints = true;
            return FailureOutcome {
                change,
                is_endpoints,
            };
        }
        self.failing.store(true, Ordering::Relaxed);
        streak.count(failure, probe_failing);
        let opens = rules.enabled && streak.evidence() >= rules.threshold.max(1);
        FailureOutcome {
            change: opens.then(|| BreakerChange::Opened(self.open(&mut streak, rules, now))),
            is_endpoints: streak.hard > 0 || streak.two_shapes,
        }
    }

    /// Closes it, whatever is known: breakers are off. True when it was open.
    pub fn reset(&self) -> bool {
        let mut streak = self.streak.lock();
        *streak = Streak::default();
        self.failing.store(false, Ordering::Relaxed);
        self.gate.swap(CLOSED, Ordering::AcqRel) != CLOSED
    }

    fn reopen(&self, streak: &mut Streak, rules: &config::Breaker, now: Moment) -> BreakerChange {
        let before = streak.pause;
        let pause = self.open(streak, rules, now);
        BreakerChange::Reopened {
            pause,
            is_longer: pause > before,
        }
    }

    fn open(&self, streak: &mut Streak, rules: &config::Breaker, now: Moment) -> Duration {
        streak.pause = match streak.pause {
            Duration::ZERO => rules.open_for,
            pause => pause
                .saturating_mul(2)
                .min(rules.open_at_most.max(rules.open_for)),
        };
        let until = (now + streak.pause).0.clamp(HALF_OPEN, TRIAL_RUNNING - 1);
        self.gate.store(until, Ordering::Release);
        streak.pause
    }
}

impl Streak {
    fn count(&mut self, failure: &Failure, probe_failing: bool) {
        if !failure.needs_two_shapes || probe_failing {
            self.hard = self.hard.saturating_add(1);
            return;
        }
        self.soft = self.soft.saturating_add(1);
        self.two_shapes |= *self.shape.get_or_insert(failure.shape) != failure.shape;
    }

    /// Failures that speak against the endpoint; those of a single shape speak once.
    fn evidence(&self) -> u32 {
        let soft = if self.two_shapes {
            self.soft
        } else {
            self.soft.min(1)
        };
        self.hard.saturating_add(soft)
    }
}

#[cfg(test)]
mod tests;
