//! Whether an endpoint takes our probe credential. Each refusal makes a longer pause:
//! three wrong tries lock a user of Neo4j for all its clients. What needs the credential waits meanwhile, and
//! one question after each pause finds out whether it is taken again.

use crate::clock::Moment;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// The pause after the first refusal; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);

/// The state of a credential at one endpoint. Lock-free.
#[derive(Debug, Default)]
pub struct CredentialGate {
    refusals: AtomicU32,
    again: AtomicU64,
    /// Whether none was sent.
    is_missing: AtomicBool,
    /// A keyed hash of the credential in use.
    fingerprint: AtomicU64,
}

impl CredentialGate {
    /// Whether a question with the credential may be sent now.
    pub fn is_usable(&self, now: Moment) -> bool {
        !self.waits() || now.0 >= self.again.load(Ordering::Acquire)
    }

    /// Whether the last question with it was refused.
    pub fn is_refused(&self) -> bool {
        self.waits() && !self.is_missing.load(Ordering::Acquire)
    }

    fn waits(&self) -> bool {
        self.refusals.load(Ordering::Acquire) > 0
    }

    /// A question without one was refused: gives the pause when that is news.
    pub fn missing(&self, now: Moment) -> Option<Duration> {
        self.is_missing.store(true, Ordering::Release);
        self.pause(now)
    }

    /// It was refused: gives the pause when that is news.
    pub fn refused(&self, now: Moment) -> Option<Duration> {
        self.is_missing.store(false, Ordering::Release);
        self.pause(now)
    }

    fn pause(&self, now: Moment) -> Option<Duration> {
        let before = self.refusals.fetch_add(1, Ordering::AcqRel);
        let pause = FIRST_PAUSE
            .saturating_mul(1 << before.min(8))
            .min(LONGEST_PAUSE);
        self.again.store((now + pause).0, Ordering::Release);
        (before == 0).then_some(pause)
    }

    /// From now on this credential is used. Another one than before has no refusals yet; the same one waits for the
    /// end of its pause, however often a reload brings it.
    pub fn uses(&self, fingerprint: u64) {
        if self.fingerprint.swap(fingerprint, Ordering::AcqRel) != fingerprint {
            self.refusals.store(0, Ordering::Release);
        }
    }

    /// It was taken; true when that is news.
    pub fn accepted(&self) -> bool {
        self.refusals.swap(0, Ordering::AcqRel) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_doubles_the_pause_up_to_a_limit_and_success_ends_it() {
        let gate = CredentialGate::default();
        let mut now = Moment::default();
        for pause in [15, 30, 60, 120, 240, 480, 600, 600] {
            assert!(gate.is_usable(now));
            let news = gate.refused(now);
            assert_eq!(news.is_some(), pause == 15);
            assert!(!gate.is_usable(now + Duration::from_secs(pause - 1)));
            now = now + Duration::from_secs(pause);
        }
        assert!(gate.is_refused() && gate.accepted() && !gate.accepted());
        assert!(gate.is_usable(Moment::default()));
    }

    #[test]
    fn a_refused_credential_waits_out_its_pause_and_another_one_may_be_sent_at_once() {
        let (gate, now) = (CredentialGate::default(), Moment::default());
        gate.uses(1);
        gate.refused(now);
        gate.uses(1);
        assert!(!gate.is_usable(now));
        gate.uses(2);
        assert!(gate.is_usable(now) && !gate.is_refused());
    }

    /// A new credential inherited the refusals of the one before: its own refusal was no event, and its pause was long.
    #[test]
    fn the_first_refusal_of_another_credential_is_news_and_makes_the_first_pause() {
        let (gate, now) = (CredentialGate::default(), Moment::default());
        gate.uses(1);
        for _ in 0..4 {
            gate.refused(now);
        }
        gate.uses(2);
        assert_eq!(gate.refused(now), Some(FIRST_PAUSE));
        assert!(gate.is_usable(now + FIRST_PAUSE));
    }
}
