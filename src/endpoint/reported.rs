//! The load of an endpoint as an agent reports it. Choosing reads it without a lock. A figure that was not given
//! anew for a while is unknown: an agent that has died must neither help nor hurt an endpoint for ever.

use crate::clock::Moment;
use balancing::atomic::{Gauge, Stamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::time::Duration;

/// Samples kept per endpoint.
const SAMPLES_KEPT: usize = 100;

/// What an agent reports of an endpoint. What is absent stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LoadReport {
    /// Connections to the server, of all its clients.
    pub current_connections: Option<f64>,
    /// 0..=1.
    pub cpu_usage: Option<f64>,
    /// 0..=1.
    pub memory_usage: Option<f64>,
    pub queue_size: Option<f64>,
    pub requests_per_second: Option<f64>,
}

/// The load of an endpoint right after a report.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LoadSample {
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// Score A, 0..=1; higher is busier.
    pub load_score: f64,
    pub connections: f64,
    /// 0..=1.
    pub cpu: Option<f64>,
    /// 0..=1.
    pub memory: Option<f64>,
}

/// What was reported lately.
#[derive(Debug, Default)]
pub struct ReportedLoad {
    connections: Figure,
    cpu: Figure,
    memory: Figure,
    queue: Figure,
    rate: Figure,
    reported: Stamp,
    samples: Mutex<VecDeque<LoadSample>>,
}

/// A figure and when it was given.
#[derive(Debug, Default)]
struct Figure {
    value: Gauge,
    given: Stamp,
}

impl ReportedLoad {
    /// What was reported at most `ttl` ago; each older figure is unknown.
    pub fn known(&self, ttl: Duration, now: Moment) -> LoadReport {
        let known = |figure: &Figure| figure.known(ttl, now);
        LoadReport {
            current_connections: known(&self.connections),
            cpu_usage: known(&self.cpu),
            memory_usage: known(&self.memory),
            queue_size: known(&self.queue),
            requests_per_second: known(&self.rate),
        }
    }

    /// The time since the last report that gave a figure; `None` before the first.
    pub fn age(&self, now: Moment) -> Option<Duration> {
        self.reported.get().map(|at| now - at)
    }

    /// Takes a report; values outside their range are brought to its edge.
    pub fn take(&self, report: &LoadReport, now: Moment) {
        let share = |value: f64| value.clamp(0.0, 1.0);
        let count = |value: f64| value.max(0.0);
        let set = |figure: &Figure, value: Option<f64>| {
            if let Some(value) = value {
                figure.value.set(value);
                figure.given.mark(now);
            }
        };
        set(&self.connections, report.current_connections.map(count));
        set(&self.cpu, report.cpu_usage.map(share));
        set(&self.memory, report.memory_usage.map(share));
        set(&self.queue, report.queue_size.map(count));
        set(&self.rate, report.requests_per_second.map(count));
        if *report != LoadReport::default() {
            self.reported.mark(now);
        }
    }

    /// Keeps a sample; the oldest goes.
    pub fn keep(&self, sample: LoadSample) {
        let mut samples = self.samples.lock();
        if samples.len() >= SAMPLES_KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// The samples that are kept, oldest first.
    pub fn samples(&self) -> Vec<LoadSample> {
        self.samples.lock().iter().copied().collect()
    }
}

impl Figure {
    fn known(&self, ttl: Duration, now: Moment) -> Option<f64> {
        let given = self.given.get()?;
        self.value.get().filter(|_| now - given <= ttl)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(30);

    fn at(secs: u64) -> Moment {
        Moment::default() + Duration::from_secs(secs)
    }

    #[test]
    fn each_figure_that_is_not_given_anew_becomes_unknown() {
        let reported = ReportedLoad::default();
        assert_eq!(reported.age(at(1)), None);
        let both = LoadReport {
            cpu_usage: Some(0.5),
            queue_size: Some(3.0),
            ..LoadReport::default()
        };
        reported.take(&both, at(0));
        let cpu_only = LoadReport {
            cpu_usage: Some(7.0),
            ..LoadReport::default()
        };
        reported.take(&cpu_only, at(20));
        let known = reported.known(TTL, at(30));
        assert_eq!((known.cpu_usage, known.queue_size), (Some(1.0), Some(3.0)));
        let known = reported.known(TTL, at(31));
        assert_eq!((known.cpu_usage, known.queue_size), (Some(1.0), None));
        assert_eq!(reported.known(TTL, at(51)), LoadReport::default());
        reported.take(&LoadReport::default(), at(50));
        let age = reported.age(at(51));
        assert_eq!(age, Some(Duration::from_secs(31)), "an empty one is none");
    }

    #[test]
    fn the_last_hundred_samples_are_kept() {
        let reported = ReportedLoad::default();
        for timestamp in 0..107 {
            reported.keep(LoadSample {
                timestamp,
                load_score: 0.5,
                connections: 1.0,
                cpu: None,
                memory: None,
            });
        }
        let samples = reported.samples();
        assert_eq!((samples.len(), samples[0].timestamp), (100, 7));
    }
}
