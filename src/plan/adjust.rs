//! What becomes of a query's plan that does not fit the load (PL-25, PL-26): the first fallback
//! that fits, or else the same strategy with smaller limits. Transparent calls are never adjusted:
//! their strategy and their limits are the client's.

use super::feasibility::Limits;
use super::{Plan, Query, QueryPlan, SystemLoad, needs};
use std::time::Duration;

/// Limits of a reduced query: vector, graph, final.
const REDUCED: (u32, u32, u32) = (10, 10, 5);

/// Adjusts a plan that does not fit; one that fits stays as it is.
pub fn adjust(mut planned: QueryPlan, limits: &Limits, load: &SystemLoad) -> QueryPlan {
    if planned.plan.feasible {
        return planned;
    }
    match fallback(&planned.plan, limits, load) {
        Some(plan) => {
            tracing::info!(id = %planned.id, from = planned.plan.execution.label(), to = plan.execution.label(), "the plan did not fit the load: taking a fallback");
            planned.instead_of = Some(planned.plan.execution);
            planned.plan = plan;
        }
        None => reduce(&mut planned),
    }
    planned
}

/// The plan of the first fallback that fits; what stood behind it stays to fall back to (PL-25).
fn fallback(plan: &Plan, limits: &Limits, load: &SystemLoad) -> Option<Plan> {
    let (at, execution, needs) = plan
        .fallbacks
        .iter()
        .enumerate()
        .map(|(at, execution)| (at, *execution, needs::of(plan.complexity, *execution)))
        .find(|(_, execution, needs)| limits.allow(needs, *execution, load))?;
    Some(Plan {
        execution,
        needs,
        cost: plan.cost * 0.8,
        time: longer(plan.time),
        priority: lower(plan.priority, 1),
        fallbacks: plan.fallbacks.iter().skip(at + 1).copied().collect(),
        feasible: true,
        ..plan.clone()
    })
}

/// Cuts the limits, since nothing fits (PL-26).
fn reduce(planned: &mut QueryPlan) {
    tracing::warn!(id = %planned.id, "no plan fits the load: cutting the limits");
    cap(&mut planned.query);
    planned.plan.cost *= 0.5;
    planned.plan.priority = lower(planned.plan.priority, 2);
    planned.reduced = true;
}

fn cap(query: &mut Query) {
    query.vector_limit = query.vector_limit.min(REDUCED.0);
    query.graph_limit = query.graph_limit.min(REDUCED.1);
    query.final_limit = query.final_limit.min(REDUCED.2);
}

/// A fifth more, in whole nanoseconds, so that nothing overflows.
fn longer(time: Duration) -> Duration {
    time.saturating_add(time / 5)
}

fn lower(priority: u8, by: u8) -> u8 {
    priority.saturating_sub(by).max(1)
}

#[cfg(test)]
mod tests;
