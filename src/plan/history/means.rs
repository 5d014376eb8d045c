//! Running means (PL-36): x' = (x * (n - 1) + new) / n, over all requests of a key. Failures count:
//! they take their time too, and `success_rate` says how many they are.

use super::Record;
use serde::Serialize;

/// The means of a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Means {
    /// Seconds.
    pub avg_time: f64,
    /// Cost units.
    pub avg_cost: f64,
    /// What was estimated for the same requests: the estimator's error is the difference.
    pub avg_estimated_time: f64,
    pub avg_estimated_cost: f64,
    /// 0..=1.
    pub success_rate: f64,
    pub total_queries: u64,
}

impl Means {
    /// Adds one request.
    pub(super) fn add(&mut self, record: &Record) {
        self.total_queries = self.total_queries.saturating_add(1);
        let n = self.total_queries as f64;
        for (mean, new) in [
            (&mut self.avg_time, record.actual_time.as_secs_f64()),
            (&mut self.avg_cost, record.actual_cost),
            (
                &mut self.avg_estimated_time,
                record.estimated_time.as_secs_f64(),
            ),
            (&mut self.avg_estimated_cost, record.estimated_cost),
            (&mut self.success_rate, f64::from(u8::from(record.success))),
        ] {
            *mean = (*mean * (n - 1.0) + new) / n;
        }
    }
}
