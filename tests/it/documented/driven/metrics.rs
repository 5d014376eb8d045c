//! Every family of metrics against what was driven, and against the records of the requests.

use super::{REQUESTS, Site, UPSERT};
use crate::documented::expected::{Differences, Must, be};
use crate::support::sum_of_series;
use serde_json::Value;

/// One scrape.
struct Scrape<'w> {
    text: String,
    wrong: &'w mut Differences,
}

impl Scrape<'_> {
    fn is(&mut self, family: &str, labels: &[(&str, &str)], expected: Must) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(name, value)| format!("{name}=\"{value}\""))
            .collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let found = sum_of_series(&self.text, &format!("pointsman_{family}"), &labels);
        self.wrong.family(family, &labels, found, expected);
    }

    /// A histogram holds just these values.
    fn holds(&mut self, family: &str, labels: &[(&str, &str)], values: &[f64]) {
        let sum: f64 = values.iter().sum();
        self.is(&format!("{family}_count"), labels, be(values.len()));
        self.is(
            &format!("{family}_sum"),
            labels,
            Must::Lie(sum - 1e-6, sum + 1e-6),
        );
    }
}

/// The numbers at a place of each record that has one.
fn all(records: &[Value], place: &str) -> Vec<f64> {
    let numbers = records
        .iter()
        .filter_map(|one| one.pointer(place)?.as_f64());
    numbers.collect()
}

fn attempts(records: &[Value]) -> impl Iterator<Item = &Value> {
    records
        .iter()
        .flat_map(|one| one["route"]["attempts"].as_array().into_iter().flatten())
}

pub async fn check(site: &Site, wrong: &mut Differences) {
    let records = site.at.data("/api/coordination/explain?limit=1000").await;
    let records = records.as_array().unwrap();
    wrong.same("records", records.len() as u64, REQUESTS);
    let text = site.at.admin("/metrics", "").await.text();
    let mut scrape = Scrape { text, wrong };
    requests(site, &mut scrape, records);
    let history = site.at.data("/api/coordination/history?limit=1000").await;
    plans(&mut scrape, records, &history);
    endpoints(site, &mut scrape, records);
    process(site, &mut scrape);
    cache(site, &mut scrape, records).await;
}

fn requests(site: &Site, scrape: &mut Scrape<'_>, records: &[Value]) {
    let (served, sent) = (("status", "2xx"), site.attempts());
    for (family, labels, expected) in [
        ("requests_total", &[][..], REQUESTS),
        (
            "requests_total",
            &[("operation", "points.get"), ("effect", "read"), served],
            13,
        ),
        (
            "requests_total",
            &[("operation", "points.upsert"), ("effect", "write"), served],
            1,
        ),
        (
            "requests_total",
            &[("operation", "points.get"), ("status", "5xx")],
            1,
        ),
        ("attempts_total", &[], sent),
        ("attempts_total", &[("fault", "none")], sent - 1),
        ("attempts_total", &[("fault", "endpoint")], 1),
        ("retries_total", &[], 1),
        ("retries_total", &[("reason", "endpoint")], 1),
        ("hedges_total", &[], 0),
        ("assignments_total", &[("result", "assigned")], sent),
        ("assignments_total", &[("result", "none")], 1),
        ("rejections_total", &[], 1),
        ("rejections_total", &[("reason", "no_endpoint")], 1),
        ("aborted_total", &[], 0),
        (
            "client_bytes_total",
            &[("direction", "in")],
            UPSERT.len() as u64,
        ),
        (
            "client_bytes_total",
            &[("direction", "out")],
            site.received as u64,
        ),
        ("held_body_bytes", &[], 0),
        ("stalled_responses", &[], 0),
    ] {
        scrape.is(family, labels, be(expected));
    }
    let placed = records.iter().filter(|one| one["route"]["strategy"] != "");
    scrape.is("strategy_requests_total", &[], be(placed.count()));
    let slow = records.iter().filter(|one| one["slow"] == true);
    scrape.is("slow_total", &[], be(slow.count()));
    scrape.holds(
        "request_duration_seconds",
        &[],
        &all(records, "/times/total"),
    );
    scrape.holds(
        "first_byte_seconds",
        &[],
        &all(records, "/times/first_byte"),
    );
    // Nothing waited for room: `path_queue.rs` drives what does.
    scrape.holds("queue_wait_seconds", &[], &all(records, "/times/queue"));
    scrape.is("pending_requests", &[], be(0));
    for stage in ["understand", "cache", "route"] {
        let values = all(records, &format!("/times/{stage}"));
        scrape.holds("stage_duration_seconds", &[("stage", stage)], &values);
    }
}

