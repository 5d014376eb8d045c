//! The process: the binary as it is run, its log, its signals and its end.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;
use testbed::faults::Requests;
use testbed::qdrant::Cluster;
use tokio::net::TcpStream;

use crate::support::{Process, eventually};
use crate::trial::client::{Client, HttpRequest};

fn text(cluster: &Cluster, listen: &str, more: &str) -> String {
    format!(
        "services:\n  vectors: {{dialect: qdrant, listen: '{listen}', endpoints: ['{}']}}\n\
         admin: {{listen: '127.0.0.1:0'}}\n{more}",
        cluster.url(0)
    )
}

async fn get(url: &str) -> u16 {
    let request = HttpRequest::new("GET", url.to_owned(), Value::Null);
    let response = Client::default().send(&request, None).await;
    response.map_or(0, |response| response.status)
}

/// Waits until the slow request is at the replica.
async fn arrived(cluster: &Cluster) {
    eventually("the request to arrive", || async {
        let asked = cluster
            .faults(0)
            .count(&http::Method::GET, "/collections/slow/exists");
        asked > 0
    })
    .await;
}

#[tokio::test]
async fn a_hangup_reloads_and_the_log_follows_its_new_filter() {
    let cluster = Cluster::start(1);
    let process = Process::start(&text(&cluster, "127.0.0.1:0", ""));
    process.url(&["listening", "service=\"vectors\""]).await;
    let next = text(
        &cluster,
        "127.0.0.1:0",
        "observe: {log: debug}\nprocess: {reload_delay: 1h}\n",
    );
    std::fs::write(&process.file, next).unwrap();
    process.signal("HUP");
    process
        .says(&["configuration taken", "cause=\"signal\""])
        .await;
    std::fs::write(&process.file, "services: {").unwrap();
    process.signal("HUP");
    process
        .says(&[
            "ERROR",
            "the configuration is refused; the one before stays",
        ])
        .await;
}

#[tokio::test]
async fn a_stop_lets_requests_in_flight_end_and_ends_with_success() {
    let cluster = Cluster::start(1);
    let mut process = Process::start(&text(
        &cluster,
        "127.0.0.1:0",
        "process: {drain_delay: 1ms}\n",
    ));
    let url = process.url(&["listening", "service=\"vectors\""]).await;
    let admin = process.ready_admin().await;
    cluster
        .faults(0)
        .delay(Duration::from_secs(2), Requests::Reads);
    let slow = format!("{url}/collections/slow/exists");
    let request = tokio::spawn(async move { get(&slow).await });
    arrived(&cluster).await;
    process.signal("TERM");
    process.says(&["waiting for requests in flight"]).await;
    assert_eq!(get(&format!("{admin}/readyz")).await, 503);
    assert_eq!(request.await.unwrap(), 200);
    assert_eq!(process.end().await.code(), Some(0));
    assert_eq!(get(&url).await, 0);
}

#[tokio::test]
async fn after_sigterm_readiness_fails_while_new_clients_are_served() {
    let cluster = Cluster::start(1);
    let mut process = Process::start(&text(
        &cluster,
        "127.0.0.1:0",
        "process: {drain_delay: 1h}\n",
    ));
    let url = process.url(&["listening", "service=\"vectors\""]).await;
    let admin = process.ready_admin().await;
    process.signal("TERM");
    process.says(&["stopping", "delay=3600s"]).await;
    assert_eq!(get(&format!("{admin}/readyz")).await, 503);
    for _ in 0..3 {
        assert_eq!(get(&format!("{url}/collections")).await, 200);
    }
    process.signal("TERM");
    assert_eq!(process.end().await.code(), Some(1));
}

