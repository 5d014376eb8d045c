//! What became of plans: each request that was sent is an outcome, with the database's own time.

use super::pages::{now, start};
use super::{Differences, Must, Site, be};
use serde_json::{Value, json};

const ROUTE: &str = "GET /api/coordination/history";
const LOOKUPS: &str = "entity_lookup_vector_only";

pub async fn check(site: &Site, wrong: &mut Differences) {
    let records = site.at.data("/api/coordination/explain?limit=1000").await;
    let sent = records.as_array().unwrap().iter();
    let sent = sent.filter(|one| one["route"]["attempts"][0].is_object());
    let (reads, writes): (Vec<_>, Vec<_>) =
        sent.partition(|one| one["call"]["query_type"] == "entity_lookup");
    let path = "/api/coordination/history?service=db&limit=1000";
    let history = site.at.data(path).await;
    let own = &history["services"]["db"];
    let key = |name: &str| {
        let mut keys = own["keys"].as_array().unwrap().iter();
        keys.find(|one| one["key"] == name).cloned().unwrap()
    };
    let lookups = key(LOOKUPS);
    wrong.same("other keys", own["keys"].as_array().map(Vec::len), Some(2));
    wrong.same(
        "writes",
        key("write_vector_only")["total_queries"].as_u64(),
        Some(writes.len() as u64),
    );
    let times: Vec<f64> = reads.iter().map(|one| service_time(one)).collect();
    let mean = times.iter().sum::<f64>() / times.len() as f64;
    let means = [
        ("total_queries", be(times.len())),
        ("avg_time", be(mean)),
        ("avg_cost", Must::Lie(1e-9, 1e6)),
        ("success_rate", be(1.0)),
    ];
    wrong.fields(ROUTE, &lookups, "", means);
    let rows = [
        ("services.*.keys[].key", Must::Say("_vector_only")),
        ("services.*.keys[].total_queries", Must::Lie(1.0, 100.0)),
        ("services.*.keys[].avg_time", Must::Lie(1e-9, 60.0)),
        ("services.*.keys[].success_rate", be(1.0)),
        ("services.*.seconds_per_cost", Must::Lie(1e-9, 60.0)),
        (
            "strategies.vector_only.total_queries",
            be(reads.len() + writes.len()),
        ),
        ("strategies.vector_only.avg_time", Must::Lie(1e-9, 60.0)),
        ("strategies.vector_only.avg_cost", Must::Lie(1e-9, 1e6)),
        ("strategies.vector_only.success_rate", be(1.0)),
    ];
    wrong.fields(ROUTE, &history, "", rows);
    let at = own["keys"]
        .as_array()
        .unwrap()
        .iter()
        .position(|one| one["key"] == LOOKUPS);
    let rows = [
        ("avg_cost", Must::Lie(1e-9, 1e6)),
        ("similar_queries_count", be(times.len())),
        ("avg_historical_performance", be(mean)),
    ];
    let before = format!("services.db.keys.{}.", at.unwrap());
    wrong.fields(ROUTE, &history, &before, rows);
    outcome(site, wrong, &history, &before, &lookups).await;
    feedback(site, wrong).await;
}

/// The outcome of one request beside its record.
async fn outcome(
    site: &Site,
    wrong: &mut Differences,
    history: &Value,
    key: &str,
    lookups: &Value,
) {
    let record = site.record("waits").await;
    let outcomes = lookups["records"].as_array().unwrap();
    let at = outcomes
        .iter()
        .position(|one| one["query_id"] == record["id"]);
    let plan = &record["plan"];
    let rows = [
        ("query_id", be(record["id"].clone())),
        ("timestamp", be(record["start_unix_ms"].clone())),
        ("complexity", be(plan["complexity"].clone())),
        ("estimated_time", be(plan["time"].clone())),
        ("actual_time", be(service_time(&record))),
        ("estimated_cost", be(plan["cost"].clone())),
        ("actual_cost", Must::Lie(1e-9, 1e6)),
        ("success", be(true)),
    ];
    let before = format!("{key}records.{}.", at.unwrap_or(usize::MAX));
    wrong.fields(ROUTE, history, &before, rows);
}

/// What another program reports.
async fn feedback(site: &Site, wrong: &mut Differences) {
    const FEEDBACK: &str = "POST /api/coordination/feedback";
    let path = "/api/coordination/feedback";
    let told = json!({
        "service": "db", "query_type": "multi_hop_reasoning", "complexity": "complex",
        "query_id": "0123456789ab", "estimated_time": 0.5, "actual_time": 0.8,
        "estimated_cost": 1.5, "actual_cost": 1.2, "success": true,
    });
    let taken = site.operate("POST", path, told).await;
    let outcome = [
        ("query_id", be("0123456789ab")),
        ("timestamp", Must::Lie(start(site), now() + 1.0)),
        ("complexity", be("complex")),
        ("estimated_time", be(0.5)),
        ("actual_time", be(0.8)),
        ("estimated_cost", be(1.5)),
        ("actual_cost", be(1.2)),
        ("success", be(true)),
    ];
    wrong.fields(FEEDBACK, &taken, "record.", outcome);
    let rows = [
        ("service", be("db")),
        ("key", be("multi_hop_reasoning_vector_only")),
        ("performance.total_queries", be(1)),
        ("performance.avg_time", be(0.8)),
        ("performance.avg_cost", be(1.2)),
        ("performance.success_rate", be(1.0)),
    ];
    wrong.fields(FEEDBACK, &taken, "", rows);
    let word = |query_type: &str, service: &str| json!({"service": service, "query_type": query_type, "complexity": "simple", "actual_time": 1.0});
    for (told, status) in [(word("guess", "db"), 400), (word("write", "other"), 404)] {
        let refused = site.at.operate("POST", path, "", &told).await;
        wrong.same("feedback of what is not known", refused.status, status);
    }
}

/// What the database took for a request.
fn service_time(record: &Value) -> f64 {
    let attempts = record["route"]["attempts"].as_array().unwrap();
    attempts.last().unwrap()["service_time"].as_f64().unwrap()
}
