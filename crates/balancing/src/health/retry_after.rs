//! Retry-After of an endpoint: until when it asked to be left alone, as a whole or for one target. Read without a lock.

use crate::atomic::Stamp;
use crate::{Fault, Moment};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest time that an endpoint may ask for.
const AT_MOST: Duration = Duration::from_secs(60);
/// Of so many targets it is remembered. Of two that share a slot the later counts: the other is asked early, and may refuse
/// again.
const TARGETS: usize = 16;
/// No target in particular.
const ALL: u64 = 0;

/// What an endpoint asked for. A refusal for too much load may be about one collection or database: others go on.
#[derive(Debug, Default)]
pub struct RetryAfter {
    all: Stamp,
    targets: [OfTarget; TARGETS],
}

#[derive(Debug, Default)]
struct OfTarget {
    target: AtomicU64,
    until: Stamp,
}

impl RetryAfter {
    /// It asked to be left alone for so long, in a response with this fault to a request for this target.
    pub fn ask(&self, span: Duration, fault: Fault, target: u64, now: Moment) {
        let until = now + span.min(AT_MOST);
        match self.slot(target).filter(|_| fault == Fault::Overload) {
            Some(slot) => {
                slot.target.store(target, Ordering::Relaxed);
                slot.until.mark(until);
            }
            None => self.all.mark(until),
        }
    }

    /// Until when it takes no request for this target.
    pub fn until(&self, target: u64, now: Moment) -> Option<Moment> {
        let of_target = self
            .slot(target)
            .filter(|slot| slot.target.load(Ordering::Relaxed) == target)
            .and_then(|slot| slot.until.get());
        self.all.get().max(of_target).filter(|until| *until > now)
    }

    fn slot(&self, target: u64) -> Option<&OfTarget> {
        let index = (target % TARGETS as u64) as usize;
        self.targets.get(index).filter(|_| target != ALL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(5);

    #[test]
    fn a_limit_of_one_collection_leaves_the_others_alone() {
        let asked = RetryAfter::default();
        asked.ask(SPAN, Fault::Overload, 7, Moment(0));
        assert_eq!(asked.until(7, Moment(1)), Some(Moment(0) + SPAN));
        assert_eq!(asked.until(8, Moment(1)), None);
        assert_eq!(asked.until(7, Moment(0) + SPAN), None);
    }

    #[test]
    fn what_one_collection_is_asked_for_takes_nothing_from_what_was_asked_for_all() {
        let asked = RetryAfter::default();
        asked.ask(SPAN, Fault::Endpoint, 7, Moment(0));
        asked.ask(SPAN / 5, Fault::Overload, 8, Moment(0));
        assert_eq!(asked.until(7, Moment(1)), Some(Moment(0) + SPAN));
        assert_eq!(asked.until(8, Moment(1)), Some(Moment(0) + SPAN));
        asked.ask(SPAN * 2, Fault::Overload, 9, Moment(0));
        assert_eq!(asked.until(9, Moment(1)), Some(Moment(0) + SPAN * 2));
        assert_eq!(asked.until(8, Moment(1)), Some(Moment(0) + SPAN));
    }

    #[test]
    fn an_endpoint_that_does_not_serve_asks_for_all_and_for_a_minute_at_most() {
        let asked = RetryAfter::default();
        asked.ask(SPAN * 1000, Fault::Endpoint, 7, Moment(0));
        assert_eq!(asked.until(8, Moment(1)), Some(Moment(0) + AT_MOST));
    }
}
