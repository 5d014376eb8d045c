//! Endpoints, probes, breakers and the choice among them.

use crate::support::neo4j::{Proxy, yaml};
use crate::support::{Origin, ReceivedRequest, Setup, Step, eventually, wait_until};
use bytes::Bytes;
use http::{Request, Response};
use pointsman::config::Source;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use testbed::server::{Application, Listener};
use tokio::sync::Notify;

const JSON: &str = "content-type: application/json\r\n";

/// A server that opens a transaction with the id `abc` and gives 200 to all else.
fn transactional(seen: &ReceivedRequest) -> Vec<Step> {
    let body = match seen.target() {
        "/db/neo4j/query/v2/tx" => {
            r#"{"data":{"fields":[],"values":[]},"transaction":{"id":"abc","expires":"2030-01-01T00:00:00Z"}}"#
        }
        _ => r#"{"data":{"fields":[],"values":[]}}"#,
    };
    Step::response(200, JSON, body)
}

fn commits(origin: &Origin) -> usize {
    let seen = origin.received();
    seen.iter()
        .filter(|seen| seen.target().ends_with("/tx/abc/commit"))
        .count()
}

/// A reload pointed the name `a` at another server, and the commit of a transaction of the old server
/// went to the new one, where it could end another client's transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_stays_with_its_server_when_a_reload_moves_its_endpoint() {
    let (old, new) = (
        Origin::start(transactional).await,
        Origin::start(transactional).await,
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pointsman.yaml");
    let text = |origin: &Origin| yaml(&[("a", origin.url())], "", "process: {reload_delay: 1h}\n");
    std::fs::write(&path, text(&old)).unwrap();
    let proxy = Proxy::start_file(Source {
        path: path.clone(),
        ..Source::default()
    })
    .await;
    let opened = proxy
        .post(
            "/db/neo4j/query/v2/tx",
            &[],
            &json!({"statement": "RETURN 1"}),
        )
        .await;
    let id = opened.json()["transaction"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::write(&path, text(&new)).unwrap();
    proxy.server().reload().await.unwrap();
    let committed = proxy
        .post(
            &format!("/db/neo4j/query/v2/tx/{id}/commit"),
            &[],
            &json!({}),
        )
        .await;
    assert_eq!(committed.status, 200, "{}", committed.text);
    assert_eq!((commits(&old), commits(&new)), (1, 0));
    proxy.stop().await;
}

/// A server that lives and gives 429 to what carries a credential.
struct RefusesCredential;

impl Application for RefusesCredential {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let status = match request.headers().contains_key("authorization") {
            true => 429,
            false => 200,
        };
        let response = Response::builder().status(status);
        response.body(r#"{"errors":[]}"#.into()).unwrap()
    }

    fn is_write(&self, _: &Request<Bytes>) -> bool {
        false
    }
}

/// A server that serves, and gives this status to probes that carry no credential.
struct HidesItsFrontPage(u16);

impl Application for HidesItsFrontPage {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let front = matches!(request.uri().path(), "/" | "/readyz");
        let exists = request.uri().path().ends_with("/exists");
        let status = match (front, exists) {
            (true, _) => self.0,
            (_, true) => 404,
            _ => 200,
        };
        let response = Response::builder().status(status);
        response.body(r#"{"errors":[]}"#.into()).unwrap()
    }

    fn is_write(&self, _: &Request<Bytes>) -> bool {
        false
    }
}

/// A front page that a gateway hides (401, 403, 404) or a limit of requests (429) made Neo4j unhealthy after
/// some probes, and `/readyz` failed while every request had its response. A Qdrant without `/readyz` was never
/// ready.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_is_refused_does_not_put_out_a_server_that_responds() {
    for dialect in ["neo4j", "qdrant"] {
        for status in [401, 403, 404, 429] {
            let server = Listener::bind(0, Arc::new(HidesItsFrontPage(status))).unwrap();
            let more = "health: {unhealthy_after: 1}\n";
            let text = yaml(&[("a", server.url())], "", more);
            let proxy = Proxy::start(&text.replace("neo4j", dialect)).await;
            eventually("it was probed", || async {
                let instances = proxy.admin("/api/coordination/instances").await;
                !instances["graph"][0]["last_health_check_age"].is_null()
            })
            .await;
            let instances = proxy.admin("/api/coordination/instances").await;
            let instance = &instances["graph"][0];
            assert_eq!(instance["status"], "healthy", "{dialect} {status}");
            let ready = proxy.admin("/readyz").await;
            assert_eq!(ready["ready"], true, "{dialect} {status}");
            proxy.stop().await;
        }
    }
}

