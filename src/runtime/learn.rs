//! What is learned of each request that was sent: how long the database took, for the planner's next estimates, and by how
//! much its cost was misjudged.

use crate::observe::{Learn, Observation};
use crate::plan::{PlanKey, PlanOutcome};
use crate::shared::Shared;
use balancing::fault::TimeSample;
use std::sync::Weak;

/// Feeds the histories of the services.
///
/// It holds them weakly: the observer that tells it is one of their parts.
pub struct PlanLearner(pub Weak<Shared>);

impl Learn for PlanLearner {
    fn learn(&self, seen: &Observation) {
        let Some(shared) = self.0.upgrade() else {
            return;
        };
        let snapshot = shared.snapshot();
        let Some(service) = snapshot.service(&seen.service) else {
            return;
        };
        let executed = executed(seen).filter(|_| snapshot.config.planner.enabled);
        if let Some((key, shape, outcome)) = executed {
            let outcome = service.history.record(key, Some(shape), outcome);
            let metrics = shared.observer.metrics();
            metrics.plan_measured(&service.label, &outcome);
        }
    }
}

/// What became of the plan of a request; `None` where that says nothing of it: the response came from the cache, the exchange
/// broke off on the client's side, or the client was at fault.
fn executed(seen: &Observation) -> Option<(PlanKey, u64, PlanOutcome)> {
    let (plan, call) = (seen.plan.as_ref()?, seen.call.as_ref()?);
    let decisive = seen.route.attempts.decisive()?;
    let sample = decisive.fault.sample();
    if seen.outcome.side().is_some() || sample == TimeSample::Nothing {
        return None;
    }
    let key = PlanKey {
        query_type: plan.query_type,
        execution: plan.execution,
    };
    let outcome = PlanOutcome {
        query_id: Some(seen.id),
        timestamp: seen.start_unix_ms,
        complexity: plan.complexity,
        estimated_time: Some(plan.time),
        actual_time: decisive.service_time.unwrap_or(decisive.elapsed),
        estimated_cost: Some(plan.cost),
        actual_cost: None,
        success: sample == TimeSample::Measured && decisive.status.is_some(),
    };
    Some((key, call.shape, outcome))
}
