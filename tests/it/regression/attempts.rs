//! What the figures of an attempt say, and what an endpoint's state learns from it.

use crate::support::{Client, Origin, Proxy, SERVICE, Setup, Step, in_time, over, wait_until};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

const POINT: &str = "/collections/a/points/7";

/// A client that has sent its request for the point.
async fn asked_for_point(proxy: &Proxy) -> Client {
    let mut client = proxy.client().await;
    client
        .send(format!("GET {POINT} HTTP/1.1\r\nhost: t\r\n\r\n"))
        .await;
    client
}

/// The sum of the attempts with this fault.
async fn attempts(proxy: &Proxy, fault: &str) -> f64 {
    let fault = format!("fault=\"{fault}\"");
    proxy.series("pointsman_attempts_total", &[&fault]).await
}

async fn until_attempts(proxy: &Proxy, fault: &str, count: f64) {
    crate::support::eventually("the attempt in the figures", || async {
        attempts(proxy, fault).await == count
    })
    .await;
}

/// The attempts of the newest request, as explanations give them.
fn newest(proxy: &Proxy) -> serde_json::Value {
    let seen = proxy.server.shared().observer.newest(1);
    serde_json::to_value(&seen[0].route.attempts).expect("a list")
}

/// An attempt whose client left stood in no figure and in no explanation.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attempt_whose_client_left_is_counted_and_teaches_nothing_of_the_endpoint() {
    for (method, target) in [
        ("GET", POINT),
        ("POST", "/collections/a/points/search/groups"),
    ] {
        let never = Arc::new(Notify::new());
        let gate = Arc::clone(&never);
        let origin = Origin::start(move |_| vec![Step::Wait(Arc::clone(&gate))]).await;
        let proxy = over(&origin).await;
        let mut client = proxy.client().await;
        let head =
            format!("{method} {target} HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\n\r\n{{}}");
        client.send(head).await;
        wait_until("the request", || origin.count() == 1).await;
        drop(client);
        until_attempts(&proxy, "client", 1.0).await;
        let assigned = ["result=\"assigned\""];
        assert_eq!(
            proxy.series("pointsman_assignments_total", &assigned).await,
            1.0
        );
        wait_until("the record", || proxy.server.shared().observer.kept() == 1).await;
        let noted = newest(&proxy);
        assert_eq!(noted[0]["code"], "abandoned", "{noted}");
        let snapshot = proxy.server.shared().snapshot();
        let service = snapshot.service(SERVICE).expect("the service");
        let state = &service.pool.endpoints()[0].state;
        let totals = state.totals();
        assert_eq!((totals.successes, totals.errors, totals.aborted), (0, 0, 1));
        assert_eq!(state.in_flight(), 0);
    }
}

/// A request that led a fetch and left stood in no figure, though others waited for the fetch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_whose_leader_left_is_counted_when_it_ends_for_those_who_stayed() {
    let gate = Arc::new(Notify::new());
    let step = Arc::clone(&gate);
    let origin = Origin::start(move |_| {
        let mut steps = vec![Step::Wait(Arc::clone(&step))];
        steps.extend(Step::json(
            200,
            r#"{"result":{"id":7},"status":"ok","time":0.1}"#,
        ));
        steps
    })
    .await;
    let proxy = Arc::new(over(&origin).await);
    let leader = asked_for_point(&proxy).await;
    wait_until("the fetch", || origin.count() == 1).await;
    let follower = {
        let proxy = Arc::clone(&proxy);
        tokio::spawn(async move { proxy.request("GET", POINT, "", b"").await })
    };
    let cache = &proxy.server.shared().cache;
    wait_until("the follower", || cache.stats().total.misses == 2).await;
    drop(leader);
    let observer = &proxy.server.shared().observer;
    wait_until("the leader's record", || observer.kept() == 1).await;
    let running = observer.running(9);
    let asked = running
        .iter()
        .filter(|one| !one.assigned_instances.is_empty());
    assert_eq!(asked.count(), 1, "the fetch goes on, and is listed");
    gate.notify_one();
    let response = in_time("the response", follower).await.expect("no panic");
    assert_eq!(response.status, 200);
    until_attempts(&proxy, "none", 1.0).await;
    let seen = observer.newest(2);
    let leaders = serde_json::to_value(&seen[1].route.attempts).expect("a list");
    assert_eq!(leaders[0]["status"], 200, "{leaders}");
}

