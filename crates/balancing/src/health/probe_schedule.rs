//! When the endpoints of a service are probed: at a jittered interval, and sooner while one of them is in trouble. The younger
//! the trouble, the sooner its end is looked for.

use crate::{Moment, Random};
use std::time::Duration;

/// The share of the time in trouble after which an endpoint is probed again.
const SHARE: u32 = 4;
/// Rounds are at least so far apart, however often one is asked for.
const APART: Duration = Duration::from_secs(1);
/// The interval varies by this share to either side.
const JITTER: f64 = 0.1;

/// The rounds of probes of one service.
#[derive(Debug)]
pub struct ProbeSchedule {
    interval: Duration,
    next: Moment,
    last: Option<Moment>,
    /// Since when each endpoint is in trouble.
    troubles: Vec<Option<Moment>>,
}

impl ProbeSchedule {
    /// The first round is due at `first`.
    pub fn new(interval: Duration, first: Moment) -> Self {
        Self {
            interval,
            next: first,
            last: None,
            troubles: Vec::new(),
        }
    }

    /// When the next round is due.
    pub fn next(&self) -> Moment {
        self.next
    }

    /// A round begins.
    pub fn begins(&mut self, now: Moment) {
        self.last = Some(now);
    }

    /// The round that began at this moment has ended. `in_trouble`: whether each endpoint is, in the order of the pool. The
    /// next one is due after a quarter of the time of the youngest trouble, and after the interval at most.
    pub fn ended(
        &mut self,
        in_trouble: impl ExactSizeIterator<Item = bool>,
        began: Moment,
        random: &mut Random,
    ) {
        self.troubles.resize(in_trouble.len(), None);
        for (since, is_in_trouble) in self.troubles.iter_mut().zip(in_trouble) {
            *since = is_in_trouble.then(|| since.unwrap_or(began));
        }
        let youngest = self.troubles.iter().flatten().max();
        let pause = youngest.map_or(self.interval, |since| {
            let pause = began.since(*since) / SHARE;
            pause.max(APART).min(self.interval)
        });
        self.next = began + pause.mul_f64(1.0 - JITTER + 2.0 * JITTER * random.fraction());
    }

    /// A round is wanted soon.
    pub fn wanted(&mut self, now: Moment) {
        let soonest = self.last.map_or(now, |last| last + APART);
        self.next = self.next.min(soonest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(30);

    fn at(secs: u64) -> Moment {
        Moment(0) + Duration::from_secs(secs)
    }

    /// Seconds until the next round, after one at this second.
    fn pause(schedule: &mut ProbeSchedule, in_trouble: [bool; 2], secs: u64) -> f64 {
        schedule.begins(at(secs));
        schedule.ended(in_trouble.into_iter(), at(secs), &mut Random::seeded(secs));
        (schedule.next() - at(secs)).as_secs_f64()
    }

    #[test]
    fn rounds_are_an_interval_apart_give_or_take_a_tenth() {
        let mut schedule = ProbeSchedule::new(INTERVAL, at(0));
        let pauses: Vec<f64> = (0..50)
            .map(|n| pause(&mut schedule, [false; 2], 30 * n))
            .collect();
        assert!(pauses.iter().all(|pause| (27.0..=33.0).contains(pause)));
        assert!(pauses[0] != pauses[1]);
    }

    #[test]
    fn the_youngest_trouble_sets_the_pace() {
        let mut schedule = ProbeSchedule::new(INTERVAL, at(0));
        assert!(pause(&mut schedule, [true, false], 0) <= 1.1);
        assert!((18.0..=22.0).contains(&pause(&mut schedule, [true, false], 80)));
        assert!(pause(&mut schedule, [true, true], 100) <= 1.1);
        assert!(pause(&mut schedule, [false; 2], 200) >= 27.0);
    }

    #[test]
    fn a_round_that_is_wanted_comes_a_second_after_the_last_at_the_soonest() {
        let mut schedule = ProbeSchedule::new(INTERVAL, at(9));
        schedule.wanted(at(3));
        assert_eq!(schedule.next(), at(3));
        pause(&mut schedule, [false; 2], 10);
        schedule.wanted(at(10));
        assert_eq!(schedule.next(), at(11));
    }
}
