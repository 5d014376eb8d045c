//! Every configuration key that is not marked "Not used yet" changes something that can be observed.
//!
//! [`ROWS`] has a row per key: two values and an observation of a running server that must differ between
//! them. [`UNOBSERVED`] is the rest: keys that no row here observes, each with a test elsewhere that exercises
//! what reads it, or none. Of those this test promises only that the named test exists. The list is to shrink;
//! a key in neither list, in both, or in one of them without being a key, fails.

mod observe;

use crate::support::TIMEOUT;
use config_table::Value;
use config_table::table::{Section, Shape};
use observe::{Observed, *};
use pointsman::config::Config;
use std::collections::BTreeSet;

/// A key with one of its values, for the server that is observed.
#[derive(Clone, Copy, Debug)]
pub struct Given {
    key: &'static str,
    value: &'static str,
}

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
    row("services.NAME.strategy", ["weighted_round_robin", "round_robin"], share_of_the_first),
    row("services.NAME.cache", ["true", "false"], second_read),
    row("services.NAME.idempotent", ["[points.upsert]", "[]"], attempts_of_a_write),
    row("services.NAME.pure", ["[my.lookup]", "[]"], record_of_a_function),
    row("services.NAME.endpoints[0].name", ["one", "two"], names_in_metrics),
    row("services.NAME.endpoints[0].url", ["first", "second"], origin_that_was_reached),
    row("services.NAME.endpoints[0].weight", ["3", "1"], share_of_the_first),
    row("services.NAME.endpoints[0].max_connections", ["100", "1"], status_beside_another),
    row("services.NAME.endpoints[0].role", ["writer", "reader"], status_of_a_write),
    row("path.peek_limit", ["1MiB", "10B"], second_read),
    row("path.spool_limit", ["16MiB", "1KiB"], status_of_a_long_statement),
    row("path.held_bodies", ["256MiB", "1KiB"], status_of_a_long_statement),
    row("path.client_share", ["1", "0.000001"], status_of_a_long_statement),
    row("path.hold_limit", ["1MiB", "10B"], second_read),
    row("path.max_header_size", ["64KiB", "2KiB"], status_of_a_large_head),
    row("path.max_header_count", ["200", "5"], status_of_a_large_head),
    row("path.client_first_byte_timeout", ["1m", "50ms"], silent_connection),
    row("path.client_read_timeout", ["1m", "50ms"], half_a_head),
    row("path.client_keepalive", ["1m", "50ms"], idle_connection),
    row("path.client_requests", ["100", "1"], idle_connection),
    row("path.max_clients", ["100", "1"], second_client),
    row("upstream.read_timeout", ["30s", "50ms"], status_of_a_slow_read),
    row("upstream.write_timeout", ["30s", "50ms"], status_of_a_slow_write),
    row("upstream.total_timeout", ["30s", "50ms"], status_of_a_slow_read),
    row("upstream.idle_timeout", ["1h", "10ms"], idle_upstream),
    row("balance.enabled", ["true", "false"], share_of_the_first),
    row("balance.strategy", ["weighted_round_robin", "round_robin"], share_of_the_first),
    row("balance.max_retries", ["3", "1"], attempts_of_a_read),
    row("balance.retry_timeouts", ["true", "false"], attempts_of_a_timed_out_read),
    row("balance.retry_budget", ["1", "0"], attempts_of_a_read_on_budget),
    row("balance.retry_floor", ["10", "0"], attempts_of_a_read_on_floor),
    row("health.enabled", ["true", "false"], first_probe),
    row("health.interval", ["10ms", "1h"], more_probes),
    row("health.unhealthy_after", ["5", "1"], status_after_a_bad_probe),
    row("breaker.enabled", ["true", "false"], breakers_after_failures),
    row("breaker.threshold", ["1", "100"], breakers_after_failures),
    row("breaker.open_for", ["5m", "1ms"], breaker_that_lets_a_trial_through),
    row("planner.enabled", ["true", "false"], life_of_an_entity),
    row("planner.max_response_time", ["1ms", "1h"], resource_score),
    row("planner.premium_prefix", ["premium_", "gold_"], priority),
    row("planner.user_header", ["x-user-id", "x-name"], priority),
    row("cache.enabled", ["true", "false"], second_read),
    row("cache.default_ttl", ["2h", "1h"], life_without_a_plan),
    row("cache.max_size", ["1000", "1"], reads_that_stay),
    row("cache.l1.enabled", ["true", "false"], second_read),
    row("cache.l1.size", ["512MiB", "1B"], second_read),
    row("cache.categories.entity", ["2h", "1h"], life_of_an_entity),
    row("cache.categories.vector", ["2h", "1h"], life_of_a_vector_search),
    row("cache.categories.graph_stats", ["2h", "1h"], life_of_a_count),
    row("cache.categories.relation", ["2h", "1h"], life_of_a_relation),
    row("cache.categories.path", ["2h", "1h"], life_of_a_path),
    row("cache.categories.query", ["2h", "1h"], life_of_a_query),
    row("cache.short_ttl", ["2h", "1h"], life_of_collection_information),
    row("cache.credential_ttl", ["2h", "1h"], life_with_a_credential),
    row("cache.max_entry", ["1MiB", "10B"], second_read),
    row("cache.quarantine", ["1ms", "1h"], read_after_an_unfinished_write),
    row("queries.enabled", ["true", "false"], slow_requests),
    row("queries.slow_threshold", ["1ms", "1h"], slow_requests),
    row("memory.enabled", ["true", "false"], resident_memory),
    row("observe.metrics", ["true", "false"], resident_memory),
    row("observe.history", ["100", "1"], explanations),
    row("thresholds.memory_usage", ["100", "0"], memory_component),
    row("admin.listen", ["127.0.0.1:0", "127.0.0.2:0"], addresses),
    row("admin.operate_token", ["token-of-the-test", "another-token"], status_at_the_admin_api),
    row("admin.read_token", ["token-of-the-test", "another-token"], status_at_the_admin_api),
    row("process.drain_limit", ["25s", "1ms"], cut_by_a_stop),
];

