//! What the load says: the resources, the rules about them, endpoints that are busier than others, and how many more would do.

use super::Operator;
use super::readiness::any;
use crate::balance::{InstanceStats, PoolStats, Scored};
use crate::clock::Moment;
use crate::config::{Monitor, ResourceRule, RuleAction};
use crate::plan::Plan;
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
    let recent = |pool: &PoolStats| operator.shared.resources.recent_demand(&pool.service);
    let found = |pool: &PoolStats| operator.shared.findings.of(&pool.service);
    json!({
        "recommendations": pools.iter().flat_map(|pool| moves(operator, pool, rules)).collect::<Vec<_>>(),
        "scaling": pools.iter().map(|pool| scaling(pool, recent(pool), rules)).collect::<Vec<_>>(),
        "services": pools.iter().map(|pool| lasting(pool, found(pool), now)).collect::<Vec<_>>(),
    })
}

/// The endpoint that the strategy would give most reads now, of those with nothing against them but this one; unless it is
/// overloaded itself. Where the strategy compares nothing, the least busy one.
pub(super) fn next_choice<'p>(
    operator: &Operator,
    pool: &'p PoolStats,
    from: &str,
    rules: &Monitor,
) -> Option<&'p InstanceStats> {
    let service = operator.shared.snapshot().service(&pool.service)?;
    let plan = Plan::unclassified();
    let scores = service
        .pool
        .scores(&any(&plan, operator.shared.clock.now()));
    let known = |name: &str| pool.instances.iter().find(|one| one.instance_id == name);
    let may =
        |one: &Scored| one.excluded.is_none() && one.avoided.is_none() && one.endpoint != from;
    let all = scores.iter().filter(|one| may(one));
    let all = all.filter_map(|one| Some((one.by_strategy, known(&one.endpoint)?)));
    let rank = |(score, one): &(Option<f64>, &InstanceStats)| (score.unwrap_or(0.0), one.busy);
    let best = all
        .filter(|(_, one)| one.is_healthy && one.busy <= rules.overload)
        .min_by(|a, b| {
            let (a, b) = (rank(a), rank(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
    best.map(|(_, one)| one)
}

/// From each endpoint that is overloaded to the one that the strategy prefers of those that are not.
pub(super) fn moves(operator: &Operator, pool: &PoolStats, rules: &Monitor) -> Vec<Value> {
    let busy = pool
        .instances
        .iter()
        .filter(|one| one.busy > rules.overload);
    let row = |one: &InstanceStats| {
        let to = next_choice(operator, pool, &one.instance_id, rules)?;
        Some(json!({
            "service": pool.service,
            "from_worker": one.instance_id,
            "to_worker": to.instance_id,
            "reason": format!("load {:.2} against {:.2}", one.busy, to.busy),
            "priority": (one.busy * 10.0).ceil(),
        }))
    };
    busy.filter_map(row).collect()
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

/// How many instances more a service needs on which the demand lasts.
fn scaling(pool: &PoolStats, recent: Option<(f64, bool)>, rules: &Monitor) -> Value {
    let wanted = recent.filter(|(demand, lasts)| *lasts && *demand > rules.overload);
    let target = rules.target.max(LEAST_TARGET);
    let serving = pool.healthy_instances as f64;
    let all = wanted.map(|(demand, _)| (serving * demand / target).ceil());
    json!({
        "service": pool.service,
        "instances": pool.total_instances,
        "load": pool.avg_load_score,
        "demand": recent.map(|(demand, _)| demand),
        "add": all.map_or(0.0, |all| (all - pool.total_instances as f64).max(0.0)),
    })
}

#[cfg(test)]
mod tests;
