//! Batches of queries (PL-28, PL-30, PL-31): each member is planned by itself, then the batch's
//! rules apply, then the members are put in the order in which they should run.

use super::{Complexity, ExecutionStrategy, Plan, QueryPlan};
use std::cmp::Ordering;
use std::time::Duration;

/// A batch with more members than this keeps answers for a shorter time.
const LARGE: usize = 10;

/// The longest life of an answer of a large batch.
const LARGE_TTL: Duration = Duration::from_secs(1800);

/// Applies the rules of a batch (PL-31).
pub fn apply_rules(batch: &mut [QueryPlan]) {
    let large = batch.len() > LARGE;
    for member in batch.iter_mut() {
        member.plan.batching |= is_small_search(&member.plan);
        if let Some(cache) = member.plan.cache.as_mut().filter(|_| large) {
            cache.ttl = cache.ttl.min(LARGE_TTL);
        }
    }
}

/// Puts a batch in its order of execution; equal members keep the caller's order.
pub fn order(batch: &mut [QueryPlan]) {
    batch.sort_by(|a, b| precedence(&a.plan, &b.plan));
}

/// Which of two plans runs first: the higher priority, then the shorter time (PL-30).
pub fn precedence(a: &Plan, b: &Plan) -> Ordering {
    b.priority.cmp(&a.priority).then(a.time.cmp(&b.time))
}

/// Whether a plan may join others in one call to the vector store (PL-20).
pub fn is_small_search(plan: &Plan) -> bool {
    plan.complexity == Complexity::Simple && plan.execution == ExecutionStrategy::VectorOnly
}

#[cfg(test)]
mod tests;
