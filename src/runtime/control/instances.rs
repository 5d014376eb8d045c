//! Endpoints as the admin API lists them: those of the present snapshot, and those that a reload removed or
//! moved and that still finish the transactions that they have.

use crate::balance::{InstanceStats, PlacesUsed};
use crate::clock::Moment;
use crate::endpoint::{DrainingEndpoint, Endpoint, HealthStatus};
use crate::snapshot::Snapshot;
use serde::Serialize;
use serde_json::{Map, Value};
use std::time::Duration;

/// The endpoints of each service, by its name.
pub fn instances(snapshot: &Snapshot, leaving: &[DrainingEndpoint], now: Moment) -> Value {
    let mut services = Map::new();
    for service in snapshot.services() {
        let stats = service.pool.stats(now).instances.into_iter();
        let rows = service.pool.endpoints().iter().zip(stats);
        let rows = rows.map(|(endpoint, stats)| row(endpoint, &stats, None));
        services.insert(service.name.to_string(), rows.collect());
    }
    for one in leaving {
        let service = one.endpoint.health().identity().service.to_string();
        let rows = services.entry(service).or_insert(Value::Array(Vec::new()));
        if let Value::Array(rows) = rows {
            let stats = InstanceStats::of(&one.endpoint, PlacesUsed::default(), now);
            rows.push(row(&one.endpoint, &stats, Some(one)));
        }
    }
    Value::Object(services)
}

/// One endpoint. One that drains takes no new requests, whatever its probes said last.
fn row(endpoint: &Endpoint, stats: &InstanceStats, leaving: Option<&DrainingEndpoint>) -> Value {
    #[derive(Serialize)]
    struct Row<'a> {
        #[serde(flatten)]
        stats: &'a InstanceStats,
        drained: Option<bool>,
        drain_ends_in: Option<f64>,
    }
    let drain_ends_in = leaving.map(|one| one.idle_ends_in.unwrap_or(one.ends_in));
    let drain_ends_in = drain_ends_in.as_ref().map(Duration::as_secs_f64);
    let drains = leaving.is_some() || stats.status == HealthStatus::Draining;
    let mut row = super::value(&Row {
        stats,
        drained: drains.then(|| endpoint.state.unfinished() == 0),
        drain_ends_in,
    });
    if let (Some(_), Value::Object(fields)) = (leaving, &mut row) {
        fields.insert("status".into(), "draining".into());
        fields.insert("is_healthy".into(), false.into());
    }
    row
}
