use super::fake::Desk;
use crate::admin::{ROUTES, Readiness};
use serde_json::json;

#[tokio::test]
async fn the_index_lists_every_route_and_each_one_responds() {
    let desk = Desk::open();
    desk.fake.readiness.lock().ready = true;
    let listed = desk.get("/").await.data()["routes"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(listed, ROUTES.len());
    for route in ROUTES {
        let path = route
            .path
            .replace("{service}", "vectors")
            .replace("{id}", "a%2F1");
        let path = path.replace("explain/a%2F1", "explain/0123456789ab");
        let path = path.replace("/simulate", "/simulate?service=vectors");
        let body = match route.path.rsplit('/').next() {
            Some("status") => r#"{"status":"active"}"#,
            Some("feedback") => {
                r#"{"service":"s","query_type":"write","complexity":"simple","actual_time":1}"#
            }
            Some("optimize") => r#"{"service":"vectors"}"#,
            Some("metrics") => r#"{"cpu_usage":0.5}"#,
            Some("strategy") => r#"{"strategy":null}"#,
            Some("instances") => r#"{"service":"vectors","url":"http://localhost:6333"}"#,
            _ => "{}",
        };
        let reply = desk.change(route.method, &path, body).await;
        assert_eq!(reply.status, 200, "{} {path}: {}", route.method, reply.body);
        assert_eq!(reply.headers["cache-control"], "no-store");
        assert_eq!(
            reply.headers["content-security-policy"],
            "default-src 'none'; frame-ancestors 'none'"
        );
        assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn readiness_tells_why_not() {
    let desk = Desk::open();
    *desk.fake.readiness.lock() = Readiness {
        ready: false,
        reasons: vec!["vectors: no endpoint".into(), "stopping".into()],
    };
    assert_eq!(
        desk.get("/readyz").await.detail(503),
        "vectors: no endpoint; stopping"
    );
    assert_eq!(desk.get("/livez").await.data(), json!({"live": true}));
    desk.fake.readiness.lock().ready = true;
    assert_eq!(desk.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn health_is_degraded_when_one_component_is() {
    let health = Desk::open().get("/api/performance/health").await.data();
    assert_eq!(health["overall_health"], "degraded");
    assert_eq!(
        health["components"],
        json!({"cache": "healthy", "database": "unhealthy"})
    );
    assert!(health["timestamp"].as_u64() > Some(0));
}

#[tokio::test]
async fn metrics_are_text_for_prometheus() {
    let reply = Desk::open().get("/metrics").await;
    assert_eq!(reply.body, "pointsman_up 1\n");
    assert!(
        reply.headers["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
}

#[tokio::test]
async fn lists_take_a_bounded_limit_and_events_a_number() {
    let desk = Desk::open();
    let limit = async |query: &str| {
        desk.get(&format!("/api/coordination/executions{query}"))
            .await
            .data()["limit"]
            .clone()
    };
    assert_eq!(limit("").await, 100);
    assert_eq!(limit("?limit=5").await, 5);
    assert_eq!(limit("?limit=999999999").await, 1000);
    assert_eq!(
        desk.get("/api/coordination/events?after=12").await.data()["after"],
        12
    );
    desk.get("/api/coordination/events?after=-1")
        .await
        .detail(400);
    desk.get("/api/coordination/executions?limt=5")
        .await
        .detail(400);
}

#[tokio::test]
async fn an_explanation_is_found_by_id_or_the_response_says_which_is_missing() {
    let desk = Desk::open();
    assert_eq!(
        desk.get("/api/coordination/explain/0123456789ab")
            .await
            .data()["id"],
        "0123456789ab"
    );
    let detail = desk
        .get("/api/coordination/explain/zz%0a%1b")
        .await
        .detail(404);
    assert_eq!(
        detail,
        r"no explanation is kept for the request `zz\u000a\u001b`"
    );
    desk.get("/api/coordination/explain/%ff").await.detail(400);
}

#[tokio::test]
async fn an_operator_takes_an_instance_out_and_back() {
    let desk = Desk::open();
    let path = "/api/coordination/instances/vectors/a%2F1/status";
    desk.change("PUT", path, r#"{"status":"maintenance"}"#)
        .await
        .data();
    desk.change("PUT", path, r#"{"status":"active"}"#)
        .await
        .data();
    assert_eq!(*desk.fake.changes.lock(), ["Maintenance", "Active"]);
    let other = "/api/coordination/instances/vectors/b/status";
    assert_eq!(
        desk.change("PUT", other, r#"{"status":"active"}"#)
            .await
            .detail(404),
        "no such instance"
    );
    for body in [
        "",
        "{",
        r#"{"status":"gone"}"#,
        r#"{"status":"active","x":1}"#,
        "[]",
    ] {
        assert!(
            desk.change("PUT", path, body)
                .await
                .detail(400)
                .starts_with("the body at line")
        );
    }
    assert_eq!(desk.fake.changes.lock().len(), 2);
}

#[tokio::test]
async fn pushed_figures_are_checked_before_they_are_taken() {
    let desk = Desk::open();
    let path = "/api/coordination/instances/vectors/a%2F1/metrics";
    desk.change("PUT", path, r#"{"cpu_usage":0.25,"queue_size":3}"#)
        .await
        .data();
    assert_eq!(*desk.fake.changes.lock(), ["Some(0.25)"]);
    let refusals = [
        (
            r#"{"cpu_usage":1.01}"#,
            "cpu_usage: expected a number of 0 to 1",
        ),
        (
            r#"{"memory_usage":-0.1}"#,
            "memory_usage: expected a number of 0 to 1",
        ),
        (
            r#"{"requests_per_second":-1}"#,
            "requests_per_second: expected a number of 0 or more",
        ),
    ];
    for (body, detail) in refusals {
        assert_eq!(desk.change("PUT", path, body).await.detail(400), detail);
    }
    // It would be taken for a report that leaves all as it was.
    for body in ["{}", r#"{"cpu_usage":null,"queue_size":null}"#] {
        let detail = desk.change("PUT", path, body).await.detail(400);
        let words = "no figure: expected at least one of current_connections, cpu_usage";
        assert!(detail.starts_with(words), "{detail}");
    }
    desk.change("PUT", path, r#"{"queue_size":-1}"#)
        .await
        .detail(400);
    desk.change("PUT", path, r#"{"cpu":0.5}"#).await.detail(400);
    let figure = r#"{"cpu_usage":0.25}"#;
    desk.change("PUT", &path.replace("vectors", "graph"), figure)
        .await
        .detail(404);
    assert_eq!(desk.fake.changes.lock().len(), 1);
}

#[tokio::test]
async fn clearing_the_cache_counts_what_went() {
    let desk = Desk::open();
    let path = "/api/performance/cache/clear";
    assert_eq!(
        desk.change("POST", path, "").await.data(),
        json!({"message": "cleared: all", "removed": 7})
    );
    let vector = desk
        .change("POST", &format!("{path}?cache_type=vector"), "")
        .await
        .data();
    assert_eq!(vector["message"], "cleared: vector");
    desk.change("POST", &format!("{path}?cache_type=nothing"), "")
        .await
        .detail(400);
}

#[tokio::test]
async fn a_reload_reports_the_generation_that_serves() {
    let report = Desk::open()
        .change("POST", "/api/config/reload", "")
        .await
        .data();
    assert_eq!(report["generation"], 2);
}