fn plans(scrape: &mut Scrape<'_>, records: &[Value], history: &Value) {
    scrape.is("plans_total", &[], be(REQUESTS));
    for one in records {
        let plan = |field: &str| one["plan"][field].as_str().unwrap();
        let (execution, complexity) = (plan("execution"), plan("complexity"));
        let same = |other: &&Value| {
            other["plan"]["execution"] == execution && other["plan"]["complexity"] == complexity
        };
        let labels = [("strategy", execution), ("complexity", complexity)];
        scrape.is(
            "plans_total",
            &labels,
            be(records.iter().filter(same).count()),
        );
    }
    // Nothing is needed of what is left; `regression/planner.rs` drives what does not fit.
    scrape.is("infeasible_plans_total", &[], be(0));
    scrape.holds("plan_duration_seconds", &[], &all(records, "/times/plan"));
    let ratio = |one: &Value| {
        let attempt = one["route"]["attempts"].as_array()?.last()?;
        Some(attempt["service_time"].as_f64()? / one["plan"]["time"].as_f64()?)
    };
    let ratios: Vec<f64> = records.iter().filter_map(ratio).collect();
    scrape.holds("estimate_ratio", &[], &ratios);
    let keys = history["services"]["db"]["keys"].as_array().unwrap();
    let outcomes = keys
        .iter()
        .flat_map(|key| key["records"].as_array().unwrap());
    let ratio = |one: &Value| Some(one["actual_cost"].as_f64()? / one["estimated_cost"].as_f64()?);
    let ratios: Vec<f64> = outcomes.filter_map(ratio).collect();
    scrape.holds("cost_ratio", &[], &ratios);
    // The strategy learns no times.
    let taken = |one: &Value| {
        let planned = one["plan"]["time"].as_f64().unwrap();
        let attempts = one["route"]["attempts"].as_array().unwrap().iter();
        let good = attempts.filter(|attempt| attempt["fault"] == "none");
        let taken = good.filter_map(|attempt| attempt["service_time"].as_f64());
        taken.map(|time| time / planned).collect::<Vec<_>>()
    };
    let ratios: Vec<f64> = records.iter().flat_map(taken).collect();
    scrape.holds("service_time_ratio", &[("expected_by", "plan")], &ratios);
    // No place is preferred; `operate.rs` drives what goes elsewhere.
    scrape.is("spill_over_total", &[], be(0));
}

fn endpoints(site: &Site, scrape: &mut Scrape<'_>, records: &[Value]) {
    for (endpoint, origin) in ["a", "b"].into_iter().zip(&site.origins) {
        let of = ("endpoint", endpoint);
        let own = attempts(records).filter(|one| one["endpoint"] == endpoint);
        let times: Vec<f64> = own.map(|one| one["elapsed"].as_f64().unwrap()).collect();
        scrape.is("attempts_total", &[of], be(origin.count()));
        scrape.holds("upstream_duration_seconds", &[of], &times);
        let probes = origin.probes();
        let probes = probes.iter().filter(|one| one.target() != "/aliases");
        let probes = probes.count();
        scrape.is("probes_total", &[of, ("result", "good")], be(probes));
        scrape.is("probes_total", &[of], be(probes));
        scrape.is("probe_duration_seconds_count", &[of], be(probes));
        let since = site.started.elapsed().as_secs_f64();
        scrape.is("probe_duration_seconds_sum", &[of], Must::Lie(0.0, since));
        scrape.is("probe_age_seconds", &[of], Must::Lie(1e-6, since));
        for state in [
            "healthy",
            "degraded",
            "unhealthy",
            "ejected",
            "maintenance",
            "draining",
        ] {
            let is = u8::from(state == "healthy");
            scrape.is("endpoint_status", &[of, ("state", state)], be(is));
        }
        for state in ["closed", "open", "half_open"] {
            let is = u8::from(state == "closed");
            scrape.is("breaker_state", &[of, ("state", state)], be(is));
        }
        scrape.is("in_flight", &[of], be(0));
        // Nothing is in flight and no agent has reported; score b has the times and errors in it.
        scrape.is("load_score", &[of, ("score", "a")], be(0));
        scrape.is("load_score", &[of, ("score", "b")], Must::Lie(1e-9, 100.0));
        for to in ["begun", "ended"] {
            scrape.is(
                "changes_total",
                &[of, ("kind", "maintenance"), ("to", to)],
                be(1),
            );
        }
    }
    scrape.is("changes_total", &[], be(4));
    // No agent has reported yet; `pages.rs` drives an endpoint that is overloaded.
    scrape.is("overloaded_endpoints", &[], be(0));
    // Nothing waited; `degradation.rs` drives what is given up where much does.
    scrape.is("pressure", &[], be(0));
    scrape.is("degradation_rung", &[], be(0));
    scrape.is("rule_in_force", &[], be(0));
    // The last pass may have seen a request in flight.
    scrape.is("load_imbalance", &[], Must::Lie(0.0, 0.1));
    for count in ["capable", "with_capacity", "online"] {
        scrape.is("selectable_endpoints", &[("count", count)], be(2));
    }
}

