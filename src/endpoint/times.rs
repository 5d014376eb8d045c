//! Response times of one endpoint: a moving mean, the mean of the last hundred, and that of the last ten per complexity.
//! Successes only. The means are read without a lock; the lock is taken when a response is complete.

use crate::clock::Moment;
use crate::plan::Complexity;
use balancing::TimeWindow;
use balancing::atomic::{Gauge, Stamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Times kept per complexity; they make its mean.
const RECENT: usize = 10;
/// The share that the past keeps in the moving mean.
const PAST: f64 = 0.9;

/// The response times of one endpoint, in seconds.
#[derive(Debug, Default)]
pub struct ResponseTimes {
    mean: Gauge,
    simple: Track,
    moderate: Track,
    complex: Track,
    very_complex: Track,
    window_mean: Gauge,
    window: Mutex<TimeWindow>,
}

/// The response times of an endpoint, to be kept beyond the process; seconds, oldest first.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownTimes {
    mean: Option<f64>,
    window: Vec<f64>,
    /// By complexity.
    recent: Vec<Vec<f64>>,
}

/// The times of one complexity.
#[derive(Debug, Default)]
struct Track {
    recent_mean: Gauge,
    chosen: Stamp,
    recent: Mutex<VecDeque<f64>>,
}

impl ResponseTimes {
    /// Adds the time of a success: the first one sets the mean, then 0.9 of it stays.
    pub fn add(&self, elapsed: Duration, complexity: Complexity) {
        let seconds = elapsed.as_secs_f64();
        {
            let mut window = self.window.lock();
            self.window_mean.set(window.add(seconds));
            let mean = self
                .mean
                .get()
                .map_or(seconds, |old| PAST * old + (1.0 - PAST) * seconds);
            self.mean.set(mean);
        }
        self.track(complexity).add(seconds);
    }

    /// The moving mean; `None` before the first success.
    pub fn mean(&self) -> Option<f64> {
        self.mean.get()
    }

    /// The mean of the last hundred; `None` before the first success.
    pub fn window_mean(&self) -> Option<f64> {
        self.window_mean.get()
    }

    /// The mean of the last ten of a complexity.
    pub fn recent_mean(&self, complexity: Complexity) -> Option<f64> {
        self.track(complexity).recent_mean.get()
    }

    /// Notes that the endpoint was given a request of this complexity.
    pub fn chosen(&self, complexity: Complexity, now: Moment) {
        self.track(complexity).chosen.mark(now);
    }

    /// When it was last given one.
    pub fn last_chosen(&self, complexity: Complexity) -> Option<Moment> {
        self.track(complexity).chosen.get()
    }

    /// All of them.
    pub fn known(&self) -> KnownTimes {
        let tracks = Complexity::ALL.iter().map(|one| self.track(*one));
        KnownTimes {
            mean: self.mean.get(),
            window: self.window.lock().times().collect(),
            recent: tracks.map(Track::times).collect(),
        }
    }

    /// Goes on from such times. What can be none is ignored.
    pub fn recall(&self, known: &KnownTimes) {
        let is_time = |seconds: &f64| Duration::try_from_secs_f64(*seconds).is_ok();
        let all = known.window.iter().chain(known.recent.iter().flatten());
        if !all.chain(&known.mean).all(is_time) {
            return;
        }
        for seconds in &known.window {
            self.window_mean.set(self.window.lock().add(*seconds));
        }
        for (complexity, times) in Complexity::ALL.iter().zip(&known.recent) {
            let track = self.track(*complexity);
            times.iter().for_each(|seconds| track.add(*seconds));
        }
        if let Some(mean) = known.mean {
            self.mean.set(mean);
        }
    }

    fn track(&self, complexity: Complexity) -> &Track {
        match complexity {
            Complexity::Simple => &self.simple,
            Complexity::Moderate => &self.moderate,
            Complexity::Complex => &self.complex,
            Complexity::VeryComplex => &self.very_complex,
        }
    }
}

impl Track {
    fn times(&self) -> Vec<f64> {
        self.recent.lock().iter().copied().collect()
    }

    fn add(&self, seconds: f64) {
        let mut recent = self.recent.lock();
        if recent.len() >= RECENT {
            recent.pop_front();
        }
        recent.push_back(seconds);
        let sum: f64 = recent.iter().sum();
        self.recent_mean.set(sum / recent.len() as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_sets_the_mean_and_a_tenth_of_each_next_one_enters() {
        let times = ResponseTimes::default();
        assert_eq!(times.mean(), None);
        times.add(Duration::from_secs(1), Complexity::Simple);
        assert_eq!(times.mean(), Some(1.0));
        times.add(Duration::from_secs(2), Complexity::Simple);
        assert!((times.mean().unwrap() - 1.1).abs() < 1e-12);
    }

    #[test]
    fn times_are_recalled_and_what_is_none_is_not() {
        let times = ResponseTimes::default();
        (1..=150).for_each(|n| times.add(Duration::from_secs(n), Complexity::Complex));
        let again = ResponseTimes::default();
        let wrong = KnownTimes {
            window: vec![1.0, f64::NAN],
            ..KnownTimes::default()
        };
        again.recall(&wrong);
        assert_eq!(again.known(), ResponseTimes::default().known());
        again.recall(&times.known());
        assert_eq!(again.known(), times.known());
        assert_eq!(again.window_mean(), times.window_mean());
        let of = |one: &ResponseTimes| one.recent_mean(Complexity::Complex);
        assert_eq!(of(&again), of(&times));
    }

    #[test]
    fn the_last_ten_make_the_mean_of_a_complexity() {
        let times = ResponseTimes::default();
        for n in 0..1020 {
            times.add(Duration::from_secs(n), Complexity::Complex);
        }
        let last_ten = (1010..1020).sum::<u64>() as f64 / 10.0;
        assert_eq!(times.recent_mean(Complexity::Complex), Some(last_ten));
        assert_eq!(times.recent_mean(Complexity::Simple), None);
    }
}
