//! The table of metric families: name, kind, labels, buckets, help. Adding a family is adding a
//! row; registration and the reference page are made from the rows.

use super::series::{Counters, Gauges, Histograms, IsPresent};
use prometheus::{Opts, Registry};
use std::fmt::Write;

/// Every name begins so.
pub const PREFIX: &str = "pointsman_";

/// No buckets: not a histogram.
const NONE: &[f64] = &[];
/// Seconds of a request: 0.5 ms to 60 s.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
];
/// Seconds of a step of ours: 1 us to 1 s.
const FAST: &[f64] = &[
    0.000_001, 0.000_005, 0.000_02, 0.000_1, 0.000_5, 0.002, 0.01, 0.05, 0.25, 1.0,
];
/// Actual over estimated: 1 is exact.
const RATIO: &[f64] = &[
    0.01, 0.05, 0.1, 0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0, 10.0, 20.0, 100.0,
];

/// A row of the table, for documents and tests.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Without [`PREFIX`].
    pub name: &'static str,
    /// counter, gauge or histogram.
    pub kind: &'static str,
    pub labels: &'static [&'static str],
    pub help: &'static str,
    /// Upper bounds; empty unless a histogram.
    pub buckets: &'static [f64],
}

macro_rules! families {
    ($($field:ident: $type:ty = $name:literal [$($label:literal),*] $buckets:ident, $help:literal;)*) => {
        /// A handle for each family.
        pub struct Families { $(pub $field: $type,)* }

        impl Families {
            /// Registers every row.
            pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
                Ok(Self {
                    $($field: <$type>::register(registry, opts($name, $help), [$($label),*], $buckets)?,)*
                })
            }

            /// Drops the series of services and endpoints that are gone.
            pub fn retain(&self, is_present: &IsPresent<'_>) {
                $(self.$field.retain([$($label),*], is_present);)*
            }
        }

        /// Every family.
        pub const FAMILIES: &[Row] = &[$(Row {
            name: $name,
            kind: <$type>::KIND,
            labels: &[$($label),*],
            help: $help,
            buckets: $buckets,
        },)*];
    };
}

