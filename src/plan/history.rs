//! What was learned of finished requests (PL-35, PL-36, PL-13): the last records and the running
//! means of each type and strategy, and the means of each strategy (XC-9: both keys, one time).
//! The keys are a closed set, so that nothing grows beyond `limit` records a key. Written when a
//! request has ended, off the path of planning; a planner reads one atomic number.

use super::{Complexity, ExecutionStrategy, Id, Plan};
use crate::clock::Moment;
use crate::dialect::QueryType;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

mod means;

pub use means::Means;

/// The types, in the order of their discriminants.
const TYPES: [QueryType; 11] = [
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

/// One finished request. Answers from the cache are not recorded: they tell nothing of a store.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record {
    pub query_id: Id,
    pub estimated_time: Duration,
    pub actual_time: Duration,
    /// Cost units.
    pub estimated_cost: f64,
    pub actual_cost: f64,
    pub complexity: Complexity,
    pub timestamp: Moment,
    pub success: bool,
}

impl Record {
    /// The record of a plan that was carried out; a success unless told otherwise.
    pub fn of(id: Id, plan: &Plan, actual_time: Duration, actual_cost: f64, at: Moment) -> Self {
        Self {
            query_id: id,
            estimated_time: plan.time,
            actual_time,
            estimated_cost: plan.cost,
            actual_cost,
            complexity: plan.complexity,
            timestamp: at,
            success: true,
        }
    }
}

/// What the records of a key say of a new request (PL-13).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Similar {
    /// Records kept of the same type and strategy.
    pub count: usize,
    /// Mean of their times in seconds; 0 when there are none.
    pub mean_time: f64,
}

/// The means of one key, by its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Learned {
    /// `<type>_<strategy>`, or `<strategy>` alone.
    pub key: String,
    pub means: Means,
}

/// The history of all requests. Shared by planners old and new, so that it survives a reload.
#[derive(Debug)]
pub struct History {
    /// By type, then strategy.
    pairs: Vec<Slot>,
    strategies: Vec<Mutex<Means>>,
    limit: AtomicUsize,
}

#[derive(Debug, Default)]
struct Slot {
    /// Bits of the mean time in seconds: what planners read. Zero while nothing was recorded.
    mean_time: AtomicU64,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    records: VecDeque<Record>,
    means: Means,
}

impl History {
    /// An empty history that keeps `limit` records of each type and strategy.
    pub fn new(limit: u32) -> Self {
        let history = Self {
            pairs: (0..TYPES.len() * ExecutionStrategy::ALL.len())
                .map(|_| Slot::default())
                .collect(),
            strategies: ExecutionStrategy::ALL
                .iter()
                .map(|_| Mutex::default())
                .collect(),
            limit: AtomicUsize::new(0),
        };
        history.set_limit(limit);
        history
    }

    /// Changes how many records are kept; a key shrinks when it is next written.
    pub fn set_limit(&self, limit: u32) {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Adds a finished request. A cost that is no number is left out of the means, and the record with it.
    pub fn record(&self, query_type: QueryType, execution: ExecutionStrategy, record: Record) {
        if !record.actual_cost.is_finite() || !record.estimated_cost.is_finite() {
            return;
        }
        if let Some(slot) = self.slot(query_type, execution) {
            slot.add(record, self.limit.load(Ordering::Relaxed));
        }
        if let Some(means) = self.strategies.get(execution as usize) {
            means.lock().add(&record);
        }
    }

    /// The measured mean in seconds of a type and strategy, for PL-16.
    pub fn mean_time(&self, query_type: QueryType, execution: ExecutionStrategy) -> Option<f64> {
        let bits = self
            .slot(query_type, execution)?
            .mean_time
            .load(Ordering::Relaxed);
        (bits != 0).then(|| f64::from_bits(bits))
    }

    /// What is kept of requests like this one.
    pub fn similar(&self, query_type: QueryType, execution: ExecutionStrategy) -> Similar {
        self.slot(query_type, execution)
            .map(|slot| slot.kept.lock().similar())
            .unwrap_or_default()
    }

    /// The records of a type and strategy, oldest first.
    pub fn records(&self, query_type: QueryType, execution: ExecutionStrategy) -> Vec<Record> {
        self.slot(query_type, execution)
            .map(|slot| slot.kept.lock().records.iter().copied().collect())
            .unwrap_or_default()
    }

    /// The means of a type and strategy.
    pub fn means(&self, query_type: QueryType, execution: ExecutionStrategy) -> Means {
        self.slot(query_type, execution)
            .map(|slot| slot.kept.lock().means)
            .unwrap_or_default()
    }

    /// The means of a strategy over all types.
    pub fn strategy(&self, execution: ExecutionStrategy) -> Means {
        self.strategies
            .get(execution as usize)
            .map(|means| *means.lock())
            .unwrap_or_default()
    }

    /// All means that hold anything, strategies first.
    pub fn learned(&self) -> Vec<Learned> {
        let strategies = ExecutionStrategy::ALL.iter().map(|e| Learned {
            key: e.label().to_owned(),
            means: self.strategy(*e),
        });
        let pairs = TYPES
            .iter()
            .flat_map(|t| ExecutionStrategy::ALL.iter().map(|e| (*t, *e)))
            .map(|(t, e)| Learned {
                key: key(t, e),
                means: self.means(t, e),
            });
        strategies
            .chain(pairs)
            .filter(|learned| learned.means.total_queries > 0)
            .collect()
    }

    fn slot(&self, query_type: QueryType, execution: ExecutionStrategy) -> Option<&Slot> {
        self.pairs
            .get(query_type as usize * ExecutionStrategy::ALL.len() + execution as usize)
    }
}

/// The name of a key (PL-35).
pub fn key(query_type: QueryType, execution: ExecutionStrategy) -> String {
    format!("{}_{}", query_type.label(), execution.label())
}

impl Slot {
    fn add(&self, record: Record, limit: usize) {
        let mut kept = self.kept.lock();
        kept.means.add(&record);
        self.mean_time
            .store(kept.means.avg_time.to_bits(), Ordering::Relaxed);
        kept.records.push_back(record);
        let surplus = kept.records.len().saturating_sub(limit);
        kept.records.drain(..surplus);
    }
}

impl Kept {
    fn similar(&self) -> Similar {
        let total: f64 = self
            .records
            .iter()
            .map(|record| record.actual_time.as_secs_f64())
            .sum();
        let count = self.records.len();
        let mean_time = if count == 0 {
            0.0
        } else {
            total / count as f64
        };
        Similar { count, mean_time }
    }
}

#[cfg(test)]
mod tests;
