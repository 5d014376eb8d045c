//! The outcomes of one type and strategy: a ring of the last ones, and running means over all.

use super::{Performance, PlanKey, PlanOutcome};
use balancing::atomic::AtomicF64;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The outcomes of one type and strategy.
#[derive(Debug, Default)]
pub struct KeyHistory {
    kept: Mutex<Kept>,
    /// How many are kept, and the mean time of those that succeeded, for planners.
    count: AtomicUsize,
    mean: AtomicF64,
}

#[derive(Debug, Default)]
struct Kept {
    performance: Performance,
    /// Oldest first.
    outcomes: VecDeque<PlanOutcome>,
    /// Of those that succeeded.
    time: Duration,
    successes: u32,
}

/// The kept outcomes of a type and strategy, in short.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Similar {
    pub count: usize,
    /// Mean time of those that succeeded, seconds; 0: of none.
    pub mean: f64,
}

/// The outcomes of one type and strategy, for people.
#[derive(Debug, Serialize)]
pub struct KeyReport {
    pub key: String,
    #[serde(skip)]
    pub of: PlanKey,
    #[serde(flatten)]
    pub performance: Performance,
    pub similar_queries_count: usize,
    pub avg_historical_performance: f64,
    /// Newest first.
    pub records: Vec<PlanOutcome>,
}

impl KeyHistory {
    /// Takes an outcome; the oldest go where more than `limit` would be kept.
    pub fn push(&self, outcome: PlanOutcome, limit: usize) {
        let mut kept = self.kept.lock();
        kept.performance.add(&outcome);
        kept.push(outcome, limit);
        self.count.store(kept.outcomes.len(), Ordering::Relaxed);
        self.mean.set(kept.mean());
    }

    /// The kept outcomes, in short.
    pub fn similar(&self) -> Similar {
        Similar {
            count: self.count.load(Ordering::Relaxed),
            mean: self.mean.get(),
        }
    }

    /// All of it, with at most so many outcomes; `None` before the first one.
    pub fn report(&self, of: PlanKey, records: usize) -> Option<KeyReport> {
        let kept = self.kept.lock();
        (kept.performance.total_queries > 0).then(|| KeyReport {
            key: of.to_string(),
            of,
            performance: kept.performance,
            similar_queries_count: kept.outcomes.len(),
            avg_historical_performance: kept.mean(),
            records: kept.outcomes.iter().rev().take(records).cloned().collect(),
        })
    }
}

impl Kept {
    fn push(&mut self, outcome: PlanOutcome, limit: usize) {
        if outcome.success {
            self.successes += 1;
            self.time = self.time.saturating_add(outcome.actual_time);
        }
        self.outcomes.push_back(outcome);
        while self.outcomes.len() > limit {
            let Some(oldest) = self.outcomes.pop_front() else {
                return;
            };
            if oldest.success {
                self.successes = self.successes.saturating_sub(1);
                self.time = self.time.saturating_sub(oldest.actual_time);
            }
        }
    }

    fn mean(&self) -> f64 {
        self.time.as_secs_f64() / f64::from(self.successes.max(1))
    }
}
