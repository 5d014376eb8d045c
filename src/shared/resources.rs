//! The resources over time: each sample replaces the present one and joins a history of bounded length.

use parking_lot::Mutex;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};

/// Samples kept.
const KEPT: usize = 1000;
/// Samples that make a demand a lasting one.
const LASTING: usize = 60;

/// The resources at one moment. Loads and usages are 0..=1; what is not known is null.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ResourceSample {
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// The machine's.
    pub cpu_usage: Option<f64>,
    /// The machine's.
    pub memory_usage: Option<f64>,
    /// Of the machine's busiest interface in its busier direction, where an interface says what it carries.
    pub network_usage: Option<f64>,
    /// Over all interfaces but the loopback, in both directions.
    pub network_bytes_per_second: Option<f64>,
    /// Bytes of the process.
    pub process_memory: Option<u64>,
    /// Bytes of bodies that are buffered.
    pub held_bodies: u64,
    /// Mean load score of the endpoints of Qdrant.
    pub vector_db_load: Option<f64>,
    /// Requests in flight there, and at most.
    pub vector_db_connections: u32,
    pub max_vector_connections: u32,
    /// Mean load score of the endpoints of Neo4j.
    pub graph_db_load: Option<f64>,
    pub graph_db_connections: u32,
    pub max_graph_connections: u32,
    /// Requests that wait for an endpoint with room, of all services, and at most.
    pub pending_queries: usize,
    pub max_queue_size: usize,
    /// Mean load score of the endpoints of each service.
    pub services: BTreeMap<String, f64>,
    /// How much comes to each service, over what its endpoints can do.
    pub demand: BTreeMap<String, f64>,
}

/// The samples, newest last.
#[derive(Debug, Default)]
pub struct ResourceHistory(Mutex<VecDeque<ResourceSample>>);

impl ResourceHistory {
    /// Takes a sample; the oldest goes.
    pub fn push(&self, sample: ResourceSample) {
        let mut samples = self.0.lock();
        if samples.len() >= KEPT {
            samples.pop_front();
        }
        samples.push_back(sample);
    }

    /// The newest samples, oldest first, at most `count`.
    pub fn newest(&self, count: usize) -> Vec<ResourceSample> {
        let samples = self.0.lock();
        let skipped = samples.len().saturating_sub(count);
        samples.iter().skip(skipped).cloned().collect()
    }

    /// The mean demand on a service over the last samples, and whether there are enough to call it lasting.
    pub fn recent_demand(&self, service: &str) -> Option<(f64, bool)> {
        let samples = self.0.lock();
        let newest = samples.iter().rev().take(LASTING);
        let all = newest.filter_map(|sample| sample.demand.get(service).copied());
        let all: Vec<f64> = all.collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (!all.is_empty()).then_some((mean, all.len() == LASTING))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(timestamp: u64, demand: f64) -> ResourceSample {
        ResourceSample {
            timestamp,
            demand: BTreeMap::from([("db".into(), demand)]),
            ..ResourceSample::default()
        }
    }

    #[test]
    fn a_thousand_samples_are_kept_and_a_demand_lasts_after_sixty() {
        let history = ResourceHistory::default();
        (0..59).for_each(|n| history.push(sample(n, 0.5)));
        assert_eq!(history.recent_demand("db"), Some((0.5, false)));
        (59..1007).for_each(|n| history.push(sample(n, 0.5)));
        assert_eq!(history.recent_demand("db"), Some((0.5, true)));
        assert_eq!(history.recent_demand("other"), None);
        let kept = history.newest(usize::MAX);
        assert_eq!((kept.len(), kept[0].timestamp), (1000, 7));
        assert_eq!(history.newest(1)[0].timestamp, 1006);
    }
}
