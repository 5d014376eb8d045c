//! The Neo4j side on real servers: three Neo4j 5.26 Community from Maven, started once for one test
//! with sections, since a start costs far more than what is asked. Skipped, loudly, without java and
//! mvn, but never in CI.

use crate::neo4j_statements::{READS, WRITES};
use crate::support::eventually;
use crate::support::neo4j::{Proxy, statements_of, yaml};
use cypher_reader::is_pure_builtin;
use pointsman::dialect::neo4j::builtin_procedures;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use testbed::client::{TextResponse, send, try_send};
use testbed::neo4j::{Options, Server, available};
use testbed::sample::{QUESTIONS, load_neo4j_with};
use tokio::task::JoinSet;

const NAMES: [&str; 3] = ["first", "second", "third"];
const PASSWORD: &str = "a-long-secret";
/// `neo4j` with the password above.
const KEY: (&str, &str) = ("authorization", "Basic bmVvNGo6YS1sb25nLXNlY3JldA==");
/// Transactions of three requests, for each interface.
const TRANSACTIONS: usize = 60;
const QUERY: &str = "/db/neo4j/query/v2";
/// The built-in functions whose results time, chance or what is outside of the store decides.
const IMPURE: &[&str] = &[
    "date.realtime",
    "date.statement",
    "date.transaction",
    "datetime.realtime",
    "datetime.statement",
    "datetime.transaction",
    "file",
    "graph.byelementid",
    "graph.byname",
    "linenumber",
    "localdatetime.realtime",
    "localdatetime.statement",
    "localdatetime.transaction",
    "localtime.realtime",
    "localtime.statement",
    "localtime.transaction",
    "rand",
    "randomuuid",
    "time",
    "time.realtime",
    "time.statement",
    "time.transaction",
    "time.truncate",
    "timestamp",
];

/// Whether there is a server to test; in CI there must be.
fn absent() -> bool {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    assert!(available() || !ci, "CI without java and mvn");
    if !available() {
        eprintln!("SKIPPED: no java or no mvn on the path, so no real Neo4j");
    }
    !available()
}

async fn started() -> Vec<Arc<Server>> {
    let start = || {
        Server::start(Options {
            password: Some(PASSWORD.into()),
            heap_mb: 384,
            ..Options::default()
        })
    };
    let starting: Vec<_> = NAMES.map(|_| tokio::task::spawn_blocking(start)).into();
    let mut servers = Vec::new();
    for server in starting {
        servers.push(Arc::new(server.await.unwrap().unwrap()));
    }
    servers
}

async fn in_front_of(servers: &[Arc<Server>]) -> Proxy {
    let endpoints: Vec<_> = NAMES
        .into_iter()
        .zip(servers.iter().map(|server| server.url()))
        .collect();
    let service =
        format!("    strategy: round_robin\n    probe: {{user: neo4j, password: {PASSWORD}}}\n");
    let proxy = Proxy::start(&yaml(&endpoints, &service, "")).await;
    proxy.informed().await;
    proxy
}

async fn ask(proxy: &Proxy, statement: &str) -> TextResponse {
    proxy
        .post(QUERY, &[KEY], &json!({"statement": statement}))
        .await
}