/// Keys that no row observes yet, with the file and the name of a test that exercises what reads them; empty:
/// none is known.
#[rustfmt::skip]
const UNOBSERVED: &[(&str, &str, &str)] = &[
    ("breaker.max_ejected", "src/balance/pool/tests.rs", "one_may_always_go_while_another_stays"),
    ("breaker.open_at_most", "src/endpoint/breaker/tests.rs", "one_trial_at_a_time_closes_it_or_doubles_the_pause_up_to_the_limit"),
    ("breaker.recover_on_probe", "src/endpoint/condition/tests.rs", "a_good_probe_hastens_the_breaker_only_when_that_is_asked_for"),
    ("cache.cleanup_interval", "", ""),
    ("cache.rejoin_hold", "src/cache/tests/homes.rs", "an_endpoint_in_its_rejoin_hold_fills_nothing"),
    ("cache.share_wait", "src/cache/tests/sharing.rs", "a_follower_waits_no_longer_than_its_limit_and_the_setting"),
    ("health.healthy_after", "", ""),
    ("health.rule", "src/endpoint/status/tests.rs", "the_leaky_rule_degrades_above_three_and_is_unhealthy_above_five_when_silent"),
    ("health.timeout", "src/probe/http/tests.rs", "a_silent_server_is_given_up"),
    ("observe.log", "tests/it/process.rs", "a_hangup_reloads_and_the_log_follows_its_new_filter"),
    ("observe.log_format", "src/observe/logging/tests.rs", "json_lines_are_json_even_with_hostile_text"),
    ("observe.log_requests", "", ""),
    ("path.client_rate", "src/proxy/min_rate.rs", "a_client_at_the_rate_is_never_too_slow_and_one_below_it_is_in_the_end"),
    ("path.client_write_timeout", "src/proxy/min_rate.rs", "a_reader_has_the_time_that_the_systems_buffer_takes"),
    ("path.listen_backlog", "tests/it/process.rs", "a_burst_of_clients_beyond_the_places_is_connected_at_once"),
    ("path.read_ahead", "", ""),
    ("process.drain_delay", "tests/it/process.rs", "a_stop_lets_requests_in_flight_end_and_ends_with_success"),
    ("process.reload_delay", "", ""),
    ("process.workers", "", ""),
    ("services.NAME.cluster", "src/dialect/neo4j/tests/understanding.rs", "in_a_cluster_reads_without_bookmarks_go_to_the_writer"),
    ("services.NAME.probe.api_key", "", ""),
    ("services.NAME.probe.password", "tests/it/regression/balancing.rs", "a_refused_probe_credential_is_shown_and_counted_and_takes_nothing_out"),
    ("services.NAME.probe.user", "tests/it/regression/balancing.rs", "a_refused_probe_credential_is_shown_and_counted_and_takes_nothing_out"),
    ("upstream.connect_timeout", "", ""),
    ("upstream.drain_at_most", "src/endpoint/registry/tests.rs", "no_transaction_keeps_a_removed_endpoint_for_ever"),
    ("upstream.drain_idle", "src/endpoint/registry/tests.rs", "a_removed_endpoint_answers_its_transactions_until_they_are_idle"),
    ("upstream.pool_size", "", ""),
    ("upstream.resolve_every", "src/probe/resolver/tests.rs", "names_are_resolved_and_the_last_good_addresses_kept"),
    ("upstream.send_timeout", "", ""),
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
fn every_used_key_is_in_one_list_and_every_row_is_a_used_key() {
    let rows = ROWS.iter().map(|row| row.key);
    let rest = UNOBSERVED.iter().map(|(key, _, _)| *key);
    let mut listed = BTreeSet::new();
    for key in rows.chain(rest) {
        assert!(listed.insert(key.to_owned()), "{key} is listed twice");
    }
    let used = used_keys();
    let missing: Vec<_> = used.difference(&listed).collect();
    assert!(missing.is_empty(), "keys without a row: {missing:#?}");
    let no_key: Vec<_> = listed.difference(&used).collect();
    assert!(no_key.is_empty(), "rows without a used key: {no_key:#?}");
}

#[test]
fn every_test_that_stands_for_a_row_exists() {
    for (key, file, name) in UNOBSERVED.iter().filter(|(_, file, _)| !file.is_empty()) {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{key}: {file}: {error}"));
        assert!(
            text.contains(&format!("fn {name}(")),
            "{key}: no {name} in {file}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_row_observes_two_values_of_its_key_to_differ() {
    let mut same = Vec::new();
    for some in ROWS.chunks(8) {
        let rows = some.iter().map(|row| {
            let observed = row.values.map(|value| {
                let given = Given {
                    key: row.key,
                    value,
                };
                tokio::spawn(tokio::time::timeout(2 * TIMEOUT, (row.observe)(given)))
            });
            (row.key, observed)
        });
        for (key, [first, second]) in rows.collect::<Vec<_>>() {
            match (first.await, second.await) {
                (Ok(Ok(first)), Ok(Ok(second))) if first != second => {}
                (first, second) => same.push(format!("{key}: {first:?}, {second:?}")),
            }
        }
    }
    assert!(same.is_empty(), "{same:#?}");
}
