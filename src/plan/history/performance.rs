//! Running means of how plans fared: `mean' = mean + (new - mean) / n`.

use super::PlanOutcome;
use serde::Serialize;

/// Running means over all outcomes so far, kept or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Performance {
    pub total_queries: u64,
    /// Seconds.
    pub avg_time: f64,
    /// Cost units, of the outcomes whose cost is known.
    pub avg_cost: Option<f64>,
    /// 0..=1.
    pub success_rate: f64,
    #[serde(skip)]
    costs: u64,
}

impl Performance {
    /// Counts one outcome.
    pub fn add(&mut self, outcome: &PlanOutcome) {
        *self = self.and(&Self {
            total_queries: 1,
            avg_time: outcome.actual_time.as_secs_f64(),
            avg_cost: outcome.actual_cost,
            success_rate: f64::from(u8::from(outcome.success)),
            costs: u64::from(outcome.actual_cost.is_some()),
        });
    }

    /// The means of both together.
    pub fn and(&self, other: &Self) -> Self {
        let counts = (self.total_queries, other.total_queries);
        let costs = (self.costs, other.costs);
        let cost = mean(
            self.avg_cost.unwrap_or(0.0),
            other.avg_cost.unwrap_or(0.0),
            costs,
        );
        Self {
            total_queries: counts.0.saturating_add(counts.1),
            avg_time: mean(self.avg_time, other.avg_time, counts),
            avg_cost: (costs.0 + costs.1 > 0).then_some(cost),
            success_rate: mean(self.success_rate, other.success_rate, counts),
            costs: costs.0.saturating_add(costs.1),
        }
    }
}

/// The mean of two means of so many values each; 0 of none.
fn mean(one: f64, other: f64, (ones, others): (u64, u64)) -> f64 {
    let all = ones.saturating_add(others).max(1);
    one + (other - one) * (others as f64 / all as f64)
}
