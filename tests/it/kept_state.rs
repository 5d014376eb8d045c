//! What was learned outlives the process, where `state.dir` is set.

use crate::support::{Origin, Proxy, Setup, Step, eventually};
use serde_json::Value;
use std::path::Path;

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const POINT: &str = "/collections/a/points/7";

async fn proxy(origin: &Origin, folder: &Path, strategy: &str) -> Proxy {
    let endpoint = format!("{{name: a, url: \"{}\"}}", origin.url());
    Setup::new("qdrant", &[endpoint])
        .service("cache: false")
        .section(&format!("balance: {{strategy: {strategy}}}"))
        .set("state.dir", folder.to_str().unwrap())
        .start()
        .await
}

async fn events(proxy: &Proxy) -> Vec<Value> {
    let all = proxy.data("/api/coordination/events").await;
    let all = all.as_array().unwrap().iter();
    let of = |one: &&Value| {
        one["what"]
            .as_str()
            .is_some_and(|what| what.starts_with("state"))
    };
    all.filter(of).cloned().collect()
}

async fn instance(proxy: &Proxy) -> Value {
    let stats = proxy.data("/api/coordination/stats").await;
    stats["services"][0]["instances"][0].clone()
}

fn assert_near(one: &Value, other: &Value) {
    let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
    assert!((one - other).abs() < 1e-9, "{one} {other}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn response_times_weights_and_outcomes_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::start(|_| Step::json(200, OK)).await;
    let first = proxy(&origin, folder.path(), "learned").await;
    assert!(
        events(&first).await.is_empty(),
        "there is nothing to recall"
    );
    for _ in 0..100 {
        assert_eq!(first.request("GET", POINT, "", b"").await.status, 200);
    }
    const HISTORY: &str = "/api/coordination/history";
    let seen = |page: &Value| page["services"]["db"]["keys"][0]["total_queries"].clone();
    eventually("the outcomes", || async {
        seen(&first.data(HISTORY).await) == 100
    })
    .await;
    let time = instance(&first).await["avg_response_time"].clone();
    let weights =
        first.data("/api/coordination/strategy").await["services"]["db"]["weights"].clone();
    first.server.stop().await;
    let second = proxy(&origin, folder.path(), "learned").await;
    assert_eq!(events(&second).await[0]["what"], "state_recalled");
    assert_eq!(
        events(&second).await[0]["why"],
        "of 1 endpoints, written 0s ago"
    );
    assert_near(&instance(&second).await["avg_response_time"], &time);
    let again =
        second.data("/api/coordination/strategy").await["services"]["db"]["weights"].clone();
    for (strategy, weight) in weights["simple"].as_object().unwrap() {
        assert_near(&again["simple"][strategy], weight);
    }
    assert_eq!(seen(&second.data(HISTORY).await), 100);
    second.server.stop().await;
    let other = proxy(&origin, folder.path(), "adaptive").await;
    assert_near(&instance(&other).await["avg_response_time"], &time);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_file_is_put_aside_and_said_and_the_process_serves() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("learned.state");
    std::fs::write(&file, "pointsman learned 1 0000\n[]").unwrap();
    let origin = Origin::start(|_| Step::json(200, OK)).await;
    let proxy = proxy(&origin, folder.path(), "adaptive").await;
    assert_eq!(events(&proxy).await[0]["what"], "state_unusable");
    assert!(!file.exists() && folder.path().join("learned.state.aside").exists());
    assert_eq!(proxy.request("GET", POINT, "", b"").await.status, 200);
    proxy.server.stop().await;
    assert!(file.exists(), "a new one is begun");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_written_is_said_once_and_hinders_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("no").join("such");
    let origin = Origin::start(|_| Step::json(200, OK)).await;
    let endpoint = format!("{{name: a, url: \"{}\"}}", origin.url());
    let proxy = Setup::new("qdrant", &[endpoint])
        .set("state.dir", inside.to_str().unwrap())
        .set("state.interval", "1ms")
        .start()
        .await;
    eventually("the event", || async { !events(&proxy).await.is_empty() }).await;
    assert_eq!(proxy.request("GET", POINT, "", b"").await.status, 200);
    let found = events(&proxy).await;
    assert_eq!(
        (found.len(), &found[0]["what"]),
        (1, &"state_not_kept".into())
    );
}
