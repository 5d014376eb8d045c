//! The cache as clients meet it: what is served, what is said of it, and what is never stored.

use crate::support::{
    Origin, Proxy, Response, Setup, Step, TIMEOUT, in_time, noise, over, wait_until,
};
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use testbed::qdrant::{Cluster, Options};
use tokio::sync::Notify;

const JSON: &str = "content-type: application/json\r\n";
const QUERY: &str = "/collections/a/points/query";
const POINT: &str = "/collections/a/points/7";

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const DONE: &str = r#"{"result":{"operation_id":1,"status":"completed"},"status":"ok","time":0.1}"#;
const QUEUED: &str =
    r#"{"result":{"operation_id":1,"status":"acknowledged"},"status":"ok","time":0.1}"#;

/// An origin whose reads say how many there were, and whose writes are done.
async fn counting() -> Origin {
    let reads = AtomicU32::new(0);
    Origin::start(
        move |seen| match (seen.method(), seen.target().contains("/query")) {
            ("GET", _) | ("POST", true) => {
                let number = reads.fetch_add(1, Ordering::SeqCst);
                Step::json(
                    200,
                    &json!({"result": {"read": number}, "status": "ok", "time": 0.1}).to_string(),
                )
            }
            _ if seen.target().contains("wait=true") => Step::json(200, DONE),
            _ => Step::json(200, QUEUED),
        },
    )
    .await
}

