//! What the load says: the resources, the rules about them, endpoints that are busier than others, and how many more would do.

use super::Operator;
use crate::balance::{InstanceStats, PoolStats};
use crate::clock::Moment;
use crate::config::{Monitor, ResourceRule, RuleAction};
use crate::runtime::monitor;
use crate::shared::ServiceFindings;
use balancing::Pressure;
use serde_json::{Value, json};

/// A lower target would ask for instances without end.
const LEAST_TARGET: f64 = 0.05;

pub(super) fn resources_page(operator: &Operator, limit: usize) -> Value {
    let resources = &operator.shared.resources;
    json!({
        "current": resources.newest(1).pop(),
        "history": resources.newest(limit),
    })
}

/// Each rule with its present truth.
pub(super) fn rules_page(operator: &Operator) -> Value {
    let (config, shared) = (operator.shared.config(), &operator.shared);
    let current = shared.resources.newest(1).pop().unwrap_or_default();
    let in_force = shared.findings.rules();
    let row = |rule: &ResourceRule| {
        let value = monitor::figure(&current, rule.figure);
        json!({
            "name": rule.name,
            "condition": format!("{} > {}", rule.figure.word(), rule.above),
            "action": rule.action.word(),
            "value": value,
            "active": value.is_some_and(|value| value > rule.above),
            "in_force": in_force.contains(&rule.name),
            "effect": effect(rule.action),
        })
    };
    config.balance.monitor.rules.iter().map(row).collect()
}

/// What an action does in this process.
fn effect(action: RuleAction) -> &'static str {
    match action {
        RuleAction::SkipExtras => "no hedges, and no retries that only make sure",
        RuleAction::SkipRetries => "no hedges, and no retries that cost an endpoint work",
        RuleAction::ShedLowPriority => "the same, and requests of low priority do not wait",
        RuleAction::IncreaseCacheUsage => "responses are stored for twice as long",
        RuleAction::PreferSequentialExecution | RuleAction::ReduceResultLimits => "none yet",
    }
}

pub(super) fn overload_page(operator: &Operator) -> Value {
    let (pools, config) = (operator.pools(), operator.shared.config());
    let (rules, now) = (&config.balance.monitor, operator.shared.clock.now());
    let recent = |pool: &PoolStats| operator.shared.resources.recent_load(&pool.service);
    let found = |pool: &PoolStats| operator.shared.findings.of(&pool.service);
    json!({
        "recommendations": pools.iter().flat_map(|pool| moves(pool, rules)).collect::<Vec<_>>(),
        "scaling": pools.iter().map(|pool| scaling(pool, recent(pool), rules)).collect::<Vec<_>>(),
        "services": pools.iter().map(|pool| lasting(pool, found(pool), now)).collect::<Vec<_>>(),
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
fn lasting(pool: &PoolStats, found: Option<ServiceFindings>, now: Moment) -> Value {
    let found = found.as_ref();
    let pressure = |part: fn(&Pressure) -> f64| found.map(|found| part(&found.pressure));
    json!({
        "service": pool.service,
        "overloaded": found.map(|found| &found.overloaded),
        "imbalance": found.map(|found| found.imbalance),
        "imbalanced": found.map(|found| found.is_imbalanced),
        "rung": found.map(|found| found.rung.label()),
        "rung_age": found.map(|found| (now - found.since).as_secs_f64()),
        "pressure": pressure(Pressure::value),
        "pressure_parts": {
            "queue": pressure(|parts| parts.queue),
            "wait": pressure(|parts| parts.wait),
            "refused": pressure(|parts| parts.refused),
        },
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