#[tokio::test]
async fn sigint_stops_without_the_delay() {
    let cluster = Cluster::start(1);
    let mut process = Process::start(&text(
        &cluster,
        "127.0.0.1:0",
        "process: {drain_delay: 1h}\n",
    ));
    process.ready_admin().await;
    process.signal("INT");
    assert_eq!(process.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let cluster = Cluster::start(1);
    let mut process = Process::start(&text(
        &cluster,
        "127.0.0.1:0",
        "process: {drain_delay: 1ms, drain_limit: 1h}\n",
    ));
    let url = process.url(&["listening", "service=\"vectors\""]).await;
    cluster.faults(0).hang(Some(Requests::Reads));
    let stuck = format!("{url}/collections/slow/exists");
    let request = tokio::spawn(async move { get(&stuck).await });
    arrived(&cluster).await;
    process.signal("TERM");
    process.says(&["waiting for requests in flight"]).await;
    process.signal("INT");
    assert_eq!(process.end().await.code(), Some(1));
    process.says(&["ending at once"]).await;
    assert_eq!(request.await.unwrap(), 0);
}

#[tokio::test]
async fn a_port_in_use_is_told_plainly() {
    let cluster = Cluster::start(1);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut process = Process::start(&text(&cluster, &address, ""));
    assert_eq!(process.end().await.code(), Some(1));
    let words = [
        "service vectors cannot listen on",
        &address,
        "another process uses the port",
    ];
    process.says(&words).await;
}

/// Connections that say nothing.
async fn idle_clients(url: &str, count: usize) -> Vec<TcpStream> {
    let address = url.trim_start_matches("http://");
    let mut clients = Vec::new();
    for _ in 0..count {
        let connecting = TcpStream::connect(address);
        let connected = tokio::time::timeout(Duration::from_secs(20), connecting).await;
        clients.push(connected.expect("room in the backlog").unwrap());
    }
    clients
}

async fn text_of(url: &str) -> String {
    let got = reqwest::get(url).await.unwrap();
    got.text().await.unwrap()
}

#[tokio::test]
async fn more_idle_clients_than_open_files_cost_neither_the_admin_api_nor_the_endpoints() {
    let cluster = Cluster::start(1);
    let config = text(&cluster, "127.0.0.1:0", "health: {interval: 20ms}\n");
    let process = Process::limited(&config, 64);
    let url = process.url(&["listening", "service=\"vectors\""]).await;
    let admin = process.ready_admin().await;
    process
        .says(&["64 files", "path.max_clients is lowered from 10000 to"])
        .await;
    let probed = || cluster.faults(0).count(&http::Method::GET, "/readyz");
    let crowd = idle_clients(&url, 200).await;
    let before = probed();
    eventually("probes amid the crowd", || async { probed() > before + 10 }).await;
    assert_eq!(get(&format!("{admin}/readyz")).await, 200);
    let metrics = text_of(&format!("{admin}/metrics")).await;
    let healthy = metrics.lines().find(|line| {
        line.starts_with("pointsman_endpoint_status") && line.contains("state=\"healthy\"")
    });
    assert!(
        healthy.is_some_and(|line| line.ends_with(" 1")),
        "{metrics}"
    );
    drop(crowd);
    eventually("traffic after the crowd", || async {
        get(&format!("{url}/collections")).await == 200
    })
    .await;
    assert_eq!(get(&format!("{admin}/readyz")).await, 200);
}

#[tokio::test]
async fn a_process_that_may_open_too_few_files_says_so_and_does_not_start() {
    let cluster = Cluster::start(1);
    let mut process = Process::limited(&text(&cluster, "127.0.0.1:0", ""), 30);
    assert_eq!(process.end().await.code(), Some(1));
    process.says(&["may open 30 files", "ulimit -n"]).await;
}

/// The backlog was the standard library's: 128, and the 130th client waited for a second or more.
#[tokio::test]
async fn a_burst_of_clients_beyond_the_places_is_connected_at_once() {
    let cluster = Cluster::start(1);
    let config = text(&cluster, "127.0.0.1:0", "path: {max_clients: 1}\n");
    let process = Process::start(&config);
    let url = process.url(&["listening", "service=\"vectors\""]).await;
    let begun = Instant::now();
    idle_clients(&url, 400).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_request_for_which_no_file_can_be_opened_is_refused_and_blames_no_endpoint() {
    let cluster = Cluster::start(1);
    let config = text(
        &cluster,
        "127.0.0.1:0",
        "upstream: {idle_timeout: 1ms}\ncache: {enabled: false}\nbreaker: {threshold: 1}\nhealth: {interval: 20ms}\n",
    );
    let process = Process::start(&config);
    let url = process.url(&["listening", "service=\"vectors\""]).await;
    let admin = process.ready_admin().await;
    let client = Client::default();
    let request = HttpRequest::new("GET", format!("{url}/collections"), Value::Null);
    assert_eq!(client.send(&request, None).await.unwrap().status, 200);
    process.set_open_files(3);
    // The idle connection is used as long as it is there.
    eventually("the first refusal", || async {
        client.send(&request, None).await.unwrap().status == 503
    })
    .await;
    for _ in 0..5 {
        let refused = client.send(&request, None).await.unwrap();
        assert_eq!(refused.status, 503, "{refused:?}");
    }
    process.set_open_files(u64::MAX);
    assert_eq!(client.send(&request, None).await.unwrap().status, 200);
    assert_eq!(get(&format!("{admin}/readyz")).await, 200);
    assert_eq!(process.line(&["breaker_opened"]), None);
}
