//! What is measured of the requests of one run.

use crate::scenario::Measure;
use balancing::{Completion, Fault, Moment};
use serde::Serialize;
use std::time::Duration;

/// Collects the ends of requests.
#[derive(Debug, Default)]
pub struct Tally {
    /// Seconds from arrival to the end, of successes.
    latencies: Vec<f64>,
    /// Latency over size, of successes.
    slowdowns: Vec<f64>,
    requests: u64,
    errors: u64,
    within_a_second: u64,
    taken: Vec<u64>,
    /// From when on replicas are waited for, and the successes of each since then.
    waited_from: Option<Moment>,
    served: Vec<u64>,
    all_serve: Option<Moment>,
}

/// Successes after which a replica is taken to serve.
const SERVES: u64 = 20;

/// The figures of one run. Times are in milliseconds, shares are 0..=1.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub scenario: &'static str,
    pub policy: &'static str,
    pub seed: u64,
    pub requests: u64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub mean: f64,
    /// The 99th percentile of latency over size.
    pub p99_slowdown: f64,
    pub error_share: f64,
    /// Share that succeeded within a second.
    pub within_a_second: f64,
    /// Share of the requests that each replica took.
    pub shares: Vec<f64>,
    /// The time until all replicas serve, where they are waited for.
    pub seconds_to_serve: Option<f64>,
}

impl Tally {
    /// Of so many replicas.
    pub fn new(replicas: usize, measure: Measure) -> Self {
        let waited_from = match measure {
            Measure::SecondsToServe { from } => Some(Moment(0) + Duration::from_secs_f64(from)),
            _ => None,
        };
        Self {
            taken: vec![0; replicas],
            served: vec![0; replicas],
            waited_from,
            ..Self::default()
        }
    }

    /// A counted request arrived.
    pub fn arrived(&mut self) {
        self.requests += 1;
    }

    /// A counted request ended.
    pub fn ended(&mut self, size: f64, completion: &Completion) {
        self.taken[completion.start.endpoint] += 1;
        if completion.fault != Some(Fault::None) {
            self.errors += 1;
            return;
        }
        let latency = (completion.now - completion.start.ask.arrived).as_secs_f64();
        self.within_a_second += u64::from(latency <= 1.0);
        self.latencies.push(latency);
        self.slowdowns.push(latency / size);
    }

    /// A request succeeded at a replica. When it was the last of those that all replicas are waited for, all serve.
    pub fn served(&mut self, completion: &Completion) {
        let Some(from) = self
            .waited_from
            .filter(|from| completion.start.now >= *from)
        else {
            return;
        };
        self.served[completion.start.endpoint] += 1;
        if self.all_serve.is_none() && self.served.iter().all(|count| *count >= SERVES) {
            self.all_serve = Some(completion.now.max(from));
        }
    }

    /// The figures. What has not ended is an error.
    pub fn outcome(mut self, scenario: &'static str, policy: &'static str, seed: u64) -> Outcome {
        let count = self.requests.max(1) as f64;
        let unfinished = self.requests - self.errors - self.latencies.len() as u64;
        let taken: u64 = self.taken.iter().sum();
        let share = |taken_by: &u64| *taken_by as f64 / taken.max(1) as f64;
        let shares = self.taken.iter().map(share).collect();
        let seconds_to_serve = self.waited_from.map(|from| {
            let time = |all_serve: Moment| (all_serve - from).as_secs_f64();
            self.all_serve.map_or(f64::INFINITY, time)
        });
        let mean = self.latencies.iter().sum::<f64>() / self.latencies.len().max(1) as f64;
        let [p50, p99, p999] =
            [0.5, 0.99, 0.999].map(|q| quantile(&mut self.latencies, q) * 1000.0);
        Outcome {
            scenario,
            policy,
            seed,
            requests: self.requests,
            p50,
            p99,
            p999,
            mean: mean * 1000.0,
            p99_slowdown: quantile(&mut self.slowdowns, 0.99),
            error_share: (self.errors + unfinished) as f64 / count,
            within_a_second: self.within_a_second as f64 / count,
            shares,
            seconds_to_serve,
        }
    }
}

/// The value below which this share of the values lies.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    let rank = (share * values.len() as f64).ceil() as usize;
    let rank = rank.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(rank, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut values, 0.99), 99.0);
        assert_eq!(quantile(&mut values, 0.5), 50.0);
        assert_eq!(quantile(&mut [7.0], 0.99), 7.0);
    }
}
