//! The pool as people see it: a plain value for the admin API and metrics.

use super::pool::Pool;
use crate::clock::Moment;
use crate::config::StrategyName;
use crate::dialect::{Fault, Role};
use crate::endpoint::Endpoint;
use crate::endpoint::{Gate, HealthStatus};
use balancing::health::WINDOW;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One service.
#[derive(Debug, Clone, Serialize)]
pub struct PoolStats {
    pub service: String,
    #[serde(serialize_with = "word")]
    pub strategy: StrategyName,
    pub total_instances: usize,
    /// Those that serve.
    pub healthy_instances: usize,
    pub total_connections: u32,
    pub total_active_queries: u32,
    /// Requests that wait for an endpoint with room.
    pub pending: usize,
    /// Requests that were given no place for want of room: the queue refused them, or their clients left while they waited.
    pub refused: u64,
    /// Seconds, over the endpoints that have samples; `None` without any.
    pub avg_response_time: Option<f64>,
    /// Score A; `None` for a pool without endpoints.
    pub avg_load_score: Option<f64>,
    /// The largest share of the responses of the last minute over the share that the weight of its endpoint asks for: 1 is
    /// even. `None` without responses.
    pub skew: Option<f64>,
    pub instances: Vec<InstanceStats>,
}

/// One endpoint. Unknown values are null, never zero.
#[derive(Debug, Clone, Serialize)]
pub struct InstanceStats {
    pub instance_id: String,
    pub token: String,
    pub endpoint: String,
    pub host: String,
    pub port: u16,
    pub addresses: Vec<String>,
    pub weight: f64,
    pub role: Option<Role>,
    pub status: HealthStatus,
    pub is_healthy: bool,
    /// closed, open or half_open.
    pub breaker: &'static str,
    /// Whether it takes no requests because they fail there and not at its peers.
    pub is_ejected: bool,
    /// Seconds since the last probe.
    pub last_health_check_age: Option<f64>,
    pub consecutive_failures: u32,
    /// What an agent reported, or the requests in flight.
    pub current_connections: u32,
    /// Requests in flight.
    pub active_queries: u32,
    pub max_connections: u32,
    /// How many requests it works on at once, as the strategy has learned; `None` where it has not.
    #[serde(skip)]
    pub places: Option<f64>,
    /// The share of its places that was taken in the last second; load score A where that is more, or no places are known. 0..=1.
    pub busy: f64,
    /// Seconds.
    pub avg_response_time: Option<f64>,
    pub cpu_usage: Option<f64>,
    pub memory_usage: Option<f64>,
    pub queue_size: Option<f64>,
    /// What an agent reported, or the responses of the last minute per second.
    pub requests_per_second: f64,
    /// Seconds since the last report of an agent.
    pub report_age: Option<f64>,
    pub total_requests: u64,
    pub success_count: u64,
    /// By their class.
    pub failures: BTreeMap<&'static str, u64>,
    /// Failures that count against it.
    pub error_count: u64,
    pub aborted_count: u64,
    /// Failures of all classes but the client's own, as a share of the requests of the last minute, 0..=1.
    pub error_rate: Option<f64>,
    /// Score A, 0..=1, higher is busier.
    pub load_score: f64,
    /// Score B, 0..=100, lower is better.
    pub load_score_b: f64,
    /// Whether it refuses our probe credential: what needs it (role, metadata) is not known from this endpoint.
    pub probe_credential_refused: bool,
    /// Whether the cache stores nothing from it at the moment.
    pub held: bool,
    pub generation: u64,
}

impl PoolStats {
    /// The pool as it stands.
    pub fn of(pool: &Pool, now: Moment) -> Self {
        let endpoints = pool.endpoints();
        let each = endpoints.iter().enumerate();
        let each =
            each.map(|(index, endpoint)| InstanceStats::of(endpoint, pool.use_of(index, now), now));
        let instances: Vec<_> = each.collect();
        Self {
            service: pool.service().to_owned(),
            strategy: pool.strategy().clone(),
            total_instances: endpoints.len(),
            healthy_instances: endpoints.iter().filter(|e| e.is_online(now)).count(),
            total_connections: instances.iter().map(|one| one.current_connections).sum(),
            total_active_queries: instances.iter().map(|one| one.active_queries).sum(),
            pending: pool.broker().pending(),
            refused: pool.broker().refusals().for_want_of_room(),
            avg_response_time: mean(endpoints.iter().filter_map(|e| e.state.times.mean())),
            avg_load_score: mean(endpoints.iter().map(|e| e.load(now).score())),
            skew: skew(endpoints, now),
            instances,
        }
    }
}

