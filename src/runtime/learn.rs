//! What is learned from each request: how long it took, for the planner's next estimates.

use crate::observe::{Learn, Observation};
use crate::plan::MeasuredTimes;
use std::sync::Arc;

/// Feeds the planner's measured times.
pub struct PlanLearner(pub Arc<MeasuredTimes>);

impl Learn for PlanLearner {
    /// Responses from the cache tell nothing of a database, and those that were broken off not how long they take.
    fn learn(&self, seen: &Observation) {
        let tells = !seen.route.attempts.is_empty() && seen.outcome.side().is_none();
        if let Some(plan) = seen.plan.as_ref().filter(|_| tells) {
            self.0
                .add(plan.query_type, plan.execution, seen.times.total);
        }
    }
}