async fn get(proxy: &Proxy) -> Response {
    proxy.request("GET", POINT, "", b"").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_miss_then_a_hit_then_a_write_then_a_miss_over_real_collections() {
    let cluster = Cluster::start(2);
    let urls: Vec<String> = cluster
        .listeners()
        .iter()
        .map(|listener| listener.url())
        .collect();
    let proxy = Setup::new("qdrant", &urls).start().await;
    let made = json!({"vectors": {"size": 4, "distance": "Dot"}}).to_string();
    proxy
        .request("PUT", "/collections/a", JSON, made.as_bytes())
        .await;
    let upsert = |version: u32| {
        let points =
            json!({"points": [{"id": 1, "vector": [1, 0, 0, 0], "payload": {"version": version}}]});
        let proxy = &proxy;
        async move {
            let body = points.to_string();
            let response = proxy
                .request(
                    "PUT",
                    "/collections/a/points?wait=true",
                    JSON,
                    body.as_bytes(),
                )
                .await;
            assert_eq!(response.status, 200, "{}", response.text());
            assert!(
                response.cache().starts_with("bypass"),
                "{}",
                response.cache()
            );
        }
    };
    let query = || {
        let body = json!({"query": [1, 0, 0, 0], "limit": 1, "with_payload": true});
        let proxy = &proxy;
        async move { proxy.post(QUERY, &body.to_string()).await }
    };
    for version in 0..20 {
        upsert(version).await;
        let miss = query().await;
        let seen = &miss.json()["result"]["points"][0]["payload"]["version"];
        assert_eq!(seen, version);
        assert!(miss.cache().starts_with("miss"), "{}", miss.cache());
        for _ in 0..2 {
            let hit = query().await;
            assert!(hit.is_hit() || version == 0, "{}", hit.cache());
            assert_eq!(hit.json()["result"], miss.json()["result"]);
            assert_eq!(hit.field("content-type"), miss.field("content-type"));
        }
    }
}

#[tokio::test]
async fn the_cache_gives_its_reason_age_and_time() {
    let origin = counting().await;
    let proxy = over(&origin).await;
    let miss = get(&proxy).await;
    assert!(
        miss.cache().starts_with("miss; reason="),
        "{}",
        miss.cache()
    );
    let hit = get(&proxy).await;
    assert!(
        hit.cache().contains("age=") && hit.cache().contains("ttl="),
        "{}",
        hit.cache()
    );
    assert_eq!(hit.body, miss.body);
    assert_eq!(origin.count(), 1);
    let bypass = proxy.request("GET", "/telemetry", "", b"").await;
    assert!(
        bypass.cache().starts_with("bypass; reason="),
        "{}",
        bypass.cache()
    );
}

#[tokio::test]
async fn equal_requests_share_a_response_whatever_their_spelling() {
    let origin = counting().await;
    let proxy = over(&origin).await;
    let first = proxy.post(QUERY, r#"{"query":[1.0,2.0],"limit":3}"#).await;
    let second = proxy
        .post(QUERY, "{ \"limit\" : 3,\n\"query\":[1.0,2.0] }")
        .await;
    assert!(second.is_hit(), "{}", second.cache());
    assert_eq!(first.body, second.body);
    let other = proxy.post(QUERY, r#"{"query":[1.0,2.1],"limit":3}"#).await;
    assert!(!other.is_hit());
}

#[tokio::test]
async fn credentials_never_share_a_response() {
    let origin = Origin::start(|seen| {
        let who = seen
            .field("api-key")
            .or(seen.field("authorization"))
            .unwrap_or("none");
        Step::json(
            200,
            &json!({"result": {"who": who}, "status": "ok", "time": 0.1}).to_string(),
        )
    })
    .await;
    let proxy = over(&origin).await;
    let who = [
        "",
        "api-key: a\r\n",
        "api-key: b\r\n",
        "authorization: Bearer a\r\n",
        "api-key: A\r\n",
    ];
    for round in 0..3 {
        for fields in who {
            let response = proxy.request("GET", POINT, fields, b"").await;
            let value = fields
                .split_once(": ")
                .map_or("none", |(_, value)| value.trim());
            assert_eq!(response.json()["result"]["who"], value, "{fields}");
            assert_eq!(
                response.is_hit(),
                round > 0,
                "{fields}: {}",
                response.cache()
            );
        }
    }
    assert_eq!(origin.count(), who.len());
}

#[tokio::test]
async fn a_credential_that_is_refused_loses_its_responses() {
    for status in [401, 403] {
        let refuses = Arc::new(Mutex::new(false));
        let now = Arc::clone(&refuses);
        let origin = Origin::start(move |_| match *now.lock() {
            true => Step::json(status, r#"{"status":{"error":"forbidden"},"time":0.1}"#),
            false => Step::json(200, OK),
        })
        .await;
        let proxy = over(&origin).await;
        let ask = |key: &'static str, target: &'static str| {
            let proxy = &proxy;
            async move {
                proxy
                    .request("GET", target, &format!("api-key: {key}\r\n"), b"")
                    .await
            }
        };
        for key in ["good", "bad"] {
            ask(key, POINT).await;
            assert!(ask(key, POINT).await.is_hit());
        }
        *refuses.lock() = true;
        assert_eq!(ask("bad", "/collections/a/points/8").await.status, status);
        let after = ask("bad", POINT).await;
        assert_eq!((after.status, after.is_hit()), (status, false));
        assert!(ask("good", POINT).await.is_hit());
    }
}

/// An origin that answers reads only when the test lets it.
async fn gated() -> (Origin, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let wait = Arc::clone(&gate);
    let origin = Origin::start(move |_| {
        let mut steps = vec![Step::Wait(Arc::clone(&wait))];
        steps.extend(Step::json(200, OK));
        steps
    })
    .await;
    (origin, gate)
}

/// Fetches that are waited for, as the cache's own figures say.
fn followers(proxy: &Proxy) -> u64 {
    let report = proxy.server.shared().cache.stats();
    report.total.misses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_equal_requests_at_once_are_one_request_to_the_endpoint() {
    let (origin, gate) = gated().await;
    let proxy = Arc::new(over(&origin).await);
    let asked: Vec<_> = (0..50)
        .map(|_| {
            let proxy = Arc::clone(&proxy);
            tokio::spawn(async move { get(&proxy).await })
        })
        .collect();
    wait_until("all requests", || followers(&proxy) == 50).await;
    gate.notify_one();
    for asked in asked {
        let response = in_time("a response", asked).await.expect("no panic");
        assert_eq!((response.status, response.text()), (200, OK.to_owned()));
    }
    assert_eq!(origin.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_client_may_leave_and_the_others_still_get_their_response() {
    let (origin, gate) = gated().await;
    let proxy = Arc::new(over(&origin).await);
    let mut first = proxy.client().await;
    first
        .send(format!("GET {POINT} HTTP/1.1\r\nhost: t\r\n\r\n"))
        .await;
    wait_until("the first request", || origin.count() == 1).await;
    let others: Vec<_> = (0..5)
        .map(|_| {
            let proxy = Arc::clone(&proxy);
            tokio::spawn(async move { get(&proxy).await })
        })
        .collect();
    wait_until("the others", || followers(&proxy) == 6).await;
    drop(first);
    wait_until("its leave", || proxy.server.shared().in_flight() == 5).await;
    gate.notify_one();
    for asked in others {
        assert_eq!(
            in_time("a response", asked).await.expect("no panic").status,
            200
        );
    }
    assert_eq!(origin.count(), 1);
    assert!(get(&proxy).await.is_hit());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_may_leave_and_disturbs_no_other() {
    let (origin, gate) = gated().await;
    let proxy = Arc::new(over(&origin).await);
    let first = tokio::spawn({
        let proxy = Arc::clone(&proxy);
        async move { get(&proxy).await }
    });
    wait_until("the first request", || origin.count() == 1).await;
    let mut follower = proxy.client().await;
    follower
        .send(format!("GET {POINT} HTTP/1.1\r\nhost: t\r\n\r\n"))
        .await;
    wait_until("the follower", || followers(&proxy) == 2).await;
    drop(follower);
    wait_until("its leave", || proxy.server.shared().in_flight() == 1).await;
    gate.notify_one();
    assert_eq!(
        in_time("a response", first).await.expect("no panic").status,
        200
    );
}

/// Fetches that nobody waited for filled an endpoint whose clients had given up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_ends_when_all_that_waited_for_it_have_left() {
    let (origin, _gate) = gated().await;
    let proxy = over(&origin).await;
    let mut clients = Vec::new();
    for number in 1..=2 {
        let mut client = proxy.client().await;
        client
            .send(format!("GET {POINT} HTTP/1.1\r\nhost: t\r\n\r\n"))
            .await;
        wait_until("the request", || followers(&proxy) == number).await;
        clients.push(client);
    }
    let snapshot = proxy.server.shared().snapshot();
    let service = snapshot.services().next().expect("a service");
    let taken = || service.pool.endpoints()[0].state.in_flight();
    wait_until("the fetch", || origin.count() == 1 && taken() == 1).await;
    drop(clients.remove(0));
    wait_until("its leave", || proxy.server.shared().in_flight() == 1).await;
    assert_eq!(taken(), 1);
    clients.clear();
    wait_until("the end of the fetch", || taken() == 0).await;
    assert_eq!(origin.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_while_a_read_is_under_way_keeps_its_response_out() {
    let gate = Arc::new(Notify::new());
    let wait = Arc::clone(&gate);
    let held = AtomicUsize::new(0);
    let origin = Origin::start(move |seen| match seen.method() {
        "GET" if held.fetch_add(1, Ordering::SeqCst) == 0 => {
            let mut steps = vec![Step::Wait(Arc::clone(&wait))];
            steps.extend(Step::json(
                200,
                r#"{"result":{"old":1},"status":"ok","time":0.1}"#,
            ));
            steps
        }
        "GET" => Step::json(200, r#"{"result":{"new":1},"status":"ok","time":0.1}"#),
        _ => Step::json(200, DONE),
    })
    .await;
    let proxy = Arc::new(over(&origin).await);
    let old = tokio::spawn({
        let proxy = Arc::clone(&proxy);
        async move { get(&proxy).await }
    });
    wait_until("the read", || origin.count() == 1).await;
    let written = proxy
        .request(
            "PUT",
            "/collections/a/points?wait=true",
            JSON,
            b"{\"points\":[]}",
        )
        .await;
    assert_eq!(written.status, 200);
    // A read after the write was acknowledged never joins the fetch that began before it.
    let after = in_time("a read", get(&proxy)).await;
    assert_eq!(after.json()["result"]["new"], 1);
    gate.notify_one();
    in_time("the old read", old).await.expect("no panic");
    assert_eq!(get(&proxy).await.json()["result"]["new"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_was_only_queued_keeps_responses_out() {
    let cluster = Cluster::start_with(Options {
        apply_delay: TIMEOUT,
        ..Options::default()
    })
    .expect("a cluster");
    let proxy = Setup::new("qdrant", &[cluster.url(0)]).start().await;
    let made = json!({"vectors": {"size": 4, "distance": "Dot"}}).to_string();
    proxy
        .request("PUT", "/collections/a", JSON, made.as_bytes())
        .await;
    let body = json!({"points": [{"id": 7, "vector": [1, 0, 0, 0]}]}).to_string();
    let queued = proxy
        .request("PUT", "/collections/a/points", JSON, body.as_bytes())
        .await;
    assert_eq!(queued.json()["result"]["status"], "acknowledged");
    let count = |exact: bool| {
        let proxy = &proxy;
        let body = json!({"exact": exact}).to_string();
        async move { proxy.post("/collections/a/points/count", &body).await }
    };
    for _ in 0..3 {
        let response = count(true).await;
        assert!(!response.is_hit(), "{}", response.cache());
    }
    cluster.settle();
    let response = count(true).await;
    assert_eq!(
        response.json()["result"]["count"],
        1,
        "{}",
        response.cache()
    );
}

#[tokio::test]
async fn failures_are_never_stored() {
    let number = AtomicU32::new(0);
    let bodies: Vec<(u16, Vec<u8>)> = vec![
        (400, br#"{"status":{"error":"bad"},"time":0.1}"#.to_vec()),
        (
            404,
            br#"{"status":{"error":"not found"},"time":0.1}"#.to_vec(),
        ),
        (500, br#"{"status":{"error":"odd"},"time":0.1}"#.to_vec()),
        (200, br#"{"status":{"error":"odd"},"time":0.1}"#.to_vec()),
        (200, b"{\"result\":".to_vec()),
        (200, b"".to_vec()),
        (204, b"".to_vec()),
        (206, OK.into()),
        (302, OK.into()),
        (200, noise(2 << 20)),
    ];
    let responses = bodies.clone();
    let origin = Origin::start(move |seen| {
        number.fetch_add(1, Ordering::SeqCst);
        let place: usize = seen
            .target()
            .rsplit('/')
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let (status, body) = &responses[place];
        match status {
            204 => Step::raw("HTTP/1.1 204 No Content\r\n\r\n"),
            _ => Step::response(*status, "content-type: application/json\r\n", body),
        }
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("breaker: {enabled: false}")
        .start()
        .await;
    for (place, (status, _)) in bodies.iter().enumerate() {
        for _ in 0..2 {
            let response = proxy
                .request("GET", &format!("/collections/a/points/{place}"), "", b"")
                .await;
            assert_eq!(response.status, *status);
            assert!(!response.is_hit(), "{place}: {}", response.cache());
        }
    }
}

#[tokio::test]
async fn a_response_that_ends_by_closing_is_never_stored() {
    let origin = Origin::start(|_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
        vec![Step::Send([head, OK].concat().into_bytes()), Step::Close]
    })
    .await;
    let proxy = over(&origin).await;
    for _ in 0..3 {
        let response = get(&proxy).await;
        assert_eq!(response.text(), OK);
        assert!(!response.is_hit(), "{}", response.cache());
    }
    assert_eq!(origin.count(), 3);
}

#[tokio::test]
async fn other_methods_and_strange_requests_pass_the_cache_by() {
    let origin = counting().await;
    let proxy = over(&origin).await;
    get(&proxy).await;
    assert!(get(&proxy).await.is_hit());
    for (method, target) in [
        ("HEAD", POINT),
        ("OPTIONS", POINT),
        ("GET", "/collections/a/points/7?consistency=all"),
        ("GET", "/collections/a/points/7?unknown=1"),
        ("GET", "/collections/b/points/7"),
    ] {
        let response = proxy.request(method, target, "", b"").await;
        assert!(
            !response.is_hit(),
            "{method} {target}: {}",
            response.cache()
        );
    }
}

#[tokio::test]
async fn a_request_id_is_echoed_or_made() {
    let origin = counting().await;
    let proxy = over(&origin).await;
    for round in 0..2 {
        let response = proxy
            .request("GET", POINT, "x-request-id: my-id-7\r\n", b"")
            .await;
        assert_eq!(
            response.field("x-request-id"),
            Some("my-id-7"),
            "round {round}"
        );
    }
    assert_eq!(origin.last().field("x-request-id"), Some("my-id-7"));
    let made = get(&proxy).await.field("x-request-id").map(str::to_owned);
    let other = get(&proxy).await.field("x-request-id").map(str::to_owned);
    assert!(made.is_some() && made != other);
    for odd in ["a b", "a\"b", &"x".repeat(5_000), "\u{e9}"] {
        let response = proxy
            .request("GET", POINT, &format!("x-request-id: {odd}\r\n"), b"")
            .await;
        assert_eq!(response.status, 200);
        let id = response.field("x-request-id").expect("an id");
        assert!(!id.is_empty() && id.len() <= 256, "{id}");
    }
}

#[tokio::test]
async fn an_explanation_is_given_when_asked_for_and_the_question_goes_no_further() {
    let origin = counting().await;
    let proxy = over(&origin).await;
    for (method, target) in [
        ("GET", POINT),
        ("PUT", "/collections/a/points?wait=true"),
        ("FROB", "/odd"),
    ] {
        for _ in 0..2 {
            let response = proxy
                .request(method, target, "x-pointsman-explain: 1\r\n", b"")
                .await;
            let text = response
                .field("x-pointsman-explain")
                .expect("an explanation");
            assert!(!text.is_empty());
        }
        assert_eq!(origin.last().field("x-pointsman-explain"), None);
        let response = proxy.request(method, target, "", b"").await;
        assert_eq!(response.field("x-pointsman-explain"), None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hit_tells_a_browser_what_the_response_told_it() {
    let origin = Origin::start(|seen| {
        let from = seen.field("origin").unwrap_or("none");
        let fields =
            format!("content-type: application/json\r\naccess-control-allow-origin: {from}\r\n");
        Step::response(
            200,
            &fields,
            r#"{"result":{"id":7},"status":"ok","time":0.1}"#,
        )
    })
    .await;
    for (dialect, method, target, body) in [
        ("qdrant", "GET", "/collections/a/points/7", ""),
        (
            "neo4j",
            "POST",
            "/db/neo4j/query/v2",
            r#"{"statement":"MATCH (n) RETURN count(n)"}"#,
        ),
    ] {
        let proxy = Setup::new(dialect, &[origin.url()]).start().await;
        for from in ["http://a.test", "http://b.test"] {
            let fields = format!("content-type: application/json\r\norigin: {from}\r\n");
            let ask = || proxy.request(method, target, &fields, body.as_bytes());
            assert!(!ask().await.is_hit(), "{dialect} {from}");
            let again = ask().await;
            assert!(again.is_hit(), "{dialect} {from}: {}", again.cache());
            assert_eq!(again.field("access-control-allow-origin"), Some(from));
        }
    }
}
