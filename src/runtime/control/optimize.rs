//! What other strategies would have made of the recorded requests of a service, and the change to the best one where an
//! operator asks for it.

use super::{Operator, changes};
use crate::admin::{Optimize, Problem, StrategyChange};
use crate::config::StrategyName;
use crate::observe::Arrival;
use crate::snapshot::Service;
use balancing::replay::{Recorded, Replayed, ReplayedEndpoint, replay};
use balancing::{Ask, Fault};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// Recorded requests that a replay needs.
const LEAST: usize = 100;
/// A strategy is better than the present one only by more than this share: less is a tie, which keeps the present one.
const TIE: f64 = 0.02;
/// The seed of every replay, so that the same records give the same report.
const SEED: u64 = 1;

/// The report of a service.
pub(super) async fn simulated(operator: &Operator, service: &str) -> Result<Value, Problem> {
    let (report, _) = replayed(operator, service).await?;
    Ok(report)
}

/// The report, and the change to the best strategy if that is asked for.
pub(super) async fn optimized(operator: &Operator, wanted: Optimize) -> Result<Value, Problem> {
    let (mut report, best) = replayed(operator, &wanted.service).await?;
    let applies = wanted.apply && report.get("current") != Some(&best.word().into());
    if applies {
        let strategy = Some(best.word().to_owned());
        let service = Some(wanted.service);
        let change = StrategyChange { service, strategy };
        changes::change_strategy(operator, change).await?;
    }
    if let Value::Object(fields) = &mut report {
        fields.insert("applied".into(), applies.into());
    }
    Ok(report)
}

/// Replays beside the runtime's thread, which serves the admin API.
async fn replayed(operator: &Operator, name: &str) -> Result<(Value, StrategyName), Problem> {
    let service = operator.service(name)?;
    let slowest = operator.shared.config().planner.max_response_time;
    let records = records(&service, operator.shared.observer.arrivals().of(name));
    if records.len() < LEAST {
        let detail = format!(
            "{name}: {} requests are recorded that any endpoint could take; {LEAST} are needed",
            records.len()
        );
        return Err(Problem::conflict(detail));
    }
    let report = move || report(&service, &records, slowest);
    let report = tokio::task::spawn_blocking(report).await;
    report.map_err(|_| Problem::failed("the replay broke off; see the log"))
}
/// The recorded requests that any endpoint could take, of the endpoints that are still there.
fn records(service: &Service, arrivals: Vec<Arrival>) -> Vec<Recorded> {
    let endpoints = service.pool.endpoints().iter().enumerate();
    let places: HashMap<Arc<str>, usize> = endpoints
        .map(|(place, endpoint)| (Arc::clone(&endpoint.name), place))
        .collect();
    let record = |one: Arrival| {
        Some(Recorded {
            ask: Ask {
                shape: one.shape,
                class: one.class.class(),
                cost: one.cost,
                needs_writer: false,
                is_retry: false,
                ahead: 0.0,
                target: 0,
                asks_data: true,
                may_try: true,
                arrived: one.arrived,
            },
            endpoint: *places.get(&*one.server_id)?,
            service_time: Duration::from_secs_f64(one.service_time),
            failed: one.fault == Fault::Endpoint,
        })
    };
    let free = arrivals.into_iter().filter(|one| one.is_free);
    free.filter_map(record).collect()
}

fn report(service: &Service, records: &[Recorded], slowest: Duration) -> (Value, StrategyName) {
    let endpoints = service.pool.endpoints().iter();
    let endpoints: Vec<ReplayedEndpoint> = endpoints
        .map(|one| ReplayedEndpoint {
            weight: one.weight,
            max_connections: one.max_connections,
        })
        .collect();
    let current = service.pool.strategy();
    let all = StrategyName::ALL.iter().filter_map(|(name, _)| {
        let policy = name.strategy().policy(endpoints.len());
        let slowest = slowest.as_secs_f64();
        Some((*name, replay(records, &endpoints, &*policy, slowest, SEED)?))
    });
    let all: Vec<(StrategyName, Replayed)> = all.collect();
    let best = best(&all, current);
    let rows: Vec<Value> = all.iter().map(|one| row(service, one)).collect();
    let report = json!({
        "service": *service.name,
        "records": records.len(),
        "current": current.word(),
        "best": best.word(),
        "applied": false,
        "strategies": rows,
    });
    (report, best)
}

/// The strategy with the least time for each success; a tie keeps the current one.
fn best(all: &[(StrategyName, Replayed)], current: StrategyName) -> StrategyName {
    let cost = |name| {
        let found = all.iter().find(|(other, _)| *other == name);
        found.map_or(f64::INFINITY, |(_, replayed)| replayed.cost())
    };
    let least = all.iter().min_by(|a, b| a.1.cost().total_cmp(&b.1.cost()));
    let least = least.map_or(current, |(name, _)| *name);
    match cost(least) < cost(current) * (1.0 - TIE) {
        true => least,
        false => current,
    }
}

fn row(service: &Service, (name, replayed): &(StrategyName, Replayed)) -> Value {
    let names = service
        .pool
        .endpoints()
        .iter()
        .map(|one| one.name.to_string());
    let shares = replayed.shares.iter().map(|share| Value::from(*share));
    json!({
        "strategy": name.word(),
        "mean": replayed.mean,
        "p50": replayed.p50,
        "p99": replayed.p99,
        "success_rate": replayed.success_rate,
        "score": replayed.score(),
        "cost": replayed.cost(),
        "shares": names.zip(shares).collect::<serde_json::Map<_, _>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replayed(mean: f64) -> Replayed {
        Replayed {
            mean,
            p50: mean,
            p99: mean,
            success_rate: 1.0,
            shares: Vec::new(),
        }
    }

    #[test]
    fn a_tie_keeps_the_current_strategy() {
        use StrategyName::{Adaptive, LeastConnections, RoundRobin};
        let all = |adaptive| {
            [
                (RoundRobin, replayed(1.0)),
                (LeastConnections, replayed(0.99)),
                (Adaptive, replayed(adaptive)),
            ]
        };
        assert_eq!(best(&all(1.0), RoundRobin), RoundRobin);
        assert_eq!(best(&all(0.5), RoundRobin), Adaptive);
        assert_eq!(best(&all(0.5), Adaptive), Adaptive);
        assert_eq!(best(&[], RoundRobin), RoundRobin);
    }
}
