//! What other strategies would have made of the recorded requests of a service, and the change to the best one where an
//! operator asks for it.

use super::{Operator, changes};
use crate::admin::{Optimize, Problem, StrategyChange};
use crate::balance::{Comparison, LEAST_RECORDS};
use crate::config::{Config, StrategyName};
use crate::observe::Arrival;
use crate::snapshot::Service;
use balancing::Ask;
use balancing::policies::PolicyRegistry;
use balancing::replay::{Recorded, ReplayedEndpoint};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

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
    let config = operator.shared.config();
    let records = records(&service, operator.shared.observer.arrivals().of(name));
    if records.len() < LEAST_RECORDS {
        let detail = format!(
            "{name}: {} requests are recorded that any endpoint could take; {LEAST_RECORDS} are needed",
            records.len()
        );
        return Err(Problem::conflict(detail));
    }
    let policies = operator.shared.policies.clone();
    let report = move || report(&service, &records, (&config, &policies));
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
            ask: Ask::read(one.shape, one.class.class(), one.cost, one.arrived),
            endpoint: *places.get(&*one.server_id)?,
            service_time: Duration::from_secs_f64(one.service_time),
            failed: one.fault.has_failed(),
        })
    };
    let free = arrivals.into_iter().filter(|one| one.is_free);
    free.filter_map(record).collect()
}

fn report(
    service: &Service,
    records: &[Recorded],
    (config, policies): (&Config, &PolicyRegistry),
) -> (Value, StrategyName) {
    let endpoints = service.pool.endpoints().iter().map(|one| {
        let like = ReplayedEndpoint {
            weight: one.weight,
            max_connections: one.max_connections,
        };
        (one.name.to_string(), like)
    });
    let endpoints: Vec<_> = endpoints.collect();
    let comparison = Comparison::of(records, &endpoints, config, policies);
    let current = service.pool.strategy();
    let best = comparison.best(current);
    let mut report = json!({
        "service": *service.name,
        "records": records.len(),
        "current": current.word(),
        "best": best.word(),
        "applied": false,
        "strategies": comparison.rows(current),
    });
    if let Value::Object(fields) = &mut report {
        let method = comparison.method().into_iter();
        fields.extend(method.map(|(key, value)| (key.to_owned(), value)));
    }
    (report, best)
}
