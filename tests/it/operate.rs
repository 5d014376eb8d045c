//! What operators change while the process runs: strategies, the mode, instances. Each change is one swap, is an
//! event, and lies over the file by the rules of `docs/admin.md`.

use crate::support::{Origin, Proxy, Setup, Step, eventually};
use serde_json::{Value, json};
use std::path::Path;

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const POINT: &str = "/collections/a/points/7";
const STRATEGY: &str = "/api/coordination/strategy";
const MODE: &str = "/api/coordination/mode";
const INSTANCES: &str = "/api/coordination/instances";

async fn origin() -> Origin {
    Origin::start(|_| Step::json(200, OK)).await
}

/// A proxy with a file over endpoints `a` and, if there is another, `b`.
async fn proxy(file: &Path, origins: &[&Origin]) -> Proxy {
    let endpoint =
        |(name, origin): (&str, &&Origin)| format!("{{name: {name}, url: \"{}\"}}", origin.url());
    let endpoints: Vec<String> = ["a", "b"].into_iter().zip(origins).map(endpoint).collect();
    Setup::new("qdrant", &endpoints)
        .section("balance: {strategy: round_robin}")
        .section("process: {reload_delay: 1h}")
        .start_from(file)
        .await
}

async fn change(proxy: &Proxy, method: &str, path: &str, body: Value) -> Value {
    let response = proxy.operate(method, path, "", &body).await;
    assert_eq!(response.status, 200, "{}", response.text());
    response.json()["data"].clone()
}

async fn refusal(proxy: &Proxy, method: &str, path: &str, body: Value) -> (u16, String) {
    let response = proxy.operate(method, path, "", &body).await;
    let detail = response.json()["detail"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (response.status, detail)
}

async fn strategy(proxy: &Proxy) -> Value {
    let stats = proxy.data("/api/coordination/stats").await;
    stats["services"][0]["strategy"].clone()
}

async fn names(proxy: &Proxy) -> Vec<String> {
    let all = proxy.data(INSTANCES).await;
    let rows = all["db"].as_array().unwrap().iter();
    rows.filter(|one| one["status"] != "draining")
        .map(|one| one["instance_id"].as_str().unwrap().to_owned())
        .collect()
}

async fn words(proxy: &Proxy) -> Vec<String> {
    let events = proxy.data("/api/coordination/events").await;
    let events = events.as_array().unwrap().iter();
    events
        .map(|one| one["what"].as_str().unwrap().to_owned())
        .collect()
}

/// Another file, and a reload.
async fn reload(proxy: &Proxy, file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, text.replace(from, to)).unwrap();
    proxy.server.reload().await.unwrap();
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pointsman.yaml");
    (folder, file)
}

#[tokio::test]
async fn a_strategy_is_switched_for_one_service_or_all_until_another_file_is_taken() {
    let (_folder, file) = folder();
    let a = origin().await;
    let proxy = proxy(&file, &[&a]).await;
    let own = json!({"service": "db", "strategy": "least_connections"});
    change(&proxy, "PUT", STRATEGY, own).await;
    assert_eq!(strategy(&proxy).await, "least_connections");
    change(&proxy, "PUT", STRATEGY, json!({"strategy": "adaptive"})).await;
    assert_eq!(strategy(&proxy).await, "adaptive");
    proxy.server.reload().await.unwrap();
    assert_eq!(strategy(&proxy).await, "adaptive", "the file is the same");
    assert_eq!(
        proxy
            .request("GET", POINT, "x-request-id: it\r\n", b"")
            .await
            .status,
        200
    );
    eventually("its record", || async {
        let record = proxy.data("/api/coordination/explain/it").await;
        record["route"]["strategy"] == "adaptive"
    })
    .await;
    reload(&proxy, &file, "reload_delay: 1h", "reload_delay: 2h").await;
    assert_eq!(strategy(&proxy).await, "round_robin");
    change(&proxy, "PUT", STRATEGY, json!({"strategy": "adaptive"})).await;
    change(&proxy, "PUT", STRATEGY, json!({"strategy": null})).await;
    assert_eq!(strategy(&proxy).await, "round_robin");
    let (status, detail) = refusal(&proxy, "PUT", STRATEGY, json!({"strategy": "fastest"})).await;
    assert_eq!(status, 400);
    assert!(detail.contains("expected one of round_robin, "), "{detail}");
    let other = json!({"service": "other", "strategy": "adaptive"});
    assert_eq!(refusal(&proxy, "PUT", STRATEGY, other).await.0, 404);
    assert_eq!(refusal(&proxy, "PUT", STRATEGY, json!({})).await.0, 400);
    let changed = words(&proxy).await;
    let changed = changed.iter().filter(|word| *word == "strategy_changed");
    assert_eq!(changed.count(), 4);
}