/// An origin whose long response is cut after `length` bytes, some time after its head.
async fn cut_after(length: usize, wait: Duration) -> Origin {
    Origin::start(move |_| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9000000\r\n\r\n";
        vec![
            Step::Send(head.into()),
            Step::Repeat(b' ', length),
            Step::Sleep(wait),
            Step::Close,
        ]
    })
    .await
}

/// A response that was cut while it streamed counted as a success, in the time of its head.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_its_endpoint_cuts_is_its_fault_in_the_figures_and_for_its_breaker() {
    let origin = cut_after(3 << 20, Duration::from_millis(300)).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("breaker: {threshold: 1}")
        .start()
        .await;
    let mut client = asked_for_point(&proxy).await;
    assert!(client.try_response("GET").await.is_err(), "it is cut");
    until_attempts(&proxy, "endpoint", 1.0).await;
    assert_eq!(attempts(&proxy, "none").await, 0.0);
    let time = proxy
        .series("pointsman_upstream_duration_seconds_sum", &[])
        .await;
    assert!(
        time >= 0.3,
        "the time of all of it, not of its head: {time}"
    );
    wait_until("the record", || proxy.server.shared().observer.kept() == 1).await;
    let noted = newest(&proxy);
    assert_eq!(
        (&noted[0]["fault"], &noted[0]["code"]),
        (&"endpoint".into(), &"closed".into())
    );
    let open = ["state=\"open\""];
    assert_eq!(proxy.series("pointsman_breaker_state", &open).await, 1.0);
}

/// The same, cut by the client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_a_streaming_response_is_no_fault_of_the_endpoint() {
    let origin = cut_after(3 << 20, Duration::from_secs(60)).await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("breaker: {threshold: 1}")
        .start()
        .await;
    let mut client = asked_for_point(&proxy).await;
    client.head().await.expect("a head");
    client.read(2 << 20).await;
    drop(client);
    until_attempts(&proxy, "client", 1.0).await;
    assert_eq!(attempts(&proxy, "none").await, 0.0);
    let open = ["state=\"open\""];
    assert_eq!(proxy.series("pointsman_breaker_state", &open).await, 0.0);
}

/// Fields that only pointsman may set reached clients in informational responses.
#[tokio::test]
async fn an_endpoint_cannot_set_our_fields_in_an_informational_response() {
    let origin = Origin::start(|_| {
        let hint = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nx-pointsman-cache: hit\r\nconnection: x-b\r\nx-b: 1\r\n\r\n";
        let mut steps = Step::raw(hint);
        steps.extend(Step::response(200, "x-pointsman-cache: hit\r\n", "ok"));
        steps
    })
    .await;
    let proxy = Setup::new("http", &[origin.url()]).start().await;
    let mut client = proxy.client().await;
    client
        .send("POST /x HTTP/1.1\r\nhost: t\r\ncontent-length: 1\r\n\r\nx")
        .await;
    let hint = client.head().await.expect("a head");
    assert_eq!((hint.status, hint.field("link")), (103, Some("</a>")));
    assert_eq!(
        (hint.field("x-pointsman-cache"), hint.field("x-b")),
        (None, None)
    );
    let response = client.response_to("POST").await;
    assert!(!response.is_hit());
}

/// A request that followed another's fetch waited `cache.share_wait`, whatever its own time limit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_leaves_time_to_ask_for_itself_within_its_own_limit() {
    let never = Arc::new(Notify::new());
    let gate = Arc::clone(&never);
    let origin = Origin::start(move |seen| match seen.number {
        0 => vec![Step::Wait(Arc::clone(&gate))],
        _ => Step::json(200, r#"{"result":{"id":7},"status":"ok","time":0.1}"#),
    })
    .await;
    let proxy = Setup::new("qdrant", &[origin.url()])
        .section("cache: {share_wait: 1h}")
        .start()
        .await;
    let _leader = asked_for_point(&proxy).await;
    wait_until("the fetch", || origin.count() == 1).await;
    let limited = format!("{POINT}?timeout=1");
    let response = proxy.request("GET", &limited, "", b"").await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(origin.count(), 2);
}
