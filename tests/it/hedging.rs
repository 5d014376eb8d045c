//! A read that takes longer than nearly all of its shape is sent to a second endpoint as well.

use crate::support::{Origin, Proxy, SERVICE, Setup, Step, eventually, wait_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub const READ: &str = "/collections/a/points/7";
const POINT: &str = r#"{"result":{"id":7},"status":"ok","time":0.0}"#;
/// Reads until their times are known. One less than earns a hedge, so that none of these is hedged.
const QUICK: usize = 49;

/// Origins that respond at once to the first reads of all, and then as a script says.
pub async fn origins<const COUNT: usize>(
    script: impl Fn(usize) -> Vec<Step> + Send + Sync + Clone + 'static,
) -> [Origin; COUNT] {
    let arrived = Arc::new(AtomicUsize::new(0));
    let mut origins = Vec::new();
    for _ in 0..COUNT {
        let (arrived, script) = (Arc::clone(&arrived), script.clone());
        let origin = Origin::start(move |_| {
            match arrived.fetch_add(1, Ordering::SeqCst).checked_sub(QUICK) {
                Some(number) => script(number),
                None => Step::json(200, POINT),
            }
        });
        origins.push(origin.await);
    }
    origins.try_into().ok().expect("so many")
}

/// Sends the reads that are responded to at once.
pub async fn warm(proxy: &Proxy) {
    for _ in 0..QUICK {
        assert_eq!(proxy.request("GET", READ, "", b"").await.status, 200);
    }
}

/// A proxy over origins of which the times of reads are known.
async fn over(origins: &[Origin], balance: &str) -> Proxy {
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("qdrant", &urls)
        .service("cache: false")
        .section(&format!("balance: {{strategy: round_robin{balance}}}"))
        .start()
        .await;
    warm(&proxy).await;
    proxy
}

fn never() -> Vec<Step> {
    vec![Step::AwaitClose]
}

/// Responds after so many milliseconds.
pub fn after(millis: u64) -> Vec<Step> {
    let mut steps = vec![Step::Sleep(Duration::from_millis(millis))];
    steps.extend(Step::json(200, POINT));
    steps
}

fn broken() -> Vec<Step> {
    let mut steps = vec![Step::Sleep(Duration::from_millis(200))];
    steps.extend(Step::raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"));
    steps.push(Step::Close);
    steps
}

fn asked(origins: &[Origin]) -> usize {
    origins.iter().map(Origin::count).sum::<usize>() - QUICK
}

async fn hedges(proxy: &Proxy, result: &str) -> f64 {
    let result = format!("result=\"{result}\"");
    proxy.series("pointsman_hedges_total", &[&result]).await
}

async fn status(proxy: &Proxy) -> u16 {
    proxy.request("GET", READ, "", b"").await.status
}

/// The reasons and codes of the attempts of the newest request.
async fn attempts(proxy: &Proxy) -> Vec<(String, String)> {
    let observer = &proxy.server.shared().observer;
    wait_until("the records", || observer.kept() > QUICK).await;
    let seen = observer.newest(1);
    let noted = serde_json::to_value(&seen[0].route.attempts).expect("a list");
    let noted = noted.as_array().expect("a list").iter();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    noted
        .map(|one| (word(&one["reason"]), word(&one["code"])))
        .collect()
}

async fn until_nothing_is_in_flight(proxy: &Proxy) {
    let snapshot = proxy.server.shared().snapshot();
    let service = snapshot.service(SERVICE).expect("the service");
    let endpoints = service.pool.endpoints();
    let idle = || endpoints.iter().all(|one| one.state.in_flight() == 0);
    wait_until("no permit held", idle).await;
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(one, other): &(&str, &str)| (one.to_string(), other.to_string());
    pairs.iter().map(owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_response_of_a_second_endpoint_is_given_and_the_first_attempt_is_cancelled_at_once() {
    let origins: [_; 2] = origins(|number| if number == 0 { never() } else { after(0) }).await;
    let proxy = over(&origins, "").await;
    let begun = Instant::now();
    assert_eq!(status(&proxy).await, 200);
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(asked(&origins), 2);
    wait_until("the end of the first attempt's connection", || {
        origins.iter().map(Origin::closed).sum::<usize>() == 1
    })
    .await;
    until_nothing_is_in_flight(&proxy).await;
    let noted = attempts(&proxy).await;
    let expected = [("rotation", "hedge_cancelled"), ("hedge", "ok")];
    assert_eq!(noted, pairs(&expected));
    assert_eq!(hedges(&proxy, "won").await, 1.0);
    assert_eq!(proxy.series("pointsman_retries_total", &[]).await, 0.0);
    assert_eq!(
        proxy
            .series("pointsman_attempts_total", &["fault=\"none\""])
            .await,
        QUICK as f64 + 2.0
    );
}

/// It waited for the second attempt, as for a better response.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_response_that_is_not_asked_for_again_is_given_while_a_second_attempt_goes_on() {
    let missing = |steps: Vec<Step>| {
        let error = r#"{"status":{"error":"Not found: Collection `a` doesn't exist!"}}"#;
        steps.into_iter().chain(Step::json(404, error)).collect()
    };
    let origins: [_; 2] = origins(move |number| match number {
        // Both say so: it is no longer known to exist.
        0 | 1 => missing(Vec::new()),
        2 => missing(vec![Step::Sleep(Duration::from_millis(400))]),
        _ => never(),
    })
    .await;
    let proxy = over(&origins, "").await;
    assert_eq!((status(&proxy).await, asked(&origins)), (404, 2));
    let begun = Instant::now();
    assert_eq!((status(&proxy).await, asked(&origins)), (404, 4));
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(hedges(&proxy, "lost").await, 1.0);
    until_nothing_is_in_flight(&proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_attempt_that_is_slower_is_cancelled() {
    let origins: [_; 2] = origins(|number| if number == 0 { after(300) } else { never() }).await;
    let proxy = over(&origins, "").await;
    assert_eq!(status(&proxy).await, 200);
    wait_until("the end of the second attempt's connection", || {
        origins.iter().map(Origin::closed).sum::<usize>() == 1
    })
    .await;
    until_nothing_is_in_flight(&proxy).await;
    let noted = attempts(&proxy).await;
    let expected = [("rotation", "ok"), ("hedge", "hedge_cancelled")];
    assert_eq!(noted, pairs(&expected));
    assert_eq!(hedges(&proxy, "lost").await, 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_attempt_that_fails_meanwhile_is_no_retry() {
    let script = |number| if number == 0 { broken() } else { after(400) };
    let origins: [_; 2] = origins(script).await;
    let proxy = over(&origins, ", retry_budget: 0, retry_floor: 0").await;
    assert_eq!(status(&proxy).await, 200);
    assert_eq!(asked(&origins), 2);
    assert_eq!(hedges(&proxy, "won").await, 1.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_attempt_that_fails_leaves_the_first_its_time() {
    let script = |number| if number == 0 { after(600) } else { broken() };
    let origins: [_; 2] = origins(script).await;
    let proxy = over(&origins, "").await;
    let response = proxy.request("GET", READ, "x-pointsman-explain: 1\r\n", b"");
    assert_eq!(response.await.status, 200);
    assert_eq!(asked(&origins), 2);
    assert_eq!(hedges(&proxy, "failed").await, 1.0);
    let seen = proxy.server.shared().observer.newest(1);
    assert!(seen[0].succeeded(), "the first attempt decided");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_ends_both_attempts() {
    let origins: [_; 2] = origins(|_| never()).await;
    let proxy = over(&origins, "").await;
    let mut client = proxy.client().await;
    let request = format!("GET {READ} HTTP/1.1\r\nhost: t\r\n\r\n");
    client.send(request).await;
    wait_until("two attempts", || asked(&origins) == 2).await;
    drop(client);
    wait_until("the ends of both connections", || {
        origins.iter().map(Origin::closed).sum::<usize>() == 2
    })
    .await;
    until_nothing_is_in_flight(&proxy).await;
    eventually("the count", || async {
        hedges(&proxy, "abandoned").await == 1.0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_and_reads_of_one_attempt_get_no_second_one() {
    for (method, balance) in [("PUT", ""), ("GET", ", max_retries: 1")] {
        let origins: [_; 2] = origins(|_| after(300)).await;
        let proxy = over(&origins, balance).await;
        let (target, body) = match method {
            "PUT" => ("/collections/a/points", r#"{"points":[]}"#),
            _ => (READ, ""),
        };
        for _ in 0..2 {
            let fields = "content-type: application/json\r\n";
            let response = proxy.request(method, target, fields, body.as_bytes()).await;
            assert_eq!(response.status, 200);
        }
        assert_eq!(asked(&origins), 2, "{method}");
    }
}

/// Another replica may lag behind the write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_what_was_written_through_this_process_stays_at_its_home() {
    let origins: [_; 2] = origins(|_| after(300)).await;
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("qdrant", &urls).start().await;
    let upsert = "/collections/a/points?wait=true";
    let json = "content-type: application/json\r\n";
    let written = proxy
        .request("PUT", upsert, json, br#"{"points":[]}"#)
        .await;
    assert_eq!(written.status, 200);
    for id in 1..=QUICK {
        let target = format!("/collections/a/points/{id}");
        let response = proxy.request("GET", &target, "", b"").await;
        assert!(!response.is_hit(), "each id is another read");
    }
    assert_eq!(asked(&origins), 1, "the last one was slow");
    assert!(origins.iter().any(|origin| origin.count() == 0));
    assert_eq!(proxy.series("pointsman_hedges_total", &[]).await, 0.0);
}

/// Both attempts carry the fence, and the write that it tells goes out once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fenced_read_that_turns_out_to_be_a_write_is_written_once_also_when_it_was_hedged() {
    const REFUSED: &str = r#"{"errors":[{"code":"Neo.ClientError.Statement.AccessMode","message":"Writing in read access mode not allowed."}]}"#;
    const ROWS: &str = r#"{"data":{"fields":["n"],"values":[[1]]},"bookmarks":["b"]}"#;
    let is_fenced = |body: &[u8]| String::from_utf8_lossy(body).contains("READ");
    let reads = Arc::new(AtomicUsize::new(0));
    let origin = || {
        let reads = Arc::clone(&reads);
        Origin::start(move |seen| {
            if !is_fenced(&seen.body) {
                return Step::json(202, ROWS);
            }
            match reads.fetch_add(1, Ordering::SeqCst).checked_sub(QUICK) {
                None => Step::json(202, ROWS),
                Some(0) => never(),
                Some(_) => Step::json(403, REFUSED),
            }
        })
    };
    let origins = [origin().await, origin().await];
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("neo4j", &urls)
        .service("cache: false")
        .section("balance: {strategy: round_robin}")
        .start()
        .await;
    let statement = r#"{"statement":"MATCH (n) RETURN n.x"}"#;
    let query = || proxy.post("/db/neo4j/query/v2", statement);
    for _ in 0..=QUICK {
        assert_eq!(query().await.status, 202);
    }
    let received = origins.iter().flat_map(Origin::received);
    let writes = received.filter(|seen| !is_fenced(&seen.body)).count();
    assert_eq!((writes, reads.load(Ordering::SeqCst)), (1, QUICK + 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hedges_are_two_of_a_hundred_requests_at_most() {
    // Each slower than what is known by then.
    let origins: [_; 2] = origins(|number| after(200 * (number as u64 + 1))).await;
    let proxy = over(&origins, "").await;
    for _ in 0..2 {
        assert_eq!(status(&proxy).await, 200);
    }
    assert_eq!(asked(&origins), 3, "50 requests earn one hedge");
    assert_eq!(hedges(&proxy, "no_budget").await, 1.0);
}

/// It is more than slow: this is paid for as a retry, and speaks against the endpoint as a time limit that passed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_hangs_is_not_waited_for_even_without_hedges() {
    let script = |number| match number {
        // The one hedge that was earned.
        0 => after(200),
        2 => never(),
        _ => after(0),
    };
    let origins: [_; 2] = origins(script).await;
    let proxy = over(&origins, "").await;
    assert_eq!(status(&proxy).await, 200);
    assert_eq!(asked(&origins), 2);
    let begun = Instant::now();
    assert_eq!(status(&proxy).await, 200);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(asked(&origins), 4);
    eventually("the record", || async {
        attempts(&proxy).await == pairs(&[("rotation", "hedge_timeout"), ("silent", "ok")])
    })
    .await;
}

/// The 50th, 99th and 99.9th percentile of reads in ms, and what reached the origins per read, where so many reads of a thousand take
/// ten times as long at the first of three endpoints.
async fn figures(slow_per_mille: usize, hedging: bool) -> [f64; 4] {
    const READS: usize = 4000;
    const CLIENTS: usize = 8;
    let mut origins = Vec::new();
    for place in 0..3 {
        let origin = Origin::start(move |seen| {
            // A stride without a common divisor, so that slow ones come one by one.
            let is_slow = place == 0 && seen.number * 377 % 1000 < slow_per_mille;
            after(if is_slow { 100 } else { 10 })
        });
        origins.push(origin.await);
    }
    let urls: Vec<String> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("qdrant", &urls).service("cache: false");
    let key = format!("balance: {{hedging: {hedging}, strategy: least_connections}}");
    let proxy = proxy.section(&key).start().await;
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let mut client = proxy.client().await;
        clients.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..READS / CLIENTS {
                let begun = Instant::now();
                client
                    .send(format!("GET {READ} HTTP/1.1\r\nhost: t\r\n\r\n"))
                    .await;
                assert_eq!(client.response().await.status, 200);
                times.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
            times
        });
    }
    let mut times = clients.join_all().await.concat();
    times.sort_by(f64::total_cmp);
    let asked: usize = origins.iter().map(Origin::count).sum();
    let at = |share: usize| times[times.len() * share / 1000];
    [at(500), at(990), at(999), asked as f64 / READS as f64]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures of a quiet machine"]
async fn reads_that_are_slow_at_one_endpoint_of_three() {
    for slow_per_mille in [9, 1000] {
        for hedging in [false, true] {
            let [p50, p99, p999, asked] = figures(slow_per_mille, hedging).await;
            println!(
                "{slow_per_mille} of 1000 slow, hedging {hedging}: p50 {p50:.1} ms, p99 {p99:.1} ms, p99.9 {p999:.1} ms, {asked:.4} attempts per read"
            );
        }
    }
}
