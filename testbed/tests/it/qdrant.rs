//! The Qdrant shape.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::faults::{CannedResponse, Requests, When};
use testbed::qdrant::{Cluster, Options};

use crate::support::{get, json as send_json, recorded, same_shape};
use testbed::client::{send, try_send};

const RECORDED: &str = include_str!("../data/qdrant-1.19-recorded.ndjson");

/// What the shim does not promise: own numbers of a node, and strict mode (429 comes as a fault).
const NOT_PROMISED: &[&str] = &[
    "/cluster",
    "/telemetry?details_level=3",
    "/telemetry?details_level=6&anonymize=true",
    "/profiler/slow_requests",
    "/metrics",
];

const NEVER: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn recorded_requests_get_responses_of_the_recorded_status_and_shape() {
    let cluster = Cluster::start(1);
    let mut wrong = Vec::new();
    for line in recorded(RECORDED) {
        let (request, theirs) = (&line["request"], &line["response"]);
        let path = request["path"].as_str().unwrap();
        let note = line["note"].as_str().unwrap();
        if NOT_PROMISED.contains(&path) || note.starts_with("strict:") {
            continue;
        }
        let body = match &request["body"] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            body => Some(body.to_string()),
        };
        let url = format!("{}{path}", cluster.url(0));
        let ours = send(request["method"].as_str().unwrap(), &url, &[], body).await;
        cluster.settle();
        if theirs["status"] != ours.status {
            wrong.push(format!(
                "{note} {path}: {} {}, recorded {}",
                ours.status, ours.text, theirs["status"]
            ));
            continue;
        }
        let recorded_type = theirs["headers"]["content-type"].as_str();
        let our_type = ours
            .headers
            .get("content-type")
            .map(|value| value.to_str().unwrap());
        if recorded_type != our_type {
            wrong.push(format!("{note}: {our_type:?}, recorded {recorded_type:?}"));
        }
        let their_body = theirs["body"].as_str().unwrap();
        let Ok(their_json) = serde_json::from_str::<Value>(their_body) else {
            if ours.text != their_body {
                wrong.push(format!("{note}: {:?}, recorded {their_body:?}", ours.text));
            }
            continue;
        };
        if let Err(error) = same_shape(&ours.json(), &their_json, note) {
            wrong.push(error);
        }
        let (ours, theirs) = (
            &ours.json()["status"]["error"],
            &their_json["status"]["error"],
        );
        if ours != theirs && !theirs.to_string().contains("Format error") {
            wrong.push(format!("{note}: {ours}, recorded {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn docs(cluster: &Cluster, listener: usize) -> String {
    let url = format!("{}/collections/docs", cluster.url(listener));
    let made = send_json(
        "PUT",
        &url,
        json!({"vectors": {"size": 4, "distance": "Cosine"}}),
    )
    .await;
    assert_eq!(made.status, 200);
    url
}

async fn upsert(url: &str, id: u64, wait: bool) -> Value {
    let kind = ["a", "b"][id as usize % 2];
    let payload = json!({"n": id, "even": kind == "a", "kind": kind});
    let point = json!({"id": id, "vector": [0.1, 0.2, 0.3, id as f32], "payload": payload});
    let got = send_json(
        "PUT",
        &format!("{url}/points?wait={wait}"),
        json!({"points": [point]}),
    )
    .await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.json()
}

async fn count(url: &str) -> u64 {
    send_json("POST", &format!("{url}/points/count"), json!({}))
        .await
        .json()["result"]["count"]
        .as_u64()
        .unwrap()
}

#[tokio::test]
async fn any_listener_takes_writes_and_all_listeners_read_them() {
    let cluster = Cluster::start(3);
    docs(&cluster, 0).await;
    for listener in 0..3 {
        let url = format!("{}/collections/docs", cluster.url(listener));
        upsert(&url, listener as u64, true).await;
    }
    for listener in 0..3 {
        assert_eq!(
            count(&format!("{}/collections/docs", cluster.url(listener))).await,
            3
        );
    }
}

#[tokio::test]
async fn a_write_without_wait_is_acknowledged_and_applied_later() {
    let cluster = Cluster::start_with(Options {
        apply_delay: NEVER,
        ..Options::default()
    })
    .unwrap();
    let url = docs(&cluster, 0).await;
    assert_eq!(
        upsert(&url, 1, false).await["result"]["status"],
        "acknowledged"
    );
    assert_eq!(count(&url).await, 0);
    cluster.settle();
    assert_eq!(count(&url).await, 1);
}

#[tokio::test]
async fn however_busy_a_listener_is_its_delay_is_the_most_that_a_read_is_behind() {
    let cluster = Cluster::start_with(Options {
        apply_delay: Duration::ZERO,
        ..Options::default()
    })
    .unwrap();
    let url = docs(&cluster, 0).await;
    for round in 0..20 {
        let points: Vec<Value> = (0..100)
            .map(|id| json!({"id": round * 100 + id, "vector": [0.1, 0.2, 0.3, 0.4]}))
            .collect();
        let body = json!({"points": points});
        let got = send_json("PUT", &format!("{url}/points?wait=false"), body).await;
        assert_eq!(got.json()["result"]["status"], "acknowledged");
        assert_eq!(count(&url).await, (round + 1) * 100);
    }
}

#[tokio::test]
async fn a_waiting_delete_of_no_ids_is_a_fence() {
    let cluster = Cluster::start_with(Options {
        apply_delay: NEVER,
        ..Options::default()
    })
    .unwrap();
    let url = docs(&cluster, 0).await;
    upsert(&url, 1, false).await;
    let fence = json!({"filter": {"must": [{"has_id": []}]}});
    let got = send_json("POST", &format!("{url}/points/delete?wait=true"), fence).await;
    assert_eq!(got.json()["result"]["status"], "completed");
    assert_eq!(count(&url).await, 1);
}

#[tokio::test]
async fn a_lagging_listener_sees_writes_of_others_later_and_its_own_at_once() {
    let cluster = Cluster::start(2);
    let near = docs(&cluster, 0).await;
    upsert(&near, 1, true).await;
    cluster.set_lag(1, NEVER);
    let far = format!("{}/collections/docs", cluster.url(1));
    upsert(&near, 2, true).await;
    assert_eq!((count(&near).await, count(&far).await), (2, 1));
    upsert(&far, 3, true).await;
    assert_eq!((count(&near).await, count(&far).await), (3, 3));
    upsert(&near, 4, true).await;
    assert_eq!(count(&far).await, 3);
    cluster.settle();
    assert_eq!(count(&far).await, 4);
}

#[tokio::test]
async fn queries_rank_filter_fuse_order_sample_and_group() {
    let cluster = Cluster::start(1);
    let url = docs(&cluster, 0).await;
    for id in 1..=6 {
        upsert(&url, id, true).await;
    }
    let index = json!({"field_name": "n", "field_schema": "integer"});
    assert_eq!(
        send_json("PUT", &format!("{url}/index?wait=true"), index)
            .await
            .status,
        200
    );
    let ids = |got: &Value| -> Vec<u64> {
        let points = got["result"]["points"]
            .as_array()
            .unwrap_or_else(|| panic!("{got}"));
        points
            .iter()
            .map(|point| point["id"].as_u64().unwrap())
            .collect()
    };
    let ask = |body: Value| {
        let url = format!("{url}/points/query");
        async move { send_json("POST", &url, body).await.json() }
    };
    let near = ask(json!({"query": 1, "limit": 2})).await;
    assert_eq!(ids(&near), [2, 3]);
    let near =
        ask(json!({"query": {"nearest": [0.1, 0.2, 0.3, 6.0]}, "limit": 1, "offset": 1})).await;
    assert_eq!(ids(&near), [5]);
    let even = json!({"must": [{"key": "even", "match": {"value": true}}]});
    let filtered = ask(json!({"query": [0.1, 0.2, 0.3, 6.0], "filter": even, "with_payload": ["n"], "with_vector": true})).await;
    assert_eq!(ids(&filtered), [6, 4, 2]);
    assert_eq!(filtered["result"]["points"][0]["payload"], json!({"n": 6}));
    assert_eq!(
        filtered["result"]["points"][0]["vector"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let fused = ask(json!({
        "prefetch": [{"query": [0.1, 0.2, 0.3, 6.0], "limit": 2}, {"query": [0.1, 0.2, 0.3, 1.0], "limit": 2}],
        "query": {"fusion": "rrf"}, "limit": 2
    })).await;
    assert_eq!(ids(&fused).len(), 2);
    let ordered =
        ask(json!({"query": {"order_by": {"key": "n", "direction": "desc"}}, "limit": 3})).await;
    assert_eq!(ids(&ordered), [6, 5, 4]);
    let sampled = ask(json!({"query": {"sample": "random"}, "limit": 3})).await;
    assert_eq!(ids(&sampled).len(), 3);
    let liked =
        ask(json!({"query": {"recommend": {"positive": [5, 6], "negative": [1]}}, "limit": 1}))
            .await;
    assert_eq!(ids(&liked), [4]);
    let groups = send_json(
        "POST",
        &format!("{url}/points/query/groups"),
        json!({"query": [0.1, 0.2, 0.3, 6.0], "group_by": "kind", "group_size": 2, "limit": 2}),
    )
    .await
    .json();
    assert_eq!(groups["result"]["groups"].as_array().unwrap().len(), 2);
    assert_eq!(
        groups["result"]["groups"][0]["hits"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let legacy = send_json(
        "POST",
        &format!("{url}/points/recommend"),
        json!({"positive": [5, 6], "limit": 1}),
    )
    .await
    .json();
    assert_eq!(legacy["result"][0]["id"], 4);
}

#[tokio::test]
async fn payloads_vectors_and_points_change_as_asked() {
    let cluster = Cluster::start(1);
    let url = docs(&cluster, 0).await;
    let batch = json!({"batch": {"ids": [1, 2], "vectors": [[1, 0, 0, 0], [0, 1, 0, 0]], "payloads": [{"a": 1, "b": 1}, {"a": 2}]}});
    assert_eq!(
        send_json("PUT", &format!("{url}/points?wait=true"), batch)
            .await
            .status,
        200
    );
    let steps = [
        (
            "POST",
            "payload",
            json!({"payload": {"c": 3}, "points": [1]}),
        ),
        (
            "POST",
            "payload/delete",
            json!({"keys": ["b"], "points": [1]}),
        ),
        (
            "PUT",
            "payload",
            json!({"payload": {"z": 0}, "filter": {"must": [{"key": "a", "match": {"value": 2}}]}}),
        ),
        (
            "PUT",
            "vectors",
            json!({"points": [{"id": 2, "vector": [0, 0, 1, 0]}]}),
        ),
    ];
    for (method, path, body) in steps {
        let got = send_json(method, &format!("{url}/points/{path}?wait=true"), body).await;
        assert_eq!(got.status, 200, "{path}: {}", got.text);
    }
    assert_eq!(
        get(&format!("{url}/points/1")).await.json()["result"]["payload"],
        json!({"a": 1, "c": 3})
    );
    let second = get(&format!("{url}/points/2")).await.json();
    assert_eq!(second["result"]["payload"], json!({"z": 0}));
    assert_eq!(second["result"]["vector"], json!([0.0, 0.0, 1.0, 0.0]));
    send_json(
        "POST",
        &format!("{url}/points/payload/clear?wait=true"),
        json!({"points": [1]}),
    )
    .await;
    assert_eq!(
        get(&format!("{url}/points/1")).await.json()["result"]["payload"],
        json!({})
    );
    send_json(
        "POST",
        &format!("{url}/points/delete?wait=true"),
        json!({"filter": {"must": [{"has_id": [1]}]}}),
    )
    .await;
    assert_eq!(count(&url).await, 1);
}

#[tokio::test]
async fn named_and_sparse_vectors_are_searched_by_name() {
    let cluster = Cluster::start(1);
    let url = format!("{}/collections/named", cluster.url(0));
    let wanted = json!({"vectors": {"text": {"size": 2, "distance": "Dot"}}, "sparse_vectors": {"words": {}}});
    assert_eq!(send_json("PUT", &url, wanted).await.status, 200);
    let points = json!({"points": [
        {"id": 1, "vector": {"text": [1, 0], "words": {"indices": [1], "values": [1.0]}}},
        {"id": 2, "vector": {"text": [0, 1], "words": {"indices": [2], "values": [1.0]}}}
    ]});
    assert_eq!(
        send_json("PUT", &format!("{url}/points?wait=true"), points)
            .await
            .status,
        200
    );
    let dense = json!({"query": [0, 1], "using": "text", "limit": 1});
    let sparse = json!({"query": {"indices": [2], "values": [1.0]}, "using": "words", "limit": 1});
    for body in [dense, sparse] {
        let got = send_json("POST", &format!("{url}/points/query"), body)
            .await
            .json();
        assert_eq!(got["result"]["points"][0]["id"], 2, "{got}");
    }
    let got = send_json(
        "POST",
        &format!("{url}/points/query"),
        json!({"query": [0, 1], "using": "nope"}),
    )
    .await;
    assert_eq!(got.status, 400, "{}", got.text);
}

#[tokio::test]
async fn wide_points_are_taken() {
    let cluster = Cluster::start(1);
    let url = docs(&cluster, 0).await;
    let text = "x".repeat(6 << 20);
    let body = json!({"points": [{"id": 1, "vector": [1, 0, 0, 0], "payload": {"text": text}}]});
    assert_eq!(
        send_json("PUT", &format!("{url}/points?wait=true"), body)
            .await
            .status,
        200
    );
    assert_eq!(count(&url).await, 1);
}

#[tokio::test]
async fn a_key_is_asked_for_where_qdrant_asks() {
    let options = Options {
        api_key: Some("k".into()),
        ..Options::default()
    };
    let cluster = Cluster::start_with(options).unwrap();
    let url = format!("{}/collections", cluster.url(0));
    assert_eq!(
        get(&format!("{}/healthz", cluster.url(0))).await.status,
        200
    );
    let none = get(&url).await;
    assert_eq!(
        (
            none.status,
            none.text.starts_with("Must provide an API key")
        ),
        (401, true)
    );
    assert_eq!(
        send("GET", &url, &[("api-key", "x")], None).await.text,
        "Invalid API key or JWT"
    );
    assert_eq!(
        send("GET", &url, &[("api-key", "k")], None).await.status,
        200
    );
    assert_eq!(
        send("GET", &url, &[("authorization", "Bearer k")], None)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_killed_listener_refuses_and_comes_back_on_its_port() {
    let cluster = Cluster::start(2);
    let url = docs(&cluster, 0).await;
    let client = reqwest::Client::new();
    assert!(client.get(&url).send().await.is_ok());
    cluster.kill(0);
    assert!(
        client.get(&url).send().await.is_err(),
        "the open connection was closed too"
    );
    assert!(
        try_send("GET", &url, &[], None)
            .await
            .err()
            .unwrap()
            .is_connect()
    );
    assert_eq!(
        get(&format!("{}/collections/docs", cluster.url(1)))
            .await
            .status,
        200
    );
    cluster.restart(0).unwrap();
    assert!(client.get(&url).send().await.is_ok());
}

#[tokio::test]
async fn faults_are_given_as_ordered_and_counted() {
    let cluster = Cluster::start(1);
    let url = docs(&cluster, 0).await;
    let faults = cluster.faults(0);
    faults.reset_counters();
    faults.respond(
        CannedResponse::json(503, "{}").with_header("retry-after", "1"),
        When::Next(2),
    );
    for wanted in [503, 503, 200] {
        assert_eq!(get(&url).await.status, wanted);
    }
    assert_eq!(
        faults.count(&"GET".parse().unwrap(), "/collections/docs"),
        3
    );
    faults.respond_only(
        CannedResponse::text(500, "x"),
        When::Always,
        Requests::Writes,
    );
    assert_eq!(get(&url).await.status, 200);
    let got = send_json(
        "PUT",
        &format!("{url}/points?wait=true"),
        json!({"points": []}),
    )
    .await;
    assert_eq!((got.status, faults.writes()), (500, 1));
    faults.clear();
    faults.refuse(true);
    assert!(try_send("GET", &url, &[], None).await.is_err());
    faults.clear();
    faults.hang(Some(Requests::Reads));
    let waited = tokio::time::timeout(Duration::from_millis(200), get(&url)).await;
    assert!(waited.is_err());
    faults.clear();
    assert_eq!(get(&url).await.status, 200);
    faults.delay_response(NEVER, Requests::Writes);
    let point = json!({"points": [{"id": 1, "vector": [1, 0, 0, 0]}]});
    let points = format!("{url}/points?wait=true");
    let asked = send_json("PUT", &points, point);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), asked)
            .await
            .is_err()
    );
    assert_eq!(count(&url).await, 1);
}

#[tokio::test]
async fn a_cut_response_ends_early_after_the_write_was_done() {
    let cluster = Cluster::start(1);
    let url = docs(&cluster, 0).await;
    let point = json!({"points": [{"id": 1, "vector": [1, 0, 0, 0]}]}).to_string();
    for (id, bytes) in [(1, 0), (2, 10)] {
        cluster
            .faults(0)
            .cut_after(bytes, When::Next(1), Requests::Writes);
        let body = point.replace("\"id\":1", &format!("\"id\":{id}"));
        assert!(
            try_send("PUT", &format!("{url}/points?wait=true"), &[], Some(body))
                .await
                .is_err()
        );
    }
    assert_eq!(count(&url).await, 2);
    cluster.faults(0).trickle(16, Duration::from_millis(1));
    assert_eq!(get(&url).await.json()["result"]["points_count"], 2);
}
