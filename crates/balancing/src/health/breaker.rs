//! The circuit breaker of one endpoint: closed, open, half-open. It opens after so many failures in a row, lets one trial
//! through when its time is over, closes on a good trial and waits longer after a bad one. Only a trial that was due
//! can make the pause longer, and only while other endpoints serve: where all fail, the failures say nothing against
//! one of them. Reading its gate takes no lock.

mod gate_word;
mod history;

pub use gate_word::Trial;

use super::Gate;
use super::settings::BreakerSettings;
use super::status::ProbeOutcome;
use crate::Moment;
use crate::atomic::Stamp;
use gate_word::GateWord;
use history::History;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A trial that nobody made for so long is not needed where a probe asks for data and gets it.
const UNTRIED: Duration = Duration::from_secs(30);

/// One failed request, as the breaker sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failure {
    /// The shape of the request.
    pub shape: u64,
    /// The request may be the cause: failures of one shape alone open nothing, unless a probe fails too.
    pub needs_two_shapes: bool,
    /// The probes fail as well.
    pub probe_failing: bool,
    /// The endpoint responded to nothing, so that a mere ping is news.
    pub is_silence: bool,
    /// Its peers fail as well.
    pub is_common: bool,
    /// Spreads pauses, 0..1.
    pub spread: f64,
}

/// What a breaker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerChange {
    /// It opened for so long.
    Opened(Duration),
    /// Its trial failed; it is open again for so long. `is_longer`: that is longer than it ever was since it opened.
    Reopened { pause: Duration, is_longer: bool },
    /// It closed: its trial succeeded.
    Closed,
}

/// What a failure came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureOutcome {
    pub change: Option<BreakerChange>,
    /// Whether it speaks against the endpoint, rather than against the one shape that has failed so far.
    pub is_endpoints: bool,
}

/// The breaker.
#[derive(Debug, Default)]
pub struct Breaker {
    gate: GateWord,
    opened: Stamp,
    /// Whether its peers failed as well when it last opened.
    is_common: AtomicBool,
    /// Whether there is a streak to forget: spares good traffic the lock.
    failing: AtomicBool,
    history: Mutex<History>,
}

impl Breaker {
    /// The gate as a request finds it.
    pub fn gate(&self, now: Moment) -> Gate {
        self.gate.at(now)
    }

    /// Takes the trial of a half-open breaker. `None` when it is not due, or taken.
    pub fn claim_trial(&self, now: Moment) -> Option<Trial> {
        self.gate.claim_trial(now)
    }

    /// Gives the trial back without a result: the next request may try at once.
    pub fn release_trial(&self, trial: Trial) {
        self.gate.release_trial(trial);
    }

    /// All endpoints fail: what opened it may be what all have in common, so its trial is due by then.
    pub fn joins_outage(&self, at: Moment) {
        self.is_common.store(true, Ordering::Relaxed);
        self.gate.due_by(at);
    }

    /// A peer is back: what all had in common is over. If that is why this breaker is open, its trial is due.
    pub fn outage_is_over(&self, now: Moment) {
        if self.is_common.load(Ordering::Relaxed) {
            self.gate.due_by(now);
        }
    }

    /// A request succeeded that began at this moment. While the breaker is open its trial closes it; another request that
    /// began later than it opened, as a last resort, makes the trial due; one that began before says nothing.
    pub fn succeeded(
        &self,
        trial: Option<&Trial>,
        began: Moment,
        now: Moment,
    ) -> Option<BreakerChange> {
        if trial.is_none() && !self.failing.load(Ordering::Relaxed) {
            return None;
        }
        let mut history = self.history.lock();
        if self.gate.is_closed() {
            history.forget_failures();
            self.failing.store(false, Ordering::Relaxed);
            return None;
        }
        let is_trial = self.gate.is_trial(trial);
        let is_new = self.opened.get().is_none_or(|opened| began > opened);
        if is_trial || is_new && self.gate(now) == Gate::HalfOpen {
            return Some(self.close(&mut history, now));
        }
        if is_new {
            self.gate.due_by(history.earliest.max(now));
        }
        None
    }

    /// A request failed, and the endpoint is to blame.
    pub fn failed(
        &self,
        trial: Option<&Trial>,
        failure: &Failure,
        settings: &BreakerSettings,
        now: Moment,
    ) -> FailureOutcome {
        let mut history = self.history.lock();
        if !settings.enabled {
            self.gate.close();
        }
        self.failing.store(true, Ordering::Relaxed);
        if !self.gate.is_closed() {
            let is_trial = self.gate.is_trial(trial);
            return FailureOutcome {
                change: is_trial.then(|| self.reopen(&mut history, failure, settings, now)),
                is_endpoints: true,
            };
        }
        history.count(failure);
        let opens = settings.enabled && history.evidence() >= settings.threshold.max(1);
        FailureOutcome {
            change: opens.then(|| self.open(&mut history, failure, settings, now)),
            is_endpoints: history.is_endpoints(),
        }
    }

    /// A round of probes said so. A good one makes the trial due; one that is a mere ping only when a probe failed since
    /// the breaker opened or nothing was responded to, and none any more once a trial has failed that a good probe made due.
    pub fn probed(
        &self,
        outcome: ProbeOutcome,
        settings: &BreakerSettings,
        now: Moment,
    ) -> Option<BreakerChange> {
        if self.gate.is_closed() {
            return None;
        }
        let mut history = self.history.lock();
        if !outcome.is_good() {
            (history.was_silent, history.probes_mislead) = (true, false);
            return None;
        }
        if !settings.recover_on_probe {
            return None;
        }
        let asked_for_data = outcome == ProbeOutcome::Good;
        let due = self.gate.due_since(now);
        if asked_for_data && due.is_some_and(|due| now.since(due) >= UNTRIED) {
            return Some(self.close(&mut history, now));
        }
        if history.was_silent || asked_for_data && !history.probes_mislead {
            history.by_probe = true;
            self.gate.due_by(history.earliest.max(now));
        }
        None
    }

    /// Closes it, whatever is known: breakers are off. True when it was open.
    pub fn reset(&self) -> bool {
        let mut history = self.history.lock();
        *history = History::default();
        self.failing.store(false, Ordering::Relaxed);
        self.gate.close()
    }

    fn close(&self, history: &mut History, now: Moment) -> BreakerChange {
        history.close(now);
        self.failing.store(false, Ordering::Relaxed);
        self.gate.close();
        BreakerChange::Closed
    }

    fn open(
        &self,
        history: &mut History,
        failure: &Failure,
        settings: &BreakerSettings,
        now: Moment,
    ) -> BreakerChange {
        let pause = history.open(failure, settings, now);
        self.pause(pause, failure.is_common, now);
        BreakerChange::Opened(pause)
    }

    fn reopen(
        &self,
        history: &mut History,
        failure: &Failure,
        settings: &BreakerSettings,
        now: Moment,
    ) -> BreakerChange {
        let (pause, is_longer) = history.reopen(failure, settings, now);
        self.pause(pause, failure.is_common, now);
        BreakerChange::Reopened { pause, is_longer }
    }

    fn pause(&self, pause: Duration, is_common: bool, now: Moment) {
        self.is_common.store(is_common, Ordering::Relaxed);
        self.opened.mark(now);
        self.gate.open(now + pause);
    }
}

#[cfg(test)]
mod tests;
