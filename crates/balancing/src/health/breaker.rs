//! The circuit breaker of one endpoint: closed, open, half-open. It opens after so many failures in a row, lets one trial
//! through when its time is over, closes on a good trial and waits longer after a bad one. Only a trial that was due
//! can make the pause longer, and only while other endpoints serve: where all fail, the failures say nothing against
//! one of them. Reading its gate takes no lock.

use super::Gate;
use super::settings::BreakerSettings;
use super::stamp::Stamp;
use super::status::ProbeOutcome;
use crate::Moment;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const CLOSED: u64 = 0;
/// The bit of a gate whose trial runs; the other bits say until when at most.
const RUNNING: u64 = 1 << 63;
/// How long a trial may take: past this another request may try.
const TRIAL_AT_MOST: Duration = Duration::from_secs(10);
/// The shortest pause, and that of an outage.
const SHORTEST: Duration = Duration::from_secs(1);
/// An endpoint that opens again within this time of its return is flapping: its shortest pause doubles each time.
const FLAPPING: Duration = Duration::from_secs(60);
/// Doublings of the shortest pause at most.
const MOST_FLAPS: u32 = 9;
/// A trial that nobody made for so long is not needed where a probe asks for data and gets it.
const UNTRIED: Duration = Duration::from_secs(30);
/// Pauses that grew are longer by up to this share, so that endpoints are not all tried at once.
const JITTER: f64 = 0.1;

/// One failed request, as the breaker sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Failure {
    /// The shape of the request.
    pub shape: u64,
    /// The request may be the cause: failures of one shape alone open nothing, unless a probe fails too.
    pub needs_two_shapes: bool,
    /// The probes fail as well.
    pub probe_failing: bool,
    /// Its peers fail as well.
    pub is_common: bool,
    /// Spreads pauses, 0..1.
    pub spread: f64,
}

/// The right of one request to find out whether the endpoint has recovered.
#[derive(Debug, PartialEq, Eq)]
pub struct Trial(u64);

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

/// The breaker. The gate is one word: closed, open until a moment, or a trial that runs until a moment at most.
#[derive(Debug, Default)]
pub struct Breaker {
    gate: AtomicU64,
    opened: Stamp,
    /// Whether its peers failed as well when it last opened.
    is_common: AtomicBool,
    /// Whether there is a streak to forget: spares good traffic the lock.
    failing: AtomicBool,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    hard: u32,
    soft: u32,
    shape: Option<u64>,
    two_shapes: bool,
    /// The last pause while peers served; zero before the first.
    pause: Duration,
    /// No good sign makes a trial due before.
    earliest: Moment,
    flaps: u32,
    closed: Option<Moment>,
    /// A good probe made the trial due.
    by_probe: bool,
    /// A trial failed that a good probe had made due.
    probes_mislead: bool,
    /// A probe failed since it opened.
    probe_failed: bool,
}

impl Breaker {
    /// The gate as a request finds it.
    pub fn gate(&self, now: Moment) -> Gate {
        match self.word() {
            CLOSED => Gate::Closed,
            word if word & !RUNNING <= now.0 => Gate::HalfOpen,
            word if word & RUNNING != 0 => Gate::TrialRunning,
            word => Gate::Open(Moment(word)),
        }
    }

    /// Takes the trial of a half-open breaker. `None` when it is not due, or taken.
    pub fn claim_trial(&self, now: Moment) -> Option<Trial> {
        let running = RUNNING | (now + TRIAL_AT_MOST).0;
        let is_due = |word: u64| word != CLOSED && word & !RUNNING <= now.0;
        let claim = |word| is_due(word).then_some(running);
        self.gate
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
            .ok()
            .map(|_| Trial(running))
    }