fn process(site: &Site, scrape: &mut Scrape<'_>) {
    for (family, labels, expected) in [
        ("executions", &[][..], 0),
        ("executions_overdue", &[], 0),
        // The system had a file for each connection; `documented.rs` drives what is counted when it has none.
        ("accept_failures_total", &[], 0),
        ("connect_shortages_total", &[], 0),
        ("reloads_total", &[], 2),
        ("reloads_total", &[("result", "accepted")], 1),
        ("reloads_total", &[("result", "refused")], 1),
        ("config_generation", &[], 2),
        ("config_last_good", &[], 0),
        // The log was read; `documented.rs` drives what is dropped when it is not.
        ("log_lines_dropped_total", &[], 0),
        ("build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1),
    ] {
        scrape.is(family, labels, be(expected));
    }
    let since = site.started.elapsed().as_secs_f64();
    scrape.is("uptime_seconds", &[], Must::Lie(1e-3, since));
    let status = std::fs::read_to_string(format!("/proc/{}/status", site.process.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    // The system counts pages of one process in two ways that differ by a little.
    let bytes = resident.map_or(Must::Lie(1.0, 1e12), |kib| {
        Must::Lie(kib * 512.0, kib * 2048.0)
    });
    scrape.is("process_resident_memory_bytes", &[], bytes);
}

async fn cache(site: &Site, scrape: &mut Scrape<'_>, records: &[Value]) {
    for result in ["hit", "miss", "bypass"] {
        let is = |one: &&Value| one["cache"]["status"] == result;
        let count = records.iter().filter(is).count();
        scrape.is("cache_requests_total", &[("result", result)], be(count));
    }
    scrape.is("cache_requests_total", &[], be(REQUESTS));
    scrape.is("cache_reasons_total", &[], be(REQUESTS));
    let reasons = records
        .iter()
        .filter_map(|one| one["cache"]["reason"].as_str());
    for reason in reasons {
        let is = |one: &&Value| one["cache"]["reason"] == reason;
        let count = records.iter().filter(is).count();
        scrape.is("cache_reasons_total", &[("reason", reason)], be(count));
    }
    let stored = records
        .iter()
        .filter(|one| one["cache"]["reason"] == "stored");
    scrape.is("cache_stores_total", &[], be(stored.count()));
    let stats = site.at.data("/api/performance/cache/stats").await;
    for (family, name) in [
        ("cache_entries", "entry_count"),
        ("cache_bytes", "size_bytes"),
        ("cache_limit_bytes", "capacity_bytes"),
        ("cache_stores_total", "stores"),
        ("cache_evictions_total", "evictions"),
        ("cache_expirations_total", "expired"),
        ("cache_invalidations_total", "invalidations"),
        ("cache_shared_total", "coalesced"),
    ] {
        scrape.is(family, &[("level", "l1")], be(stats[name].clone()));
    }
}