/// With all breakers open `/readyz` failed, so that a load balancer sent nothing, and without requests no breaker ever
/// closed. Requests had endpoints all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn breakers_alone_do_not_make_the_process_unready() {
    let bind = |()| Listener::bind(0, Arc::new(HidesItsFrontPage(404))).unwrap();
    let servers = [(), (), ()].map(bind);
    let [a, b, c] = servers.each_ref().map(Listener::url);
    let more = "breaker: {threshold: 1, open_for: 1h, open_at_most: 1h}\nhealth: {interval: 1h}\n";
    let proxy = Proxy::start(&yaml(&[("a", a), ("b", b), ("c", c)], "", more)).await;
    eventually("it is ready", || async {
        proxy.admin("/readyz").await["ready"] == true
    })
    .await;
    drop(servers);
    eventually("all breakers are open", || async {
        proxy.query("RETURN 1").await;
        let instances = proxy.admin("/api/coordination/instances").await;
        let instances = instances["graph"].as_array().cloned().unwrap_or_default();
        instances.iter().all(|one| one["breaker"] == "open")
    })
    .await;
    assert_eq!(proxy.admin("/readyz").await["ready"], true);
    proxy.stop().await;
}

/// A stop to come made the database and the load balancer unhealthy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_to_come_fails_readyz_and_no_component_of_health() {
    let server = Listener::bind(0, Arc::new(HidesItsFrontPage(404))).unwrap();
    let proxy = Proxy::start(&yaml(&[("a", server.url())], "", "")).await;
    eventually("it is ready", || async {
        proxy.admin("/readyz").await["ready"] == true
    })
    .await;
    proxy.server().announce_stop();
    assert_ne!(proxy.admin("/readyz").await["ready"], true);
    let health = proxy.admin("/api/performance/health").await;
    for part in ["database", "load_balancer"] {
        assert_eq!(health["components"][part], "healthy", "{health}");
    }
    proxy.stop().await;
}

/// A single 401, 403 or 429 to a probe stopped all that needs the credential until the next reload, and
/// nothing but a log line said so. Probes and changes were never counted in a running process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_probe_credential_is_shown_and_counted_and_takes_nothing_out() {
    let server = Listener::bind(0, Arc::new(RefusesCredential)).unwrap();
    let service = "    probe: {user: neo4j, password: secret}\n";
    let proxy = Proxy::start(&yaml(&[("a", server.url())], service, "")).await;
    eventually("the refusal is an event", || async {
        let events = proxy.admin("/api/coordination/events").await;
        let events = events.as_array().cloned().unwrap_or_default();
        events
            .iter()
            .any(|event| event["what"] == "probe_credential_refused")
    })
    .await;
    let instances = proxy.admin("/api/coordination/instances").await;
    let instance = &instances["graph"][0];
    assert_eq!(instance["probe_credential_refused"], true, "{instance}");
    assert_eq!(instance["status"], "healthy");
    let metrics = proxy.metrics().await;
    for line in [
        r#"pointsman_probes_total{endpoint="a",result="refused",service="graph"} 1"#,
        r#"pointsman_probes_total{endpoint="a",result="good",service="graph"} 1"#,
        r#"pointsman_changes_total{endpoint="a",kind="probe_credential",service="graph",to="refused"} 1"#,
        r#"pointsman_probe_duration_seconds_count{endpoint="a",service="graph"} 2"#,
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    proxy.server().reload().await.unwrap_err();
    let events = proxy.admin("/api/coordination/events?after=1").await;
    let last = events.as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["what"], "reload_refused", "a reload is an event");
    assert!(last["number"].as_u64() > Some(1) && last["at"].as_str().unwrap().ends_with('Z'));
    proxy.stop().await;
}

