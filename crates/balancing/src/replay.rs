//! Replay: what other policies would have made of the requests that were recorded. How long an endpoint takes is fitted
//! from the records, the policy is the one that serves, and the same seed gives the same result.

mod model;
mod virtual_pool;

use crate::{Ask, Moment, Policy};
use std::time::Duration;
use virtual_pool::VirtualPool;

/// A request that was recorded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recorded {
    /// What it asked for, and when.
    pub ask: Ask,
    /// Index of the endpoint that took it.
    pub endpoint: usize,
    /// The endpoint's own time.
    pub service_time: Duration,
    /// Whether the endpoint failed at it.
    pub failed: bool,
}

/// An endpoint of a replay.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayedEndpoint {
    pub weight: f64,
    pub max_connections: u32,
}

/// What came of a replay. Times are in seconds, from arrival to the end.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    pub mean: f64,
    pub p50: f64,
    pub p99: f64,
    /// The expected share of successes, 0..=1.
    pub success_rate: f64,
    /// Share of the requests by endpoint.
    pub shares: Vec<f64>,
}

impl Replayed {
    /// Mean time times the share of failures: 0 where nothing fails.
    pub fn score(&self) -> f64 {
        self.mean * (1.0 - self.success_rate)
    }

    /// Mean time for each success: what strategies are compared by; lower is better.
    pub fn cost(&self) -> f64 {
        self.mean / self.success_rate.max(1e-6)
    }
}

/// Replays the records, which are in the order of their arrival, through a fresh policy. `slowest`: seconds that count as 1.0 in
/// scores. `None` where there is nothing to replay.
pub fn replay(
    records: &[Recorded],
    endpoints: &[ReplayedEndpoint],
    policy: &dyn Policy,
    slowest: f64,
    seed: u64,
) -> Option<Replayed> {
    let sized = model::sized(records, endpoints.len());
    let mut pool = VirtualPool::new(endpoints, &sized.models, policy, slowest, seed);
    for (record, size) in records.iter().zip(&sized.sizes) {
        pool.arrive(record.ask, *size);
    }
    pool.finish();
    let mut latencies = pool.latencies;
    latencies.sort_by(f64::total_cmp);
    let count = latencies.len() as f64;
    let at = |share: f64| latencies.get((count * share) as usize).or(latencies.last());
    Some(Replayed {
        p50: *at(0.5)?,
        p99: *at(0.99)?,
        mean: latencies.iter().sum::<f64>() / count,
        success_rate: pool.successes / records.len() as f64,
        shares: pool.taken.iter().map(|one| *one as f64 / count).collect(),
    })
}

/// The moment of an end.
fn after(now: Moment, seconds: f64) -> Moment {
    now + Duration::from_secs_f64(seconds.clamp(0.0, 1e6))
}

#[cfg(test)]
mod tests;
