//! The composite score of an endpoint as a worker: what it has room for, how well and how fast it works. Higher is better,
//! unlike the load scores.

use crate::EndpointView;
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
    /// Mean of speed, the best mean time over its own, and of the share of time in which it was up.
    pub reliability: f64,
}

impl WorkerScore {
    /// The score of an endpoint whose pool's best mean time is `best`.
    pub fn of(view: &EndpointView, best: Option<f64>) -> Self {
        let capacity = view.load.free();
        let performance = view.success_rate();
        let affinity = f64::from(u8::from(view.home.is_some() || view.last_chosen.is_some()));
        let reliability = (view.speed(best) + view.health.up_share) / 2.0;
        Self {
            score: 0.4 * capacity + 0.3 * performance + 0.2 * affinity + 0.1 * reliability,
            capacity,
            performance,
            affinity,
            reliability,
        }
    }
}
