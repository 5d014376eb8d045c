//! How often an endpoint was found for a request, and how long that took.

use super::observation::Observation;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of requests for which an endpoint was looked for.
#[derive(Debug, Default)]
pub struct Assignments {
    successful: AtomicU64,
    failed: AtomicU64,
    nanos: AtomicU64,
}

/// The counts, for people.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AssignmentFigures {
    pub total: u64,
    pub successful: u64,
    pub failed: u64,
    /// Seconds that choosing took on average; `None` of nothing.
    pub average_time: Option<f64>,
    /// Percent; `None` of nothing.
    pub success_rate: Option<f64>,
}

impl Assignments {
    /// Counts a request that has ended.
    pub fn count(&self, seen: &Observation) {
        let count = match seen.rejection {
            Some(reason) if reason.lacks_endpoint() => &self.failed,
            _ if !seen.route.attempts.is_empty() => &self.successful,
            _ => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let nanos = seen.times.route.unwrap_or_default().as_nanos();
        let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    /// The counts so far.
    pub fn figures(&self) -> AssignmentFigures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (successful, failed) = (read(&self.successful), read(&self.failed));
        let total = successful + failed;
        let of_all = |sum: f64| (total > 0).then(|| sum / total as f64);
        AssignmentFigures {
            total,
            successful,
            failed,
            average_time: of_all(read(&self.nanos) as f64 / 1e9),
            success_rate: of_all(successful as f64 * 100.0),
        }
    }
}
