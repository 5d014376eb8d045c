//! Who waits for an endpoint, and which requests move from one to another.

use super::Operator;
use super::load::next_choice;
use crate::balance::{Forecast, InstanceStats, KeptRequest, Pool};
use crate::clock::Moment;
use crate::endpoint::{DrainingEndpoint, HealthStatus};
use crate::snapshot::Service;
use balancing::Waiting;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Tenants that are listed, those with the most requests first.
const TENANTS: usize = 20;
/// Requests that are listed one by one: each takes a look at all that wait, and nobody is served meanwhile.
const FIRST: usize = 20;

/// The queue of each service.
pub(super) fn queue_page(operator: &Operator) -> Value {
    let now = operator.shared.clock.now();
    let snapshot = operator.shared.snapshot();
    snapshot.services().map(|one| queue(one, now)).collect()
}

fn queue(service: &Service, now: Moment) -> Value {
    let pool = &service.pool;
    let (summary, refused) = pool.broker().summary();
    let wait = match summary.waiting {
        0 => Some(Duration::ZERO),
        _ => summary.predicted_wait,
    };
    let priorities = summary.by_priority.iter();
    let priorities = priorities.map(|(priority, count)| (priority.to_string(), (*count).into()));
    let mut tenants: Vec<(u64, usize)> = summary.by_tenant.into_iter().collect();
    tenants.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let listed = tenants.iter().take(TENANTS);
    let listed = listed.map(|(tenant, count)| (format!("{tenant:016x}"), (*count).into()));
    json!({
        "service": *service.name,
        "pending": summary.waiting,
        "max_pending": pool.queue_rules().max_pending,
        "oldest_age": summary.oldest.map_or(0.0, |at| (now - at).as_secs_f64()),
        "predicted_wait": wait.as_ref().map(Duration::as_secs_f64),
        "by_priority": priorities.collect::<Map<String, Value>>(),
        "tenants": tenants.len(),
        "by_tenant": listed.collect::<Map<String, Value>>(),
        "first": first(pool, now),
        "refused": refused,
    })
}

/// Those whose turn comes first, each with the endpoint that is forecast. None has an endpoint before its turn.
fn first(pool: &Pool, now: Moment) -> Vec<Value> {
    let mut forecast = Forecast::new(pool);
    let row = |(waiting, kept): (Waiting, KeptRequest)| {
        json!({
            "priority": waiting.priority,
            "class": kept.complexity().label(),
            "endpoint": forecast.next(&kept.ask(0.0, now)).as_deref(),
            "cost": waiting.cost,
            "tenant": format!("{:016x}", waiting.tenant),
            "waited": (now - waiting.arrived).as_secs_f64(),
        })
    };
    pool.broker().first(FIRST).into_iter().map(row).collect()
}

/// What moves away from where it is: requests that wait, and those of endpoints that leave or have too much to do.
pub(super) fn migrations_page(operator: &Operator) -> Value {
    let now = operator.shared.clock.now();
    let pools = operator.pools();
    let leaving = operator.shared.registry.leaving(now);
    let config = operator.shared.config();
    let rules = &config.balance.monitor;
    let mut rows: Vec<Value> = pools
        .iter()
        .flat_map(|pool| super::load::moves(operator, pool, rules))
        .collect();
    for pool in &pools {
        let drains = |one: &&InstanceStats| one.status == HealthStatus::Draining;
        let draining = pool.instances.iter().filter(drains);
        let to = |one: &InstanceStats| next_choice(operator, pool, &one.instance_id, rules);
        let moved =
            |one: &InstanceStats| row(&pool.service, &one.instance_id, to(one), one.active_queries);
        rows.extend(draining.map(moved));
    }
    let left = |one: &DrainingEndpoint| {
        let identity = one.endpoint.health().identity();
        let (service, name) = (&identity.service, &identity.name);
        let pool = pools.iter().find(|pool| *pool.service == **service);
        let to = pool.and_then(|pool| next_choice(operator, pool, name, rules));
        row(service, name, to, one.in_flight)
    };
    rows.extend(leaving.iter().map(left));
    Value::Array(rows)
}

fn row(service: &str, from: &str, to: Option<&InstanceStats>, in_flight: u32) -> Value {
    json!({
        "service": service,
        "from_worker": from,
        "to_worker": to.map(|one| &one.instance_id),
        "reason": format!("draining: {in_flight} in flight end there, new ones go elsewhere"),
        "priority": 10.0,
    })
}