/// Asks a server itself.
async fn direct(server: &Server, statement: &str) -> TextResponse {
    let headers = [
        KEY,
        ("accept", "application/json"),
        ("content-type", "application/json"),
    ];
    let url = format!("{}{QUERY}", server.url());
    send(
        "POST",
        &url,
        &headers,
        json!({"statement": statement}).to_string(),
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn real_servers() {
    if absent() {
        return;
    }
    let begun = Instant::now();
    let servers = started().await;
    eprintln!(
        "three servers up after {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    the_builtin_procedures_are_the_servers_own(&servers[0]).await;
    let one = in_front_of(&servers[..1]).await;
    the_sample_loads_through_the_proxy(&servers).await;
    every_read_is_accepted_under_the_fence(&one).await;
    every_write_works_exactly_once(&one, &servers[0]).await;
    fills_hits_and_invalidation(&one).await;
    media_types_are_keyed_apart(&one).await;
    discovery_and_cluster_pass(&one).await;
    large_responses_stream(&one, &servers[0]).await;
    time_limits_are_the_clients(&one).await;
    commands_in_transactions_raise_the_service(&one).await;
    let all = in_front_of(&servers).await;
    transactions_stay_at_their_server(&all, &servers).await;
    let dead = no_read_fails_when_a_server_dies(&all, &servers).await;
    let alive = usize::from(dead == 0);
    wrong_passwords_are_refused(&in_front_of(&servers[alive..=alive]).await).await;
    eprintln!("all of it took {:.1} s", begun.elapsed().as_secs_f64());
}

async fn the_builtin_procedures_are_the_servers_own(server: &Server) {
    let listed = direct(server, "SHOW PROCEDURES YIELD name, mode").await;
    let listed: Vec<[String; 2]> = serde_json::from_value(listed.rows()).unwrap();
    let builtin: Vec<_> = builtin_procedures()
        .map(|(name, mode)| [name.to_owned(), format!("{mode:?}").to_uppercase()])
        .collect();
    let absent_from = |list: &[[String; 2]], rows: &[[String; 2]]| {
        let mut rows = rows.to_vec();
        rows.retain(|row| !list.contains(row));
        rows
    };
    // The order of the two does not matter, nor whether a name differs or a mode.
    assert_eq!(
        absent_from(&listed, &builtin),
        [[""; 2]; 0],
        "not the server's"
    );
    assert_eq!(
        absent_from(&builtin, &listed),
        [[""; 2]; 0],
        "not in the table"
    );
    let functions =
        "SHOW BUILT IN FUNCTIONS YIELD name RETURN DISTINCT toLower(name) AS name ORDER BY name";
    let functions = direct(server, functions).await.rows();
    let names = functions
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|row| row[0].as_str());
    let impure: Vec<_> = names.filter(|name| !is_pure_builtin(name)).collect();
    assert_eq!(impure, IMPURE);
}

async fn the_sample_loads_through_the_proxy(servers: &[Arc<Server>]) {
    for server in servers {
        let proxy = in_front_of(std::slice::from_ref(server)).await;
        load_neo4j_with(proxy.url(), &[KEY]).await.unwrap();
        for (question, statement) in QUESTIONS {
            let through = ask(&proxy, statement).await;
            assert_eq!(
                through.rows(),
                direct(server, statement).await.rows(),
                "{question}"
            );
            assert_ne!(through.rows(), json!([]), "{question}");
        }
    }
}

async fn every_read_is_accepted_under_the_fence(proxy: &Proxy) {
    let mut wrong = Vec::new();
    for statement in READS {
        let by_tx = statements_of(&[statement]);
        for response in [
            ask(proxy, statement).await,
            proxy.post("/db/neo4j/tx/commit", &[KEY], &by_tx).await,
        ] {
            // A refused fence would have made it a write, with two attempts.
            let explain = response.explain();
            let once = explain.contains("attempts=1") || response.cache() == "hit";
            let fine = (200..300).contains(&response.status) && response.code().is_empty();
            if !(fine && once && explain.contains("effect=read")) {
                wrong.push(format!("{statement}: {} {explain}", response.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!(
        "{} reads by both interfaces: all accepted under the fence",
        READS.len()
    );
}

async fn every_write_works_exactly_once(proxy: &Proxy, server: &Server) {
    let mut wrong = Vec::new();
    for (number, (statement, check, expected)) in WRITES.iter().enumerate() {
        let own = |text: &str| text.replace("Own", &format!("Own{number}"));
        let expected: Value = serde_json::from_str(&own(expected)).unwrap();
        let response = ask(proxy, &own(statement)).await;
        let explain = response.explain();
        let once = explain.contains("attempts=1") && !explain.contains("effect=read");
        let fine = response.status == 202 && response.code().is_empty();
        let found = direct(server, &own(check)).await;
        let through = ask(proxy, &own(check)).await;
        let done = [found.rows(), through.rows()]
            .iter()
            .all(|rows| *rows == json!([[expected]]));
        if !(once && fine && done) {
            wrong.push(format!(
                "{statement}: {} {explain}; {}; {}",
                response.text, found.text, through.text
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    eprintln!(
        "{} writes: none taken for a read, each done once",
        WRITES.len()
    );
}

async fn fills_hits_and_invalidation(proxy: &Proxy) {
    let read = "MATCH (p:Person)-[:WROTE]->(w:Work) RETURN p.name, count(w) AS works ORDER BY works DESC, p.name";
    let first = ask(proxy, read).await;
    let second = ask(proxy, read).await;
    assert_eq!([first.cache(), second.cache()], ["miss", "hit"]);
    assert_eq!(first.rows(), second.rows());
    // After a command of the server, databases may have other names for a moment, and nothing is narrow.
    eventually("a narrow write leaves it", || async {
        ask(proxy, read).await;
        ask(proxy, "CREATE (:Unrelated)").await;
        ask(proxy, read).await.cache() == "hit"
    })
    .await;
    let kept = ask(proxy, read).await;
    let newest = ask(proxy, "RETURN 'newest'").await;
    assert_eq!(kept.json()["bookmarks"], newest.json()["bookmarks"]);
    ask(proxy, "SHOW USERS").await;
    assert_eq!(
        ask(proxy, read).await.json()["bookmarks"],
        newest.json()["bookmarks"]
    );
    ask(
        proxy,
        "MATCH (p:Person {name: 'Alan Turing'}) CREATE (p)-[:WROTE]->(:Work {id: 9999})",
    )
    .await;
    let after = ask(proxy, read).await;
    assert_eq!(after.cache(), "miss");
    assert_ne!(after.rows(), first.rows());
    for _ in 0..2 {
        let broken = ask(
            proxy,
            "MATCH (w:Work) WITH w LIMIT 2 UNWIND [1, 0] AS x RETURN 1 / x",
        )
        .await;
        assert_ne!((broken.cache(), broken.code().as_str()), ("hit", ""));
    }
}

async fn media_types_are_keyed_apart(proxy: &Proxy) {
    let statement = "MATCH (p:Person {name: 'Alan Turing'}) RETURN p.born";
    let typed = [KEY, ("accept", "application/vnd.neo4j.query")];
    let body = json!({"statement": statement});
    assert_eq!(ask(proxy, statement).await.cache(), "miss");
    let first = proxy.post(QUERY, &typed, &body).await;
    let second = proxy.post(QUERY, &typed, &body).await;
    assert_eq!([first.cache(), second.cache()], ["miss", "hit"]);
    assert_eq!(
        second.rows(),
        json!([[{"$type": "Integer", "_value": "1912"}]])
    );
    assert!(second.header("content-type").contains("vnd.neo4j.query"));
    let plain = ask(proxy, statement).await;
    assert_eq!((plain.cache(), plain.rows()), ("hit", json!([[1912]])));
    for (media, mark) in [
        ("application/vnd.neo4j.jolt", '{'),
        (
            "application/vnd.neo4j.jolt-v2+json-seq;strict=true",
            '\u{1e}',
        ),
    ] {
        let jolt = [KEY, ("accept", media)];
        for _ in 0..7 {
            let read = proxy
                .post("/db/neo4j/tx/commit", &jolt, &statements_of(&[statement]))
                .await;
            assert!(
                read.text.starts_with(mark) && read.text.contains("1912"),
                "{}",
                read.text
            );
            assert_eq!((read.status, read.cache()), (200, "miss"));
            assert!(read.explain().contains("attempts=1"), "{}", read.explain());
        }
        let begun = proxy
            .post("/db/neo4j/tx", &jolt, &statements_of(&["RETURN 1"]))
            .await;
        let location = begun.header("location").to_owned();
        assert!(
            begun.text.contains(&format!("\"{location}/commit\"")),
            "{} {location}",
            begun.text
        );
        let path = location.strip_prefix(proxy.url()).unwrap();
        let ended = proxy
            .post(
                &format!("{path}/commit"),
                &jolt,
                &statements_of(&["RETURN 2"]),
            )
            .await;
        assert!(ended.text.contains("lastBookmarks"), "{}", ended.text);
    }
}

async fn discovery_and_cluster_pass(proxy: &Proxy) {
    let get = async |path: &str, headers: &[(&str, &str)]| {
        send(
            "GET",
            &format!("{}{path}", proxy.url()),
            headers,
            String::new(),
        )
        .await
    };
    let discovery = get("/", &[("accept", "application/json")]).await;
    assert_eq!(discovery.json()["neo4j_edition"], "community");
    assert_eq!(
        discovery.json()["query"],
        format!("{}/db/{{databaseName}}/query/v2", proxy.url())
    );
    assert_eq!(get("/db/neo4j/cluster/writable", &[KEY]).await.status, 404);
    assert_eq!(get("/db/neo4j/query/v2", &[KEY]).await.status, 405);
    let unknown = proxy
        .post(
            "/db/nothere/query/v2",
            &[KEY],
            &json!({"statement": "RETURN 1"}),
        )
        .await;
    assert_eq!(unknown.code(), "Neo.ClientError.Database.DatabaseNotFound");
    let odd = proxy
        .post(
            "/db/NEO4J/query/v2",
            &[KEY],
            &json!({"statement": "RETURN 1"}),
        )
        .await;
    assert_eq!(odd.status, 202);
}

async fn large_responses_stream(proxy: &Proxy, server: &Server) {
    let statement = "UNWIND range(1, 220000) AS x RETURN x, 'a text that is as long as the text of many a property, which is to say not very long'";
    let begun = Instant::now();
    let through = ask(proxy, statement).await;
    let took = begun.elapsed();
    let plain = direct(server, statement).await;
    assert!(through.text.len() > 20_000_000, "{}", through.text.len());
    assert_eq!(through.text, plain.text);
    eprintln!(
        "{} bytes streamed in {:.2} s",
        through.text.len(),
        took.as_secs_f64()
    );
    assert_eq!(ask(proxy, "RETURN 1").await.status, 202);
}

async fn time_limits_are_the_clients(proxy: &Proxy) {
    let endless =
        "MATCH (a), (b), (c), (d) WHERE id(a) + id(b) + id(c) + id(d) = -1 RETURN count(*)";
    let headers = [KEY, ("max-execution-time", "1")];
    let response = proxy
        .post("/db/neo4j/tx/commit", &headers, &statements_of(&[endless]))
        .await;
    assert!(
        response.code().contains("TransactionTimedOut"),
        "{}",
        response.text
    );
    let explain = response.explain();
    assert!(
        explain.contains("effect=read") && explain.contains("attempts=1"),
        "{explain}"
    );
    assert_eq!(ask(proxy, "RETURN 2").await.status, 202);
}

async fn commands_in_transactions_raise_the_service(proxy: &Proxy) {
    let read = "MATCH (t:Topic) RETURN count(t)";
    ask(proxy, read).await;
    assert_eq!(ask(proxy, read).await.cache(), "hit");
    let command = statements_of(&["CREATE USER somebody SET PASSWORD 'another-secret'"]);
    let begun = proxy.post("/db/neo4j/tx", &[KEY], &command).await;
    let location = begun.header("location").to_owned();
    let path = location.strip_prefix(proxy.url()).unwrap();
    assert_eq!(ask(proxy, read).await.cache(), "hit");
    let done = proxy
        .post(&format!("{path}/commit"), &[KEY], &statements_of(&[]))
        .await;
    assert_eq!(done.code(), "", "{}", done.text);
    assert_eq!(ask(proxy, read).await.cache(), "miss");
    assert_eq!(ask(proxy, "DROP USER somebody").await.code(), "");
}

/// One transaction of three requests; gives the server that its token names.
async fn transaction(proxy: &Proxy, query: bool, number: usize) -> usize {
    let create = format!("CREATE (:Moved {{number: {number}}})");
    let body = |text: &str| match query {
        true => json!({"statement": text}),
        false => statements_of(&[text]),
    };
    let base = if query {
        "/db/neo4j/query/v2/tx"
    } else {
        "/db/neo4j/tx"
    };
    let begun = proxy.post(base, &[KEY], &body("RETURN 1")).await;
    let json = begun.json();
    let id = match json["transaction"]["id"].as_str() {
        Some(id) => id.to_owned(),
        None => begun
            .header("location")
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned(),
    };
    let ran = proxy
        .post(&format!("{base}/{id}"), &[KEY], &body(&create))
        .await;
    assert_eq!(ran.code(), "", "{}", ran.text);
    let done = proxy
        .post(&format!("{base}/{id}/commit"), &[KEY], &body(&create))
        .await;
    assert_eq!(done.code(), "", "{}", done.text);
    let token = id.rsplit('-').next().unwrap();
    NAMES
        .iter()
        .position(|name| proxy.token(name) == token)
        .unwrap()
}

async fn transactions_stay_at_their_server(proxy: &Proxy, servers: &[Arc<Server>]) {
    let mut homes = vec![Vec::new(); servers.len()];
    let numbers: Vec<usize> = (0..2 * TRANSACTIONS).collect();
    for group in numbers.chunks(12) {
        let each = group
            .iter()
            .map(|number| transaction(proxy, number % 2 == 0, *number));
        for (number, home) in group.iter().zip(join(each).await) {
            homes[home].extend([*number, *number]);
        }
    }
    for (server, expected) in servers.iter().zip(&homes) {
        let found = direct(
            server,
            "MATCH (n:Moved) WITH n.number AS x ORDER BY x RETURN collect(x)",
        )
        .await;
        assert_eq!(found.rows(), json!([[expected]]));
    }
    let spread: Vec<_> = homes.iter().map(|home| home.len() / 2).collect();
    assert!(spread.iter().all(|count| *count > 0), "{spread:?}");
    eprintln!(
        "{} transactions x 3 requests over 3 servers ({spread:?}): 0 misrouted",
        2 * TRANSACTIONS
    );
}

/// Runs all of them at once.
async fn join<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, done) in pending.iter_mut().filter(|(_, done)| done.is_none()) {
            if let std::task::Poll::Ready(value) = future.as_mut().poll(context) {
                *done = Some(value);
            }
        }
        match pending.iter().all(|(_, done)| done.is_some()) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, done)| done).collect()
}

/// Gives the number of the server that died.
async fn no_read_fails_when_a_server_dies(proxy: &Proxy, servers: &[Arc<Server>]) -> usize {
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let mut readers = JoinSet::new();
    for reader in 0..6 {
        let (url, stop, asked) = (
            format!("{}{QUERY}", proxy.url()),
            stop.clone(),
            asked.clone(),
        );
        readers.spawn(async move {
            let headers = [
                KEY,
                ("accept", "application/json"),
                ("content-type", "application/json"),
            ];
            while !stop.load(Ordering::Relaxed) {
                let number = asked.fetch_add(1, Ordering::Relaxed);
                let text = format!("MATCH (p:Person) RETURN count(p) > 0, '{reader}/{number}'");
                let body = json!({"statement": text}).to_string();
                let response = try_send("POST", &url, &headers, body).await.unwrap();
                assert_eq!(
                    (response.status, &response.rows()[0][0]),
                    (202, &json!(true)),
                    "{}",
                    response.text
                );
            }
        });
    }
    let base = "/db/neo4j/tx";
    let begun = proxy
        .post(base, &[KEY], &statements_of(&["RETURN 1"]))
        .await;
    let location = begun.header("location").to_owned();
    let (_, id) = location.rsplit_once('/').unwrap();
    let is_there = |server: &usize| id.ends_with(&proxy.token(NAMES[*server]));
    let victim = (0..servers.len())
        .find(is_there)
        .expect("the server that the transaction is at");
    let long = statements_of(&[
        "UNWIND range(1, 1000000000) AS x WITH x WHERE x % 7 = 8 CREATE (:Never) RETURN count(x)",
    ]);
    let path = format!("{base}/{id}");
    let writing = proxy.post(&path, &[KEY], &long);
    let server = servers[victim].clone();
    let killing = async {
        let before = asked.load(Ordering::Relaxed);
        eventually("reads are under way", || async {
            asked.load(Ordering::Relaxed) > before + 100
        })
        .await;
        tokio::task::spawn_blocking(move || server.kill())
            .await
            .unwrap();
    };
    let (lost, ()) = tokio::join!(writing, killing);
    assert_eq!(lost.status, 500, "{lost:?}");
    assert!(
        lost.text.contains("its outcome is unknown"),
        "{}",
        lost.text
    );
    assert_ne!(lost.code(), "", "in Neo4j's shape");
    let killed_at = asked.load(Ordering::Relaxed);
    eventually("reads go on", || async {
        asked.load(Ordering::Relaxed) > killed_at + 200
    })
    .await;
    let gone = proxy
        .post(&format!("{path}/commit"), &[KEY], &statements_of(&[]))
        .await;
    assert!(gone.status >= 500, "{gone:?}");
    assert!(gone.text.contains("nothing was sent"), "{}", gone.text);
    for number in 0..6 {
        let written = ask(proxy, &format!("CREATE (:After {{number: {number}}})")).await;
        assert_eq!(
            written.code(),
            "",
            "writes go to those that live: {}",
            written.text
        );
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
    let mut written = 0;
    for (_, server) in (0..).zip(servers).filter(|(place, _)| *place != victim) {
        let count = direct(server, "MATCH (n:After) RETURN count(n)").await;
        written += count.rows()[0][0].as_u64().unwrap();
    }
    assert_eq!(written, 6);
    eprintln!(
        "{} reads while a server of three died: 0 failed",
        asked.load(Ordering::Relaxed)
    );
    victim
}

async fn wrong_passwords_are_refused(proxy: &Proxy) {
    let statement = json!({"statement": "MATCH (t:Topic) RETURN t.name ORDER BY t.name"});
    proxy.post(QUERY, &[KEY], &statement).await;
    let wrong = [("authorization", "Basic bmVvNGo6d3Jvbmc=")];
    for headers in [&wrong[..], &[]] {
        let response = proxy.post(QUERY, headers, &statement).await;
        assert_eq!(
            (response.status, response.cache()),
            (401, "miss"),
            "{}",
            response.text
        );
        assert_eq!(response.code(), "Neo.ClientError.Security.Unauthorized");
    }
    let right = proxy.post(QUERY, &[KEY], &statement).await;
    assert_eq!(
        (right.status, right.cache()),
        (202, "hit"),
        "others keep their entries"
    );
    for _ in 0..4 {
        proxy.post(QUERY, &wrong, &statement).await;
    }
    let locked = proxy.post(QUERY, &wrong, &statement).await;
    assert_eq!(
        (locked.status, locked.explain().contains("attempts=1")),
        (429, true),
        "{locked:?}"
    );
}
