//! Endpoints that fail: reads are answered by another one, writes are never sent twice, and a client
//! is always told, in time, in its database's own shape.

use crate::support::wire::ReadError;
use crate::support::{
    Framing, Origin, Proxy, ReceivedRequest, Response, Setup, Step, TIMEOUT, noise, wait_until,
};
use http::Method;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use testbed::faults::{self, Faults, Requests, When};
use testbed::qdrant::Cluster;
use tokio::sync::Notify;

const QUERY: &str = "/collections/a/points/query";
const UPSERT: &str = "/collections/a/points?wait=true";

fn urls(cluster: &Cluster) -> Vec<String> {
    cluster
        .listeners()
        .iter()
        .map(|listener| listener.url())
        .collect()
}

/// One after the other, without a cache, so that every request meets an endpoint, and every endpoint its turn.
fn setup(endpoints: &[String]) -> Setup {
    Setup::new("qdrant", endpoints)
        .service("cache: false")
        .section("balance: {strategy: round_robin, retry_floor: 1000}")
        .section("breaker: {enabled: false}")
}

async fn over(cluster: &Cluster) -> Proxy {
    let proxy = setup(&urls(cluster)).start().await;
    let made = json!({"vectors": {"size": 4, "distance": "Dot"}}).to_string();
    let response = proxy
        .request("PUT", "/collections/a", JSON, made.as_bytes())
        .await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(upsert(&proxy, 1).await.status, 200);
    forget(cluster);
    proxy
}

const JSON: &str = "content-type: application/json\r\n";

fn forget(cluster: &Cluster) {
    cluster
        .listeners()
        .iter()
        .for_each(|listener| listener.faults().reset_counters());
}

async fn upsert(proxy: &Proxy, id: u32) -> Response {
    let body = json!({"points": [{"id": id, "vector": [1.0, 0.0, 0.0, id], "payload": {"n": id}}]});
    proxy
        .request("PUT", UPSERT, JSON, body.to_string().as_bytes())
        .await
}

async fn query(proxy: &Proxy) -> Response {
    let body = json!({"query": [1.0, 0.0, 0.0, 0.0], "limit": 3});
    proxy.post(QUERY, &body.to_string()).await
}

fn writes(cluster: &Cluster) -> u64 {
    cluster
        .listeners()
        .iter()
        .map(|listener| listener.faults().writes())
        .sum()
}