impl InstanceStats {
    /// The endpoint as it stands.
    pub fn of(endpoint: &Endpoint, used: PlacesUsed, now: Moment) -> Self {
        let (state, health) = (&endpoint.state, endpoint.health());
        let (totals, recent) = (state.totals(), health.health().last_minute(now));
        let classes = Fault::FAILURES.into_iter().map(Fault::label);
        let (load, reported) = (endpoint.load(now), endpoint.reported(now));
        let responses = (recent.successes + recent.errors()) as f64;
        Self {
            instance_id: endpoint.name.to_string(),
            token: endpoint.token.to_string(),
            endpoint: endpoint.authority.to_string(),
            host: endpoint.address().host.to_string(),
            port: endpoint.address().port,
            addresses: health
                .server()
                .addresses()
                .iter()
                .map(ToString::to_string)
                .collect(),
            weight: endpoint.weight,
            role: endpoint.role(now),
            status: health.status(),
            is_healthy: endpoint.is_online(now),
            breaker: breaker_word(endpoint.gate(now)),
            is_ejected: endpoint.is_ejected(now),
            last_health_check_age: health.last_check().map(|at| (now - at).as_secs_f64()),
            consecutive_failures: health.health().failures_in_a_row(),
            current_connections: load.connections.map_or(load.in_flight, |n| n as u32),
            active_queries: load.in_flight,
            max_connections: load.max_connections,
            places: used.places,
            busy: used.share().max(load.score()),
            avg_response_time: load.mean_time,
            cpu_usage: load.cpu,
            memory_usage: load.memory,
            queue_size: load.queue,
            requests_per_second: reported
                .requests_per_second
                .unwrap_or(responses / WINDOW.as_secs_f64()),
            report_age: state.reported.age(now).map(|age| age.as_secs_f64()),
            total_requests: totals.requests,
            success_count: totals.successes,
            failures: classes.zip(totals.failures).collect(),
            error_count: totals.errors,
            aborted_count: totals.aborted,
            error_rate: recent.failure_rate(),
            load_score: load.score(),
            load_score_b: load.score_b(),
            probe_credential_refused: health.server().credential().is_refused(),
            held: endpoint.held(now),
            generation: state.generation,
        }
    }

    /// Whether it has a place for one more.
    pub fn has_place(&self) -> bool {
        let taken = f64::from(self.active_queries);
        let is_within = self.places.is_none_or(|places| taken < places);
        is_within && self.active_queries < self.max_connections
    }
}

/// How many requests an endpoint works on at once, and how many it had lately, as the strategy knows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PlacesUsed {
    pub places: Option<f64>,
    pub lately_taken: Option<f64>,
}

impl PlacesUsed {
    /// The share of its places that was taken, 0..=1; 0 where that is not known.
    fn share(self) -> f64 {
        let share = self.lately_taken.zip(self.places);
        share.map_or(0.0, |(taken, places)| (taken / places.max(1.0)).min(1.0))
    }
}

/// The breaker's state in metrics and the admin API: one that awaits or runs its trial is half open.
pub fn breaker_word(gate: Gate) -> &'static str {
    match gate {
        Gate::Closed => "closed",
        Gate::Open(_) => "open",
        Gate::HalfOpen | Gate::TrialRunning => "half_open",
    }
}

fn skew(endpoints: &[Arc<Endpoint>], now: Moment) -> Option<f64> {
    let responses = |one: &Arc<Endpoint>| {
        let recent = one.health().health().last_minute(now);
        (recent.successes + recent.errors()) as f64
    };
    let all: f64 = endpoints.iter().map(responses).sum();
    let weights: f64 = endpoints.iter().map(|one| one.weight).sum();
    let weighed = endpoints.iter().filter(|one| one.weight > 0.0);
    let relative = weighed.map(|one| (responses(one) / all) / (one.weight / weights));
    relative.max_by(f64::total_cmp).filter(|_| all > 0.0)
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0u32), |(sum, n), value| (sum + value, n + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn word<S: Serializer>(name: &StrategyName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name.word())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four of four learned places were shown as a load of 0.04, and an overload as none.
    #[test]
    fn an_endpoint_all_of_whose_learned_places_are_taken_is_busy() {
        let used = |taken, places| PlacesUsed {
            places,
            lately_taken: Some(taken),
        };
        assert_eq!(used(4.0, Some(4.0)).share(), 1.0);
        assert_eq!(used(6.0, Some(4.0)).share(), 1.0);
        assert_eq!(used(1.0, Some(4.0)).share(), 0.25);
        assert_eq!(used(4.0, None).share(), 0.0);
    }
}