families! {
    requests: Counters<4> = "requests_total" ["service", "operation", "effect", "status"] NONE,
        "Requests that have ended, by class of the status sent (none: no response was sent).";
    request_duration: Histograms<2> = "request_duration_seconds" ["service", "operation"] SECONDS,
        "Time from a request's arrival to its end.";
    upstream_duration: Histograms<2> = "upstream_duration_seconds" ["service", "endpoint"] SECONDS,
        "Time of one attempt at an endpoint, until it had sent all of its response or was abandoned; what a slow client held up is part of it.";
    stage_duration: Histograms<2> = "stage_duration_seconds" ["service", "stage"] FAST,
        "Time of a stage of a request: understand, cache, route.";
    queue_wait: Histograms<1> = "queue_wait_seconds" ["service"] SECONDS,
        "Time that a request waited for an endpoint with room, of those that waited; refused ones are among them.";
    pending: Gauges<1> = "pending_requests" ["service"] NONE,
        "Requests that wait for an endpoint with room.";
    first_byte: Histograms<1> = "first_byte_seconds" ["service"] SECONDS,
        "Time from a request's arrival to the first byte of its response.";
    client_bytes: Counters<2> = "client_bytes_total" ["service", "direction"] NONE,
        "Body bytes from (in) and to (out) clients.";
    in_flight: Gauges<2> = "in_flight" ["service", "endpoint"] NONE,
        "Requests in flight at an endpoint, also while it drains.";
    stalled: Gauges<2> = "stalled_responses" ["service", "endpoint"] NONE,
        "Responses of an endpoint that slow readers hold up. They take a connection each and are not in flight; max_connections bounds them.";
    attempts: Counters<3> = "attempts_total" ["service", "endpoint", "fault"] NONE,
        "Exchanges with an endpoint, by whose fault a failure was (none: a success, or a failure that says nothing of the endpoint; client: also an attempt whose client left). Counted at their end.";
    choices: Counters<2> = "strategy_requests_total" ["service", "strategy"] NONE,
        "Requests that wanted an endpoint, by the strategy that chooses for them: that of the service, or of a rule.";
    retries: Counters<2> = "retries_total" ["service", "reason"] NONE,
        "Fail-over to another endpoint: attempts after the first, by the fault of the attempt before.";
    hedges: Counters<2> = "hedges_total" ["service", "result"] NONE,
        "Second attempts beside a read that takes long, by what came of them: won (its response was given), lost (the first attempt was faster), failed, abandoned (the client left); and those not made although a read took longer than 99 % of its shape do: no_endpoint (none as good, or the endpoints have no room), no_budget.";
    assignments: Counters<2> = "assignments_total" ["service", "result"] NONE,
        "Choices of an endpoint: assigned, counted when the request is sent, or none when no endpoint could be chosen, or none had room in time.";
    selectable: Gauges<2> = "selectable_endpoints" ["service", "count"] NONE,
        "Endpoints that could take a request: capable, with_capacity, online.";
    rejections: Counters<2> = "rejections_total" ["service", "reason"] NONE,
        "Requests that pointsman itself refused.";
    aborted: Counters<2> = "aborted_total" ["service", "side"] NONE,
        "Requests that were aborted, by side: client, upstream, proxy (a slow reader evicted to make room), unknown.";
    slow: Counters<1> = "slow_total" ["service"] NONE,
        "Requests at or above queries.slow_threshold.";
    held_bodies: Gauges<0> = "held_body_bytes" [] NONE,
        "Bytes of memory that bodies take which are buffered, of requests and responses; path.held_bodies is the bound.";
    executions: Gauges<0> = "executions" [] NONE,
        "Requests in flight, listed in the admin API.";
    executions_overdue: Gauges<0> = "executions_overdue" [] NONE,
        "Requests in flight for longer than was planned.";
    plans: Counters<2> = "plans_total" ["strategy", "complexity"] NONE,
        "Plans made.";
    infeasible_plans: Counters<2> = "infeasible_plans_total" ["service", "resource"] NONE,
        "Plans that needed more of a resource than was left (planner.max_*): cpu, memory, network, database (the endpoints of the service).";
    plan_duration: Histograms<1> = "plan_duration_seconds" ["service"] FAST,
        "Time to plan a request.";
    estimate_ratio: Histograms<1> = "estimate_ratio" ["service"] RATIO,
        "Time that an endpoint took (without the queue and the client) over the estimate of the plan, of requests that succeeded; 1 is exact.";
    cost_ratio: Histograms<1> = "cost_ratio" ["service"] RATIO,
        "Measured over estimated cost of requests that succeeded; 1 is exact. Measured: the time of the endpoint, in the time that a cost unit took in about the last thousand requests of the service.";
    service_time_ratio: Histograms<2> = "service_time_ratio" ["service", "expected_by"] RATIO,
        "Time of an endpoint until its response was there or began to stream, over the time that was expected when the endpoint was chosen; 1 is exact. Successful requests for data; expected_by: strategy (it learns times, as adaptive does) or plan (it does not).";
    spill_over: Counters<3> = "spill_over_total" ["service", "to", "cause"] NONE,
        "Attempts sent to an endpoint elsewhere than balance.preferred_region and balance.preferred_zone say (other_zone, other_region), by what kept them from the nearer ones: full, failing, overloaded (by its own word), out (breaker, ejection, probes, maintenance), tried (the request failed there), nowhere (none is nearer that may take it). Of a transaction only the first request counts.";
    cache_requests: Counters<3> = "cache_requests_total" ["service", "category", "result"] NONE,
        "Requests by what the cache did: hit, miss, bypass (writes among them). One that another request's fetch answered is a hit here and a miss with `coalesced` in cache/stats.";
    cache_reasons: Counters<2> = "cache_reasons_total" ["service", "reason"] NONE,
        "Requests by the reason of what the cache did.";
    cache_entries: Gauges<1> = "cache_entries" ["level"] NONE,
        "Responses in store.";
    cache_bytes: Gauges<1> = "cache_bytes" ["level"] NONE,
        "Bytes in store, keys and fixed cost included.";
    cache_limit_bytes: Gauges<1> = "cache_limit_bytes" ["level"] NONE,
        "Bytes that the store may hold.";
    cache_stores: Counters<1> = "cache_stores_total" ["level"] NONE,
        "Responses stored.";
    cache_evictions: Counters<1> = "cache_evictions_total" ["level"] NONE,
        "Responses evicted to make room.";
    cache_expirations: Counters<1> = "cache_expirations_total" ["level"] NONE,
        "Responses dropped because their time to live had passed.";
    cache_invalidations: Counters<1> = "cache_invalidations_total" ["level"] NONE,
        "Entries dropped because a write, a clearing or a refused credential made them invalid.";
    cache_shared: Counters<1> = "cache_shared_total" ["level"] NONE,
        "Requests answered by the fill of another request for the same key.";
    endpoint_status: Gauges<3> = "endpoint_status" ["service", "endpoint", "state"] NONE,
        "1 for the state that an endpoint is in (healthy, degraded, unhealthy, ejected, maintenance, draining), else 0. Ejected: probes find it well, but requests failed there and not at its peers. Draining: an operator said so, or a reload removed it and it finishes its transactions; a name that serves at another address has the state that it has there.";
    breaker_state: Gauges<3> = "breaker_state" ["service", "endpoint", "state"] NONE,
        "1 for the state that an endpoint's breaker is in (closed, open, half_open), else 0.";
    load_score: Gauges<3> = "load_score" ["service", "endpoint", "score"] NONE,
        "Load of an endpoint. Score a: 0 to 1, higher is busier. Score b: 0 to 100, lower is better.";
    task_age: Gauges<1> = "background_task_age_seconds" ["task"] NONE,
        "Time since a background task last did its work: sampler (each second), monitor (each balance.monitor.interval), cache_sweep (each cache.cleanup_interval).";
    skew: Gauges<1> = "skew" ["service"] NONE,
        "The largest share of the responses of the last minute that an endpoint gave, over its share by weight: 1 is even.";
    overloaded: Gauges<1> = "overloaded_endpoints" ["service"] NONE,
        "Endpoints whose load (the share of their learned places that is taken, or load score A where that is more) has been above balance.monitor.overload, and is not yet back at balance.monitor.target.";
    imbalance: Gauges<1> = "load_imbalance" ["service"] NONE,
        "How far load score A of the busiest endpoint is above the mean of those that serve; above balance.monitor.imbalance for a while it is an event.";
    pressure: Gauges<1> = "pressure" ["service"] NONE,
        "How hard a service is pressed, 0 to 1: how far its queue is from refusing (see balance.degradation). 0 while requests find room.";
    rung: Gauges<1> = "degradation_rung" ["service"] NONE,
        "What a service gives up: 0 nothing, 1 second attempts beside slow reads, 2 retries that cost work, 3 requests of low priority that would have to wait.";
    rules: Gauges<1> = "rule_in_force" ["rule"] NONE,
        "1 for a rule of balance.monitor.rules that is in force, else 0.";
    shadow_choices: Gauges<2> = "shadow_choices" ["service", "result"] NONE,
        "Choices of the strategy of balance.shadow since it was configured, beside the one that decides: agreed, differed, waited (one of them would rather have waited).";
    probe_age: Gauges<2> = "probe_age_seconds" ["service", "endpoint"] NONE,
        "Time since the last probe of an endpoint.";
    probes: Counters<3> = "probes_total" ["service", "endpoint", "result"] NONE,
        "Probes: good, bad (it answered and does not serve), busy, no_response, refused (our credential), no_credential (it asks for one and has none), unsupported (it says nothing), local_error (a lack of file descriptors, ports or memory of ours).";
    probe_duration: Histograms<2> = "probe_duration_seconds" ["service", "endpoint"] SECONDS,
        "Time of a probe, in whole.";
    changes: Counters<4> = "changes_total" ["service", "endpoint", "kind", "to"] NONE,
        "Changes of an endpoint, by what changed: its status, breaker, ejection, overload, role, maintenance, its name, its probes, whether it takes our probe credential, whether it is there.";
    accept_failures: Counters<0> = "accept_failures_total" [] NONE,
        "Failed attempts to accept a client's connection, mostly for a lack of file descriptors of ours.";
    connect_shortages: Counters<2> = "connect_shortages_total" ["service", "reason"] NONE,
        "Connections to endpoints that could not be opened for a lack of ours, for which no endpoint is blamed: no_files, no_ports, no_memory.";
    reloads: Counters<1> = "reloads_total" ["result"] NONE,
        "Reloads of the configuration: accepted, unchanged (it serves already), refused.";
    config_generation: Gauges<0> = "config_generation" [] NONE,
        "Generation of the configuration that serves.";
    config_last_good: Gauges<0> = "config_last_good" [] NONE,
        "1 if the last reload was accepted, 0 if the last good configuration serves instead.";
    resident: Gauges<0> = "process_resident_memory_bytes" [] NONE,
        "Resident memory of the process.";
    uptime: Gauges<0> = "uptime_seconds" [] NONE,
        "Time since the process started.";
    log_dropped: Counters<0> = "log_lines_dropped_total" [] NONE,
        "Log lines dropped because the log was not read fast enough.";
    build_info: Gauges<1> = "build_info" ["version"] NONE,
        "Always 1; the label tells the version.";
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("{PREFIX}{name}"), help)
}

