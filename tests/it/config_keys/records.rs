//! What is recorded, counted and shown, and to whom.

use super::given::Given;
use super::observe::*;
use crate::support::eventually;

observations! {
    record_of_a_function(given) {
        let origin = good().await;
        let proxy = given.over("neo4j", &[&origin]).start().await;
        let body = r#"{"statement":"RETURN my.lookup(1)"}"#;
        let record = record(&proxy, QUERY, "", body).await;
        (record["call"]["effect"].clone(), record["cache"]["reason"].clone())
    }
    resource_score(given) {
        let origin = slow().await;
        let proxy = given.over("http", &[&origin]).start().await;
        get(&proxy, "/").await;
        let score = async || proxy.data("/api/coordination/scores").await["db"][0]["score"].as_f64();
        given.comes(async || score().await > Some(0.2)).await
    }
    priority(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        record(&proxy, POINT, "x-user-id: premium_1\r\n", "").await["plan"]["priority"].clone()
    }
    /// The machine of the test may be as busy as can be, so the limits that are not asked for are all of it.
    lacks_a_resource(given) {
        let origin = good().await;
        let (lacking, scale) = match given.key {
            "planner.max_cpu_usage" => ("cpu", "0"),
            "planner.max_memory_usage" => ("memory", "0"),
            "planner.feasibility" => ("database", "0"),
            _ => ("database", "0.0001"),
        };
        let mut setup = given.over("http", &[&origin]);
        for (key, value) in [
            ("planner.max_cpu_usage", "1"),
            ("planner.max_memory_usage", "1"),
            ("planner.max_db_load", "0.3"),
            ("planner.requirement_scale", scale),
        ] {
            if key != given.key {
                setup = setup.set(key, value);
            }
        }
        let proxy = setup.start().await;
        given.comes(async || {
            let plan = record(&proxy, "/", "", "").await["plan"].clone();
            plan["short_of"] == lacking
        })
        .await
    }
    refusals_of_what_does_not_fit(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).set("planner.max_db_load", "0").start().await;
        given.comes(async || get(&proxy, "/").await.status == 503).await
    }
    outcomes_kept(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        for _ in 0..3 {
            get(&proxy, "/").await;
        }
        let keys = async || proxy.data("/api/coordination/history").await["services"]["db"]["keys"].clone();
        eventually("the outcomes", || async { keys().await[0]["total_queries"] == 3 }).await;
        keys().await[0]["similar_queries_count"].clone()
    }
    slow_requests(given) {
        let origin = slow().await;
        let mut setup = given.over("http", &[&origin]);
        if given.key.ends_with("enabled") {
            setup = setup.set("queries.slow_threshold", "1ms");
        }
        let proxy = setup.start().await;
        get(&proxy, "/").await;
        given.comes(async || proxy.series("pointsman_slow_total", &[]).await > 0.0).await
    }
    resident_memory(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        proxy.series("pointsman_process_resident_memory_bytes", &[]).await > 0.0
    }
    explanations(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        for _ in 0..20 {
            get(&proxy, "/").await;
        }
        let listed = async || proxy.data("/api/coordination/explain").await.as_array().map(Vec::len);
        given.comes(async || listed().await == Some(20)).await
    }
    /// Under which of two names it is.
    folder_of_the_state(given) {
        let (origin, folder) = (good().await, tempfile::tempdir().unwrap());
        let own = folder.path().join(given.value);
        let setup = given.over("http", &[&origin]).set("state.dir", own.to_str().unwrap());
        setup.start().await.server.stop().await;
        folder.path().join("one").exists()
    }
    state_while_it_runs(given) {
        let (origin, folder) = (good().await, tempfile::tempdir().unwrap());
        let setup = given.over("http", &[&origin]).set("state.dir", folder.path().to_str().unwrap());
        let _proxy = setup.start().await;
        given.comes(async || folder.path().join("learned.state").exists()).await
    }
    event_of_the_state(given) {
        let (origin, folder) = (good().await, tempfile::tempdir().unwrap());
        let setup = || given.over("http", &[&origin]).set("state.dir", folder.path().to_str().unwrap());
        setup().start().await.server.stop().await;
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let proxy = setup().start().await;
        proxy.data("/api/coordination/events").await[0]["what"].clone()
    }
    memory_component(given) {
        let origin = good().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let health = async || proxy.data("/api/performance/health").await;
        given.comes(async || health().await["components"]["memory"] == "healthy").await
    }
    status_at_the_admin_api(given) {
        let origin = good().await;
        let mut setup = given.over("http", &[&origin]);
        if given.key == "admin.read_token" {
            setup = setup.set("admin.operate_token", "token-of-the-operator");
        }
        let proxy = setup.start().await;
        proxy.admin("/api/config", "authorization: Bearer token-of-the-test\r\n").await.status
    }
}