/// Reads that pass by the cache because of a write went to any replica, which may lag behind that write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_write_is_under_way_reads_of_its_collection_go_to_where_the_last_one_was_acknowledged()
 {
    let release = Arc::new(Notify::new());
    let origin = || {
        let held = Arc::clone(&release);
        Origin::start(move |seen| {
            let response = Step::json(200, r#"{"result":{"status":"completed"},"status":"ok"}"#);
            match seen.target().contains("held") {
                true => [Step::Wait(Arc::clone(&held))]
                    .into_iter()
                    .chain(response)
                    .collect(),
                false => response,
            }
        })
    };
    let origins = [origin().await, origin().await, origin().await];
    let urls = origins.each_ref().map(Origin::url);
    let proxy = Setup::new("qdrant", &urls).start().await;
    let upsert = async |target: &str| {
        let json = "content-type: application/json\r\n";
        let body = br#"{"points":[{"id":1,"vector":[1.0]}]}"#;
        proxy.request("PUT", target, json, body).await.status
    };
    assert_eq!(upsert("/collections/a/points?wait=true").await, 200);
    let home = origins.iter().position(|origin| origin.count() == 1);
    let home = &origins[home.expect("one took the write")];
    let reads = async {
        wait_until("the second write", || home.count() == 2).await;
        for _ in 0..9 {
            let read = proxy
                .request("GET", "/collections/a/points/1", "", b"")
                .await;
            assert_eq!(
                (read.status, read.cache()),
                (200, "bypass; reason=open_write")
            );
        }
        assert_eq!(home.count(), 11);
        release.notify_one();
    };
    let (written, ()) = tokio::join!(upsert("/collections/a/points?wait=true&held=1"), reads);
    assert_eq!(written, 200);
}

/// Qdrant limits reads and writes of a collection apart (strict mode). A 429 to a write stopped the reads of the collection for as
/// long as it said, and clients were told 503 in place of the 429 that they obey.
#[tokio::test]
async fn a_limit_of_writes_stops_no_reads_and_is_told_as_the_database_told_it() {
    let origin = Origin::start(|request| {
        let is_write = request.method() == "PUT";
        let limited = r#"{"status":{"error":"Rate limiting exceeded: Write rate limit exceeded"}}"#;
        match is_write {
            true => Step::response(
                429,
                "content-type: application/json\r\nretry-after: 30\r\n",
                limited,
            ),
            false => Step::json(200, r#"{"result":[],"status":"ok","time":0.1}"#),
        }
    })
    .await;
    let endpoint = format!("{{url: \"{}\"}}", origin.url());
    let proxy = Setup::new("qdrant", &[endpoint]).start().await;
    let write = || proxy.request("PUT", "/collections/c/points", "", br#"{"points":[]}"#);
    let first = write().await;
    assert_eq!(
        (first.status, first.field("retry-after")),
        (429, Some("30"))
    );
    let read = proxy
        .request("GET", "/collections/c/points/1", "", b"")
        .await;
    assert_eq!(read.status, 200, "{}", read.text());
    let second = write().await;
    assert_eq!(second.status, 429, "{}", second.text());
    assert!(
        second.text().contains("(rate_limited)"),
        "{}",
        second.text()
    );
    let seconds: u64 = second.field("retry-after").unwrap().parse().unwrap();
    assert!((25..=30).contains(&seconds), "{seconds}");
    assert_eq!(origin.count(), 2);
}

/// Reads of what was just written waited at a home that hung for as long as a read may take.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_what_was_just_written_is_answered_by_another_endpoint_when_its_home_hangs() {
    let hangs = [const { AtomicBool::new(false) }; 2].map(Arc::new);
    let origin = |hangs: &Arc<AtomicBool>| {
        let hangs = Arc::clone(hangs);
        Origin::start(move |_| match hangs.load(Ordering::SeqCst) {
            true => vec![Step::AwaitClose],
            false => Step::json(200, r#"{"result":{"status":"completed"},"status":"ok"}"#),
        })
    };
    let origins = [origin(&hangs[0]).await, origin(&hangs[1]).await];
    let urls = origins.each_ref().map(Origin::url);
    let proxy = Setup::new("qdrant", &urls).start().await;
    let body = br#"{"points":[{"id":1,"vector":[1.0]}]}"#;
    let target = "/collections/a/points?wait=true";
    assert_eq!(proxy.request("PUT", target, JSON, body).await.status, 200);
    let home = usize::from(origins[1].count() == 1);
    let other = &origins[1 - home];
    for id in 0..60 {
        let target = format!("/collections/a/points/{id}");
        assert_eq!(proxy.request("GET", &target, "", b"").await.status, 200);
    }
    assert_eq!(other.count(), 0);
    hangs[home].store(true, Ordering::SeqCst);
    let begun = Instant::now();
    let read = proxy
        .request("GET", "/collections/a/points/100", "", b"")
        .await;
    assert_eq!(
        (read.status, read.cache()),
        (200, "miss; reason=not_home"),
        "it is not stored"
    );
    assert!(begun.elapsed() < Duration::from_secs(4));
    assert_eq!(other.count(), 1);
    let observer = &proxy.server.shared().observer;
    wait_until("the records", || observer.kept() > 61).await;
    let attempts = serde_json::to_value(&observer.newest(1)[0].route.attempts).expect("a list");
    let attempts = attempts.as_array().expect("a list");
    let reasons: Vec<_> = attempts.iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, ["home", "silent"]);
}

/// A replica of Qdrant that serves reads and whose writes fail while its disk is full.
async fn with_a_disk(is_full: Arc<AtomicBool>) -> Origin {
    Origin::start(move |seen| {
        let is_write = seen.method() == "PUT" || seen.target().contains("/delete");
        match is_write && is_full.load(Ordering::SeqCst) {
            true => {
                let error = "Service internal error: No space left on device";
                Step::json(500, &format!(r#"{{"status":{{"error":"{error}"}}}}"#))
            }
            false => Step::json(200, r#"{"result":{"status":"completed"},"status":"ok"}"#),
        }
    })
    .await
}

/// The reads between the writes ended each row of failures, so the endpoint stayed, and as the home of the collection it kept all of
/// its writes: each one failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_whose_writes_fail_keeps_none_and_goes_on_with_reads() {
    for (strategy, cache) in [
        ("adaptive", "true"),
        ("round_robin", "true"),
        ("round_robin", "false"),
        ("least_connections", "false"),
    ] {
        let disks = [const { AtomicBool::new(false) }; 3].map(Arc::new);
        let mut origins = Vec::new();
        for disk in &disks {
            origins.push(with_a_disk(Arc::clone(disk)).await);
        }
        let urls: Vec<_> = origins.iter().map(Origin::url).collect();
        let setup = Setup::new("qdrant", &urls).set("balance.strategy", strategy);
        let proxy = setup.set("cache.enabled", cache).start().await;
        let write = async |turn: usize| {
            let (method, target) = match turn % 2 {
                0 => ("PUT", "/collections/a/points?wait=true"),
                _ => ("POST", "/collections/a/points/delete?wait=true"),
            };
            let body = br#"{"points":[{"id":1,"vector":[1.0]}]}"#;
            proxy.request(method, target, JSON, body).await.status
        };
        assert_eq!(write(0).await, 200);
        let full = origins.iter().position(|origin| origin.count() == 1);
        let full = full.expect("one took the write");
        disks[full].store(true, Ordering::SeqCst);
        let mut failed = 0;
        for turn in 0..40 {
            failed += usize::from(write(turn).await != 200);
            for id in 0..6 {
                let target = format!("/collections/a/points/{}", turn * 6 + id);
                assert_eq!(proxy.request("GET", &target, "", b"").await.status, 200);
            }
        }
        assert_eq!(failed, 2, "{strategy}, cache {cache}");
        let count = |origin: &Origin, method| {
            let received = origin.received();
            received.iter().filter(|one| one.method() == method).count()
        };
        let reads = count(&origins[full], "GET");
        // With the cache, reads follow the last write.
        let is_in = cache == "true" || reads >= 30;
        assert!(is_in, "{strategy}, cache {cache}: {reads} reads");
        let writes = |origin| count(origin, "PUT") + count(origin, "POST");
        let sent: usize = origins.iter().map(writes).sum();
        assert_eq!(sent, 1 + 40, "each write was sent once");
        let events = proxy.data("/api/coordination/events").await;
        let told = events.as_array().unwrap();
        let told = told
            .iter()
            .filter(|event| event["what"] == "writes_avoided");
        assert_eq!(told.count(), 1, "{events}");
    }
}

/// A replica of Qdrant that lacks the collection while it is empty, and says so at once.
async fn with_a_collection(is_empty: Arc<AtomicBool>) -> Origin {
    Origin::start(move |_| match is_empty.load(Ordering::SeqCst) {
        true => {
            let error = "Not found: Collection `a` doesn't exist!";
            Step::json(
                404,
                &format!(r#"{{"status":{{"error":"{error}"}},"time":0.0}}"#),
            )
        }
        false => Step::json(200, r#"{"result":{"status":"completed"},"status":"ok"}"#),
    })
    .await
}

/// It stayed the home of the collection, and all writes were answered 404 while its peers took them; its fast answers drew the
/// first attempts of nearly all reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_comes_back_empty_loses_its_home_and_costs_one_write() {
    for (strategy, cache) in [
        ("adaptive", "true"),
        ("round_robin", "true"),
        ("adaptive", "false"),
        ("least_connections", "false"),
    ] {
        let states = [const { AtomicBool::new(false) }; 3].map(Arc::new);
        let mut origins = Vec::new();
        for state in &states {
            origins.push(with_a_collection(Arc::clone(state)).await);
        }
        let urls: Vec<_> = origins.iter().map(Origin::url).collect();
        let setup = Setup::new("qdrant", &urls).set("balance.strategy", strategy);
        let proxy = setup.set("cache.enabled", cache).start().await;
        let write = async || {
            let target = "/collections/a/points?wait=true";
            let body = br#"{"points":[{"id":1,"vector":[1.0]}]}"#;
            proxy.request("PUT", target, JSON, body).await.status
        };
        assert_eq!(write().await, 200);
        let home = origins.iter().position(|origin| origin.count() == 1);
        let home = home.expect("one took the write");
        states[home].store(true, Ordering::SeqCst);
        let mut failed = 0;
        for turn in 0..40 {
            failed += usize::from(write().await != 200);
            for id in 0..6 {
                let target = format!("/collections/a/points/{}", turn * 6 + id);
                assert_eq!(proxy.request("GET", &target, "", b"").await.status, 200);
            }
        }
        assert!(failed <= 1, "{strategy}, cache {cache}: {failed}");
        let received = origins[home].received();
        let reads = received.iter().filter(|one| one.method() == "GET").count();
        assert!(reads <= 40, "{strategy}, cache {cache}: {reads} of 240");
        let writes = |origin: &Origin| {
            let received = origin.received();
            received.iter().filter(|one| one.method() == "PUT").count()
        };
        let sent: usize = origins.iter().map(writes).sum();
        assert_eq!(sent, 1 + 40, "each write was sent once");
    }
}

/// Where the writes fail everywhere, each endpoint is tried on: the first one that takes them again gets them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_all_disks_were_full_writes_go_on_as_soon_as_one_has_room() {
    let disks = [const { AtomicBool::new(true) }; 3].map(Arc::new);
    let mut origins = Vec::new();
    for disk in &disks {
        origins.push(with_a_disk(Arc::clone(disk)).await);
    }
    let urls: Vec<_> = origins.iter().map(Origin::url).collect();
    let proxy = Setup::new("qdrant", &urls).start().await;
    let write = async || {
        let target = "/collections/a/points?wait=true";
        let body = br#"{"points":[{"id":1,"vector":[1.0]}]}"#;
        proxy.request("PUT", target, JSON, body).await.status
    };
    for _ in 0..40 {
        assert_eq!(write().await, 500);
    }
    disks[1].store(false, Ordering::SeqCst);
    let mut failed = 0;
    for _ in 0..40 {
        failed += usize::from(write().await != 200);
    }
    assert!(failed <= 3, "{failed}");
}