    /// Gives the trial back without a result: the next request may try at once.
    pub fn release_trial(&self, trial: Trial) {
        let claimed = (trial.0 & !RUNNING).saturating_sub(TRIAL_AT_MOST.as_nanos() as u64);
        let _ = self.gate.compare_exchange(
            trial.0,
            open_until(Moment(claimed)),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    /// Makes the trial of an open breaker due at this moment, if it is not due before.
    pub fn due_by(&self, at: Moment) {
        let until = open_until(at);
        let sooner = |word: u64| {
            let is_open = word != CLOSED && word & RUNNING == 0;
            (is_open && word > until).then_some(until)
        };
        let _ = self
            .gate
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, sooner);
    }

    /// All endpoints fail: what opened it may be what all have in common, so its trial is due by then.
    pub fn joins_outage(&self, at: Moment) {
        self.is_common.store(true, Ordering::Relaxed);
        self.due_by(at);
    }

    /// A peer is back: what all had in common is over. If that is why this breaker is open, its trial is due.
    pub fn outage_is_over(&self, now: Moment) {
        if self.is_common.load(Ordering::Relaxed) {
            self.due_by(now);
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
        if self.word() == CLOSED {
            history.forget_failures();
            self.failing.store(false, Ordering::Relaxed);
            return None;
        }
        let is_trial = trial.is_some_and(|trial| trial.0 == self.word());
        let is_new = self.opened.get().is_none_or(|opened| began > opened);
        if is_trial || is_new && self.gate(now) == Gate::HalfOpen {
            return Some(self.close(&mut history, now));
        }
        if is_new {
            self.due_by(history.earliest.max(now));
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
            self.gate.store(CLOSED, Ordering::Release);
        }
        self.failing.store(true, Ordering::Relaxed);
        if self.word() != CLOSED {
            let is_trial = trial.is_some_and(|trial| trial.0 == self.word());
            return FailureOutcome {
                change: is_trial.then(|| self.reopen(&mut history, failure, settings, now)),
                is_endpoints: true,
            };
        }
        history.count(failure);
        let opens = settings.enabled && history.evidence() >= settings.threshold.max(1);
        FailureOutcome {
            change: opens.then(|| self.open(&mut history, failure, settings, now)),
            is_endpoints: history.hard > 0 || history.two_shapes,
        }
    }

    /// A round of probes said so. A good one makes the trial due; one that is a mere ping only when a probe failed since
    /// the breaker opened, and none any more once a trial has failed that a good probe made due.
    pub fn probed(
        &self,
        outcome: ProbeOutcome,
        settings: &BreakerSettings,
        now: Moment,
    ) -> Option<BreakerChange> {
        let word = self.word();
        if word == CLOSED {
            return None;
        }
        let mut history = self.history.lock();
        if !outcome.is_good() {
            (history.probe_failed, history.probes_mislead) = (true, false);
            return None;
        }
        if !settings.recover_on_probe {
            return None;
        }
        let asked_for_data = outcome == ProbeOutcome::Good;
        if asked_for_data && word & RUNNING == 0 && now.since(Moment(word)) >= UNTRIED {
            return Some(self.close(&mut history, now));
        }
        if history.probe_failed || asked_for_data && !history.probes_mislead {
            history.by_probe = true;
            self.due_by(history.earliest.max(now));
        }
        None
    }

    /// Closes it, whatever is known: breakers are off. True when it was open.
    pub fn reset(&self) -> bool {
        let mut history = self.history.lock();
        *history = History::default();
        self.failing.store(false, Ordering::Relaxed);
        self.gate.swap(CLOSED, Ordering::AcqRel) != CLOSED
    }

    fn word(&self) -> u64 {
        self.gate.load(Ordering::Acquire)
    }

    fn close(&self, history: &mut History, now: Moment) -> BreakerChange {
        *history = History {
            flaps: history.flaps,
            closed: Some(now),
            ..History::default()
        };
        self.failing.store(false, Ordering::Relaxed);
        self.gate.store(CLOSED, Ordering::Release);
        BreakerChange::Closed
    }

    fn open(
        &self,
        history: &mut History,
        failure: &Failure,
        settings: &BreakerSettings,
        now: Moment,
    ) -> BreakerChange {
        let is_flapping = history.closed.is_some_and(|at| now.since(at) < FLAPPING);
        history.flaps = match is_flapping {
            true => (history.flaps + 1).min(MOST_FLAPS),
            false => 0,
        };
        if !failure.is_common {
            history.pause = settings.open_for;
        }
        let wanted = history.pause;
        BreakerChange::Opened(self.pause(history, failure, wanted, settings, now))
    }

    fn reopen(
        &self,
        history: &mut History,
        failure: &Failure,
        settings: &BreakerSettings,
        now: Moment,
    ) -> BreakerChange {
        let before = history.pause;
        if !failure.is_common {
            history.probes_mislead |= history.by_probe;
            history.pause = match before {
                Duration::ZERO => settings.open_for,
                pause => pause
                    .saturating_mul(2)
                    .min(settings.open_at_most.max(settings.open_for)),
            };
        }
        let is_longer = history.pause > before;
        let wanted = history.pause.mul_f64(1.0 + JITTER * failure.spread);
        BreakerChange::Reopened {
            pause: self.pause(history, failure, wanted, settings, now),
            is_longer,
        }
    }

    /// Opens it for so long; in an outage for the shortest pause.
    fn pause(
        &self,
        history: &mut History,
        failure: &Failure,
        wanted: Duration,
        settings: &BreakerSettings,
        now: Moment,
    ) -> Duration {
        let shortest = SHORTEST
            .saturating_mul(1 << history.flaps)
            .min(settings.open_for);
        let pause = match failure.is_common {
            true => shortest,
            false => wanted,
        };
        history.earliest = match failure.is_common && history.flaps == 0 {
            true => now,
            false => now + shortest,
        };
        self.is_common.store(failure.is_common, Ordering::Relaxed);
        (history.by_probe, history.probe_failed) = (false, false);
        self.opened.mark(now);
        self.gate.store(open_until(now + pause), Ordering::Release);
        pause
    }
}

/// The word of a gate that is open until then.
fn open_until(at: Moment) -> u64 {
    at.0.clamp(1, RUNNING - 1)
}

impl History {
    fn forget_failures(&mut self) {
        (self.hard, self.soft) = (0, 0);
        (self.shape, self.two_shapes) = (None, false);
    }

    fn count(&mut self, failure: &Failure) {
        if !failure.needs_two_shapes || failure.probe_failing {
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