#[tokio::test]
async fn bypass_switches_the_cache_off_and_on_again_and_a_write_in_between_is_seen() {
    let (_folder, file) = folder();
    let a = origin().await;
    let proxy = proxy(&file, &[&a]).await;
    let reads = async || {
        let before = a.count();
        proxy.request("GET", POINT, "", b"").await;
        proxy.request("GET", POINT, "", b"").await;
        a.count() - before
    };
    eventually("a hit", || async { reads().await == 0 }).await;
    let page = change(&proxy, "PUT", MODE, json!({"mode": "bypass"})).await;
    assert_eq!(page["mode"], "bypass");
    assert_eq!(reads().await, 2);
    let upsert = r#"{"points":[{"id":7,"vector":[1,0]}]}"#;
    let fields = "content-type: application/json\r\n";
    let points = "/collections/a/points?wait=true";
    assert_eq!(
        proxy
            .request("PUT", points, fields, upsert.as_bytes())
            .await
            .status,
        200
    );
    change(&proxy, "PUT", MODE, json!({"mode": "normal"})).await;
    assert!(
        reads().await > 0,
        "what was stored before the write is not served"
    );
    change(&proxy, "PUT", MODE, json!({"features": {"cache": false}})).await;
    assert_eq!(reads().await, 2);
    let page = change(&proxy, "PUT", MODE, json!({"features": {"cache": null}})).await;
    assert_eq!(page["features"]["cache"], true);
    assert_eq!(
        refusal(&proxy, "PUT", MODE, json!({"mode": "off"})).await.0,
        400
    );
    assert_eq!(
        refusal(&proxy, "PUT", MODE, json!({"features": {"x": false}}))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn an_instance_is_added_takes_its_share_and_is_removed_without_losing_a_request() {
    let (_folder, file) = folder();
    let (a, b) = (origin().await, origin().await);
    let proxy = proxy(&file, &[&a]).await;
    let before = proxy.data("/api/coordination/stats").await["generation"].clone();
    let instance = json!({"service": "db", "service_type": "qdrant", "name": "b", "url": b.url(), "weight": 2});
    change(&proxy, "POST", INSTANCES, instance).await;
    assert_eq!(names(&proxy).await, ["a", "b"]);
    let after = proxy.data("/api/coordination/stats").await["generation"].clone();
    assert_eq!(
        after.as_u64(),
        before.as_u64().map(|one| one + 1),
        "one swap"
    );
    for _ in 0..4 {
        assert_eq!(proxy.request("GET", "/", "", b"").await.status, 200);
    }
    assert_eq!((a.count(), b.count()), (2, 2));
    change(&proxy, "DELETE", &format!("{INSTANCES}/db/a"), Value::Null).await;
    for _ in 0..4 {
        assert_eq!(proxy.request("GET", "/", "", b"").await.status, 200);
    }
    assert_eq!((a.count(), b.count()), (2, 6));
    assert_eq!(names(&proxy).await, ["b"]);
    reload(&proxy, &file, "reload_delay: 1h", "reload_delay: 2h").await;
    assert_eq!(names(&proxy).await, ["b"], "instances stay over a reload");
    let (status, detail) =
        refusal(&proxy, "DELETE", &format!("{INSTANCES}/db/b"), Value::Null).await;
    assert_eq!(status, 409, "{detail}");
    let words = words(&proxy).await;
    assert!(words.contains(&"instance_added".into()) && words.contains(&"instance_removed".into()));
}

#[tokio::test]
async fn a_removal_waits_for_no_request_and_ends_none() {
    let (_folder, file) = folder();
    let release = std::sync::Arc::new(tokio::sync::Notify::new());
    let signal = std::sync::Arc::clone(&release);
    let a = Origin::start(move |_| {
        let wait = vec![Step::Wait(std::sync::Arc::clone(&signal))];
        wait.into_iter().chain(Step::json(200, OK)).collect()
    })
    .await;
    let b = origin().await;
    let proxy = proxy(&file, &[&a, &b]).await;
    let mut client = proxy.client().await;
    client
        .send("GET / HTTP/1.1\r\nhost: t\r\n\r\n".to_string())
        .await;
    eventually("the request in flight", || async { a.count() == 1 }).await;
    change(&proxy, "DELETE", &format!("{INSTANCES}/db/a"), Value::Null).await;
    release.notify_one();
    assert_eq!(client.response().await.status, 200);
}

#[tokio::test]
async fn an_instance_that_does_not_fit_is_refused_with_what_is_wrong() {
    let (_folder, file) = folder();
    let a = origin().await;
    let proxy = proxy(&file, &[&a]).await;
    let free = "http://127.0.0.1:9";
    let cases = [
        (
            json!({"service": "db", "name": "a", "url": free}),
            409,
            "name or address",
        ),
        (
            json!({"service": "db", "name": "z", "url": a.url()}),
            409,
            "name or address",
        ),
        (
            json!({"service": "other", "url": free}),
            404,
            "no such service",
        ),
        (
            json!({"service": "db", "service_type": "neo4j", "url": free}),
            409,
            "dialect is qdrant",
        ),
        (
            json!({"service": "db", "url": "bolt://127.0.0.1:7687"}),
            400,
            "bolt",
        ),
        (
            json!({"service": "db", "url": "http://user:word@h:1"}),
            400,
            "not shown",
        ),
        (json!({"service": "db"}), 400, "url"),
        (
            json!({"service": "db", "url": free, "wieght": 2}),
            400,
            "wieght",
        ),
        (
            json!({"service": "db", "url": free, "weight": -1}),
            400,
            "weight",
        ),
        (
            json!({"service": "db", "url": free, "name": "${file:/etc/hostname}"}),
            400,
            "reference",
        ),
        (
            json!({"service": "db", "url": free, "name": "No Name"}),
            400,
            "name",
        ),
    ];
    for (body, status, part) in cases {
        let (found, detail) = refusal(&proxy, "POST", INSTANCES, body.clone()).await;
        assert_eq!(found, status, "{body}: {detail}");
        assert!(detail.contains(part), "{body}: {detail}");
        assert!(!detail.contains("word"), "a password: {detail}");
    }
    assert_eq!(names(&proxy).await, ["a"]);
    for path in ["db/z", "other/a"] {
        let path = format!("{INSTANCES}/{path}");
        assert_eq!(refusal(&proxy, "DELETE", &path, Value::Null).await.0, 404);
    }
}

#[tokio::test]
async fn requests_that_leave_the_preferred_zone_are_counted() {
    let near = Origin::start(|seen| match seen.target().ends_with('7') {
        true => Step::json(200, OK),
        false => vec![Step::Reset],
    })
    .await;
    let far = origin().await;
    let endpoint = |zone: &str, origin: &Origin| {
        format!("{{name: {zone}, zone: {zone}, url: \"{}\"}}", origin.url())
    };
    let proxy = Setup::new("qdrant", &[endpoint("near", &near), endpoint("far", &far)])
        .section("balance: {preferred_zone: near}")
        .start()
        .await;
    let labels = ["to=\"other_zone\"", "cause=\"tried\""];
    let spilled = || proxy.series("pointsman_spill_over_total", &labels);
    assert_eq!(proxy.request("GET", POINT, "", b"").await.status, 200);
    assert_eq!(spilled().await, 0.0);
    assert_eq!(
        proxy
            .request("GET", "/collections/a/points/8", "", b"")
            .await
            .status,
        200
    );
    assert_eq!((spilled().await, far.count()), (1.0, 1));
}
