//! Every configuration key that is not marked "Not used yet" changes something that can be observed.
//!
//! [`ROWS`] has a row per key: two values and an observation of a running server that must differ between
//! them. The first value is the default where a test can wait for what it brings about. A key without a row
//! fails, and so does a row without a key.

mod caching;
mod clients;
mod endpoints;
mod given;
mod observe;
mod process;
mod records;

use crate::support::TIMEOUT;
use caching::*;
use clients::*;
use config_table::Value;
use config_table::table::{Section, Shape};
use endpoints::*;
use given::Given;
use observe::Observed;
use pointsman::config::Config;
use process::*;
use records::*;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Rows that are observed at a time: most of them wait most of their time.
const AT_A_TIME: usize = 16;

struct Row {
    key: &'static str,
    values: [&'static str; 2],
    observe: fn(Given) -> Observed,
}

const fn row(key: &'static str, values: [&'static str; 2], observe: fn(Given) -> Observed) -> Row {
    Row {
        key,
        values,
        observe,
    }
}

#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("services.NAME.dialect", ["qdrant", "http"], second_read),
    row("services.NAME.listen", ["127.0.0.1:0", "127.0.0.2:0"], addresses),
    row("mode", ["normal", "bypass"], second_read),
    row("services.NAME.strategy", ["weighted_round_robin", "round_robin"], share_of_the_first),
    row("services.NAME.affinity.by", ["", "target"], reads_that_the_first_takes),
    row("services.NAME.affinity.header", ["x-one", "x-other"], reads_that_the_first_takes),
    row("services.NAME.affinity.load_factor", ["1.25", "1000"], endpoints_of_a_hot_key),
    row("services.NAME.cache", ["true", "false"], second_read),
    row("services.NAME.cluster", ["false", "true"], reads_at_a_reader_of_a_cluster),
    row("services.NAME.idempotent", ["[]", "[points.upsert]"], attempts_of_a_write),
    row("services.NAME.pure", ["[]", "[my.lookup]"], record_of_a_function),
    row("services.NAME.probe.user", ["one", "two"], user_of_a_probe),
    row("services.NAME.probe.password", ["one", "two"], user_of_a_probe),
    row("services.NAME.probe.path", ["/", "/health"], path_of_a_probe),
    row("services.NAME.probe.expect", ["[]", "[204, 300-399]"], status_after_a_probe_that_finds_200),
    row("services.NAME.probe.api_key", ["", "secret"], key_of_a_probe),
    row("services.NAME.endpoints[0].name", ["one", "two"], names_in_metrics),
    row("services.NAME.endpoints[0].url", ["first", "second"], origin_that_was_reached),
    row("services.NAME.endpoints[0].weight", ["1", "3"], share_of_the_first),
    row("services.NAME.endpoints[0].max_connections", ["100", "1"], status_beside_another),
    row("services.NAME.endpoints[0].capacity", ["1000", "0.001"], status_beside_another),
    row("services.NAME.endpoints[0].tags", ["[]", "[write]"], reads_that_the_first_takes),
    row("services.NAME.endpoints[0].region", ["near", "far"], requests_that_the_first_takes),
    row("services.NAME.endpoints[0].zone", ["near", "far"], requests_that_the_first_takes),
    row("services.NAME.endpoints[0].role", ["auto", "reader"], status_of_a_write),
    row("path.peek_limit", ["1MiB", "10B"], second_read),
    row("path.spool_limit", ["16MiB", "1KiB"], status_of_a_long_statement),
    row("path.held_bodies", ["256MiB", "1KiB"], status_of_a_long_statement),
    row("path.client_share", ["0.5", "0.000001"], status_of_a_long_statement),
    row("path.read_ahead", ["4MiB", "128MiB"], endpoint_of_a_client_that_reads_nothing),
    row("path.hold_limit", ["1MiB", "10B"], second_read),
    row("path.max_header_size", ["64KiB", "2KiB"], status_of_a_large_head),
    row("path.max_header_count", ["200", "5"], status_of_a_large_head),
    row("path.client_first_byte_timeout", ["1m", "50ms"], silent_connection),
    row("path.client_read_timeout", ["1m", "50ms"], half_a_head),
    row("path.client_write_timeout", ["1m", "50ms"], client_that_reads_nothing),
    row("path.client_rate", ["1KiB", "1GiB"], client_that_reads_nothing),
    row("path.client_keepalive", ["1m15s", "50ms"], idle_connection),
    row("path.client_requests", ["100000", "1"], idle_connection),
    row("path.listen_backlog", ["1024", "1"], crowd_that_is_not_accepted),
    row("path.max_clients", ["10000", "1"], second_client),
    row("upstream.connect_timeout", ["1m", "50ms"], request_that_finds_no_connection),
    row("upstream.read_timeout", ["10m", "50ms"], status_of_a_slow_read),
    row("upstream.write_timeout", ["1h", "50ms"], status_of_a_slow_write),
    row("upstream.total_timeout", ["1d", "50ms"], status_of_a_slow_read),
    row("upstream.send_timeout", ["30s", "50ms"], upload_that_is_not_taken),
    row("upstream.idle_timeout", ["1h", "10ms"], idle_upstream),
    row("upstream.pool_size", ["128", "1"], second_idle_upstream),
    row("upstream.resolve_every", ["5s", "1h"], time_of_the_next_look_up),
    row("upstream.drain_idle", ["1m30s", "1ms"], transaction_that_rests),
    row("upstream.drain_at_most", ["1h", "1ms"], transaction_that_rests),
    row("balance.enabled", ["true", "false"], share_of_the_first),
    row("balance.strategy", ["weighted_round_robin", "round_robin"], share_of_the_first),
    row("balance.adaptive.mode", ["late_binding", "score"], strategy_of_the_service),
    row("balance.custom.NAME.tags", ["[]", "[gpu]"], reads_that_the_first_takes),
    row("balance.custom.NAME.keys", ["[in_flight]", "[worker]"], score_by_figures),
    row("balance.custom.NAME.weights[0].figure", ["in_flight", "worker"], score_by_figures),
    row("balance.custom.NAME.weights[0].weight", ["1", "2"], score_by_figures),
    row("balance.affinity.by", ["", "target"], reads_that_the_first_takes),
    row("balance.affinity.header", ["x-one", "x-other"], reads_that_the_first_takes),
    row("balance.affinity.load_factor", ["1.25", "1000"], endpoints_of_a_hot_key),
    row("balance.affinity_rules[0].service", ["db", "other"], reads_under_a_rule),
    row("balance.affinity_rules[0].operation", ["points.get", "points.query"], reads_under_a_rule),
    row("balance.affinity_rules[0].target", ["a", "b"], reads_under_a_rule),
    row("balance.affinity_rules[0].tenant", ["1", "2"], reads_under_a_rule),
    row("balance.affinity_rules[0].header", ["x-one", "x-other"], reads_under_a_rule),
    row("balance.affinity_rules[0].value", ["1", "2"], reads_under_a_rule),
    row("balance.affinity_rules[0].prefer", ["[one]", "[two]"], reads_under_a_rule),
    row("balance.affinity_rules[0].never", ["[one]", "[two]"], reads_under_a_rule),
    row("balance.affinity_rules[0].strategy", ["round_robin", "weighted_round_robin"], reads_under_a_rule),
    row("balance.shadow", ["round_robin", "least_connections"], shadow_of_the_service),
    row("balance.report_ttl", ["30s", "1ms"], figures_that_an_agent_pushed),
    row("balance.preferred_region", ["near", "far"], requests_that_the_first_takes),
    row("balance.preferred_zone", ["near", "far"], requests_that_the_first_takes),
    row("balance.max_retries", ["3", "1"], attempts_of_a_read),
    row("balance.retry_timeouts", ["false", "true"], attempts_of_a_timed_out_read),
    row("balance.retry_budget", ["1", "0"], attempts_of_a_read_on_budget),
    row("balance.retry_floor", ["10", "0"], attempts_of_a_read_on_floor),
    row("balance.hedging", ["true", "false"], attempts_of_a_read_that_takes_long),
    row("balance.queue.max_pending", ["1000", "0"], request_that_finds_no_room),
    row("planner.max_queue_size", ["1000", "0"], request_that_finds_no_room),
    row("balance.queue.max_pending_per_endpoint", ["500", "0"], request_that_finds_no_room),
    row("balance.queue.max_wait", ["10s", "50ms"], request_that_finds_no_room),
    row("balance.queue.overload", ["predicted_wait", "controlled_delay"], request_that_finds_no_room),
    row("balance.queue.tenant_header", ["", "x-tenant"], first_refusal_of_a_full_queue),
    row("balance.queue.tenants.NAME", ["1", "4"], first_refusal_of_a_full_queue),
    row("balance.monitor.enabled", ["true", "false"], overload_of_an_endpoint),
    row("balance.monitor.interval", ["1s", "1h"], overload_of_an_endpoint),
    row("balance.monitor.overload", ["0.8", "0.95"], overload_of_an_endpoint),
    row("balance.monitor.target", ["0.6", "0.1"], end_of_an_overload),
    row("balance.monitor.imbalance", ["0.3", "0.9"], imbalance_of_endpoints),
    row("balance.monitor.lasting", ["1ms", "1h"], overload_of_an_endpoint),
    row("balance.monitor.rules[0].name", ["one", "other"], rule_about_memory),
    row("balance.monitor.rules[0].figure", ["memory_usage", "pending_queries"], rule_about_memory),
    row("balance.monitor.rules[0].above", ["0", "1"], rule_about_memory),
    row("balance.monitor.rules[0].action", ["skip_extras", "shed_low_priority"], rung_of_a_rule),
    row("balance.degradation.enabled", ["true", "false"], rung_under_pressure),
    row("balance.degradation.raise_above", ["0.8", "1"], rung_under_pressure),
    row("balance.degradation.raise_after", ["1ms", "1h"], rung_under_pressure),
    row("balance.degradation.lower_below", ["0.5", "0"], rung_under_less_pressure),
    row("balance.degradation.lower_after", ["1ms", "1h"], rung_under_less_pressure),
    row("balance.degradation.shed_below", ["10", "1"], request_that_is_shed),
    row("health.enabled", ["true", "false"], first_probe),
    row("health.interval", ["30s", "10ms"], more_probes),
    row("health.timeout", ["1m", "50ms"], status_after_a_probe_without_a_response),
    row("health.rule", ["consecutive", "leaky"], event_of_bad_probes),
    row("health.unhealthy_after", ["5", "1"], status_after_a_bad_probe),
    row("health.healthy_after", ["1", "1000000"], status_after_one_bad_probe),
    row("health.slow_start", ["10s", "1ms"], second_request_after_a_return),
    row("breaker.enabled", ["true", "false"], breakers_after_failures),
    row("breaker.threshold", ["5", "1"], breakers_after_failures),
    row("breaker.open_for", ["5m", "1ms"], breaker_that_lets_a_trial_through),
    row("breaker.open_at_most", ["30m", "1s"], pauses_of_a_breaker),
    row("breaker.recover_on_probe", ["false", "true"], breaker_of_an_endpoint_with_good_probes),
    row("breaker.eject_for", ["30s", "1ms"], endpoint_that_alone_refuses_credentials),
    row("breaker.max_ejected", ["0.5", "1"], endpoints_that_breakers_took_out),
    row("planner.enabled", ["true", "false"], life_of_an_entity),
    row("planner.max_response_time", ["1h", "1ms"], resource_score),
    row("planner.premium_prefix", ["premium_", "gold_"], priority),
    row("planner.max_cpu_usage", ["1", "0"], lacks_a_resource),
    row("planner.max_memory_usage", ["1", "0"], lacks_a_resource),
    row("planner.max_db_load", ["1", "0"], lacks_a_resource),
    row("planner.requirement_scale", ["0.1", "100"], lacks_a_resource),
    row("planner.feasibility", ["scaled", "strict"], lacks_a_resource),
    row("planner.when_infeasible", ["lower_priority", "refuse"], refusals_of_what_does_not_fit),
    row("planner.history", ["1000", "1"], outcomes_kept),
    row("planner.user_header", ["x-user-id", "x-name"], priority),
    row("cache.enabled", ["true", "false"], second_read),
    row("cache.default_ttl", ["1h", "2h"], life_without_a_plan),
    row("cache.max_size", ["", "1"], reads_that_stay),
    row("cache.cleanup_interval", ["5m", "10ms"], expired_entry_that_nobody_reads),
    row("cache.l1.enabled", ["true", "false"], second_read),
    row("cache.l1.size", ["512MiB", "1B"], second_read),
    row("cache.categories.entity", ["2h", "1h"], life_of_an_entity),
    row("cache.categories.relation", ["2h", "1h"], life_of_a_relation),
    row("cache.categories.path", ["30m", "2h"], life_of_a_path),
    row("cache.categories.query", ["15m", "2h"], life_of_a_query),
    row("cache.categories.vector", ["1h", "2h"], life_of_a_vector_search),
    row("cache.categories.graph_stats", ["4h", "1h"], life_of_a_count),
    row("cache.short_ttl", ["5s", "2h"], life_of_collection_information),
    row("cache.credential_ttl", ["5m", "2h"], life_with_a_credential),
    row("cache.max_entry", ["1MiB", "10B"], second_read),
    row("cache.share_wait", ["1h", "1ms"], read_beside_the_same_read),
    row("cache.quarantine", ["1h", "1ms"], read_after_an_unfinished_write),
    row("cache.rejoin_hold", ["1h", "1ms"], read_after_a_failure),
    row("queries.enabled", ["true", "false"], slow_requests),
    row("queries.slow_threshold", ["1h", "1ms"], slow_requests),
    row("memory.enabled", ["true", "false"], resident_memory),
    row("observe.metrics", ["true", "false"], resident_memory),
    row("observe.log", ["info", "debug"], line_of_a_sweep),
    row("observe.log_format", ["text", "json"], line_is_json),
    row("observe.log_requests", ["false", "true"], line_of_a_request),
    row("observe.arrivals", ["4096", "100"], records_of_arrivals),
    row("observe.arrivals_file", ["one.ndjson", "other.ndjson"], file_of_arrivals),
    row("observe.history", ["1000", "1"], explanations),
    row("state.dir", ["one", "other"], folder_of_the_state),
    row("state.interval", ["1h", "10ms"], state_while_it_runs),
    row("state.max_age", ["1d", "1ms"], event_of_the_state),
    row("thresholds.memory_usage", ["100", "0"], memory_component),
    row("admin.listen", ["127.0.0.1:0", "127.0.0.2:0"], addresses),
    row("admin.operate_token", ["token-of-the-test", "another-token"], status_at_the_admin_api),
    row("admin.read_token", ["token-of-the-test", "another-token"], status_at_the_admin_api),
    row("process.workers", ["1", "8"], eight_workers),
    row("process.drain_delay", ["1h", "1ms"], stop_of_the_listeners),
    row("process.drain_limit", ["25s", "1ms"], cut_by_a_stop),
    row("process.reload_delay", ["1h", "1ms"], changed_file),
];

