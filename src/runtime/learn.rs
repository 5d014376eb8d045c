//! What is learned from each request: the planner's history takes the requests that a store answered.

use crate::observe::{Learn, Observation};
use crate::plan::History;
use crate::plan::history::Record;
use std::sync::Arc;

/// Feeds the planner's history (PL-35).
pub struct PlanLearner(pub Arc<History>);

impl Learn for PlanLearner {
    /// Answers from the cache tell nothing of a store and are left out.
    fn learn(&self, seen: &Observation) {
        let Some(plan) = seen
            .plan
            .as_ref()
            .filter(|_| !seen.route.attempts.is_empty())
        else {
            return;
        };
        let record = Record {
            success: seen.succeeded(),
            ..Record::of(seen.id, plan, seen.times.total, plan.cost, seen.start)
        };
        self.0.record(plan.query_type, plan.execution, record);
    }
}
