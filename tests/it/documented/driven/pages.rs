//! Every documented field of the admin API against what was driven.

use super::{OK, REQUESTS, SECRET, SLOW, Site, WAITS, history};
use crate::documented::expected::{Differences, Must, be};
use crate::support::{Origin, eventually};
use balancing::policies::Strategy;
use pointsman::admin::ROUTES;
use serde_json::{Map, Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

pub async fn check(site: &Site, wrong: &mut Differences) {
    records(site, wrong).await;
    history::check(site, wrong).await;
    process(site, wrong).await;
    events(site, wrong).await;
    endpoints(site, wrong).await;
    push(site, wrong).await;
    scores(site, wrong).await;
    cache(site, wrong).await;
    load(site, wrong).await;
    explained(site, wrong).await;
    changes(site, wrong).await;
    replays(site, wrong).await;
}

/// Milliseconds since 1970.
pub fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs_f64() * 1000.0
}

/// Milliseconds since 1970 at which the site was started.
pub fn start(site: &Site) -> f64 {
    now() - site.started.elapsed().as_secs_f64() * 1000.0 - 1.0
}

async fn records(site: &Site, wrong: &mut Differences) {
    const ONE: &str = "GET /api/coordination/explain/{id}";
    let list = site.at.data("/api/coordination/explain?limit=1000").await;
    let find = |id: &str| {
        let all = list.as_array().unwrap();
        let found = all.iter().find(|one| one["request_id"] == id);
        found.cloned().unwrap_or_default()
    };
    let waits = site.record("waits").await;
    let at = waits["times"]["total"].as_f64().unwrap_or_default();
    let endpoint = waits["route"]["attempts"][0]["endpoint"].clone();
    let within = || Must::Lie(1e-9, at);
    let terms = waits["plan"]["terms"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let score: f64 = terms.iter().filter_map(|term| term[1].as_f64()).sum();
    wrong.same("ids", waits["id"].as_str().map(str::len), Some(12));
    let rows = [
        ("id", Must::Say("")),
        ("request_id", be("waits")),
        ("start_unix_ms", Must::Lie(start(site), now())),
        ("service", be("db")),
        ("dialect", be("qdrant")),
        ("listener", Must::Say("127.0.0.1")),
        ("client", be("127.0.0.1")),
        ("method", be("GET")),
        ("path", be(WAITS)),
        ("call.operation", be("points.get")),
        ("call.effect", be("read")),
        ("call.query_type", be(waits["plan"]["query_type"].clone())),
        ("call.target", be("collection/a")),
        ("call.reason", Must::Say("")),
        ("call.fence", be("none")),
        ("call.placement", be("any")),
        // A digest: the same for each request for one point.
        ("call.shape", be(find("read-1")["call"]["shape"].clone())),
        ("plan.query_type", be("entity_lookup")),
        ("plan.execution", be("vector_only")),
        ("plan.complexity", be("simple")),
        ("plan.terms[].1", Must::Lie(0.0, 1.1)),
        ("plan.terms", Must::Be(Value::Array(terms))),
        ("plan.score", be(score)),
        ("plan.cost", Must::Lie(1e-9, 100.0)),
        // It was overdue, and it took longer than this.
        ("plan.time", within()),
        ("plan.cache.category", be("entity")),
        ("plan.cache.ttl", be(7200.0)),
        ("plan.priority", be(5)),
        ("plan.resource_requirements.cpu", be(0.1)),
        ("plan.resource_requirements.memory", be(0.05)),
        ("plan.resource_requirements.network", be(0.02)),
        ("plan.resource_requirements.vector_db", be(0.8)),
        ("plan.resource_requirements.graph_db", be(0.0)),
        ("plan.short_of", be(Value::Null)),
        (
            "plan.similar_queries_count",
            Must::Lie(1.0, REQUESTS as f64),
        ),
        ("plan.avg_historical_performance", within()),
        ("cache.status", be("miss")),
        ("cache.category", be("entity")),
        ("cache.reason", Must::Say("")),
        ("route.strategy", be("round_robin")),
        ("route.rung", be("normal")),
        ("route.attempts[].endpoint", be(endpoint)),
        ("route.attempts[].reason", Must::Say("")),
        ("route.attempts[].status", be(200)),
        ("route.attempts[].fault", be("none")),
        ("route.attempts[].code", be("ok")),
        (
            "route.attempts[].elapsed",
            Must::Lie(SLOW as f64 / 1000.0, at),
        ),
        (
            "route.attempts.0.service_time",
            Must::Lie(SLOW as f64 / 1000.0, at),
        ),
        ("rejection", be(Value::Null)),
        ("status", be(200)),
        ("bytes_in", be(0)),
        ("bytes_out", be(OK.len())),
        (
            "times.total",
            Must::Lie(SLOW as f64 / 1000.0, site.started.elapsed().as_secs_f64()),
        ),
        ("times.understand", within()),
        ("times.plan", within()),
        ("times.cache", within()),
        ("times.queue", be(Value::Null)),
        ("times.route", within()),
        ("times.upstream", Must::Lie(SLOW as f64 / 1000.0, at)),
        ("times.first_byte", Must::Lie(SLOW as f64 / 1000.0, at)),
        ("outcome", be("complete")),
        ("slow", be(true)),
        ("generation", be(1)),
    ];
    wrong.fields(ONE, &waits, "", rows);
    let refused = site.record("refused").await;
    let rows = [
        ("rejection", be("no_endpoint")),
        ("outcome", be("refused")),
        ("status", be(503)),
        ("call.shape", be(waits["call"]["shape"].clone())),
        ("route.attempts", be(json!([]))),
        ("route.excluded[].reason", be("maintenance")),
        ("route.excluded.0.endpoint", be("a")),
        ("route.excluded.1.endpoint", be("b")),
        ("route.counts.capable", be(2)),
        ("route.counts.with_capacity", be(2)),
        ("route.counts.online", be(0)),
    ];
    wrong.fields(ONE, &refused, "", rows);
    let retried = site.record("retried").await;
    let other = match retried["route"]["attempts"][0]["endpoint"].as_str() {
        Some("a") => "b",
        _ => "a",
    };
    let rows = [
        ("0.status", be(Value::Null)),
        ("0.fault", be("endpoint")),
        ("1.endpoint", be(other)),
        ("1.status", be(200)),
        ("1.fault", be("none")),
    ];
    wrong.fields(ONE, &retried, "route.attempts.", rows);
    // The second of the same name, which is the newest.
    let hit = find("read-3");
    let rows = [
        ("cache.status", be("hit")),
        ("cache.reason", be("fresh")),
        ("cache.category", be("entity")),
        (
            "cache.age",
            Must::Lie(1e-9, site.started.elapsed().as_secs_f64()),
        ),
        ("cache.ttl", Must::Lie(7200.0 * 0.9 - 600.0, 7200.0)),
        ("route.attempts", be(json!([]))),
        ("bytes_out", be(OK.len())),
    ];
    wrong.fields(ONE, &hit, "", rows);
    let rows = [
        ("cache.status", be("hit")),
        ("cache.reason", be("coalesced")),
    ];
    wrong.fields(ONE, &find("follows"), "", rows);
    let rows = [("generation", be(2)), ("cache.reason", be("waited"))];
    wrong.fields(ONE, &find("alone"), "", rows);
    // A strategy that compares gives the scores; these two are seen in `documented.rs` and `regression/truth.rs`.
    wrong.fields(
        ONE,
        &find("alone"),
        "route.attempts.",
        [("[].score", be(Value::Null))],
    );
    wrong.copies(
        "GET /api/coordination/explain",
        "[]",
        &find("waits"),
        &waits,
    );
    wrong.same(
        "the newest records",
        list.as_array().map(Vec::len),
        Some(REQUESTS as usize),
    );
}

async fn process(site: &Site, wrong: &mut Differences) {
    let live = site.at.data("/livez").await;
    wrong.fields("GET /livez", &live, "", [("live", be(true))]);
    let ready = site.at.data("/readyz").await;
    wrong.fields(
        "GET /readyz",
        &ready,
        "",
        [("ready", be(true)), ("reasons", be(json!([])))],
    );
    let index = site.at.data("/").await;
    let rows = [
        ("name", be("pointsman")),
        ("version", be(env!("CARGO_PKG_VERSION"))),
    ];
    wrong.fields("GET /", &index, "", rows);
    let route = |row: &pointsman::admin::AdminRoute| json!({"method": row.method, "path": row.path, "about": row.about});
    let routes: Vec<Value> = ROUTES.iter().map(route).collect();
    wrong.copies("GET /", "routes", &index["routes"], &routes.into());
    let health = site.at.data("/api/performance/health").await;
    let rows = [
        ("overall_health", be("degraded")),
        ("components.cache", be("healthy")),
        ("components.database", be("healthy")),
        ("components.load_balancer", be("healthy")),
        ("components.memory", be("healthy")),
        ("components.configuration", be("unhealthy")),
        ("timestamp", Must::Lie(start(site), now() + 1.0)),
    ];
    wrong.fields("GET /api/performance/health", &health, "", rows);
    let config = site.at.data("/api/config").await;
    let keys = config.as_object().map(Map::len).unwrap_or_default();
    wrong.same("sections of the configuration", keys > 10, true);
    let rows = [
        ("cache.share_wait", be("1ms")),
        ("services.db.endpoints.0.name", be("a")),
        ("services.db.endpoints.1.url", be(site.origins[1].url())),
        ("services.db.probe.api_key", be("***")),
    ];
    wrong.fields("GET /api/config", &config, "", rows);
    wrong.same("a secret", config.to_string().contains(SECRET), false);
    wrong.copies("GET /api/config", "*", &Value::Null, &Value::Null);
}

async fn events(site: &Site, wrong: &mut Differences) {
    let events = site.at.data("/api/coordination/events").await;
    let told = |one: &Value| json!([one["number"], one["endpoint"], one["what"]]);
    let told: Vec<Value> = events.as_array().unwrap().iter().map(told).collect();
    let expected = json!([
        [1, "a", "maintenance_begun"],
        [2, "b", "maintenance_begun"],
        [3, "a", "maintenance_ended"],
        [4, "b", "maintenance_ended"],
        [5, null, "reloaded"],
        [6, null, "reload_refused"],
    ]);
    wrong.copies(
        "GET /api/coordination/events",
        "[]",
        &told.into(),
        &expected,
    );
    let rows = [
        ("0.service", be("db")),
        ("4.service", be(Value::Null)),
        ("5.why", Must::Say("api")),
    ];
    wrong.fields("GET /api/coordination/events", &events, "", rows);
    for one in events.as_array().unwrap() {
        let at = humantime::parse_rfc3339(one["at"].as_str().unwrap()).unwrap();
        let at = at.duration_since(UNIX_EPOCH).unwrap().as_secs_f64() * 1000.0;
        wrong.same(
            "the time of an event",
            (start(site) - 1.0..=now()).contains(&at),
            true,
        );
    }
}

/// Failures of an endpoint since its last success, as the records have it.
fn in_a_row(list: &Value, endpoint: &str) -> usize {
    let newest = list.as_array().unwrap().iter();
    let attempts = newest.flat_map(|one| {
        let attempts = one["route"]["attempts"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        attempts.into_iter().rev()
    });
    let own = attempts.filter(|one| one["endpoint"] == endpoint);
    own.take_while(|one| one["fault"] == "endpoint").count()
}

/// Of one endpoint, before any agent reports.
fn instance(site: &Site, name: &str, origin: &Origin, list: &Value) -> Vec<(&'static str, Must)> {
    let since = site.started.elapsed().as_secs_f64();
    let address: std::net::SocketAddr = origin.authority().parse().unwrap();
    let attempts = list.as_array().unwrap().iter();
    let attempts = attempts.flat_map(|one| one["route"]["attempts"].as_array().unwrap());
    let own = attempts.filter(|one| one["endpoint"] == name);
    let errors = own.filter(|one| one["fault"] == "endpoint").count();
    let good = origin.count() - errors;
    vec![
        ("instance_id", be(name)),
        // A digest: only that it is there, and that of the other endpoint differs.
        ("token", Must::Say("")),
        ("endpoint", be(origin.authority())),
        ("host", be("127.0.0.1")),
        ("port", be(address.port())),
        ("addresses", be(json!([origin.authority()]))),
        ("weight", be(1)),
        ("role", be(Value::Null)),
        ("status", be("healthy")),
        ("is_healthy", be(true)),
        ("breaker", be("closed")),
        ("is_ejected", be(false)),
        ("last_health_check_age", Must::Lie(1e-9, since)),
        ("consecutive_failures", be(in_a_row(list, name))),
        ("current_connections", be(0)),
        ("active_queries", be(0)),
        ("max_connections", be(100)),
        ("busy", be(0)),
        ("avg_response_time", Must::Lie(1e-9, since)),
        ("cpu_usage", be(Value::Null)),
        ("memory_usage", be(Value::Null)),
        ("queue_size", be(Value::Null)),
        // Of the last minute; the test may take longer.
        (
            "requests_per_second",
            Must::Lie(0.0, (good + errors) as f64 / 60.0),
        ),
        ("report_age", be(Value::Null)),
        ("total_requests", be(origin.count())),
        ("success_count", be(good)),
        ("failures.client", be(0)),
        ("failures.access", be(0)),
        ("failures.endpoint", be(errors)),
        ("failures.overload", be(0)),
        ("failures.role", be(0)),
        ("failures.database", be(0)),
        ("failures.peer", be(0)),
        ("failures.lag", be(0)),
        ("error_count", be(errors)),
        ("aborted_count", be(0)),
        ("load_score", be(0)),
        ("load_score_b", Must::Lie(1e-9, 100.0)),
        ("probe_credential_refused", be(false)),
        // The hold after its failure was short.
        ("held", be(false)),
        // Of the last minute, too.
        ("error_rate", Must::Lie(0.0, 1.0)),
        ("generation", be(0)),
        ("drained", be(Value::Null)),
        ("drain_ends_in", be(Value::Null)),
    ]
}

async fn endpoints(site: &Site, wrong: &mut Differences) {
    const INSTANCES: &str = "GET /api/coordination/instances";
    let list = site.at.data("/api/coordination/explain?limit=1000").await;
    let instances = site.at.data("/api/coordination/instances").await;
    let all = instances["db"].as_array().unwrap();
    wrong.same("tokens", all[0]["token"] == all[1]["token"], false);
    for (at, (name, origin)) in ["a", "b"].into_iter().zip(&site.origins).enumerate() {
        let rows = instance(site, name, origin, &list);
        wrong.fields(INSTANCES, &instances, &format!("db.{at}."), rows);
    }
    totals(site, wrong, all).await;
    stats(site, wrong, all).await;
}

fn mean(all: &[Value], figure: &str) -> f64 {
    let figures: Vec<f64> = all.iter().filter_map(|one| one[figure].as_f64()).collect();
    figures.iter().sum::<f64>() / figures.len() as f64
}

async fn totals(site: &Site, wrong: &mut Differences, all: &[Value]) {
    let counts = site.origins.each_ref().map(Origin::count);
    let sent = site.attempts();
    let rate = all
        .iter()
        .filter_map(|one| one["requests_per_second"].as_f64());
    let rows = [
        ("strategy", be("round_robin")),
        ("total_servers", be(2)),
        ("healthy_servers", be(2)),
        ("stats.total_requests", be(sent)),
        ("stats.successful_requests", be(sent - 1)),
        ("stats.failed_requests", be(1)),
        ("stats.failures.client", be(0)),
        ("stats.failures.access", be(0)),
        ("stats.failures.endpoint", be(1)),
        ("stats.failures.overload", be(0)),
        ("stats.failures.role", be(0)),
        ("stats.failures.database", be(0)),
        ("stats.failures.peer", be(0)),
        ("stats.failures.lag", be(0)),
        ("stats.aborted_requests", be(0)),
        ("stats.refused_requests", be(0)),
        (
            "stats.success_rate",
            be((sent - 1) as f64 / sent as f64 * 100.0),
        ),
        (
            "stats.avg_response_time",
            be(mean(all, "avg_response_time")),
        ),
        // The window of a minute moves between two requests.
        (
            "stats.requests_per_second",
            Must::Lie(0.0, rate.sum::<f64>() + 1e-9),
        ),
        ("stats.active_connections", be(0)),
        // A hit is sent nowhere, and one of these had no endpoint.
        ("window.requests", Must::Lie(1.0, sent as f64)),
        ("window.success_rate", Must::Lie(50.0, 100.0)),
        ("window.avg_response_time", Must::Lie(1e-9, 60.0)),
        ("window.requests_per_second", Must::Lie(1e-9, 1e6)),
        ("assignments.total", Must::Lie(2.0, sent as f64 + 1.0)),
        ("assignments.successful", Must::Lie(1.0, sent as f64)),
        ("assignments.failed", be(1)),
        ("assignments.average_time", Must::Lie(0.0, 1.0)),
        ("assignments.success_rate", Must::Lie(50.0, 100.0)),
        ("server_distribution.db/a", be(counts[0])),
        ("server_distribution.db/b", be(counts[1])),
        ("servers.*.status", be("healthy")),
        ("servers.*.current_connections", be(0)),
        ("servers.*.load_score", be(0)),
        (
            "servers.db/a.avg_response_time",
            be(all[0]["avg_response_time"].clone()),
        ),
        (
            "servers.db/b.avg_response_time",
            be(all[1]["avg_response_time"].clone()),
        ),
        ("servers.*.error_rate", Must::Lie(0.0, 100.0)),
    ];
    let stats = site.at.data("/api/performance/load-balancer/stats").await;
    wrong.fields("GET /api/performance/load-balancer/stats", &stats, "", rows);
}

async fn stats(site: &Site, wrong: &mut Differences, all: &[Value]) {
    const STATS: &str = "GET /api/coordination/stats";
    let stats = site.at.data("/api/coordination/stats").await;
    let rows = [
        ("strategy", be("round_robin")),
        ("services[].service", be("db")),
        ("services[].strategy", be("round_robin")),
        ("services[].total_instances", be(2)),
        ("services[].healthy_instances", be(2)),
        ("services[].total_connections", be(0)),
        ("services[].total_active_queries", be(0)),
        ("services[].pending", be(0)),
        ("services[].refused", be(0)),
        (
            "services[].avg_response_time",
            be(mean(all, "avg_response_time")),
        ),
        ("services[].avg_load_score", be(0)),
        ("services[].skew", Must::Lie(0.0, 2.0)),
        ("active_executions", be(0)),
        ("overdue_executions", be(0)),
        ("queue_size", be(0)),
        ("draining_endpoints", be(0)),
        ("generation", be(2)),
        ("last_reload_refused", Must::Say(":1:")),
    ];
    wrong.fields(STATS, &stats, "", rows);
    // But for what moves with time.
    let settled = |one: &Value| {
        let mut one = one.as_object().cloned().unwrap_or_default();
        let moving = [
            "drained",
            "drain_ends_in",
            "last_health_check_age",
            "requests_per_second",
            "error_rate",
            "load_score_b",
        ];
        one.retain(|key, _| !moving.contains(&key.as_str()));
        Value::Object(one)
    };
    let ours = stats["services"][0]["instances"].as_array().unwrap();
    let ours: Vec<Value> = ours.iter().map(settled).collect();
    let theirs: Vec<Value> = all.iter().map(settled).collect();
    let at = "services[].instances[]";
    wrong.copies(STATS, at, &ours.into(), &theirs.into());
}

/// What an agent reports of `a`.
async fn push(site: &Site, wrong: &mut Differences) {
    let figures = json!({"current_connections": 90, "cpu_usage": 0.5, "memory_usage": 0.25, "requests_per_second": 7.0, "queue_size": 3});
    let path = "/api/coordination/instances/db/a/metrics";
    let pushed = site.operate("PUT", path, figures.clone()).await;
    let route = "PUT /api/coordination/instances/{service}/{id}/metrics";
    let expected = json!({"service": "db", "instance": "a", "metrics": figures});
    wrong.copies(route, "", &pushed, &expected);
    let instances = site.at.data("/api/coordination/instances").await;
    let rows = [
        ("current_connections", be(90)),
        ("cpu_usage", be(0.5)),
        ("memory_usage", be(0.25)),
        ("queue_size", be(3)),
        ("requests_per_second", be(7)),
        ("active_queries", be(0)),
        ("load_score", be((0.9 + 0.375 + 0.03) / 3.0)),
        ("report_age", Must::Lie(1e-9, 60.0)),
    ];
    wrong.fields("GET /api/coordination/instances", &instances, "db.0.", rows);
    reported(site, wrong, path).await;
}

/// What `a` shows of the report.
async fn reported(site: &Site, wrong: &mut Differences, path: &str) {
    let shown = site.at.data(path).await;
    let rows = [
        ("service", be("db")),
        ("instance", be("a")),
        ("age", Must::Lie(1e-9, 60.0)),
        ("current_connections", be(90)),
        ("cpu_usage", be(0.5)),
        ("memory_usage", be(0.25)),
        ("queue_size", be(3)),
        ("requests_per_second", be(7)),
        ("history[].timestamp", Must::Lie(start(site), now())),
        ("history[].load_score", be((0.9 + 0.375 + 0.03) / 3.0)),
        ("history[].connections", be(90)),
        ("history[].cpu", be(0.5)),
        ("history[].memory", be(0.25)),
    ];
    let route = "GET /api/coordination/instances/{service}/{id}/metrics";
    wrong.fields(route, &shown, "", rows);
    wrong.same(
        "reports",
        shown["history"].as_array().map(Vec::len),
        Some(1),
    );
    let other = path.replace("/a/", "/b/");
    let other = site.at.data(&other).await;
    wrong.fields(
        route,
        &other,
        "",
        [("age", be(Value::Null)), ("cpu_usage", be(Value::Null))],
    );
    for unknown in [path.replace("/a/", "/c/"), path.replace("/db/", "/other/")] {
        wrong.same(&unknown, site.at.admin(&unknown, "").await.status, 404);
        let pushed = site
            .at
            .operate("PUT", &unknown, "", &json!({"queue_size": 1}))
            .await;
        wrong.same(&unknown, pushed.status, 404);
    }
}

/// The scores of the resource-aware strategy: 0.6 load, and 0.4 time over `planner.max_response_time`, 5 s.
async fn scores(site: &Site, wrong: &mut Differences) {
    let instances = site.instances().await;
    let scores = site.at.data("/api/coordination/scores").await;
    let reported = [
        ((0.9 + 0.375 + 0.03) / 3.0, 0.9, be(0.375), be(0.03)),
        (0.0, 0.0, be(Value::Null), be(Value::Null)),
    ];
    for (at, (load, connections, machine, queue)) in reported.into_iter().enumerate() {
        let time = instances[at]["avg_response_time"].as_f64().unwrap() / 5.0;
        let rows = [
            ("endpoint", be(instances[at]["instance_id"].clone())),
            ("load", be(load)),
            ("score", be(load * 0.6 + time.min(1.0) * 0.4)),
            ("parts.connections", be(connections)),
            ("parts.machine", machine),
            ("parts.queue", queue),
            ("parts.time", be(time.min(1.0))),
            ("in_flight", be(0)),
            ("excluded", be(Value::Null)),
            ("avoided", be(Value::Null)),
            ("by_strategy", be(Value::Null)),
            ("worker.capacity", be(1)),
            ("worker.performance", Must::Lie(0.5, 1.0)),
            ("worker.affinity", Must::Lie(0.0, 1.0)),
            ("worker.reliability", Must::Lie(0.1, 1.0)),
            ("worker.score", Must::Lie(0.4, 1.0)),
        ];
        let route = "GET /api/coordination/scores";
        wrong.fields(route, &scores, &format!("db.{at}."), rows);
    }
}

/// Nobody waits by now.
async fn queue(site: &Site, wrong: &mut Differences) {
    let queue = site.at.data("/api/coordination/queue").await;
    let rows = [
        ("0.service", be("db")),
        ("0.pending", be(0)),
        ("0.max_pending", be(1000)),
        ("0.oldest_age", be(0)),
        ("0.predicted_wait", be(0)),
        ("0.by_priority", be(json!({}))),
        ("0.by_tenant", be(json!({}))),
        ("0.tenants", be(0)),
        ("0.first", be(json!([]))),
        ("0.refused.queue_full", be(0)),
        ("0.refused.tenant_share", be(0)),
        ("0.refused.wait_too_long", be(0)),
        ("0.refused.queue_timeout", be(0)),
        ("0.refused.left", be(0)),
        ("0.refused.shed", be(0)),
    ];
    wrong.fields("GET /api/coordination/queue", &queue, "", rows);
}

/// The resources, the rules about them, and `a`, whose agent reports much load.
async fn load(site: &Site, wrong: &mut Differences) {
    let figures = json!({"current_connections": 100, "cpu_usage": 1.0, "memory_usage": 1.0, "queue_size": 100});
    let path = "/api/coordination/instances/db/a/metrics";
    site.operate("PUT", path, figures).await;
    let since = site.started.elapsed().as_secs_f64() + 60.0;
    const OVERLOAD: &str = "/api/coordination/overload";
    eventually("what the monitor found", || async {
        site.at.data(OVERLOAD).await["services"][0]["imbalanced"] == true
    })
    .await;
    let overload = site.at.data(OVERLOAD).await;
    let rows = [
        ("services.0.service", be("db")),
        ("services.0.overloaded", be(json!(["a"]))),
        ("services.0.imbalance", be(0.5)),
        ("services.0.imbalanced", be(true)),
        ("services.0.rung", be("normal")),
        ("services.0.rung_age", Must::Lie(1e-9, since)),
        ("services.0.pressure", be(0)),
        ("services.0.pressure_parts.queue", be(0)),
        ("services.0.pressure_parts.wait", be(0)),
        ("services.0.pressure_parts.refused", be(0)),
        ("recommendations.0.service", be("db")),
        ("recommendations.0.from_worker", be("a")),
        ("recommendations.0.to_worker", be("b")),
        ("recommendations.0.reason", be("load 1.00 against 0.00")),
        ("recommendations.0.priority", be(10)),
        ("scaling[].service", be("db")),
        ("scaling[].instances", be(2)),
        ("scaling[].load", be(0.5)),
        ("scaling[].add", be(0)),
    ];
    wrong.fields("GET /api/coordination/overload", &overload, "", rows);
    let migrations = site.at.data("/api/coordination/migrations").await;
    let rows = [
        ("0.service", be("db")),
        ("0.from_worker", be("a")),
        ("0.to_worker", be("b")),
        ("0.reason", be("load 1.00 against 0.00")),
        ("0.priority", be(10)),
    ];
    wrong.fields("GET /api/coordination/migrations", &migrations, "", rows);
    queue(site, wrong).await;
    eventually("a sample of it", || async {
        let resources = site.at.data("/api/coordination/resources").await;
        let current = &resources["current"];
        current["services"]["db"] == 0.5
            && current["demand"]["db"] == 0.5
            && current["network_bytes_per_second"].is_number()
    })
    .await;
    let overload = site.at.data(OVERLOAD).await;
    let rows = [("scaling[].demand", Must::Lie(0.0, 0.5))];
    wrong.fields("GET /api/coordination/overload", &overload, "", rows);
    let resources = site.at.data("/api/coordination/resources?limit=1").await;
    for at in ["current.", "history.0."] {
        let rows = [
            ("timestamp", Must::Lie(start(site), now())),
            ("cpu_usage", Must::Lie(0.0, 1.0)),
            ("memory_usage", Must::Lie(0.0, 1.0)),
            // Null where no interface says what it carries.
            (
                "network_usage",
                match resources["current"]["network_usage"].is_null() {
                    true => be(Value::Null),
                    false => Must::Lie(0.0, 1.0),
                },
            ),
            ("network_bytes_per_second", Must::Lie(0.0, 1e12)),
            ("process_memory", Must::Lie(1e6, 1e11)),
            ("held_bodies", be(0)),
            ("vector_db_load", be(0.5)),
            ("vector_db_connections", be(0)),
            ("max_vector_connections", be(200)),
            ("graph_db_load", be(Value::Null)),
            ("graph_db_connections", be(0)),
            ("max_graph_connections", be(0)),
            ("pending_queries", be(0)),
            ("max_queue_size", be(1000)),
            ("services.db", be(0.5)),
            ("demand.db", be(0.5)),
        ];
        wrong.fields("GET /api/coordination/resources", &resources, at, rows);
    }
    let rules = site.at.data("/api/coordination/rules").await;
    let rows = [
        ("0.name", be("many_wait")),
        ("0.condition", be("pending_queries > 500")),
        ("0.action", be("increase_cache_usage")),
        ("0.value", be(0)),
        ("0.active", be(false)),
        ("0.in_force", be(false)),
        ("0.effect", Must::Say("twice")),
    ];
    wrong.fields("GET /api/coordination/rules", &rules, "", rows);
    let age = site
        .metric("background_task_age_seconds", &["task=\"sampler\""])
        .await;
    wrong.family(
        "background_task_age_seconds",
        &["sampler"],
        age,
        Must::Lie(0.0, 30.0),
    );
}

/// A choice with each endpoint as it was seen, and what the shadow said.
async fn explained(site: &Site, wrong: &mut Differences) {
    const STATUS: &str = "/api/coordination/instances/db/b/status";
    site.operate("PUT", STATUS, json!({"status": "maintenance"}))
        .await;
    let fields = "x-request-id: explained\r\nx-pointsman-explain: 1\r\n";
    let target = "/collections/a/points/4242";
    wrong.same(
        "explained",
        site.at.request("GET", target, fields, b"").await.status,
        200,
    );
    site.operate("PUT", STATUS, json!({"status": "active"}))
        .await;
    let record = site.record("explained").await;
    let rows = [
        ("0.endpoint", be("a")),
        // Round robin compares nothing.
        ("0.score", be(Value::Null)),
        ("0.in_flight", be(0)),
        ("0.excluded", be(Value::Null)),
        ("1.endpoint", be("b")),
        ("1.excluded", be("maintenance")),
    ];
    let route = "GET /api/coordination/explain/{id}";
    wrong.fields(route, &record, "route.attempts.0.scores.", rows);
    let shadows = site.at.data("/api/coordination/shadow").await;
    let one = &shadows["services"]["db"];
    let counts = ["agreed", "differed", "waited"].map(|count| one[count].as_u64().unwrap());
    // Homes decide most reads; the shadow is asked where the strategy is.
    let asked: u64 = counts.iter().sum();
    wrong.same(
        "choices of the shadow",
        (1..=site.attempts()).contains(&asked),
        true,
    );
    let rows = [
        ("strategy", be("round_robin")),
        ("shadow", be("least_connections")),
        ("agreed", Must::Lie(0.0, asked as f64)),
        ("differed", Must::Lie(0.0, asked as f64)),
        ("waited", be(0)),
        ("difference", Must::Lie(-60.0, 60.0)),
    ];
    wrong.fields(
        "GET /api/coordination/shadow",
        &shadows,
        "services.db.",
        rows,
    );
    for (result, count) in ["agreed", "differed", "waited"].into_iter().zip(counts) {
        let label = format!("result=\"{result}\"");
        let found = site.metric("shadow_choices", &[&label]).await;
        wrong.family("shadow_choices", &[result], found, be(count));
    }
    let skew = site.metric("skew", &[]).await;
    wrong.family("skew", &[], skew, Must::Lie(0.0, 2.0));
    let list = site.at.data("/api/coordination/arrivals?limit=1").await;
    let attempt = &record["route"]["attempts"][0];
    let rows = [
        ("timestamp", be(record["start_unix_ms"].clone())),
        ("service", be("db")),
        ("operation", be("points.get")),
        ("effect", be("read")),
        ("shape", be(record["call"]["shape"].clone())),
        ("class", be("simple")),
        ("cost", be(record["plan"]["cost"].clone())),
        ("key", Must::Say("")),
        ("server_id", be("a")),
        ("service_time", be(attempt["service_time"].clone())),
        ("execution_time", be(record["times"]["total"].clone())),
        ("fault", be("none")),
        ("success", be(true)),
    ];
    wrong.fields("GET /api/coordination/arrivals", &list, "[].", rows);
}

/// The strategies compared on the recorded requests; the second endpoint is away.
async fn replays(site: &Site, wrong: &mut Differences) {
    const SIMULATE: &str = "/api/coordination/simulate";
    const OPTIMIZE: &str = "/api/coordination/optimize";
    let wanted = json!({"service": "db", "apply": true});
    let few = site.at.operate("POST", OPTIMIZE, "", &wanted).await;
    wrong.same("a replay of few requests", few.status, 409);
    for number in 0..100 {
        let target = format!("/collections/a/points/{}", 5000 + number);
        site.at.request("GET", &target, "", b"").await;
    }
    eventually("the last record", || async {
        let kept = site.at.data("/api/coordination/arrivals?limit=1000").await;
        kept.as_array().map(Vec::len) >= Some(100)
    })
    .await;
    let report = site.at.data(&format!("{SIMULATE}?service=db")).await;
    let optimized = site.operate("POST", OPTIMIZE, wanted).await;
    let serves = site.at.data("/api/coordination/strategy").await;
    wrong.same(
        "the best serves",
        &serves["services"]["db"]["strategy"],
        &optimized["best"],
    );
    for (route, report) in [
        (format!("GET {SIMULATE}"), &report),
        (format!("POST {OPTIMIZE}"), &optimized),
    ] {
        let applied = route.starts_with("POST") && report["best"] != report["current"];
        let current = if route.starts_with("GET") {
            &serves["services"]["db"]["configured"]
        } else {
            &report["current"]
        };
        wrong.same(
            "strategies",
            report["strategies"].as_array().map(Vec::len),
            Some(Strategy::ALL.len()),
        );
        let rows = [
            ("service", be("db")),
            ("records", Must::Lie(100.0, 200.0)),
            ("current", be(current.clone())),
            ("best", be(report["best"].clone())),
            ("applied", be(applied)),
            ("runs", be(5)),
            ("margin", be(0.02)),
            ("left_out", Must::Lie(0.0, 100.0)),
            ("strategies.0.strategy", be("round_robin")),
            ("strategies[].mean", Must::Lie(1e-9, 60.0)),
            ("strategies[].p50", Must::Lie(1e-9, 60.0)),
            ("strategies[].p99", Must::Lie(1e-9, 60.0)),
            ("strategies[].success_rate", Must::Lie(0.5, 1.0)),
            ("strategies[].score", Must::Lie(0.0, 60.0)),
            ("strategies[].cost", Must::Lie(1e-9, 60.0)),
            ("strategies[].least_gain", Must::Lie(-1e6, 1.0)),
            ("strategies[].shares.*", Must::Lie(0.0, 1.0)),
        ];
        wrong.fields(&route, report, "", rows);
    }
}

/// What an operator changes, and that it is changed back.
async fn changes(site: &Site, wrong: &mut Differences) {
    const PATH: &str = "/api/coordination/strategy";
    let all: Vec<_> = Strategy::ALL.iter().map(|one| one.word()).collect();
    let change = json!({"service": "db", "strategy": "least_connections"});
    let changed = site.operate("PUT", PATH, change).await;
    let shown = site.at.data(PATH).await;
    for (route, page) in [("PUT", &changed), ("GET", &shown)] {
        let rows = [
            ("strategy", be("round_robin")),
            ("services.db.strategy", be("least_connections")),
            ("services.db.configured", be("round_robin")),
            ("services.db.by_rule", be(json!([]))),
            ("services.db.weights", be(json!({}))),
            ("available", be(json!(all))),
        ];
        wrong.fields(&format!("{route} {PATH}"), page, "", rows);
    }
    const MODE: &str = "/api/coordination/mode";
    let change = json!({"mode": "bypass", "features": {"breaker": false}});
    let changed = site.operate("PUT", MODE, change).await;
    let shown = site.at.data(MODE).await;
    for (route, page) in [("PUT", &changed), ("GET", &shown)] {
        let features = json!({"cache": false, "planner": false, "balance": true, "health": true, "breaker": false, "queries": true});
        let route = format!("{route} {MODE}");
        wrong.fields(&route, page, "", [("mode", be("bypass"))]);
        wrong.copies(&route, "features", &page["features"], &features);
    }
    let back = json!({"mode": "normal", "features": {"breaker": null}});
    site.operate("PUT", MODE, back).await;
    site.operate("PUT", PATH, json!({"strategy": null})).await;
    const INSTANCES: &str = "/api/coordination/instances";
    let instance = json!({"service": "db", "name": "z", "url": "http://127.0.0.1:9"});
    let added = site.operate("POST", INSTANCES, instance).await;
    let rows = [("service", be("db")), ("instance", be("z"))];
    wrong.fields(&format!("POST {INSTANCES}"), &added, "", rows);
    let removed = site
        .operate("DELETE", &format!("{INSTANCES}/db/z"), Value::Null)
        .await;
    let rows = [
        ("service", be("db")),
        ("instance", be("z")),
        ("status", be("draining")),
    ];
    wrong.fields(
        &format!("DELETE {INSTANCES}/{{service}}/{{id}}"),
        &removed,
        "",
        rows,
    );
}

async fn cache(site: &Site, wrong: &mut Differences) {
    const STATS: &str = "GET /api/performance/cache/stats";
    let list = site.at.data("/api/coordination/explain?limit=1000").await;
    let stats = site.at.data("/api/performance/cache/stats").await;
    let said = |field: &str, word: &str| {
        let is = |one: &&Value| one["cache"][field] == word;
        list.as_array().unwrap().iter().filter(is).count() as u64
    };
    let (fresh, coalesced) = (said("reason", "fresh"), said("reason", "coalesced"));
    // A request that another's fetch answered found nothing in store.
    let (hits, misses) = (fresh, said("status", "miss") + coalesced);
    let bypasses = said("status", "bypass");
    wrong.same("all look-ups", hits + misses + bypasses, REQUESTS);
    let stores = said("reason", "stored");
    // The write dropped three, and at most as many more were stored before the aliases were known.
    let dropped = stats["invalidations"].as_u64().unwrap();
    wrong.same("invalidations", (3..=6).contains(&dropped), true);
    let (kept, looked) = (stores - dropped, (hits + misses) as f64);
    let size = stats["size_bytes"].as_f64().unwrap();
    let share = size / f64::from(64 << 20) * 100.0;
    let entry = OK.len() as f64;
    let figures = || {
        vec![
            ("hits", be(hits)),
            ("misses", be(misses)),
            ("hit_rate", be(hits as f64 / looked)),
            ("miss_rate", be(misses as f64 / looked)),
            ("coalesced", be(coalesced)),
            // A fetch outlives the client that began it.
            ("promoted", be(0)),
            ("stores", be(stores)),
            ("evictions", be(0)),
            ("replaced", be(0)),
            ("expired", be(0)),
            ("invalidations", be(dropped)),
            ("entry_count", be(kept)),
            // Keys and fixed cost are in it.
            (
                "size_bytes",
                Must::Lie(kept as f64 * entry, kept as f64 * 4096.0),
            ),
            ("avg_access_time_ms", Must::Lie(1e-9, 60_000.0)),
            ("memory_usage_percent", be(share)),
        ]
    };
    for at in ["", "l1.", "categories.entity."] {
        wrong.fields(STATS, &stats, at, figures());
    }
    // What was not looked up, as a write, has no category.
    let entity =
        |one: &&Value| one["cache"]["status"] == "bypass" && one["cache"]["category"] == "entity";
    let entity = list.as_array().unwrap().iter().filter(entity).count() as u64;
    for (at, bypasses) in [
        ("", bypasses),
        ("l1.", bypasses),
        ("categories.entity.", entity),
    ] {
        let total = be(hits + misses + bypasses);
        wrong.fields(
            STATS,
            &stats,
            at,
            [("bypasses", be(bypasses)), ("total_requests", total)],
        );
    }
    let refused = stats["refused_reasons"].as_object().unwrap().values();
    let refused: u64 = refused.filter_map(Value::as_u64).sum();
    let fetched = misses - coalesced;
    wrong.same("what was fetched, stored or not", stores + refused, fetched);
    let rows = [
        ("hit_count", be(hits)),
        ("miss_count", be(misses)),
        ("eviction_count", be(0)),
        ("total_entries", be(kept)),
        ("cache_size", be(size)),
        ("total_size_bytes", be(size)),
        ("total_size_mb", be(size / f64::from(1 << 20))),
        (
            "average_access_time",
            be(stats["avg_access_time_ms"].clone()),
        ),
        ("capacity_bytes", be(64 << 20)),
        ("bypass_reasons", be(json!({"not_a_read": 1, "waited": 1}))),
        ("bypass_reasons.*", be(1)),
        ("alone_reasons", be(json!({"waited": 1}))),
        ("alone_reasons.*", be(1)),
        ("refused_reasons.*", Must::Lie(1.0, misses as f64)),
        ("flights", be(0)),
    ];
    wrong.fields(STATS, &stats, "", rows);
    let path = "/api/performance/cache/clear";
    let cleared = site.operate("POST", path, Value::Null).await;
    let rows = [("message", be("cleared: all")), ("removed", be(kept))];
    wrong.fields("POST /api/performance/cache/clear", &cleared, "", rows);
    wrong.same("entries after it", site.cache("entry_count").await, 0);
}
