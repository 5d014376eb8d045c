//! How a stop meets clients: what is under way ends, what is idle is closed, nothing new begins.

use crate::support::{Origin, Setup, Step, in_time, wait_until};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::Notify;

async fn gated() -> (Origin, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    let wait = Arc::clone(&gate);
    let origin = Origin::start(move |seen| {
        let mut steps = Vec::new();
        if seen.target().contains("slow") {
            steps.push(Step::Wait(Arc::clone(&wait)));
        }
        steps.extend(Step::response(200, "", "ok"));
        steps
    })
    .await;
    (origin, gate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_waits_for_what_is_under_way_and_closes_what_is_idle() {
    let (origin, gate) = gated().await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    let (address, shared) = (proxy.address, Arc::clone(proxy.server.shared()));
    let mut idle = proxy.client().await;
    assert_eq!(idle.request("GET", "/x", "", b"").await.status, 200);
    let mut silent = proxy.client().await;
    let mut busy = proxy.client().await;
    busy.send("PUT /slow HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n")
        .await;
    wait_until("the request", || origin.count() == 2).await;
    let stop = tokio::spawn(proxy.server.stop());
    assert!(idle.is_closed().await);
    assert!(silent.is_closed().await);
    assert_eq!(shared.in_flight(), 1);
    assert!(!stop.is_finished());
    let refused = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    in_time("the end of accepting", refused).await;
    gate.notify_one();
    let response = busy.response().await;
    assert_eq!(
        (response.status, response.field("connection")),
        (200, Some("close"))
    );
    assert!(busy.is_closed().await);
    assert_eq!(in_time("the stop", stop).await.expect("no panic"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_with_nothing_under_way_is_immediate() {
    let (origin, _gate) = gated().await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    assert_eq!(proxy.request("GET", "/x", "", b"").await.status, 200);
    let begun = Instant::now();
    assert_eq!(proxy.server.stop().await, 0);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_has_a_limit_and_says_how_many_requests_it_cut() {
    let (origin, _gate) = gated().await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    let mut busy = proxy.client().await;
    busy.send("PUT /slow HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n")
        .await;
    wait_until("the request", || origin.count() == 1).await;
    let cut = proxy.server.stop_within(Duration::from_millis(50)).await;
    assert_eq!(cut, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_ends_its_read_but_not_its_write() {
    let (origin, gate) = gated().await;
    let proxy = Setup::new("qdrant", &[origin.url()]).start().await;
    let mut reader = proxy.client().await;
    reader
        .send("GET /collections/a/points/7?consistency=all&slow HTTP/1.1\r\nhost: t\r\n\r\n")
        .await;
    wait_until("the read", || origin.count() == 1).await;
    drop(reader);
    wait_until("its end", || proxy.server.shared().in_flight() == 0).await;
    let mut writer = proxy.client().await;
    writer
        .send("PUT /collections/a/points?slow&wait=true HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\n\r\n{}")
        .await;
    wait_until("the write", || origin.count() == 2).await;
    drop(writer);
    // The origin still holds the read's gate as well: the waiting ones are let through.
    gate.notify_waiters();
    wait_until("the write's end", || {
        gate.notify_waiters();
        proxy.server.shared().in_flight() == 0
    })
    .await;
    assert_eq!(
        origin
            .received()
            .iter()
            .filter(|seen| seen.method() == "PUT")
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_clients_than_places_wait_their_turn() {
    let (origin, _gate) = gated().await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("path: {max_clients: 2}")
        .start()
        .await;
    let mut first = proxy.client().await;
    assert_eq!(first.request("GET", "/x", "", b"").await.status, 200);
    let mut second = proxy.client().await;
    assert_eq!(second.request("GET", "/x", "", b"").await.status, 200);
    let mut third = proxy.client().await;
    third.send("GET /third HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(first.request("GET", "/x", "", b"").await.status, 200);
    assert_eq!(origin.count(), 3);
    drop(second);
    assert_eq!(third.response().await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_under_way_is_listed_with_the_endpoint_that_has_it() {
    let (origin, gate) = gated().await;
    let proxy = Setup::new(
        "qdrant",
        &[format!("{{url: '{}', name: one}}", origin.url())],
    )
    .start()
    .await;
    let targets = ["GET /collections/a/points/7?slow", "PUT /slow"];
    for (count, target) in targets.into_iter().enumerate() {
        let mut client = proxy.client().await;
        client
            .send(format!(
                "{target} HTTP/1.1\r\nhost: t\r\ncontent-length: 0\r\n\r\n"
            ))
            .await;
        wait_until("the request", || origin.count() == count + 1).await;
        let running = proxy.server.shared().observer.running(10);
        let at = running
            .first()
            .and_then(|one| one.assigned_instances.values().next());
        assert_eq!(at.map(|name| &**name), Some("one"), "{target}");
        gate.notify_one();
        assert_eq!(client.response().await.status, 200);
        wait_until("its end", || proxy.server.shared().in_flight() == 0).await;
    }
}
