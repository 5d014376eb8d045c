//! The statistics of the admin API, put together from the pools of the present snapshot.

use crate::balance::{InstanceStats, PoolStats};
use crate::observe::{Arrival, Observer};
use crate::snapshot::{Service, Snapshot};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Newest requests that rates and means are of.
const WINDOW: usize = 1000;

/// Requests, rates and distribution over all endpoints; each is called `service/endpoint`.
pub fn balancer(strategy: &str, pools: &[PoolStats], observer: &Observer) -> Value {
    let servers = || {
        pools.iter().flat_map(|pool| {
            let name = |one: &InstanceStats| format!("{}/{}", pool.service, one.instance_id);
            pool.instances.iter().map(move |one| (name(one), one))
        })
    };
    let distribution = servers().map(|(name, one)| (name, one.total_requests.into()));
    let rows = servers().map(|(name, one)| (name, server(one)));
    json!({
        "strategy": strategy,
        "total_servers": servers().count(),
        "healthy_servers": servers().filter(|(_, one)| one.is_healthy).count(),
        "stats": totals(servers().map(|(_, one)| one), pools.iter().map(|pool| pool.refused).sum()),
        "window": window(&observer.arrivals().newest(WINDOW)),
        "assignments": observer.assignments().figures(),
        "server_distribution": distribution.collect::<Map<_, _>>(),
        "servers": rows.collect::<Map<_, _>>(),
    })
}

fn window(newest: &[Arrival]) -> Value {
    let count = newest.len() as u64;
    let good = newest.iter().filter(|one| one.success).count();
    let times: f64 = newest.iter().map(|one| one.execution_time).sum();
    let moments = newest.iter().map(|one| one.arrived);
    let span = moments.clone().max().zip(moments.min());
    let span = span.map(|(last, first)| (last - first).as_secs_f64());
    json!({
        "requests": count,
        "success_rate": mean(good as f64 * 100.0, count),
        "avg_response_time": mean(times, count),
        "requests_per_second": span.filter(|span| *span > 0.0).map(|span| count as f64 / span),
    })
}

fn server(one: &InstanceStats) -> Value {
    json!({
        "status": one.status,
        "current_connections": one.current_connections,
        "load_score": one.load_score,
        "avg_response_time": one.avg_response_time,
        "error_rate": one.error_rate.map(|share| share * 100.0),
    })
}

/// `refused`: how many were given no place at any of them.
fn totals<'s>(all: impl Iterator<Item = &'s InstanceStats> + Clone, refused: u64) -> Value {
    let sum = |figure: fn(&InstanceStats) -> u64| all.clone().map(figure).sum::<u64>();
    let (good, bad) = (sum(|one| one.success_count), sum(failed));
    let mut failures = BTreeMap::<&str, u64>::new();
    for (class, count) in all.clone().flat_map(|one| &one.failures) {
        *failures.entry(class).or_default() += count;
    }
    let times: Vec<f64> = all
        .clone()
        .filter_map(|one| one.avg_response_time)
        .collect();
    json!({
        "total_requests": sum(|one| one.total_requests),
        "successful_requests": good,
        "failed_requests": bad,
        "failures": failures,
        "aborted_requests": sum(|one| one.aborted_count),
        "refused_requests": refused,
        "success_rate": mean(good as f64 * 100.0, good + bad + refused),
        "avg_response_time": mean(times.iter().sum(), times.len() as u64),
        "requests_per_second": all.clone().map(|one| one.requests_per_second).sum::<f64>(),
        "active_connections": sum(|one| u64::from(one.active_queries)),
    })
}

fn failed(one: &InstanceStats) -> u64 {
    one.failures.values().sum()
}

/// `None` of nothing.
fn mean(sum: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| sum / count as f64)
}

/// What the shadow of each service would have chosen.
pub fn shadows(snapshot: &Snapshot) -> Value {
    let row = |service: &std::sync::Arc<Service>| {
        let shadow = service.pool.shadow();
        let figures = shadow.map(|(_, figures)| figures).unwrap_or_default();
        let row = json!({
            "strategy": service.pool.strategy().word(),
            "shadow": shadow.map(|(strategy, _)| strategy.word()),
            "agreed": figures.agreed,
            "differed": figures.differed,
            "waited": figures.waited,
            "difference": figures.difference,
        });
        (service.name.to_string(), row)
    };
    json!({"services": snapshot.services().map(row).collect::<Map<_, _>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::World;
    use crate::dialect::Fault;
    use balancing::policies::Strategy;

    /// An incident of refused credentials was shown as a success of 100 %.
    #[test]
    fn a_refused_credential_lowers_the_success_rate() {
        let world = World::equal(Strategy::RoundRobin, 2);
        world.responds("a", 3, 5);
        world.complete("b", &world.done(Fault::Access, 1));
        let stats = world.pool.stats(world.now());
        let totals = totals(stats.instances.iter(), stats.refused);
        assert_eq!(totals["failed_requests"], 1);
        assert_eq!(totals["failures"]["access"], 1);
        assert_eq!(totals["success_rate"], 75.0);
    }
}
