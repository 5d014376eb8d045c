//! What is learned from each request: how long it took, for the planner's next estimates.

use crate::observe::{Learn, Observation};
use crate::plan::MeasuredTimes;
use std::sync::Arc;

/// Feeds the planner's measured times.
pub struct PlanLearner(pub Arc<MeasuredTimes>);

impl Learn for PlanLearner {
    /// Responses from the cache say nothing about a database, and broken ones do not say how long the call takes.
    fn learn(&self, seen: &Observation) {
        let tells = !seen.route.attempts.is_empty() && seen.outcome.side().is_none();
        if let Some(plan) = seen.plan.as_ref().filter(|_| tells) {
            self.0
                .add(plan.query_type, plan.execution, seen.times.total);
        }
    }
}
