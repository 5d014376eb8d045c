//! Retry-After of an endpoint: until when it asked to be left alone, as a whole, or for the reads or the writes of one target.
//! Read without a lock.

use crate::atomic::Stamp;
use crate::{Ask, Fault, Moment};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest time that an endpoint may ask for.
const AT_MOST: Duration = Duration::from_secs(60);
/// Of so many it is remembered. Of two that share a slot the later counts: the other is asked early, and may refuse again.
const LIMITED: usize = 32;
/// No target in particular.
const ALL: u64 = 0;

/// What an endpoint asked for. A refusal for too much load may be about one collection or database, and reads and writes have
/// limits of their own: the others go on.
#[derive(Debug, Default)]
pub struct RetryAfter {
    all: Stamp,
    limited: [Limited; LIMITED],
}

#[derive(Debug, Default)]
struct Limited {
    key: AtomicU64,
    until: Stamp,
}

/// Until when an endpoint takes no such request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedWait {
    pub until: Moment,
    /// It said that there are too many such requests, not that it does not serve.
    pub is_limit: bool,
}

impl RetryAfter {
    /// It asked to be left alone for so long, in a response with this fault to such a request.
    pub fn ask(&self, span: Duration, fault: Fault, ask: &Ask, now: Moment) {
        let until = now + span.min(AT_MOST);
        match self.slot(ask).filter(|_| fault == Fault::Overload) {
            Some((slot, key)) => {
                slot.key.store(key, Ordering::Relaxed);
                slot.until.mark(until);
            }
            None => self.all.mark(until),
        }
    }

    /// Until when it takes no such request.
    pub fn wait(&self, ask: &Ask, now: Moment) -> Option<AskedWait> {
        let limit = self
            .slot(ask)
            .filter(|(slot, key)| slot.key.load(Ordering::Relaxed) == *key)
            .and_then(|(slot, _)| slot.until.get())
            .filter(|until| *until > now);
        let all = self.all.get().filter(|until| *until > now);
        let until = all.max(limit)?;
        let is_limit = all.is_none();
        Some(AskedWait { until, is_limit })
    }

    /// The slot of such requests, and what tells them from others that have it.
    fn slot(&self, ask: &Ask) -> Option<(&Limited, u64)> {
        let key = ask.target << 1 | u64::from(ask.is_read);
        let index = (key % LIMITED as u64) as usize;
        let slot = self.limited.get(index);
        slot.filter(|_| ask.target != ALL).map(|slot| (slot, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::READ;

    const SPAN: Duration = Duration::from_secs(5);

    fn read(target: u64) -> Ask {
        Ask { target, ..READ }
    }

    fn write(target: u64) -> Ask {
        Ask {
            is_read: false,
            may_be_trial: false,
            ..read(target)
        }
    }

    fn until(asked: &RetryAfter, ask: &Ask, now: Moment) -> Option<Moment> {
        asked.wait(ask, now).map(|wait| wait.until)
    }

    #[test]
    fn a_limit_of_one_collection_leaves_the_others_alone() {
        let asked = RetryAfter::default();
        asked.ask(SPAN, Fault::Overload, &read(7), Moment(0));
        assert_eq!(until(&asked, &read(7), Moment(1)), Some(Moment(0) + SPAN));
        assert_eq!(until(&asked, &read(8), Moment(1)), None);
        assert_eq!(until(&asked, &read(7), Moment(0) + SPAN), None);
    }

    #[test]
    fn a_limit_of_writes_leaves_reads_of_the_collection_alone_and_the_other_way_round() {
        let asked = RetryAfter::default();
        asked.ask(SPAN, Fault::Overload, &write(7), Moment(0));
        assert_eq!(until(&asked, &read(7), Moment(1)), None);
        assert_eq!(until(&asked, &write(7), Moment(1)), Some(Moment(0) + SPAN));
        asked.ask(SPAN / 5, Fault::Overload, &read(7), Moment(0));
        assert_eq!(
            until(&asked, &read(7), Moment(1)),
            Some(Moment(0) + SPAN / 5)
        );
        assert_eq!(until(&asked, &write(7), Moment(1)), Some(Moment(0) + SPAN));
    }

    #[test]
    fn what_one_collection_is_asked_for_takes_nothing_from_what_was_asked_for_all() {
        let asked = RetryAfter::default();
        asked.ask(SPAN, Fault::Endpoint, &read(7), Moment(0));
        asked.ask(SPAN / 5, Fault::Overload, &read(8), Moment(0));
        assert_eq!(until(&asked, &read(7), Moment(1)), Some(Moment(0) + SPAN));
        assert_eq!(until(&asked, &read(8), Moment(1)), Some(Moment(0) + SPAN));
        asked.ask(SPAN * 2, Fault::Overload, &read(9), Moment(0));
        assert_eq!(
            until(&asked, &read(9), Moment(1)),
            Some(Moment(0) + SPAN * 2)
        );
        assert_eq!(until(&asked, &read(8), Moment(1)), Some(Moment(0) + SPAN));
    }

    #[test]
    fn an_endpoint_that_does_not_serve_asks_for_all_and_for_a_minute_at_most() {
        let asked = RetryAfter::default();
        asked.ask(SPAN * 1000, Fault::Endpoint, &read(7), Moment(0));
        let wait = asked.wait(&write(8), Moment(1)).unwrap();
        assert_eq!((wait.until, wait.is_limit), (Moment(0) + AT_MOST, false));
    }
}