/// Every key that has a value of its own and is used, as the reference names it.
fn used_keys() -> BTreeSet<String> {
    fn collect(section: &Section, path: &str, unused: bool, found: &mut BTreeSet<String>) {
        for field in section.fields {
            let dot = if path.is_empty() { "" } else { "." };
            let unused = unused || field.rules.unused;
            let tail = match field.shape {
                Shape::Map(_) => ".NAME",
                Shape::List(inner) if inner.section().is_some() => "[0]",
                _ => "",
            };
            let key = format!("{path}{dot}{}{tail}", field.key);
            match field.shape.section() {
                Some(inner) => collect(inner, &key, unused, found),
                None if unused => {}
                None => drop(found.insert(key)),
            }
        }
    }
    let mut found = BTreeSet::new();
    if let Shape::Section(section) = Config::SHAPE {
        collect(section, "", false, &mut found);
    }
    found
}

#[test]
fn every_used_key_has_a_row_and_every_row_is_a_used_key() {
    let rows: Vec<String> = ROWS.iter().map(|row| row.key.to_owned()).collect();
    let observed: BTreeSet<String> = rows.iter().cloned().collect();
    assert_eq!(observed.len(), rows.len(), "a key has two rows");
    let used = used_keys();
    let missing: Vec<_> = used.difference(&observed).collect();
    assert!(missing.is_empty(), "keys without a row: {missing:#?}");
    let no_key: Vec<_> = observed.difference(&used).collect();
    assert!(no_key.is_empty(), "rows without a used key: {no_key:#?}");
}

/// Observes a server with each of the values; says what was seen where it is the same, or nothing was.
async fn sameness(row: &'static Row) -> Option<String> {
    let both = Given::both(row.key, row.values);
    let [first, second] =
        both.map(|given| tokio::spawn(tokio::time::timeout(4 * TIMEOUT, (row.observe)(given))));
    match (first.await, second.await) {
        (Ok(Ok(first)), Ok(Ok(second))) if first != second => None,
        (first, second) => Some(format!("{}: {first:?}, {second:?}", row.key)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_observes_two_values_of_its_key_to_differ() {
    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut running = JoinSet::new();
    for row in ROWS {
        let places = Arc::clone(&places);
        running.spawn(async move {
            let _place = places.acquire().await;
            sameness(row).await
        });
    }
    let same: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(same.is_empty(), "{same:#?}");
}
