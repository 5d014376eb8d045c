//! Measured times of finished requests: one running mean for each type and strategy. The pairs are a
//! closed set, so nothing grows. A mean is written when a request has ended; a planner reads one atomic
//! number and takes no lock.

use super::ExecutionStrategy;
use crate::dialect::QueryType;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const TYPES: usize = QueryType::Unknown as usize + 1;
const STRATEGIES: usize = ExecutionStrategy::ALL.len();

/// The means of all pairs. Planners share it across reloads.
#[derive(Debug, Default)]
pub struct MeasuredTimes {
    /// By type, then strategy.
    pairs: [[Mean; STRATEGIES]; TYPES],
}

#[derive(Debug, Default)]
struct Mean {
    /// Bits of the mean in seconds.
    seconds: AtomicU64,
    /// Requests so far; writers hold it while they change the mean.
    count: Mutex<u64>,
}

impl MeasuredTimes {
    /// Adds a finished request, failed ones too: they take their time as well.
    pub fn add(&self, query_type: QueryType, execution: ExecutionStrategy, took: Duration) {
        if let Some(mean) = self.mean(query_type, execution) {
            mean.add(took.as_secs_f64());
        }
    }

    /// The mean in seconds of a type and strategy; `None` before the first request.
    pub fn mean_time(&self, query_type: QueryType, execution: ExecutionStrategy) -> Option<f64> {
        self.mean(query_type, execution).and_then(Mean::seconds)
    }

    fn mean(&self, query_type: QueryType, execution: ExecutionStrategy) -> Option<&Mean> {
        self.pairs.get(query_type as usize)?.get(execution as usize)
    }
}

impl Mean {
    fn add(&self, seconds: f64) {
        let mut count = self.count.lock();
        *count = count.saturating_add(1);
        let mean = self.seconds().unwrap_or(0.0);
        let mean = mean + (seconds - mean) / *count as f64;
        self.seconds.store(mean.to_bits(), Ordering::Relaxed);
    }

    /// A mean of no seconds at all counts as not measured.
    fn seconds(&self) -> Option<f64> {
        let bits = self.seconds.load(Ordering::Relaxed);
        (bits != 0).then(|| f64::from_bits(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ExecutionStrategy::{GraphOnly, VectorOnly};
    use QueryType::{EntityLookup, SemanticSearch};

    const TENTH: Duration = Duration::from_millis(100);

    fn approx(mean: Option<f64>, expected: f64) -> bool {
        mean.is_some_and(|mean| (mean - expected).abs() < 1e-9)
    }

    #[test]
    fn means_run_over_all_requests_of_a_pair() {
        let times = MeasuredTimes::default();
        for tenths in [2, 4, 9] {
            times.add(SemanticSearch, VectorOnly, TENTH * tenths);
        }
        assert!(approx(times.mean_time(SemanticSearch, VectorOnly), 0.5));
    }

    #[test]
    fn a_planner_reads_the_mean_of_the_pair() {
        let times = MeasuredTimes::default();
        assert_eq!(times.mean_time(SemanticSearch, VectorOnly), None);
        times.add(SemanticSearch, VectorOnly, TENTH);
        assert_eq!(times.mean_time(SemanticSearch, VectorOnly), Some(0.1));
        assert_eq!(times.mean_time(SemanticSearch, GraphOnly), None);
        assert_eq!(times.mean_time(EntityLookup, VectorOnly), None);
    }

    #[test]
    fn every_pair_has_a_place_of_its_own() {
        let times = MeasuredTimes::default();
        let types = [
            QueryType::SemanticSearch,
            QueryType::EntityLookup,
            QueryType::RelationshipExploration,
            QueryType::ContextualSearch,
            QueryType::MultiHopReasoning,
            QueryType::Statistics,
            QueryType::Write,
            QueryType::SchemaAdmin,
            QueryType::Transaction,
            QueryType::Health,
            QueryType::Unknown,
        ];
        assert_eq!(types.len(), TYPES);
        for query_type in types {
            for execution in ExecutionStrategy::ALL {
                assert_eq!(times.mean_time(query_type, execution), None);
                times.add(query_type, execution, TENTH);
                assert_eq!(times.mean_time(query_type, execution), Some(0.1));
            }
        }
    }

    #[test]
    fn writers_on_many_threads_lose_nothing() {
        let times = MeasuredTimes::default();
        std::thread::scope(|scope| {
            for tenths in 1..=4 {
                let times = &times;
                let add = move || times.add(SemanticSearch, VectorOnly, TENTH * tenths);
                scope.spawn(move || (0..500).for_each(|_| add()));
            }
        });
        assert!(approx(times.mean_time(SemanticSearch, VectorOnly), 0.25));
    }
}
