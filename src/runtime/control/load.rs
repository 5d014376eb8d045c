//! What the load says: the resources, the rules about them, endpoints that are busier than others, and how many more would do.

use super::Operator;
use crate::balance::{InstanceStats, PoolStats};
use crate::config::Monitor;
use crate::shared::ServiceFindings;
use serde_json::{Value, json};

/// A lower target would ask for instances without end.
const LEAST_TARGET: f64 = 0.05;

/// A rule about the resources.
struct Rule {
    name: &'static str,
    figure: &'static str,
    limit: f64,
    action: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        name: "high_load_sequential",
        figure: "cpu_usage",
        limit: 0.8,
        action: "prefer_sequential_execution",
    },
    Rule {
        name: "low_memory_reduce_limits",
        figure: "memory_usage",
        limit: 0.9,
        action: "reduce_result_limits",
    },
    Rule {
        name: "high_queue_increase_priority",
        figure: "pending_queries",
        limit: 500.0,
        action: "increase_cache_usage",
    },
];

pub(super) fn resources_page(operator: &Operator, limit: usize) -> Value {
    let resources = &operator.shared.resources;
    json!({
        "current": resources.newest(1).pop(),
        "history": resources.newest(limit),
    })
}

/// Each rule with its present truth.
pub(super) fn rules_page(operator: &Operator) -> Value {
    let current = operator.shared.resources.newest(1).pop();
    let current = super::value(&current);
    let row = |rule: &Rule| {
        let value = current.get(rule.figure).and_then(Value::as_f64);
        json!({
            "name": rule.name,
            "condition": format!("{} > {}", rule.figure, rule.limit),
            "action": rule.action,
            "value": value,
            "active": value.is_some_and(|value| value > rule.limit),
        })
    };
    RULES.iter().map(row).collect()
}

pub(super) fn overload_page(operator: &Operator) -> Value {
    let (pools, config) = (operator.pools(), operator.shared.config());
    let rules = &config.balance.monitor;
    let recent = |pool: &PoolStats| operator.shared.resources.recent_load(&pool.service);
    let found = |pool: &PoolStats| operator.shared.findings.of(&pool.service);
    json!({
        "recommendations": pools.iter().flat_map(|pool| moves(pool, rules)).collect::<Vec<_>>(),
        "scaling": pools.iter().map(|pool| scaling(pool, recent(pool), rules)).collect::<Vec<_>>(),
        "services": pools.iter().map(|pool| lasting(pool, found(pool))).collect::<Vec<_>>(),
    })
}

/// The least busy endpoint that serves, unless it is overloaded itself.
pub(super) fn least_busy<'p>(pool: &'p PoolStats, rules: &Monitor) -> Option<&'p InstanceStats> {
    let least = pool.instances.iter().filter(|one| one.is_healthy);
    let least = least.min_by(|a, b| a.load_score.total_cmp(&b.load_score));
    least.filter(|one| one.load_score <= rules.overload)
}

/// From each endpoint that is overloaded to the least busy one that is not.
pub(super) fn moves(pool: &PoolStats, rules: &Monitor) -> Vec<Value> {
    let Some(least) = least_busy(pool, rules) else {
        return Vec::new();
    };
    let busy = pool
        .instances
        .iter()
        .filter(|one| one.load_score > rules.overload);
    let row = |one: &InstanceStats| {
        json!({
            "service": pool.service,
            "from_worker": one.instance_id,
            "to_worker": least.instance_id,
            "reason": format!("load {:.2} against {:.2}", one.load_score, least.load_score),
            "priority": (one.load_score * 10.0).ceil(),
        })
    };
    busy.map(row).collect()
}

/// What the monitor says of a service.
fn lasting(pool: &PoolStats, found: Option<ServiceFindings>) -> Value {
    json!({
        "service": pool.service,
        "overloaded": found.as_ref().map(|found| &found.overloaded),
        "imbalance": found.as_ref().map(|found| found.imbalance),
        "imbalanced": found.map(|found| found.is_imbalanced),
    })
}

/// How many instances more a service needs whose load lasts.
fn scaling(pool: &PoolStats, recent: Option<(f64, bool)>, rules: &Monitor) -> Value {
    let wanted = recent.filter(|(load, lasts)| *lasts && *load > rules.overload);
    let target = rules.target.max(LEAST_TARGET);
    let all = wanted.map(|(load, _)| (pool.total_instances as f64 * load / target).ceil());
    json!({
        "service": pool.service,
        "instances": pool.total_instances,
        "load": pool.avg_load_score,
        "recent_load": recent.map(|(load, _)| load),
        "add": all.map_or(0.0, |all| all - pool.total_instances as f64),
    })
}
