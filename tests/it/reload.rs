//! Reloading: what is taken, what is refused, what survives. Waiting is for something that can be
//! observed, never for a time.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use pointsman::config::{self, Source};
use pointsman::runtime::Server;
use serde_json::{Value, json};
use testbed::faults::{CannedResponse, Requests, When};
use testbed::qdrant::Cluster;
use testbed::server::{Application, Listener};

use crate::support::eventually;
use crate::trial::client::{Client, HttpRequest, JsonResponse};

/// Answers with its name.
struct Echo(&'static str);

impl Application for Echo {
    fn respond(&self, _request: &Request<Bytes>) -> Response<Bytes> {
        let body = json!({"status": "ok", "time": 0.0, "result": {"who": self.0}});
        let response = Response::builder().header("content-type", "application/json");
        response.body(body.to_string().into()).unwrap()
    }

    fn is_write(&self, _request: &Request<Bytes>) -> bool {
        false
    }
}

fn echo(name: &'static str) -> Listener {
    Listener::bind(0, Arc::new(Echo(name))).unwrap()
}

/// A file and the server that reads it.
struct Site {
    file: PathBuf,
    server: Server,
    client: Client,
    _folder: tempfile::TempDir,
}

/// Text of a configuration with these services, each a line. The file is not watched: it is never quiet for long enough.
fn text(services: &[String], more: &str) -> String {
    format!(
        "services:\n  {}\nhealth: {{interval: 200ms}}\nobserve: {{log: error}}\nadmin: {{listen: 127.0.0.1:0}}\n\
         process: {{reload_delay: 1h, drain_limit: 1s}}\n{more}",
        services.join("\n  ")
    )
}

/// The same, and the file is watched.
fn watched(services: &[String], more: &str) -> String {
    text(services, more).replace("reload_delay: 1h", "reload_delay: 20ms")
}

fn service(name: &str, dialect: &str, listeners: &[&Listener]) -> String {
    let urls: Vec<String> = listeners.iter().map(|listener| listener.url()).collect();
    let urls = urls.join(", ");
    format!("{name}: {{dialect: {dialect}, listen: 127.0.0.1:0, endpoints: [{urls}]}}")
}

fn ttl(time: &str) -> String {
    format!("cache: {{enabled: true, default_ttl: {time}}}\n")
}

impl Site {
    async fn open(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pointsman.yaml");
        std::fs::write(&file, text).unwrap();
        Self::serve(folder, file).await
    }

    async fn serve(folder: tempfile::TempDir, file: PathBuf) -> Self {
        let source = Source {
            path: file.clone(),
            ..Source::default()
        };
        let loaded = config::load(&source).unwrap_or_else(|report| panic!("{report}"));
        let server = Server::start(loaded, Some(source)).await.unwrap();
        Self {
            file,
            server,
            client: Client::default(),
            _folder: folder,
        }
    }

    /// Puts a new file in place of the old one in one step.
    fn replace(&self, text: &str) {
        put(&self.file, text);
    }

    /// Replaces the file and reloads; it must be taken.
    async fn take(&self, text: &str) -> Vec<String> {
        self.replace(text);
        let taken = self.server.reload().await;
        taken.unwrap_or_else(|error| panic!("{error}")).warnings
    }

    fn ttl(&self) -> Duration {
        self.server.shared().config().cache.default_ttl
    }

    async fn until_ttl(&self, time: u64) {
        let what = format!("default_ttl of {time} s");
        eventually(&what, || async { self.ttl() == Duration::from_secs(time) }).await;
    }

    async fn get(&self, service: &str, path: &str) -> JsonResponse {
        let address = self.server.address(service).expect("a listener");
        self.send("GET", format!("http://{address}{path}"), Value::Null)
            .await
    }

    /// Asks until the response comes from store: what is stored before the aliases are known is not found after.
    async fn until_hit(&self) -> JsonResponse {
        eventually("a hit", || async {
            self.get("vectors", POINT).await.is_hit()
        })
        .await;
        self.get("vectors", POINT).await
    }

    async fn admin(&self, method: &'static str, path: &str) -> JsonResponse {
        let url = format!("http://{}{path}", self.server.admin());
        self.send(method, url, Value::Null).await
    }

    async fn send(&self, method: &'static str, url: String, body: Value) -> JsonResponse {
        let request = HttpRequest::new(method, url, body);
        self.client.send(&request, None).await.expect("a response")
    }

    async fn metrics(&self) -> String {
        let metrics = self.admin("GET", "/metrics").await.body;
        metrics.as_str().expect("a text").to_owned()
    }

    /// Whether the last reload was accepted, as the metric says it.
    async fn last_good(&self) -> bool {
        self.metrics()
            .await
            .contains("\npointsman_config_last_good 1\n")
    }

    async fn health_of_configuration(&self) -> Value {
        let health = self.admin("GET", "/api/performance/health").await.body;
        health["data"]["components"]["configuration"].clone()
    }
}

fn put(file: &Path, text: &str) {
    let next = file.with_extension("next");
    std::fs::write(&next, text).unwrap();
    std::fs::rename(&next, file).unwrap();
}

#[tokio::test]
async fn a_changed_file_is_taken_whether_it_was_written_over_or_replaced() {
    let listener = echo("a");
    let services = [service("web", "http", &[&listener])];
    let site = Site::open(&watched(&services, &ttl("10s"))).await;
    std::fs::write(&site.file, watched(&services, &ttl("20s"))).unwrap();
    site.until_ttl(20).await;
    site.replace(&watched(&services, &ttl("30s")));
    site.until_ttl(30).await;
    assert_eq!(site.server.shared().snapshot().generation, 3);
}

#[tokio::test]
async fn a_config_map_that_is_swapped_by_its_link_is_taken() {
    let listener = echo("a");
    let services = [service("web", "http", &[&listener])];
    let folder = tempfile::tempdir().unwrap();
    let version = |name: &str, time: &str| {
        let dir = folder.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("pointsman.yaml"), watched(&services, &ttl(time))).unwrap();
        let link = folder.path().join("..data_tmp");
        symlink(name, &link).unwrap();
        std::fs::rename(&link, folder.path().join("..data")).unwrap();
    };
    version("..first", "10s");
    let file = folder.path().join("pointsman.yaml");
    symlink("..data/pointsman.yaml", &file).unwrap();
    let root = folder.path().to_owned();
    version("..second", "11s");
    std::fs::remove_dir_all(root.join("..first")).unwrap();
    let site = Site::serve(tempfile::tempdir().unwrap(), file).await;
    assert_eq!(site.ttl(), Duration::from_secs(11));
    version("..third", "12s");
    std::fs::remove_dir_all(root.join("..second")).unwrap();
    site.until_ttl(12).await;
    version("..fourth", "13s");
    std::fs::remove_dir_all(root.join("..third")).unwrap();
    site.until_ttl(13).await;
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_says_so_until_a_good_one_comes() {
    let listener = echo("a");
    let services = [service("web", "http", &[&listener])];
    let good = watched(&services, &ttl("10s"));
    let site = Site::open(&good).await;
    let file = &site.file;
    let half = good[..good.len() / 3].to_owned();
    let clean = || {
        let _ = std::fs::remove_dir(file);
    };
    let bad: [(&str, &dyn Fn()); 6] = [
        ("half-written", &|| std::fs::write(file, &half).unwrap()),
        ("empty", &|| std::fs::write(file, "").unwrap()),
        ("unknown key", &|| {
            put(file, &good.replace("cache:", "cash:"))
        }),
        ("not UTF-8", &|| std::fs::write(file, [0xff, 0xfe]).unwrap()),
        ("deleted", &|| std::fs::remove_file(file).unwrap()),
        ("unreadable", &|| {
            std::fs::remove_file(file).unwrap();
            std::fs::create_dir(file).unwrap();
        }),
    ];
    assert!(site.last_good().await, "it has just started");
    for (round, (what, spoil)) in bad.into_iter().enumerate() {
        spoil();
        eventually(&format!("{what}: refused"), || async {
            !site.last_good().await
        })
        .await;
        assert_eq!(site.health_of_configuration().await, "unhealthy", "{what}");
        let stats = site.admin("GET", "/api/coordination/stats").await.body;
        let refusal = stats["data"]["last_reload_refused"].as_str();
        assert!(
            refusal.is_some_and(|why| why.contains("the one before stays")),
            "{stats}"
        );
        assert_eq!(site.ttl(), Duration::from_secs(10 + round as u64), "{what}");
        assert_eq!(site.get("web", "/").await.body["result"]["who"], "a");
        assert_eq!(site.admin("GET", "/readyz").await.status, 200, "{what}");
        clean();
        let seconds = 11 + round as u64;
        site.replace(&watched(&services, &ttl(&format!("{seconds}s"))));
        site.until_ttl(seconds).await;
        eventually("good again", || async { site.last_good().await }).await;
        assert_eq!(site.health_of_configuration().await, "healthy", "{what}");
    }
}

#[tokio::test]
async fn a_reload_by_the_admin_api_tells_its_generation_and_what_needs_a_restart() {
    let listener = echo("a");
    let services = [service("web", "http", &[&listener])];
    let site = Site::open(&text(&services, &ttl("10s"))).await;
    let reload = async || site.admin("POST", "/api/config/reload").await;
    let same = reload().await;
    assert_eq!(same.status, 200);
    assert_eq!(same.body["data"]["changed"], false);
    assert_eq!(same.body["data"]["generation"], 1);
    let other = text(&services, &ttl("20s")).replace("drain_limit: 1s", "workers: 7");
    site.replace(&other);
    let taken = reload().await.body;
    let generation = site.server.shared().snapshot().generation;
    assert_eq!(taken["data"]["generation"], generation);
    assert_eq!(taken["data"]["changed"], true);
    let warns = |response: &Value| {
        response["data"]["warnings"]
            .to_string()
            .contains("process.workers")
    };
    assert!(warns(&taken), "{taken}");
    // It still is not in effect, so it is still said.
    assert!(warns(&reload().await.body));
    site.replace("services: [");
    let refused = reload().await;
    assert_eq!(refused.status, 409);
    let detail = refused.body["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("pointsman.yaml:1:"), "{detail}");
    assert_eq!(site.server.shared().snapshot().generation, generation);
}

/// A file that was written and then reloaded by hand was taken twice: by the watch, and by the request.
#[tokio::test]
async fn a_configuration_that_serves_already_is_not_taken_again() {
    let listener = echo("a");
    let services = [service("web", "http", &[&listener])];
    let site = Site::open(&text(&services, &ttl("10s"))).await;
    site.replace(&text(&services, &ttl("20s")));
    for _ in 0..3 {
        let reloaded = site.server.reload().await.unwrap();
        assert_eq!(reloaded.generation, 2);
    }
    let events = site.admin("GET", "/api/coordination/events").await.body;
    let events = events["data"].as_array().cloned().unwrap_or_default();
    let reloads = events.iter().filter(|one| one["what"] == "reloaded");
    assert_eq!(reloads.count(), 1, "{events:?}");
    let metrics = site.metrics().await;
    let count = |result: &str| {
        let series = format!("pointsman_reloads_total{{result=\"{result}\"}}");
        figure(&metrics, &series)
    };
    let counts = ["accepted", "unchanged", "refused"].map(count);
    assert_eq!(counts, [Some(1.0), Some(2.0), Some(0.0)]);
}

/// What drained was in no list, and every name that ever was kept its series.
#[tokio::test]
async fn an_endpoint_that_drains_is_shown_until_it_is_forgotten_and_counters_do_not_go_back() {
    let (a, b) = (echo("a"), echo("b"));
    let both = [service("web", "http", &[&a, &b])];
    let one = [service("web", "http", &[&a])];
    let drain = |time: &str| format!("upstream: {{drain_idle: {time}}}\n");
    let site = Site::open(&text(&both, &drain("1h"))).await;
    for _ in 0..8 {
        site.get("web", "/").await;
    }
    let (stays, leaves) = (label(&a), label(&b));
    let attempts = async |endpoint: &str| {
        let labels = format!("endpoint=\"{endpoint}\",fault=\"none\",service=\"web\"");
        let metrics = site.metrics().await;
        figure(&metrics, &format!("pointsman_attempts_total{{{labels}}}"))
    };
    let before = (attempts(&stays).await, attempts(&leaves).await);
    assert!(before.0 > Some(0.0) && before.1 > Some(0.0), "{before:?}");
    site.take(&text(&one, &drain("1h"))).await;
    let rows = site.admin("GET", "/api/coordination/instances").await.body;
    let row = &rows["data"]["web"][1];
    assert_eq!(row["instance_id"], leaves.as_str(), "{rows}");
    assert_eq!(
        (&row["status"], &row["is_healthy"]),
        (&json!("draining"), &json!(false))
    );
    assert!(row["drain_ends_in"].as_f64() > Some(3000.0), "{row}");
    assert!(rows["data"]["web"][0]["drain_ends_in"].is_null(), "{rows}");
    let state = format!("endpoint=\"{leaves}\",service=\"web\",state=\"draining\"");
    let state = format!("pointsman_endpoint_status{{{state}}}");
    assert_eq!(figure(&site.metrics().await, &state), Some(1.0));
    assert_eq!((attempts(&stays).await, attempts(&leaves).await), before);
    eventually("the end of the drain", || async {
        site.take(&text(&one, &drain("1ms"))).await;
        !site.metrics().await.contains(&leaves)
    })
    .await;
    assert_eq!(attempts(&stays).await, before.0);
    let rows = site.admin("GET", "/api/coordination/instances").await.body;
    assert_eq!(rows["data"]["web"].as_array().map(Vec::len), Some(1));
}

/// The default name of the endpoint at a listener.
fn label(listener: &Listener) -> String {
    listener.address().to_string().replace(['.', ':'], "-")
}

/// The value of a series.
fn figure(metrics: &str, series: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(series));
    line.and_then(|value| value.trim().parse().ok())
}

#[tokio::test]
async fn listeners_come_and_go_without_a_restart() {
    let (a, b) = (echo("a"), echo("b"));
    let web = service("web", "http", &[&a]);
    // So few clients that no division of file descriptors lowers them.
    let few = "path: {max_clients: 10}\n";
    let alone = text(std::slice::from_ref(&web), few);
    let site = Site::open(&alone).await;
    let before = site.server.address("web");
    assert_eq!(site.server.address("more"), None);
    let both = text(&[web.clone(), service("more", "http", &[&b])], few);
    assert_eq!(site.take(&both).await, Vec::<String>::new());
    assert_eq!(site.get("more", "/").await.body["result"]["who"], "b");
    let address = site.server.address("more").unwrap();
    site.take(&alone).await;
    assert_eq!(site.server.address("more"), None);
    eventually("the listener to close", || async {
        let connected = tokio::net::TcpStream::connect(address.to_string()).await;
        connected.is_err()
    })
    .await;
    assert_eq!(site.server.address("web"), before);
}

/// The reload said that another process uses the port: it was its own.
#[tokio::test]
async fn a_listener_is_widened_and_narrowed_by_a_reload_without_losing_a_connection() {
    let a = echo("a");
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let at = |ip: &str| {
        let web = service("web", "http", &[&a]);
        let web = web.replace("listen: 127.0.0.1:0", &format!("listen: \"{ip}:{port}\""));
        text(&[web], "")
    };
    let local = format!("127.0.0.1:{port}").parse().unwrap();
    let site = Site::open(&at("127.0.0.1")).await;
    let mut early = crate::support::Client::connect(local).await;
    assert_eq!(early.request("GET", "/", "", b"").await.status, 200);
    // Connected, and perhaps not yet accepted.
    let mut silent = crate::support::Client::connect(local).await;
    for ip in ["0.0.0.0", "127.0.0.1", "[::]", "127.0.0.1"] {
        site.take(&at(ip)).await;
        let bound = site.server.address("web").unwrap().to_string();
        assert_eq!(bound, format!("{ip}:{port}"));
        let mut late = crate::support::Client::connect(local).await;
        assert_eq!(late.request("GET", "/", "", b"").await.status, 200, "{ip}");
        if ip == "0.0.0.0" {
            assert_eq!(early.request("GET", "/", "", b"").await.status, 200);
            assert_eq!(silent.request("GET", "/", "", b"").await.status, 200);
        }
    }
    // What was accepted at an address that is no longer listened on ends.
    assert!(early.is_closed().await);
}

/// The first of the two alone was taken over; the connections of the other one were closed or reset.
#[tokio::test]
async fn a_listener_that_covers_two_takes_over_the_connections_of_both() {
    let a = echo("a");
    let port = {
        let free = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let at = |name: &str, ip: &str| {
        let one = service(name, "http", &[&a]);
        one.replace("listen: 127.0.0.1:0", &format!("listen: {ip}:{port}"))
    };
    let site = Site::open(&text(
        &[at("web", "127.0.0.1"), at("more", "127.0.0.2")],
        "",
    ))
    .await;
    let mut clients = Vec::new();
    for ip in ["127.0.0.1", "127.0.0.2"] {
        let address = format!("{ip}:{port}").parse().unwrap();
        let mut early = crate::support::Client::connect(address).await;
        assert_eq!(early.request("GET", "/", "", b"").await.status, 200);
        // Connected, and perhaps not yet accepted.
        let silent = crate::support::Client::connect(address).await;
        clients.extend([(ip, early), (ip, silent)]);
    }
    site.take(&text(&[at("web", "0.0.0.0")], "")).await;
    for (ip, client) in &mut clients {
        assert_eq!(
            client.request("GET", "/", "", b"").await.status,
            200,
            "{ip}"
        );
    }
    site.server.stop().await;
    for (ip, client) in &mut clients {
        assert!(client.is_closed().await, "{ip}");
    }
}

#[tokio::test]
async fn a_listener_goes_on_when_its_successor_cannot_be_opened() {
    let (a, b) = (echo("a"), echo("b"));
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let at = |ip: &str| {
        let web = service("web", "http", &[&a]);
        web.replace("listen: 127.0.0.1:0", &format!("listen: \"{ip}:{port}\""))
    };
    let site = Site::open(&text(&[at("127.0.0.1")], "")).await;
    let more = service("more", "http", &[&a]).replace("127.0.0.1:0", &b.address().to_string());
    site.replace(&text(&[at("0.0.0.0"), more], ""));
    let error = site.server.reload().await.unwrap_err().to_string();
    assert!(!error.contains("service web"), "{error}");
    let bound = site.server.address("web").unwrap().to_string();
    assert_eq!(bound, format!("127.0.0.1:{port}"));
    assert_eq!(site.get("web", "/").await.body["result"]["who"], "a");
}

#[tokio::test]
async fn a_client_that_waits_for_a_place_is_served_when_a_reload_gives_more() {
    let a = echo("a");
    let web = service("web", "http", &[&a]);
    let places = |count| {
        text(
            std::slice::from_ref(&web),
            &format!("path: {{max_clients: {count}}}\n"),
        )
    };
    let site = Site::open(&places(1)).await;
    let address = site.server.address("web").unwrap().to_string();
    let address = address.parse().unwrap();
    let mut first = crate::support::Client::connect(address).await;
    assert_eq!(first.request("GET", "/1", "", b"").await.status, 200);
    let mut second = crate::support::Client::connect(address).await;
    second.send("GET /2 HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(first.request("GET", "/1", "", b"").await.status, 200);
    assert_eq!(site.take(&places(2)).await, Vec::<String>::new());
    assert_eq!(second.response().await.status, 200);
    // The first one has its place still.
    assert_eq!(first.request("GET", "/1", "", b"").await.status, 200);
}

/// The reload said that the change takes effect after a restart.
#[tokio::test]
async fn a_stop_waits_as_long_as_the_last_reload_says() {
    let a = echo("a");
    a.faults().hang(Some(Requests::All));
    let web = service("web", "http", &[&a]);
    let limit =
        |limit: &str| text(std::slice::from_ref(&web), "").replace("drain_limit: 1s", limit);
    let site = Site::open(&limit("drain_limit: 1h")).await;
    let address = site.server.address("web").unwrap().to_string();
    let mut client = crate::support::Client::connect(address.parse().unwrap()).await;
    client.send("GET / HTTP/1.1\r\nhost: t\r\n\r\n").await;
    eventually("the request", || async {
        site.server.shared().in_flight() == 1
    })
    .await;
    assert_eq!(
        site.take(&limit("drain_limit: 1ms")).await,
        Vec::<String>::new()
    );
    let cut = crate::support::in_time("the stop", site.server.stop()).await;
    assert_eq!(cut, 1);
}

#[tokio::test]
async fn a_listener_that_cannot_be_opened_refuses_the_whole_reload() {
    let (a, b) = (echo("a"), echo("b"));
    let web = service("web", "http", &[&a]);
    let site = Site::open(&text(std::slice::from_ref(&web), &ttl("10s"))).await;
    let more = service("more", "http", &[&a]).replace("127.0.0.1:0", &b.address().to_string());
    site.replace(&text(&[web, more], &ttl("20s")));
    let error = site.server.reload().await.unwrap_err().to_string();
    assert!(error.contains("service more cannot listen"), "{error}");
    assert!(error.contains(&b.address().to_string()), "{error}");
    assert_eq!(site.ttl(), Duration::from_secs(10));
    assert_eq!(site.get("web", "/").await.body["result"]["who"], "a");
}

/// Asks again and again until told to stop; gives how often, and the first response that was wrong.
async fn hammer(url: String, stop: Arc<AtomicBool>) -> (u64, Option<String>) {
    let client = Client::default();
    let request = HttpRequest::new("GET", url, Value::Null);
    let mut asked = 0;
    while !stop.load(SeqCst) {
        asked += 1;
        match client.send(&request, None).await {
            Ok(response) if response.status == 200 => {}
            other => return (asked, Some(format!("{other:?}"))),
        }
    }
    (asked, None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_and_endpoints_are_renamed_and_change_places_under_load() {
    let (a, b) = (echo("a"), echo("b"));
    let ports: Vec<std::net::TcpListener> = (0..2)
        .map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let at: Vec<String> = ports
        .iter()
        .map(|port| port.local_addr().unwrap().to_string())
        .collect();
    drop(ports);
    let web = |name: &str, listen: &str, endpoint: &str, listener: &Listener| {
        let url = listener.url();
        format!(
            "{name}: {{dialect: http, listen: '{listen}', endpoints: [{{name: {endpoint}, url: '{url}'}}]}}"
        )
    };
    let texts = [
        text(
            &[web("one", &at[0], "x", &a), web("two", &at[1], "y", &b)],
            "",
        ),
        text(
            &[web("two", &at[0], "x", &a), web("one", &at[1], "y", &b)],
            "",
        ),
        text(
            &[web("uno", &at[0], "z", &a), web("dos", &at[1], "z", &b)],
            "",
        ),
    ];
    let site = Site::open(&texts[0]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..8)
        .map(|n| tokio::spawn(hammer(format!("http://{}/", at[n % 2]), Arc::clone(&stop))))
        .collect();
    for turn in 1..60 {
        site.take(&texts[turn % 3]).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.store(true, SeqCst);
    for client in load {
        let (asked, wrong) = client.await.unwrap();
        assert_eq!(wrong, None, "after {asked} requests");
        assert!(asked > 1);
    }
}

async fn fill(base: &str, who: &str) {
    let client = Client::default();
    let send = async |method, path: &str, body| {
        let request = HttpRequest::new(method, format!("{base}{path}"), body);
        let response = client.send(&request, None).await.expect("a response");
        assert!(response.is_good(), "{response:?}");
    };
    let body = json!({"vectors": {"size": 2, "distance": "Dot"}});
    send("PUT", "/collections/c", body).await;
    let point = json!({"id": 1, "vector": [1.0, 2.0], "payload": {"who": who}});
    send(
        "PUT",
        "/collections/c/points?wait=true",
        json!({"points": [point]}),
    )
    .await;
}

const POINT: &str = "/collections/c/points/1";

#[tokio::test]
async fn stored_responses_and_open_breakers_survive_a_reload() {
    let cluster = Cluster::start(3);
    fill(&cluster.url(0), "a").await;
    let listeners = |n: usize| -> Vec<&Listener> { cluster.listeners().iter().take(n).collect() };
    let more = "balance: {strategy: round_robin}\nbreaker: {threshold: 2, open_for: 1h, open_at_most: 1h}\nhealth: {enabled: false}\n";
    let with = |n, time: &str| {
        let text = text(
            &[service("vectors", "qdrant", &listeners(n))],
            &(ttl(time) + more),
        );
        text.replace("health: {interval: 200ms}\n", "")
    };
    let site = Site::open(&with(2, "10s")).await;
    assert!(site.until_hit().await.is_hit());
    let failure = CannedResponse::json(503, r#"{"status":{"error":"made up"},"time":0.0}"#);
    cluster
        .faults(0)
        .respond_only(failure, When::Always, Requests::Reads);
    let gate = || {
        let snapshot = site.server.shared().snapshot();
        let service = snapshot.service("vectors").unwrap();
        let now = site.server.shared().clock.now();
        format!("{:?}", service.pool.endpoints()[0].health().gate(now))
    };
    eventually("the breaker to open", || async {
        let url = format!("/collections/c/points/{}", rand::random::<u32>());
        site.get("vectors", &url).await;
        gate().starts_with("Open")
    })
    .await;
    let open = gate();
    for turn in 0..5 {
        site.take(&with(2 + turn % 2, &format!("{}s", 20 + turn)))
            .await;
        assert_eq!(gate(), open);
        assert!(
            site.get("vectors", POINT).await.is_hit(),
            "after reload {turn}"
        );
    }
}

#[tokio::test]
async fn what_was_stored_of_other_servers_is_not_served() {
    let (one, other) = (Cluster::start(1), Cluster::start(1));
    fill(&one.url(0), "one").await;
    fill(&other.url(0), "other").await;
    let of = |cluster: &Cluster| text(&[service("vectors", "qdrant", &[cluster.listener(0)])], "");
    let site = Site::open(&of(&one)).await;
    let response = site.until_hit().await;
    assert_eq!(response.body["result"]["payload"]["who"], "one");
    for (cluster, who) in [(&other, "other"), (&one, "one")] {
        site.take(&of(cluster)).await;
        let response = site.get("vectors", POINT).await;
        assert_eq!(
            response.body["result"]["payload"]["who"], who,
            "{}",
            response.cache
        );
        let response = site.until_hit().await;
        assert_eq!(
            response.body["result"]["payload"]["who"], who,
            "{}",
            response.cache
        );
    }
}

#[tokio::test]
async fn changed_rules_of_the_cache_hold_from_the_next_request() {
    let cluster = Cluster::start(1);
    fill(&cluster.url(0), "a").await;
    let vectors = service("vectors", "qdrant", &[cluster.listener(0)]);
    let on = text(std::slice::from_ref(&vectors), "cache: {enabled: true}\n");
    let off = text(std::slice::from_ref(&vectors), "cache: {enabled: false}\n");
    let site = Site::open(&on).await;
    assert!(site.until_hit().await.is_hit());
    site.take(&off).await;
    assert!(site.get("vectors", POINT).await.cache.starts_with("bypass"));
    // A write that the cache does not seem to care about, while it is off.
    let url = format!("http://{}", site.server.address("vectors").unwrap());
    let body = json!({"payload": {"who": "b"}, "points": [1]});
    let write = format!("{url}/collections/c/points/payload?wait=true");
    assert!(site.send("POST", write, body).await.is_good());
    site.take(&on).await;
    let response = site.get("vectors", POINT).await;
    assert_eq!(
        response.body["result"]["payload"]["who"], "b",
        "{}",
        response.cache
    );
    assert!(site.get("vectors", POINT).await.is_hit());
    site.take(&on.replace("endpoints:", "cache: false, endpoints:"))
        .await;
    assert!(site.get("vectors", POINT).await.cache.starts_with("bypass"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_mixes_two_configurations() {
    let (odd, even) = (echo("odd"), echo("even"));
    let of = |name: &str, listener: &Listener, time: &str| {
        let endpoint = format!("{{name: {name}, url: '{}'}}", listener.url());
        let vectors =
            format!("vectors: {{dialect: qdrant, listen: '127.0.0.1:0', endpoints: [{endpoint}]}}");
        let times = format!(
            "cache: {{enabled: true, categories: {{entity: {time}}}}}\nobserve: {{log: error, history: 200000}}\n"
        );
        text(&[vectors], &times).replacen("observe: {log: error}\n", "", 1)
    };
    let texts = [of("even", &even, "2m"), of("odd", &odd, "1m")];
    let site = Site::open(&texts[1]).await;
    let stop = Arc::new(AtomicBool::new(false));
    let address = site.server.address("vectors").unwrap();
    let load: Vec<_> = (0..6)
        .map(|n| {
            let url = format!("http://{address}/collections/c{n}/points/1");
            tokio::spawn(hammer(url, Arc::clone(&stop)))
        })
        .collect();
    for _ in 0..150 {
        let next = site.server.shared().snapshot().generation + 1;
        site.take(&texts[next as usize % 2]).await;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    stop.store(true, SeqCst);
    for client in load {
        assert_eq!(client.await.unwrap().1, None);
    }
    // Which configuration a generation was: a watched file may be read once more than it was asked for.
    let mut was: BTreeMap<u64, &str> = BTreeMap::new();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for one in site.server.shared().observer.newest(usize::MAX) {
        let ttl = one
            .plan
            .as_ref()
            .and_then(|plan| plan.cache)
            .map(|cache| cache.ttl.as_secs());
        let planned = match ttl {
            Some(120) => "even",
            Some(60) => "odd",
            _ => panic!("{one:?}"),
        };
        assert_eq!(
            *was.entry(one.generation).or_insert(planned),
            planned,
            "{one:?}"
        );
        for attempt in one.route.attempts.list() {
            assert_eq!(&*attempt.endpoint, planned, "{one:?}");
            *seen.entry(planned).or_default() += 1;
        }
    }
    assert!(
        seen.len() == 2 && seen.values().all(|count| *count > 10),
        "{seen:?}"
    );
}
