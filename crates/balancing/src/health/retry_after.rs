//! Retry-After of an endpoint: until when it asked to be left alone, as a whole or for one target. Read without a lock.

use crate::atomic::Stamp;
use crate::{Fault, Moment};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The longest time that an endpoint may ask for.
const AT_MOST: Duration = Duration::from_secs(60);
/// All targets.
const ALL: u64 = 0;

/// What an endpoint asked for last. A refusal for too much load may be about one collection or database: others go on.
#[derive(Debug, Default)]
pub struct RetryAfter {
    until: Stamp,
    target: AtomicU64,
}

impl RetryAfter {
    /// It asked to be left alone for so long, in a response with this fault to a request for this target.
    pub fn ask(&self, span: Duration, fault: Fault, target: u64, now: Moment) {
        let about = match fault {
            Fault::Overload => target,
            _ => ALL,
        };
        self.target.store(about, Ordering::Relaxed);
        self.until.mark(now + span.min(AT_MOST));
    }

    /// Until when it takes no request for this target.
    pub fn until(&self, target: u64, now: Moment) -> Option<Moment> {
        let until = self.until.get().filter(|until| *until > now)?;
        let about = self.target.load(Ordering::Relaxed);
        (about == ALL || about == target).then_some(until)
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
    fn an_endpoint_that_does_not_serve_asks_for_all_and_for_a_minute_at_most() {
        let asked = RetryAfter::default();
        asked.ask(SPAN * 1000, Fault::Endpoint, 7, Moment(0));
        assert_eq!(asked.until(8, Moment(1)), Some(Moment(0) + AT_MOST));
    }
}