fn queries(cluster: &Cluster) -> u64 {
    let count = |faults: &Faults| faults.count(&Method::POST, QUERY);
    cluster
        .listeners()
        .iter()
        .map(|listener| count(listener.faults()))
        .sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_replica_gone_reads_and_writes_go_elsewhere() {
    let cluster = Cluster::start(3);
    let proxy = over(&cluster).await;
    cluster.kill(1);
    for id in 0..12 {
        assert_eq!(query(&proxy).await.status, 200);
        assert_eq!(upsert(&proxy, id).await.status, 200);
    }
    // Nothing reached the replica that is gone, so nothing was sent twice.
    assert_eq!(writes(&cluster), 12);
    assert_eq!(queries(&cluster), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_replica_that_resets_connections_reads_go_elsewhere() {
    let cluster = Cluster::start(3);
    let proxy = over(&cluster).await;
    cluster.kill(2);
    cluster.restart(2).expect("its port");
    cluster.faults(2).refuse(true);
    for _ in 0..12 {
        assert_eq!(query(&proxy).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_of_which_bytes_were_sent_is_never_sent_twice() {
    let cluster = Cluster::start(3);
    let proxy = over(&cluster).await;
    for (round, cut) in [0, 1, 20].into_iter().enumerate() {
        forget(&cluster);
        cluster
            .faults(0)
            .cut_after(cut, When::Next(2), Requests::Writes);
        let mut failed = 0;
        for id in 0..9 {
            let response = upsert(&proxy, 100 + id).await;
            failed += u32::from(response.status == 500);
            assert!(matches!(response.status, 200 | 500), "{}", response.text());
            if response.status == 500 {
                let text = response.json()["status"]["error"].to_string();
                assert!(text.contains("outcome is unknown"), "{text}");
            }
        }
        assert_eq!(writes(&cluster), 9, "round {round}");
        assert_eq!(failed, 2, "round {round}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idempotent_write_may_be_sent_again_where_the_operator_says_so() {
    let cluster = Cluster::start(2);
    let _first = over(&cluster).await;
    let proxy = setup(&urls(&cluster))
        .service("idempotent: [points.upsert]")
        .start()
        .await;
    cluster
        .faults(0)
        .cut_after(0, When::Always, Requests::Writes);
    for id in 0..4 {
        assert_eq!(upsert(&proxy, id).await.status, 200);
    }
    assert!(writes(&cluster) > 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_whose_buffered_response_is_cut_is_served_by_another_replica() {
    let cluster = Cluster::start(3);
    let proxy = over(&cluster).await;
    for cut in [0, 1, 30] {
        cluster
            .faults(0)
            .cut_after(cut, When::Always, Requests::Reads);
        for _ in 0..6 {
            let response = query(&proxy).await;
            assert_eq!(response.status, 200);
            assert_eq!(response.json()["result"]["points"][0]["id"], 1);
        }
    }
    assert!(queries(&cluster) > 18);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_replica_costs_a_read_its_time_limit_and_a_write_an_error() {
    let cluster = Cluster::start(2);
    let _first = over(&cluster).await;
    let proxy = setup(&urls(&cluster))
        .section("upstream: {read_timeout: 2s, write_timeout: 2s}")
        .section("balance: {strategy: round_robin, retry_floor: 1000, retry_timeouts: true}")
        .start()
        .await;
    cluster.faults(0).hang(Some(Requests::All));
    let mut timeouts = 0;
    for id in 0..4 {
        let begun = Instant::now();
        assert_eq!(query(&proxy).await.status, 200);
        let response = upsert(&proxy, id).await;
        if response.status == 500 {
            timeouts += 1;
            assert!(begun.elapsed() >= Duration::from_secs(2));
            assert!(response.json()["status"]["error"].is_string());
        }
        assert!(begun.elapsed() < TIMEOUT / 3);
    }
    assert!(timeouts > 0);
    assert_eq!(writes(&cluster), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_at_a_replica_that_hangs_goes_elsewhere_when_its_probes_fail() {
    let cluster = Cluster::start(2);
    let _first = over(&cluster).await;
    let proxy = setup(&urls(&cluster))
        .section("health: {interval: 50ms, timeout: 100ms, unhealthy_after: 2}")
        .start()
        .await;
    cluster.faults(0).hang(Some(Requests::All));
    for _ in 0..4 {
        assert_eq!(query(&proxy).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_trickles_in_its_head_is_given_up_in_time() {
    let origin = Origin::start(|_| {
        let mut steps: Vec<Step> = Step::raw("HTTP/1.1 200 OK\r\nx-a: ");
        steps.extend((0..2_000).flat_map(|_| {
            [
                Step::Send(b"a".to_vec()),
                Step::Sleep(Duration::from_millis(10)),
            ]
        }));
        steps
    })
    .await;
    let proxy = setup(&[origin.url()])
        .section("upstream: {read_timeout: 200ms, write_timeout: 200ms}")
        .start()
        .await;
    for (method, status) in [("GET", 504), ("PUT", 500)] {
        let begun = Instant::now();
        let response = proxy.request(method, "/collections/a", "", b"").await;
        assert_eq!(response.status, status);
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_of_a_server_are_asked_again_elsewhere_for_reads_only() {
    for status in [500, 502, 503] {
        let cluster = Cluster::start(2);
        let proxy = over(&cluster).await;
        let error = faults::CannedResponse::json(
            status,
            r#"{"status":{"error":"Service internal error: odd"},"time":0.1}"#,
        );
        cluster.faults(0).respond(error, When::Always);
        let mut failed = 0;
        for id in 0..6 {
            assert_eq!(query(&proxy).await.status, 200, "{status}");
            let response = upsert(&proxy, id).await;
            assert!(
                response.status == 200 || response.status == status,
                "{}",
                response.line
            );
            failed += u32::from(response.status == status);
        }
        assert!(failed > 0, "{status}");
        assert_eq!(writes(&cluster), 6, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_that_all_replicas_make_is_passed_on_as_it_is() {
    let cluster = Cluster::start(3);
    let _first = over(&cluster).await;
    for status in [400, 403, 404, 422, 429, 500, 503] {
        // One of its own for each: the replicas ask to be left alone.
        let proxy = setup(&urls(&cluster)).start().await;
        let body = format!(r#"{{"status":{{"error":"all say {status}"}},"time":0.5}}"#);
        for listener in cluster.listeners() {
            let response =
                faults::CannedResponse::json(status, body.clone()).with_header("retry-after", "7");
            listener.faults().respond(response, When::Always);
        }
        let response = query(&proxy).await;
        assert_eq!(response.status, status);
        assert_eq!(response.text(), body);
        assert_eq!(response.field("retry-after"), Some("7"));
    }
}

/// The reads of a collection went on to a replica that had asked for them to stop.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_asks_to_be_left_alone_takes_no_request_before_its_time() {
    let cluster = Cluster::start(2);
    let proxy = over(&cluster).await;
    let body = r#"{"status":{"error":"Rate limiting exceeded"},"time":0.5}"#;
    let limit = faults::CannedResponse::json(429, body).with_header("retry-after", "30");
    cluster
        .faults(0)
        .respond_only(limit, When::Next(1), Requests::Reads);
    for _ in 0..12 {
        query(&proxy).await;
    }
    assert_eq!(cluster.faults(0).count(&Method::POST, QUERY), 1);
    assert!(cluster.faults(1).count(&Method::POST, QUERY) >= 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_all_replicas_gone_the_refusal_is_quick_and_says_why() {
    let cluster = Cluster::start(2);
    let proxy = setup(&urls(&cluster))
        .section("breaker: {threshold: 1, max_ejected: 1.0}")
        .start()
        .await;
    cluster.kill(0);
    cluster.kill(1);
    let begun = Instant::now();
    for _ in 0..6 {
        for response in [query(&proxy).await, upsert(&proxy, 1).await] {
            assert_eq!(response.status, 503, "{}", response.text());
            assert!(response.json()["status"]["error"].is_string());
            assert_eq!(response.field("content-type"), Some("application/json"));
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    let response = query(&proxy).await;
    assert_eq!(response.status, 503, "{}", response.text());
    let again = response.field("retry-after").expect("when to come back");
    assert!(again.parse::<u64>().is_ok_and(|seconds| seconds >= 1));
    for listener in cluster.listeners() {
        let name = listener.address().to_string().replace(['.', ':'], "-");
        assert!(response.text().contains(&name), "{}", response.text());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_is_cut_while_it_streams_never_ends_cleanly() {
    let length = 3 << 20;
    let origin = Origin::start(move |seen| {
        let whole = noise(length);
        let half = &whole[..length / 2];
        let head = |framing: &str| {
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{framing}\r\n\r\n")
                .into_bytes()
        };
        let bytes = if seen.target().contains("chunked") {
            [
                head("transfer-encoding: chunked"),
                format!("{:x}\r\n", length).into_bytes(),
                half.to_vec(),
            ]
            .concat()
        } else {
            [head(&format!("content-length: {length}")), half.to_vec()].concat()
        };
        vec![Step::Send(bytes), Step::Close]
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("breaker: {enabled: false}")
        .start()
        .await;
    for target in [
        "/collections/a/points/1",
        "/collections/chunked/points/1",
        "/odd",
        "/odd/chunked",
    ] {
        for _ in 0..2 {
            let mut client = proxy.client().await;
            client
                .send(format!("GET {target} HTTP/1.1\r\nhost: t\r\n\r\n"))
                .await;
            let Err(ReadError::Truncated(part)) = client.try_response("GET").await else {
                panic!("{target} ended cleanly");
            };
            assert!(noise(length).starts_with(&part), "{target}");
        }
    }
    // Not even once was it taken from the cache, nor sent again after it had begun.
    assert_eq!(origin.count(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_a_server_closed_while_they_were_idle_are_invisible_to_reads() {
    let origin = Origin::start(|seen| {
        let mut steps = Step::json(200, r#"{"result":{},"status":"ok","time":0.1}"#);
        // Says nothing of it, and closes as soon as it has answered.
        if seen.number % 2 == 0 {
            steps.push(Step::Close);
        }
        steps
    })
    .await;
    let proxy = setup(&[origin.url()]).start().await;
    for _ in 0..60 {
        assert_eq!(
            proxy.request("GET", "/collections/a", "", b"").await.status,
            200
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_closed_under_a_read_is_replaced() {
    // Takes one request on each connection, and closes at the second without a word.
    let seen = std::sync::Arc::new(parking_lot::Mutex::new(std::collections::HashMap::<
        usize,
        u32,
    >::new()));
    let origin = Origin::start(move |request| {
        let mut seen = seen.lock();
        let count = seen.entry(request.connection).or_default();
        *count += 1;
        match *count {
            1 => Step::json(200, r#"{"result":{},"status":"ok","time":0.1}"#),
            _ => vec![Step::Close],
        }
    })
    .await;
    let proxy = setup(&[origin.url()]).start().await;
    for _ in 0..10 {
        assert_eq!(
            proxy.request("GET", "/collections/a", "", b"").await.status,
            200
        );
    }
    // The pool may hand out a new connection instead of the idle one that it is just looking at.
    let mut refused = 0;
    for _ in 0..20 {
        let response = proxy.request("PUT", UPSERT, JSON, b"{}").await;
        refused += usize::from(response.status == 500);
        assert_eq!(
            proxy.request("GET", "/collections/a", "", b"").await.status,
            200
        );
    }
    assert!(refused > 0, "a write is not sent again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_after_a_response_never_become_another_clients_response() {
    let more = Arc::new(Notify::new());
    let told = Arc::clone(&more);
    let origin = Origin::start(move |seen| {
        let body = seen.target().to_owned();
        let one = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let two = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
        match seen.number % 3 {
            0 => Step::raw(format!("{one}{two}")),
            1 => Step::raw(format!("{one}extra")),
            // When the response is taken, and its connection is idle.
            _ => vec![
                Step::Send(one.into_bytes()),
                Step::Wait(Arc::clone(&told)),
                Step::Send(two.as_bytes().to_vec()),
            ],
        }
    })
    .await;
    let proxy = setup(&[origin.url()]).start().await;
    for number in 0..30 {
        let target = format!("/collections/a/points/{number}");
        let response = proxy.request("GET", &target, "", b"").await;
        assert_eq!(response.text(), target);
        if number % 3 == 2 {
            more.notify_one();
        }
        wait_until("the end of its connection", || origin.closed() > number).await;
    }
}

/// What a hostile origin says.
fn hostile() -> Vec<Vec<u8>> {
    let many =
        |line: &str, count| format!("HTTP/1.1 200 OK\r\n{}\r\n", line.repeat(count)).into_bytes();
    let mut all = vec![
        b"garbage\r\n\r\n".to_vec(),
        b"HTTP/9.9 200 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 20 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 99999 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 O\x00K\r\ncontent-length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd".to_vec(),
        b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n".to_vec(),
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n".to_vec(),
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: odd\r\nconnection: upgrade\r\n\r\n".to_vec(),
        b"HTTP/1.1 100 Continue\r\n\r\n".repeat(10_000),
        b"\x16\x03\x01".to_vec(),
        Vec::new(),
        vec![0; 100_000],
    ];
    all.push(many("x-a: b\r\n", 5_000));
    all.push([b"HTTP/1.1 200 OK\r\nx-a: ".to_vec(), vec![b'a'; 3 << 20]].concat());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_origin_gives_502_and_nothing_else_breaks() {
    let all = hostile();
    let count = all.len();
    let origin = Origin::start(move |seen| {
        let number = seen
            .target()
            .rsplit('/')
            .next()
            .and_then(|number| number.parse().ok());
        let bytes: Vec<u8> = number
            .and_then(|number: usize| all.get(number).cloned())
            .unwrap_or_default();
        vec![Step::Send(bytes), Step::Close]
    })
    .await;
    let proxy = setup(&[origin.url()]).start().await;
    for number in 0..count {
        for (method, target) in [
            ("GET", "/collections/a/points"),
            ("PUT", "/collections"),
            ("GET", "/odd"),
        ] {
            let mut client = proxy.client().await;
            client
                .send(format!(
                    "{method} {target}/{number} HTTP/1.1\r\nhost: t\r\n\r\n"
                ))
                .await;
            match client.try_response(method).await {
                Ok(response) => {
                    let status = if method == "PUT" { 500 } else { 502 };
                    assert_eq!(response.status, status, "{number} {method} {target}");
                    assert!(response.json()["status"]["error"].is_string());
                }
                // What is not understood streams: its head was sound, its body broke.
                Err(broken) => {
                    assert_eq!((target, broken), ("/odd", ReadError::Truncated(Vec::new())))
                }
            }
        }
    }
    wait_until("the end of all exchanges", || {
        proxy.server.shared().in_flight() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_shorter_than_its_length_is_no_response() {
    let origin = Origin::start(|_| {
        vec![
            Step::Send(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"result\":{},\"status\":\"ok\"}".to_vec()),
            Step::Close,
        ]
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("breaker: {enabled: false}")
        .start()
        .await;
    for _ in 0..2 {
        assert_eq!(
            proxy.request("GET", "/collections/a", "", b"").await.status,
            502
        );
    }
    assert_eq!(
        proxy
            .request("PUT", "/collections/a", JSON, b"{}")
            .await
            .status,
        500
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_slowly_holds_nobody_and_holds_its_endpoint_back() {
    // More than all socket buffers on the way can take.
    let length: usize = 64 << 20;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let origin = Origin::start(move |seen| match seen.target() {
        "/large" => {
            // Made piece by piece, so that the origin itself holds little.
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            let mut steps = Step::raw(head);
            steps.extend((0..length >> 16).map(|_| Step::Repeat(b'x', 1 << 16)));
            steps.push(Step::Count(Arc::clone(&counter)));
            steps
        }
        _ => Step::response(200, "", "ok"),
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        let mut client = proxy.client().await;
        client.send("GET /large HTTP/1.1\r\nhost: t\r\n\r\n").await;
        slow.push((client.head().await.expect("a head"), client));
    }
    for _ in 0..200 {
        let response = proxy.request("GET", "/collections", "", b"").await;
        assert_eq!(response.body, b"ok");
    }
    assert_eq!(sent.load(Ordering::SeqCst), 0, "it was not held back");
    let (head, mut client) = slow.pop().expect("a client");
    let response = client.body(head, "GET").await.expect("the whole response");
    assert_eq!(
        (response.body.len(), response.framing),
        (length, Framing::Length)
    );
    wait_until("the end of the large response", || {
        sent.load(Ordering::SeqCst) == 1
    })
    .await;
    drop((client, slow));
    wait_until("the end of all exchanges", || {
        proxy.server.shared().in_flight() == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_have_a_budget() {
    let cluster = Cluster::start(2);
    let _first = over(&cluster).await;
    let proxy = Setup::new("qdrant", &urls(&cluster))
        .service("cache: false")
        .section("balance: {strategy: round_robin, retry_floor: 0, retry_budget: 0.1}")
        .section("breaker: {enabled: false}")
        .start()
        .await;
    for listener in cluster.listeners() {
        let error = faults::CannedResponse::json(503, r#"{"status":{"error":"odd"}}"#);
        listener.faults().respond(error, When::Always);
    }
    for _ in 0..100 {
        assert_eq!(query(&proxy).await.status, 503);
    }
    let asked = queries(&cluster);
    assert!((100..=120).contains(&asked), "{asked}");
}

/// The floor of the budget alone would let a slow service have each of its attempts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_fails_as_a_whole_gets_at_most_a_fifth_more_requests() {
    let origin = || Origin::start(|_| Step::json(503, r#"{"status":{"error":"odd"}}"#));
    let origins = [origin().await, origin().await, origin().await];
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    for more in ["breaker: {enabled: true}", "breaker: {enabled: false}"] {
        let before: usize = origins.iter().map(Origin::count).sum();
        let proxy = Setup::new("qdrant", &urls).section(more).start().await;
        for _ in 0..300 {
            assert_eq!(query(&proxy).await.status, 503);
        }
        let asked = origins.iter().map(Origin::count).sum::<usize>() - before;
        assert!(asked <= 360, "{asked} of 300, {more}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_one_node_can_serve_is_sent_to_no_other() {
    let origin = || Origin::start(|_| Step::response(503, "", ""));
    let origins = [origin().await, origin().await, origin().await];
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = setup(&urls).start().await;
    for round in 1..4 {
        let response = proxy
            .request("GET", "/collections/a/snapshots", "", b"")
            .await;
        assert_eq!(response.status, 503);
        let counts: Vec<_> = origins.iter().map(Origin::count).collect();
        assert_eq!(counts.iter().sum::<usize>(), round, "{counts:?}");
        assert!(counts.contains(&round), "{counts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_does_not_take_a_connection_that_was_closed_before() {
    let origin = Origin::start(|_| {
        let mut steps = Step::json(200, "{}");
        steps.push(Step::Close);
        steps
    })
    .await;
    let proxy = setup(&[origin.url()]).start().await;
    for round in 1..30 {
        assert_eq!(proxy.request("PUT", UPSERT, JSON, b"{}").await.status, 200);
        wait_until("the end of the connection", || origin.closed() == round).await;
    }
    assert_eq!(origin.count(), 29);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_for_which_a_member_lags_is_served_by_the_writer() {
    const LAGS: &str = r#"{"errors":[{"code":"Neo.TransientError.Transaction.BookmarkTimeout","message":"behind"}]}"#;
    let lagging = || Origin::start(|_| Step::json(503, LAGS));
    let (one, other) = (lagging().await, lagging().await);
    let leader = Origin::start(|_| {
        Step::json(
            202,
            r#"{"data":{"fields":["n"],"values":[[1]]},"bookmarks":["b"]}"#,
        )
    })
    .await;
    let member = |origin: &Origin, role: &str| format!("{{url: '{}', role: {role}}}", origin.url());
    let endpoints = [
        member(&one, "reader"),
        member(&other, "reader"),
        member(&leader, "writer"),
    ];
    let proxy = Setup::new("neo4j", &endpoints)
        .section("balance: {max_retries: 2, strategy: round_robin}")
        .section("cache: {enabled: false}")
        .start()
        .await;
    let asked = || {
        let statements = |seen: &ReceivedRequest| seen.target() == "/db/neo4j/query/v2";
        let count = |origin: &Origin| origin.received().iter().filter(|s| statements(s)).count();
        count(&one) + count(&other)
    };
    let before = asked();
    for round in 0..6 {
        let response = proxy
            .post("/db/neo4j/query/v2", r#"{"statement":"RETURN 1 AS n"}"#)
            .await;
        assert_eq!(response.status, 202, "{}", response.text());
        assert!(
            asked() - before <= round + 1,
            "one member each time at most"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_connection_costs_no_retry_budget_and_a_broken_exchange_does() {
    let gone = || async { Origin::start(|_| Vec::new()).await.url() };
    let alive = Origin::start(|_| Step::json(200, r#"{"result":[],"status":"ok","time":0}"#)).await;
    let without = |first: String| {
        Setup::new("qdrant", &[first, alive.url()])
            .service("cache: false")
            .section("balance: {strategy: round_robin, retry_budget: 0, retry_floor: 0}")
            .section("breaker: {enabled: false}")
            .start()
    };
    let proxy = without(gone().await).await;
    for _ in 0..20 {
        assert_eq!(query(&proxy).await.status, 200);
    }
    let breaks = Origin::start(|_| vec![Step::Close]).await;
    let proxy = without(breaks.url()).await;
    let mut failed = 0;
    for _ in 0..20 {
        failed += u32::from(query(&proxy).await.status == 502);
    }
    assert_eq!(failed, 10);
    // Nobody there: the refusal names everyone, and why.
    let proxy = Setup::new(
        "qdrant",
        &[
            gone().await,
            "{url: 'http://nowhere.invalid:6333', name: other}".into(),
        ],
    )
    .section("breaker: {enabled: false}")
    .start()
    .await;
    let response = upsert(&proxy, 1).await;
    assert_eq!(response.status, 503);
    assert!(
        response.text().contains("connect_refused"),
        "{}",
        response.text()
    );
    assert!(
        response.text().contains("other unresolved"),
        "{}",
        response.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_whose_endpoints_never_responded_is_not_ready() {
    let gone = Origin::start(|_| Vec::new()).await.url();
    let proxy = Setup::new("qdrant", &[gone])
        .section("health: {enabled: true}")
        .start()
        .await;
    let url = format!("http://{}/readyz", proxy.server.admin());
    let response = reqwest::get(url).await.expect("a response");
    assert_eq!(response.status(), 503);
    let text = response.text().await.expect("a text");
    assert!(text.contains("no endpoint has answered yet"), "{text}");
}
