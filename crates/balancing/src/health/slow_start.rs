//! Slow start: an endpoint that is back may have a tenth of its requests at once, and more with time, up to all when the
//! window is over (Envoy's formula with an aggression of 1). It bounds, so that a thousand waiting requests do not all go
//! to the endpoint that is just back. Read without a lock.

use crate::Moment;
use crate::atomic::Stamp;
use std::time::Duration;

/// The share that it may have at once.
const FIRST: f64 = 0.1;

/// When an endpoint came back.
#[derive(Debug, Default)]
pub struct SlowStart(Stamp);

impl SlowStart {
    /// The endpoint is back from this moment on.
    pub fn begin(&self, at: Moment) {
        self.0.mark(at);
    }

    /// The share of its requests that it may have now, 0.1..=1; it never falls before the next return. `ejected_until`: when
    /// its last ejection ended.
    pub fn share(&self, ejected_until: Option<Moment>, window: Duration, now: Moment) -> f64 {
        let Some(at) = self.0.get().max(ejected_until) else {
            return 1.0;
        };
        let age = now.since(at).as_secs_f64();
        (age / window.as_secs_f64().max(1e-9)).clamp(FIRST, 1.0)
    }

    /// When it may have one more of so many places than now; `None` where it may have all.
    pub fn next_place(
        &self,
        places: u32,
        ejected_until: Option<Moment>,
        window: Duration,
        now: Moment,
    ) -> Option<Moment> {
        let at = self.0.get().max(ejected_until)?;
        let may_have = f64::from(places) * self.share(ejected_until, window, now);
        let share = may_have.ceil() / f64::from(places.max(1));
        // A little later: the share at that very moment is not yet more.
        let later = window.mul_f64(share) + Duration::from_micros(1);
        (share < 1.0).then(|| at + later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WINDOW: Duration = Duration::from_secs(10);

    fn at(millis: u64) -> Moment {
        Moment(0) + Duration::from_millis(millis)
    }

    #[test]
    fn an_endpoint_that_was_never_away_may_have_all() {
        assert_eq!(SlowStart::default().share(None, WINDOW, at(0)), 1.0);
    }

    #[test]
    fn one_that_is_back_has_a_tenth_then_half_then_all() {
        let start = SlowStart::default();
        start.begin(at(1000));
        let shares =
            [0, 1000, 2000, 6000, 11_000, 99_000].map(|ms| start.share(None, WINDOW, at(ms)));
        assert_eq!(shares, [0.1, 0.1, 0.1, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn the_next_place_is_there_when_it_is_told() {
        let start = SlowStart::default();
        assert_eq!(start.next_place(10, None, WINDOW, at(0)), None);
        start.begin(at(1000));
        let places = |now| (10.0 * start.share(None, WINDOW, now)).ceil() as u32;
        let mut now = at(1000);
        for count in 1..10 {
            assert_eq!(places(now), count);
            let next = start.next_place(10, None, WINDOW, now).unwrap();
            assert_eq!(places(next), count + 1);
            now = next;
        }
        assert_eq!(start.next_place(10, None, WINDOW, now), None);
        assert_eq!(start.next_place(1, None, WINDOW, at(1000)), None);
    }

    proptest! {
        #[test]
        fn the_share_never_falls_while_it_stays(times in prop::collection::vec(0u64..20_000, 2..50)) {
            let start = SlowStart::default();
            start.begin(at(500));
            let mut times = times;
            times.sort_unstable();
            let shares: Vec<f64> = times.iter().map(|ms| start.share(None, WINDOW, at(*ms))).collect();
            prop_assert!(shares.is_sorted());
            prop_assert!(shares.iter().all(|share| (FIRST..=1.0).contains(share)));
        }
    }
}
