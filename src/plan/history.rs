//! What became of the plans of one service: the last outcomes and running means of each type and strategy, the mean time of
//! each shape, and how long a cost unit takes. Times are the database's own, without the queue and the client. Bounded; a
//! planner reads two atomic numbers and one shape.

mod cost_rate;
mod key_history;
mod outcome;
mod performance;

pub use key_history::{KeyReport, Similar};
pub use outcome::{PlanKey, PlanOutcome};
pub use performance::Performance;

use super::ExecutionStrategy;
use crate::dialect::QueryType;
use balancing::learn::ByShape;
use cost_rate::CostRate;
use key_history::KeyHistory;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const TYPES: usize = QueryType::ALL.len();
const STRATEGIES: usize = ExecutionStrategy::ALL.len();
/// The least share of a new time in the mean of its shape: about the last hundred count.
const SHAPE_GAIN: f64 = 0.01;

/// The history of a service. It outlives reloads.
#[derive(Debug, Default)]
pub struct PlanHistory {
    /// Outcomes kept of each type and strategy.
    limit: AtomicUsize,
    /// By type, then strategy: a closed set.
    keys: [[KeyHistory; STRATEGIES]; TYPES],
    shapes: ByShape<ShapeTime>,
    cost_rate: Mutex<CostRate>,
}

/// The mean time of a shape.
#[derive(Debug, Default)]
struct ShapeTime {
    samples: f64,
    seconds: f64,
}

impl PlanHistory {
    /// An empty history that keeps so many outcomes of each type and strategy.
    pub fn new(limit: usize) -> Self {
        let history = Self::default();
        history.resize(limit);
        history
    }

    /// Keeps so many outcomes of each type and strategy from now on; the oldest go at the next one.
    pub fn resize(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Takes what became of a plan, and returns it with its measured cost: what a success took, in the time that a cost unit
    /// took so far. Failures take their time as well, but teach no expectation.
    pub fn record(
        &self,
        key: PlanKey,
        shape: Option<u64>,
        mut outcome: PlanOutcome,
    ) -> PlanOutcome {
        let seconds = outcome.actual_time.as_secs_f64();
        if outcome.success {
            let mut rate = self.cost_rate.lock();
            outcome.actual_cost = outcome.actual_cost.or_else(|| rate.cost_of(seconds));
            // What any server answers that runs is no work of the kind that costs estimate.
            let is_work = key.query_type != QueryType::Health;
            if let Some(cost) = outcome.estimated_cost.filter(|_| is_work) {
                rate.learn(cost, seconds);
            }
        }
        if let Some(shape) = shape.filter(|_| outcome.success) {
            self.shapes.learn(shape, |time| time.learn(seconds));
        }
        if let Some(of) = self.of(key) {
            of.push(outcome.clone(), self.limit.load(Ordering::Relaxed));
        }
        outcome
    }

    /// The kept outcomes of a type and strategy.
    pub fn similar(&self, key: PlanKey) -> Similar {
        self.of(key).map(KeyHistory::similar).unwrap_or_default()
    }

    /// The mean time of a shape in seconds, once one was measured.
    pub fn shape_time(&self, shape: u64) -> Option<f64> {
        self.shapes.look(shape, |time| time.seconds)
    }

    /// Seconds that a cost unit takes; `None` before the first success.
    pub fn seconds_per_cost(&self) -> Option<f64> {
        self.cost_rate.lock().seconds()
    }

    /// The running means of a type and strategy, and its newest outcomes, at most so many; of those that were seen.
    pub fn report(&self, records: usize) -> impl Iterator<Item = KeyReport> {
        let keys = QueryType::ALL.iter().flat_map(|query_type| {
            ExecutionStrategy::ALL.map(|execution| PlanKey {
                query_type: *query_type,
                execution,
            })
        });
        keys.filter_map(move |key| self.of(key)?.report(key, records))
    }

    fn of(&self, key: PlanKey) -> Option<&KeyHistory> {
        let strategies = self.keys.get(key.query_type as usize)?;
        strategies.get(key.execution as usize)
    }
}

impl ShapeTime {
    fn learn(&mut self, seconds: f64) {
        self.samples += 1.0;
        self.seconds += (seconds - self.seconds) * SHAPE_GAIN.max(1.0 / self.samples);
    }
}

#[cfg(test)]
mod tests;
