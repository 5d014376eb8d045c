//! The gate of a breaker in one word, which is read and changed without a lock: closed, open until a moment, or a trial
//! that runs until a moment at most.

use super::Gate;
use crate::Moment;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const CLOSED: u64 = 0;
/// The bit of a gate whose trial runs; the other bits say until when at most.
const RUNNING: u64 = 1 << 63;
/// How long a trial may take: past this another request may try.
const TRIAL_AT_MOST: Duration = Duration::from_secs(10);

/// The right of one request to find out whether the endpoint has recovered.
#[derive(Debug, PartialEq, Eq)]
pub struct Trial(u64);

/// The gate.
#[derive(Debug, Default)]
pub struct GateWord(AtomicU64);

impl GateWord {
    /// The gate as a request finds it.
    pub fn at(&self, now: Moment) -> Gate {
        match self.word() {
            CLOSED => Gate::Closed,
            word if word & !RUNNING <= now.0 => Gate::HalfOpen,
            word if word & RUNNING != 0 => Gate::TrialRunning,
            word => Gate::Open(Moment(word)),
        }
    }

    /// Whether it lets all requests through.
    pub fn is_closed(&self) -> bool {
        self.word() == CLOSED
    }

    /// Since when its trial is due that nobody has made; `None` while one runs, and where it is closed or not due.
    pub fn due_since(&self, now: Moment) -> Option<Moment> {
        let word = self.word();
        let is_waiting = word != CLOSED && word & RUNNING == 0;
        (is_waiting && word <= now.0).then_some(Moment(word))
    }

    /// Whether this is the trial that runs.
    pub fn is_trial(&self, trial: Option<&Trial>) -> bool {
        trial.is_some_and(|trial| trial.0 == self.word())
    }

    /// Takes the trial of a half-open gate. `None` when it is not due, or taken.
    pub fn claim_trial(&self, now: Moment) -> Option<Trial> {
        let running = RUNNING | (now + TRIAL_AT_MOST).0;
        let is_due = |word: u64| word != CLOSED && word & !RUNNING <= now.0;
        let claim = |word| is_due(word).then_some(running);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, claim)
            .ok()
            .map(|_| Trial(running))
    }

    /// Gives the trial back without a result: the next request may try at once.
    pub fn release_trial(&self, trial: Trial) {
        let claimed = (trial.0 & !RUNNING).saturating_sub(TRIAL_AT_MOST.as_nanos() as u64);
        let _ = self.0.compare_exchange(
            trial.0,
            open_until(Moment(claimed)),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
    }

    /// Makes the trial of an open gate due at this moment, if it is not due before.
    pub fn due_by(&self, at: Moment) {
        let until = open_until(at);
        let sooner = |word: u64| {
            let is_open = word != CLOSED && word & RUNNING == 0;
            (is_open && word > until).then_some(until)
        };
        let _ = self
            .0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, sooner);
    }

    /// Opens it until then.
    pub fn open(&self, until: Moment) {
        self.0.store(open_until(until), Ordering::Release);
    }

    /// Closes it; true when it was open.
    pub fn close(&self) -> bool {
        self.0.swap(CLOSED, Ordering::AcqRel) != CLOSED
    }

    fn word(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// The word of a gate that is open until then.
fn open_until(at: Moment) -> u64 {
    at.0.clamp(1, RUNNING - 1)
}
