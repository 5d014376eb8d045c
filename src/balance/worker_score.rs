//! The composite score of an endpoint as a worker: what it has room for, how well and how fast it works. Higher is better,
//! unlike the load scores.

use crate::clock::Moment;
use crate::endpoint::Endpoint;
use balancing::EndpointView;
use serde::Serialize;

/// The composite score and its parts, each 0..=1; what is not known counts as good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WorkerScore {
    /// 0.4 capacity, 0.3 performance, 0.2 affinity, 0.1 reliability.
    pub score: f64,
    /// Share of the limit of requests in flight that is free.
    pub capacity: f64,
    /// Share of successes in the last minute.
    pub performance: f64,
    /// 1 for the home of what is asked for, or one that was given a request of this class before; 0 otherwise.
    pub affinity: f64,
    /// Mean of speed, the best mean time over its own, and of the share of successes of its life.
    pub reliability: f64,
}

impl WorkerScore {
    /// The score of an endpoint whose pool's best mean time is `best`.
    pub fn of(endpoint: &Endpoint, view: &EndpointView, best: Option<f64>, now: Moment) -> Self {
        let load = &view.load;
        let used = f64::from(load.in_flight) / f64::from(load.max_connections.max(1));
        let speed = best.zip(load.mean_time);
        let speed = speed.map_or(1.0, |(best, own)| best / own.max(1e-9));
        let totals = endpoint.state.totals();
        let (good, bad) = (totals.successes as f64, totals.errors as f64);
        let life = if good + bad > 0.0 {
            good / (good + bad)
        } else {
            1.0
        };
        let capacity = (1.0 - used).max(0.0);
        let performance = 1.0
            - endpoint
                .health()
                .health()
                .last_minute(now)
                .error_rate()
                .unwrap_or(0.0);
        let affinity = f64::from(u8::from(view.is_home || view.last_chosen.is_some()));
        let reliability = (speed.min(1.0) + life) / 2.0;
        Self {
            score: 0.4 * capacity + 0.3 * performance + 0.2 * affinity + 0.1 * reliability,
            capacity,
            performance,
            affinity,
            reliability,
        }
    }
}
