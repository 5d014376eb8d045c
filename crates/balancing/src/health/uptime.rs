//! For what share of the time an endpoint was up, with the past forgotten slowly: a share of a whole life never forgives.

use crate::Moment;
use crate::atomic::AtomicF64;
use crate::atomic::Stamp;
use std::sync::atomic::{AtomicBool, Ordering};

/// Seconds after which the past counts for a third: an hour.
const FORGOTTEN_AFTER: f64 = 3600.0;

/// The share of time in which an endpoint was up. Reading takes no lock.
#[derive(Debug)]
pub struct Uptime {
    is_up: AtomicBool,
    since: Stamp,
    /// The share at that moment.
    share: AtomicF64,
}

impl Default for Uptime {
    fn default() -> Self {
        Self {
            is_up: AtomicBool::new(true),
            since: Stamp::default(),
            share: AtomicF64::new(1.0),
        }
    }
}

impl Uptime {
    /// Whether it is up from now on.
    pub fn set(&self, is_up: bool, now: Moment) {
        if self.is_up.load(Ordering::Relaxed) == is_up {
            return;
        }
        self.share.set(self.share(now));
        self.since.mark(now);
        self.is_up.store(is_up, Ordering::Relaxed);
    }

    /// The share of the time, 0..=1.
    pub fn share(&self, now: Moment) -> f64 {
        let share = self.share.get();
        let state = f64::from(u8::from(self.is_up.load(Ordering::Relaxed)));
        if share == state {
            return share;
        }
        let age = self.since.get().map_or(0.0, |at| (now - at).as_secs_f64());
        state + (share - state) * (-age / FORGOTTEN_AFTER).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(secs: u64) -> Moment {
        Moment(0) + Duration::from_secs(secs)
    }

    #[test]
    fn an_endpoint_that_was_never_down_was_up_all_the_time() {
        let uptime = Uptime::default();
        uptime.set(true, at(50));
        assert_eq!(uptime.share(at(100_000)), 1.0);
    }

    #[test]
    fn a_time_down_counts_and_is_forgotten() {
        let uptime = Uptime::default();
        uptime.set(false, at(1000));
        assert_eq!(uptime.share(at(1000)), 1.0);
        let down = uptime.share(at(4600));
        assert!((down - 1.0 / std::f64::consts::E).abs() < 1e-9, "{down}");
        uptime.set(true, at(4600));
        assert_eq!(uptime.share(at(4600)), down);
        assert!(uptime.share(at(8200)) > 0.75);
        assert!(uptime.share(at(50_000)) > 0.99);
    }
}