/// The reference page, `docs/metrics.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         Generated from the table in `src/observe/metrics/families.rs`; a test fails when this page is stale.\n\
         `GET /metrics` on the admin address gives them in the text format of Prometheus.\n\n\
         Label values are configured names and words of closed sets. A family that passes 2000 series counts\n\
         the rest in one series whose labels are all `other`. Counters live as long as the process, over reloads, but the\n\
         series of a service or an endpoint that a reload took away are dropped by the first reload after it has drained.\n\
         What the words of `reason`, `kind` and `to` mean: [reasons.md](reasons.md), of rejections [refusals.md](refusals.md).\n\n\
         | family | kind | labels | meaning |\n|---|---|---|---|\n",
    );
    for row in FAMILIES {
        let _ = writeln!(
            page,
            "| `{PREFIX}{}` | {} | {} | {} |",
            row.name,
            row.kind,
            row.labels.join(", "),
            row.help
        );
    }
    page.push_str("\n## Buckets\n\n| family | upper bounds |\n|---|---|\n");
    for row in FAMILIES.iter().filter(|row| !row.buckets.is_empty()) {
        let bounds: Vec<String> = row.buckets.iter().map(f64::to_string).collect();
        let _ = writeln!(page, "| `{PREFIX}{}` | {} |", row.name, bounds.join(", "));
    }
    page
}
