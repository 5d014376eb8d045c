//! Passive ejection: an endpoint that stands out among its peers by failures takes no requests for a while, for longer
//! each time that it happens again soon. Apart from the breaker: it is short, ends by itself, and counts failures that
//! are not the endpoint's own by their kind.

use crate::Moment;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The longest ejection, as a multiple of the first.
const AT_MOST: u32 = 10;
/// An ejection is longer by up to this share, so that endpoints do not come back all at once.
const JITTER: f64 = 0.1;

/// The end of an ejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Return {
    /// How long it lasted.
    pub after: Duration,
    /// Its peers failed as well, and that ended it before its time.
    pub by_outage: bool,
}

/// The ejections of one endpoint. Reading takes no lock.
#[derive(Debug, Default)]
pub struct Ejection {
    /// Nanoseconds; 0: never.
    since: AtomicU64,
    /// Nanoseconds; 0: never.
    until: AtomicU64,
    /// Whether an outage ended it before its time.
    by_outage: AtomicBool,
    /// Whether its return is still to be told.
    is_away: AtomicBool,
    times: Mutex<u32>,
}

impl Ejection {
    /// Whether it is ejected now.
    pub fn is_out(&self, now: Moment) -> bool {
        self.until() > now
    }

    /// Ejects it; gives until when. `base`: how long the first time. Each time adds as much; each time that passes
    /// between its return and the next ejection takes one away. `spread`: 0..1.
    pub fn eject(&self, base: Duration, spread: f64, now: Moment) -> Moment {
        let mut times = self.times.lock();
        let calm = self.ended(now).map_or(Duration::ZERO, |end| now.since(end));
        let forgiven = calm.as_secs_f64() / base.as_secs_f64().max(1e-9);
        *times = times
            .saturating_sub(forgiven as u32)
            .saturating_add(1)
            .min(AT_MOST);
        let span = (base * *times).mul_f64(1.0 + JITTER * spread);
        let until = now + span;
        self.since.store(now.0, Ordering::Relaxed);
        self.by_outage.store(false, Ordering::Relaxed);
        self.until.store(until.0, Ordering::Relaxed);
        self.is_away.store(true, Ordering::Relaxed);
        until
    }

    /// When its last ejection ended.
    pub fn ended(&self, now: Moment) -> Option<Moment> {
        let until = self.until();
        (until > Moment(0) && until <= now).then_some(until)
    }

    /// All endpoints fail: it ends by then.
    pub fn joins_outage(&self, at: Moment) {
        if self.until.fetch_min(at.0, Ordering::Relaxed) > at.0 {
            self.by_outage.store(true, Ordering::Relaxed);
        }
    }

    /// It ends by then at the latest.
    pub fn end(&self, now: Moment) {
        self.until.fetch_min(now.0, Ordering::Relaxed);
    }

    /// A request that began at this moment has succeeded: an ejection that had begun by then was for nothing.
    pub fn was_refuted(&self, began: Moment, now: Moment) {
        if self.is_out(now) && began.0 > self.since.load(Ordering::Relaxed) {
            self.end(now);
        }
    }

    /// Until when it is or was ejected; the first moment of all where it never was.
    pub fn until(&self) -> Moment {
        Moment(self.until.load(Ordering::Relaxed))
    }

    /// Its return, if it has come back since this was last asked.
    pub fn returned(&self, now: Moment) -> Option<Return> {
        let is_away = self.is_away.load(Ordering::Relaxed);
        let is_back = is_away && !self.is_out(now) && self.is_away.swap(false, Ordering::Relaxed);
        is_back.then(|| Return {
            after: self.until() - Moment(self.since.load(Ordering::Relaxed)),
            by_outage: self.by_outage.load(Ordering::Relaxed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_secs(30);

    fn at(secs: u64) -> Moment {
        Moment(0) + Duration::from_secs(secs)
    }

    #[test]
    fn each_ejection_that_follows_soon_is_longer_up_to_ten_times() {
        let ejection = Ejection::default();
        let mut now = at(0);
        let mut spans = Vec::new();
        for _ in 0..12 {
            let until = ejection.eject(BASE, 0.0, now);
            spans.push((until - now).as_secs());
            assert!(ejection.is_out(now) && !ejection.is_out(until));
            now = until;
        }
        assert_eq!(spans[..4], [30, 60, 90, 120]);
        assert_eq!(spans[9..], [300, 300, 300]);
    }

    #[test]
    fn an_ejection_that_was_for_nothing_ends_early() {
        let ejection = Ejection::default();
        ejection.joins_outage(at(1));
        assert_eq!(ejection.ended(at(1)), None, "there was none");
        ejection.eject(BASE, 0.0, at(1));
        ejection.joins_outage(at(2));
        assert!(!ejection.is_out(at(2)));
        assert_eq!(ejection.ended(at(3)), Some(at(2)));
        let back = Return {
            after: Duration::from_secs(1),
            by_outage: true,
        };
        assert_eq!(ejection.returned(at(3)), Some(back));
    }

    #[test]
    fn calm_time_is_forgiven_and_the_return_is_told_once() {
        let ejection = Ejection::default();
        ejection.eject(BASE, 0.0, at(0));
        ejection.eject(BASE, 0.0, at(30));
        assert_eq!(ejection.returned(at(89)), None);
        let back = Return {
            after: Duration::from_secs(60),
            by_outage: false,
        };
        assert_eq!(ejection.returned(at(90)), Some(back));
        assert_eq!(ejection.returned(at(91)), None);
        let until = ejection.eject(BASE, 0.0, at(90 + 60));
        assert_eq!(until, at(90 + 60 + 30));
    }
}
