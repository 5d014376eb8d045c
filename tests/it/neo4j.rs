//! The Neo4j side as its clients meet it, on embedded graphs and on scripted servers.

use crate::support::eventually;
use crate::support::neo4j::{Proxy, fenced, statements_of, texts, yaml};
use bytes::Bytes;
use http::{Request, Response};
use pointsman::config::Source;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testbed::client::{TextResponse, send, try_send};
use testbed::faults::{CannedResponse, ReceivedRequest, When};
use testbed::graph::{Graph, Options};
use testbed::server::{Application, Listener};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const NAMES: [&str; 3] = ["a", "b", "c"];

fn graph(listeners: usize) -> Graph {
    Graph::start(Options {
        listeners,
        ..Options::default()
    })
    .unwrap()
}

fn endpoints(graph: &Graph) -> Vec<(&'static str, String)> {
    let listeners = graph.listeners().iter();
    NAMES
        .into_iter()
        .zip(listeners.map(Listener::url))
        .collect()
}

async fn in_front_of(graph: &Graph) -> Proxy {
    let strategy = "    strategy: round_robin\n";
    let proxy = Proxy::start(&yaml(&endpoints(graph), strategy, "")).await;
    // Before it knows the procedures its tags are wider, so that entries of that time are not used later.
    proxy.informed().await;
    proxy
}

/// What the listeners saw of statements that hold a word.
fn seen(graph: &Graph, word: &str) -> Vec<ReceivedRequest> {
    let all = graph
        .listeners()
        .iter()
        .flat_map(|listener| listener.faults().received());
    all.filter(|seen| texts(seen).iter().any(|text| text.contains(word)))
        .collect()
}

/// A server whose responses a function makes; the metadata queries have responses of their own.
struct Script<F>(F);

impl<F: Fn(&str, &Request<Bytes>) -> (u16, Value) + Send + Sync + 'static> Application
    for Script<F>
{
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let text = String::from_utf8_lossy(request.body()).into_owned();
        let rows = |rows: Value| (202, json!({"data": {"fields": [], "values": rows}}));
        let (status, body) = match request.uri().path() {
            "/" => (200, json!({})),
            path if path.contains("/cluster/") => (
                404,
                json!({"errors": [{"code": "Neo.ClientError.Request.Invalid", "message": "Not Found"}]}),
            ),
            _ if text.contains("SHOW PROCEDURES") => rows(json!([
                ["db.labels", "READ"],
                ["my.read", "READ"],
                ["my.other", "READ"]
            ])),
            _ if text.contains("SHOW FUNCTIONS") => rows(json!([])),
            _ if text.contains("SHOW DATABASES") => rows(json!([["neo4j", []]])),
            _ => (self.0)(&text, request),
        };
        Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(body.to_string().into())
            .unwrap()
    }

    fn is_write(&self, _request: &Request<Bytes>) -> bool {
        false
    }
}

/// A scripted server that says whether it takes writes: 200 yes, 404 no.
struct Member<F>(u16, Script<F>);

impl<F: Fn(&str, &Request<Bytes>) -> (u16, Value) + Send + Sync + 'static> Application
    for Member<F>
{
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        match request.uri().path().contains("/cluster/") {
            true => Response::builder()
                .status(self.0)
                .body((self.0 == 200).to_string().into())
                .unwrap(),
            false => self.1.respond(request),
        }
    }

    fn is_write(&self, _request: &Request<Bytes>) -> bool {
        false
    }
}

/// Procedures of a plug-in that the operator says only read.
const PURE: &str = "    pure: [my.read, my.other]\n";

/// Waits until the last of the metadata queries was received, so that what is put in place of the next response meets a
/// request of the test.
async fn metadata_asked(listener: &Listener) {
    eventually("all metadata was asked for", || async {
        !calls(listener, "SHOW HOME DATABASE").is_empty()
    })
    .await;
}

async fn scripted(
    response: impl Fn(&str, &Request<Bytes>) -> (u16, Value) + Send + Sync + 'static,
) -> (Listener, Proxy) {
    let listener = Listener::bind(0, Arc::new(Script(response))).unwrap();
    let proxy = Proxy::start(&yaml(&[("a", listener.url())], PURE, "")).await;
    proxy.informed().await;
    (listener, proxy)
}

fn calls(listener: &Listener, word: &str) -> Vec<ReceivedRequest> {
    let mut all = listener.faults().received();
    all.retain(|seen| String::from_utf8_lossy(&seen.body).contains(word));
    all
}

const REFUSED: &str = "Neo.ClientError.Statement.AccessMode";

/// A server that refuses everything under the fence.
fn strict(text: &str, request: &Request<Bytes>) -> (u16, Value) {
    let errors = json!([{"code": REFUSED, "message": "Writing in read access mode not allowed."}]);
    let by_header = request.headers().contains_key("access-mode");
    match request.uri().path() {
        _ if text.contains("labels") => (202, json!({"data": {"fields": [], "values": []}})),
        path if path.ends_with("/commit") && by_header => {
            (200, json!({"results": [], "errors": errors}))
        }
        path if path.ends_with("/commit") => (200, json!({"results": [], "errors": []})),
        _ if text.contains("\"READ\"") => (400, json!({"errors": errors})),
        _ if text.contains("fails") => (
            500,
            json!({"errors": [{"code": "Neo.DatabaseError.General.UnknownError"}]}),
        ),
        _ => (202, json!({"data": {"fields": ["x"], "values": [[1]]}})),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_fenced_on_the_wire_and_writes_are_not() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    proxy.query("CREATE (:Fenced)").await;
    proxy.commit(&["CREATE (:Fenced)"]).await;
    let read = proxy.query("MATCH (n:Fenced) RETURN count(n)").await;
    assert_eq!(read.rows(), json!([[2]]));
    proxy
        .commit(&["MATCH (n:Fenced) RETURN count(n)", "RETURN 'Fenced'"])
        .await;
    let by_clause = |clause: &str| {
        let mut all = seen(&graph, "Fenced");
        all.retain(|seen| texts(seen)[0].starts_with(clause));
        all.iter().map(fenced).collect::<Vec<_>>()
    };
    assert_eq!(by_clause("MATCH"), [true, true]);
    assert_eq!(by_clause("CREATE"), [false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_write_is_learned_and_sent_once_as_a_write() {
    let (listener, proxy) = scripted(strict).await;
    let first = proxy.query("CALL my.read()").await;
    assert_eq!(
        (first.status, first.rows()),
        (202, json!([[1]])),
        "{first:?}"
    );
    assert_eq!(
        calls(&listener, "my.read")
            .iter()
            .map(fenced)
            .collect::<Vec<_>>(),
        [true, false]
    );
    let second = proxy.query("CALL my.read()").await;
    assert!(
        second.explain().contains("effect=write"),
        "{}",
        second.explain()
    );
    assert_eq!(calls(&listener, "my.read").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_fence_inside_a_200_of_the_transactional_api_is_handled() {
    let (listener, proxy) = scripted(strict).await;
    let response = proxy.commit(&["CALL my.other()"]).await;
    assert_eq!(response.code(), "", "{response:?}");
    assert_eq!(
        calls(&listener, "my.other")
            .iter()
            .map(fenced)
            .collect::<Vec<_>>(),
        [true, false]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_not_repeated_when_it_fails_after_its_refusal() {
    let (listener, proxy) = scripted(strict).await;
    let response = proxy.query("CALL my.read('fails')").await;
    assert_eq!(response.status, 500);
    assert_eq!(calls(&listener, "fails").len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_under_the_clients_own_read_mode_reaches_the_client() {
    let (listener, proxy) = scripted(strict).await;
    let body = json!({"statement": "CALL my.read()", "accessMode": "READ"});
    let response = proxy.query_body(body).await;
    assert_eq!((response.status, response.code().as_str()), (400, REFUSED));
    assert_eq!(calls(&listener, "my.read").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn jolt_responses_are_judged_by_their_records() {
    let listener = Listener::bind(
        0,
        Arc::new(Script(|_: &str, _: &Request<Bytes>| (200, json!({})))),
    )
    .unwrap();
    let proxy = Proxy::start(&yaml(
        &[("a", listener.url())],
        PURE,
        // No probe is to be given a response that is meant for a request.
        "breaker: {threshold: 1}\nhealth: {enabled: false}\n",
    ))
    .await;
    proxy.informed().await;
    metadata_asked(&listener).await;
    let jolt = |body: &'static str| {
        let mut response = CannedResponse::json(200, body);
        response.headers.insert(
            "content-type",
            "application/vnd.neo4j.jolt-v2".parse().unwrap(),
        );
        response
    };
    let accept = [("accept", "application/vnd.neo4j.jolt-v2")];
    let rows = "{\"header\":{\"fields\":[\"1\"]}}\n{\"data\":[1]}\n{\"summary\":{}}\n{\"info\":{\"lastBookmarks\":[\"FB:x\"]}}\n";
    for round in 0..2 {
        listener.faults().respond(jolt(rows), When::Next(1));
        let body = statements_of(&["MATCH (n:Jolt) RETURN count(n)"]);
        let response = proxy.post("/db/neo4j/tx/commit", &accept, &body).await;
        assert_eq!((response.status, response.text.as_str()), (200, rows));
        assert_eq!(response.cache(), "miss", "{round}: never stored");
        assert!(
            response.explain().contains("attempts=1"),
            "{}",
            response.explain()
        );
    }
    let refused = "{\"error\":{\"errors\":[{\"code\":\"Neo.ClientError.Statement.AccessMode\",\"message\":\"no\"}]}}\n{\"info\":{}}\n";
    listener.faults().respond(jolt(refused), When::Next(1));
    let response = proxy
        .post(
            "/db/neo4j/tx/commit",
            &accept,
            &statements_of(&["CALL my.read()"]),
        )
        .await;
    assert_eq!(response.text, "{}");
    assert_eq!(
        calls(&listener, "my.read")
            .iter()
            .map(fenced)
            .collect::<Vec<_>>(),
        [true, false]
    );
}

/// One explicit transaction as its client sees it.
struct Transaction {
    /// Path and query of the transaction.
    path: String,
    id: String,
}

#[derive(Clone, Copy)]
struct Api {
    path: &'static str,
    body: fn(&str) -> Value,
}

const QUERY: Api = Api {
    path: "/db/neo4j/query/v2/tx",
    body: |text| json!({"statement": text}),
};
const TX: Api = Api {
    path: "/db/neo4j/tx",
    body: |text| statements_of(&[text]),
};

impl Api {
    async fn begin(&self, proxy: &Proxy, text: &str) -> Transaction {
        let response = proxy.post(self.path, &[], &(self.body)(text)).await;
        assert!((200..300).contains(&response.status), "{response:?}");
        assert_eq!(response.cache(), "bypass");
        let json = response.json();
        let id = match json["transaction"]["id"].as_str() {
            Some(id) => id.to_owned(),
            None => {
                let location = response.header("location").to_owned();
                let commit = json["commit"].as_str().unwrap();
                assert_eq!(format!("{location}/commit"), commit);
                assert!(
                    commit.starts_with(proxy.url()),
                    "Host is passed on: {commit}"
                );
                location.rsplit('/').next().unwrap().to_owned()
            }
        };
        let path = format!("{}/{id}", self.path);
        Transaction { path, id }
    }

    async fn run(&self, proxy: &Proxy, transaction: &Transaction, text: &str) -> TextResponse {
        proxy.post(&transaction.path, &[], &(self.body)(text)).await
    }

    async fn commit(&self, proxy: &Proxy, transaction: &Transaction, text: &str) -> TextResponse {
        let path = format!("{}/commit", transaction.path);
        proxy.post(&path, &[], &(self.body)(text)).await
    }
}

/// The listener, by name, that an id belongs to.
fn home(proxy: &Proxy, id: &str) -> usize {
    let token = id.rsplit('-').next().unwrap();
    NAMES
        .iter()
        .position(|name| proxy.token(name) == token)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_with_colliding_ids_stay_at_their_own_endpoint() {
    let graph = graph(3);
    // With a cache they would all begin where the last write was committed.
    let service = "    strategy: round_robin\n    cache: false\n";
    let proxy = Proxy::start(&yaml(&endpoints(&graph), service, "")).await;
    proxy.informed().await;
    for (api, label) in [(QUERY, "ByQuery"), (TX, "ByTx")] {
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push(api.begin(&proxy, "RETURN 1").await);
        }
        let raw: Vec<_> = open
            .iter()
            .map(|t| t.id.split('-').next().unwrap())
            .collect();
        assert!(
            raw.iter().all(|id| *id == raw[0]),
            "the ids collide: {raw:?}"
        );
        let mut homes: Vec<_> = open.iter().map(|t| home(&proxy, &t.id)).collect();
        homes.sort_unstable();
        assert_eq!(homes, [0, 1, 2]);
        for transaction in open.iter().rev() {
            let listener = home(&proxy, &transaction.id);
            let create = format!("CREATE (:{label} {{listener: {listener}}})");
            for response in [
                api.run(&proxy, transaction, &create).await,
                api.commit(&proxy, transaction, &format!("RETURN '{label}'"))
                    .await,
            ] {
                assert!((200..300).contains(&response.status), "{response:?}");
                assert_eq!(response.code(), "");
            }
            let here = graph.faults(listener).received();
            let mine: Vec<_> = here
                .iter()
                .filter(|seen| texts(seen).iter().any(|text| text.contains(label)))
                .collect();
            assert_eq!(mine.len(), 2, "listener {listener}");
            assert!(
                mine.iter()
                    .all(|seen| !seen.target.contains('-') && !fenced(seen))
            );
        }
        assert_eq!(seen(&graph, label).len(), 6);
        let count = proxy
            .query(&format!("MATCH (n:{label}) RETURN count(n)"))
            .await;
        assert_eq!(count.rows(), json!([[3]]));
    }
    for (api, id) in [(QUERY, "tx1"), (TX, "tx2")] {
        let transaction = api
            .begin(&proxy, &format!("CREATE (:Gone {{id: '{id}'}})"))
            .await;
        let url = format!("{}{}", proxy.url(), transaction.path);
        assert_eq!(send("DELETE", &url, &[], String::new()).await.status, 200);
        assert_eq!(send("DELETE", &url, &[], String::new()).await.status, 404);
    }
    assert_eq!(
        proxy.query("MATCH (n:Gone) RETURN n").await.rows(),
        json!([])
    );
    assert!((0..3).all(|listener| graph.open_transactions(listener) == 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_without_a_known_endpoint_is_a_404_that_touches_no_endpoint() {
    let graph = graph(3);
    let proxy = in_front_of(&graph).await;
    let id = "1-00000000";
    for path in [
        format!("/db/neo4j/tx/{id}"),
        format!("/db/neo4j/tx/{id}/commit"),
        format!("/db/neo4j/query/v2/tx/{id}"),
        "/db/neo4j/tx/1".into(),
    ] {
        let response = proxy.post(&path, &[], &json!({"statements": []})).await;
        assert_eq!(response.status, 404, "{path}");
        let code = match path.contains("/query/v2/") {
            true => "Neo.ClientError.Request.Invalid",
            false => "Neo.ClientError.Transaction.TransactionNotFound",
        };
        assert_eq!(response.code(), code);
        assert!(
            response
                .header("content-type")
                .starts_with("application/json")
        );
    }
    let listeners = graph.listeners().iter();
    let of_transactions = |seen: &ReceivedRequest| seen.path().contains("/tx");
    let touched = listeners
        .flat_map(|listener| listener.faults().received())
        .filter(of_transactions);
    assert_eq!(touched.count(), 0);
    let gone = format!("/db/neo4j/tx/77-{}", proxy.token("b"));
    let response = proxy.post(&gone, &[], &json!({"statements": []})).await;
    assert_eq!(
        response.code(),
        "Neo.ClientError.Transaction.TransactionNotFound"
    );
    assert_eq!(
        graph
            .faults(1)
            .count(&http::Method::POST, "/db/neo4j/tx/77"),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_survives_a_restart_of_pointsman() {
    let graph = graph(3);
    for api in [QUERY, TX] {
        let first = in_front_of(&graph).await;
        let transaction = api.begin(&first, "CREATE (:Kept)").await;
        first.stop().await;
        let second = in_front_of(&graph).await;
        let response = api.run(&second, &transaction, "CREATE (:Kept)").await;
        assert_eq!(response.code(), "", "{response:?}");
        let response = api.commit(&second, &transaction, "RETURN 1").await;
        assert_eq!(response.code(), "", "{response:?}");
        second.stop().await;
    }
    let proxy = in_front_of(&graph).await;
    let count = proxy.query("MATCH (n:Kept) RETURN count(n)").await;
    assert_eq!(count.rows(), json!([[4]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_survives_a_reload_that_removes_its_endpoint() {
    let graph = graph(3);
    let file = tempfile::NamedTempFile::new().unwrap();
    let all = endpoints(&graph);
    std::fs::write(file.path(), yaml(&all, "    strategy: round_robin\n", "")).unwrap();
    let proxy = Proxy::start_file(Source {
        path: file.path().to_owned(),
        ..Source::default()
    })
    .await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(TX.begin(&proxy, "RETURN 1").await);
    }
    let kept: Vec<_> = all.into_iter().take(1).collect();
    std::fs::write(file.path(), yaml(&kept, "    strategy: round_robin\n", "")).unwrap();
    let reloaded = proxy.server().reload().await.unwrap();
    assert!(reloaded.changed);
    for transaction in &open {
        let ran = TX.run(&proxy, transaction, "CREATE (:Reloaded)").await;
        assert_eq!(
            (ran.status, ran.code().as_str()),
            (200, ""),
            "{}",
            transaction.id
        );
        let commit = ran.json()["commit"].as_str().unwrap().to_owned();
        assert!(commit.contains(&transaction.id), "{commit}");
        let done = TX.commit(&proxy, transaction, "RETURN 1").await;
        assert_eq!((done.status, done.code().as_str()), (200, ""));
    }
    let count = proxy.query("MATCH (n:Reloaded) RETURN count(n)").await;
    assert_eq!(count.rows(), json!([[3]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_invalidates_and_reads_inside_a_transaction_bypass() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    let read = "MATCH (n:Stock) RETURN count(n)";
    for api in [QUERY, TX] {
        let before = proxy.query(read).await.rows()[0][0].as_i64().unwrap();
        let again = proxy.query(read).await;
        assert_eq!(again.cache(), "hit", "{again:?}");
        let transaction = api.begin(&proxy, "CREATE (:Stock)").await;
        let inside = api.run(&proxy, &transaction, read).await;
        assert_eq!(inside.cache(), "bypass");
        assert!(
            inside.text.contains(&format!("[{}]", before + 1)),
            "{}",
            inside.text
        );
        let outside = proxy.query(read).await;
        assert_eq!(
            (outside.cache(), outside.rows()),
            ("hit", json!([[before]]))
        );
        api.commit(&proxy, &transaction, "RETURN 1").await;
        let after = proxy.query(read).await;
        assert_eq!(
            (after.cache(), after.rows()),
            ("miss", json!([[before + 1]]))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_statements_are_one_call() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    let reads = ["MATCH (n:Several) RETURN count(n)", "RETURN 1"];
    assert_eq!(proxy.commit(&reads).await.cache(), "miss");
    assert_eq!(proxy.commit(&reads).await.cache(), "hit");
    let mixed = proxy.commit(&["RETURN 1", "CREATE (:Several)"]).await;
    assert!(
        mixed.explain().contains("effect=write"),
        "{}",
        mixed.explain()
    );
    let after = proxy.commit(&reads).await;
    assert_eq!(after.cache(), "miss");
    assert_eq!(after.json()["results"][0]["data"][0]["row"], json!([1]));
    let failed = proxy.commit(&["CREATE (:Several)", "RETURN 1/0"]).await;
    assert_ne!(failed.code(), "");
    let rolled_back = proxy.commit(&reads).await;
    assert_eq!(
        rolled_back.json()["results"][0]["data"][0]["row"],
        json!([1])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn narrow_writes_leave_other_labels_alone_and_the_trap_is_no_narrow_write() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    proxy.query("CREATE (:A:B {x: 1})").await;
    let of_b = "MATCH (n:B) RETURN n.x AS x ORDER BY x";
    eventually(
        "a write to one label leaves an entry of another alone",
        || async {
            proxy.query(of_b).await;
            proxy.query("CREATE (:Other)").await;
            proxy.query(of_b).await.cache() == "hit"
        },
    )
    .await;
    proxy.query("MATCH (n:A) SET n.x = 2").await;
    let trapped = proxy.query(of_b).await;
    assert_eq!((trapped.cache(), trapped.rows()), ("miss", json!([[2]])));
    for (write, stays) in [
        ("CREATE (:A {x: 9})", true),
        ("MERGE (:Other {y: 1})", true),
        ("MATCH (a:A) MATCH (o:Other) MERGE (a)-[:LIKES]->(o)", true),
        ("MATCH (:A)-[r:LIKES]->() SET r.since = 1", true),
        ("MATCH (:A)-[r:LIKES]->() DELETE r", true),
        ("CREATE (:A:B {x: 3})", false),
        ("MATCH (n:Other) SET n:B", false),
        ("MATCH (n:Other) REMOVE n:B", false),
        ("MATCH (n:Other) DETACH DELETE n", false),
        (
            "CREATE INDEX some_index IF NOT EXISTS FOR (n:Z) ON (n.z)",
            false,
        ),
    ] {
        let before = proxy.query(of_b).await.rows();
        let done = proxy.query(write).await;
        assert_eq!(done.status, 202, "{write}: {}", done.text);
        let after = proxy.query(of_b).await;
        assert_eq!(after.cache() == "hit", stays, "{write}");
        let direct = send(
            "POST",
            &format!("{}/db/neo4j/query/v2", graph.url(0)),
            &[
                ("accept", "application/json"),
                ("content-type", "application/json"),
            ],
            json!({"statement": of_b}).to_string(),
        )
        .await;
        assert_eq!(after.rows(), direct.rows(), "{write}; before: {before}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hits_carry_the_newest_bookmark() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    proxy.query("CREATE (:B)").await;
    let read = "MATCH (n:B) RETURN count(n)";
    let bookmark =
        |response: &TextResponse| response.json()["bookmarks"][0].as_str().unwrap().to_owned();
    eventually("a narrow write leaves the entry", || async {
        let first = proxy.query(read).await;
        let written = proxy.query("CREATE (:Elsewhere)").await;
        let hit = proxy.query(read).await;
        if hit.cache() == "hit" {
            assert_ne!(bookmark(&first), bookmark(&hit));
            assert_eq!(bookmark(&written), bookmark(&hit));
        }
        hit.cache() == "hit"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bookmark_of_the_system_database_is_never_put_into_a_hit() {
    let own = "FB:kcwQkgFKv0mFQVGED9FkC41oIQOQ";
    let system = "FB:kcwQAAAAAAAAAAAAAAAAAAAAASmQ";
    let (_door, proxy) = scripted(move |text, _| {
        let bookmark = if text.contains("SHOW") { system } else { own };
        (
            202,
            json!({"data": {"fields": ["x"], "values": [[1]]}, "bookmarks": [bookmark]}),
        )
    })
    .await;
    proxy.query("MATCH (n:Marked) RETURN n.x").await;
    proxy.query("SHOW USERS").await;
    let hit = proxy.query("MATCH (n:Marked) RETURN n.x").await;
    assert_eq!(
        (hit.cache(), &hit.json()["bookmarks"]),
        ("hit", &json!([own]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_beside_rows_and_what_is_never_stored_stay_misses() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    for statement in [
        "UNWIND [1, 0] AS x RETURN 1 / x",
        "EXPLAIN MATCH (n) RETURN n",
        "PROFILE MATCH (n) RETURN n",
        "SHOW PROCEDURES YIELD name",
        "SHOW DATABASES",
        "CALL db.labels()",
        "USE neo4j MATCH (n) RETURN n",
        "RETURN rand()",
        "RETURN datetime()",
        "RETURN timestamp()",
        "MATCH (n:",
    ] {
        for _ in 0..2 {
            let response = proxy.query(statement).await;
            assert_ne!(response.cache(), "hit", "{statement}: {}", response.text);
        }
    }
    let broken = proxy.query("UNWIND [1, 0] AS x RETURN 1 / x").await;
    assert_eq!(
        (broken.status, broken.code().is_empty()),
        (202, false),
        "{}",
        broken.text
    );
    let bookmark = proxy.query("RETURN 1").await.json()["bookmarks"].clone();
    for body in [
        json!({"statement": "MATCH (n) RETURN n", "bookmarks": bookmark}),
        json!({"statement": "MATCH (n) RETURN n", "accessMode": "WRITE"}),
    ] {
        for _ in 0..2 {
            assert_eq!(
                proxy.query_body(body.clone()).await.cache(),
                "bypass",
                "{body}"
            );
        }
    }
}

/// An endpoint that keeps every byte it is sent, and answers each head.
async fn recorder() -> (String, Arc<std::sync::Mutex<Vec<u8>>>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let bytes = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = bytes.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = kept.clone();
            tokio::spawn(async move {
                let mut part = vec![0; 1 << 16];
                while let Ok(count @ 1..) = stream.read(&mut part).await {
                    kept.lock().unwrap().extend_from_slice(&part[..count]);
                    if part[..count].windows(4).any(|end| end == b"\r\n\r\n") {
                        let response = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                                      content-length: 26\r\n\r\n{\"results\":[],\"errors\":[]}";
                        let _ = stream.write_all(response.as_bytes()).await;
                    }
                }
            });
        }
    });
    (url, bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_upload_of_a_transactional_write_never_reaches_the_server() {
    let (url, bytes) = recorder().await;
    let more = "path: {peek_limit: 1KiB}\nhealth: {enabled: false}\n";
    let proxy = Proxy::start(&yaml(&[("a", url)], "", more)).await;
    let short = "{\"statements\":[{\"statement\":\"CREATE (:Cut)\"}]";
    let long = format!("{short},\"pad\":\"{}", "x".repeat(8192));
    for (path, body) in [
        ("/db/neo4j/tx/commit", long.as_str()),
        ("/db/neo4j/tx/commit", short),
        ("/db/neo4j/tx", long.as_str()),
        ("/db/neo4j/query/v2", long.as_str()),
    ] {
        let chunked = format!(
            "transfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n",
            body.len()
        );
        let lengthy = format!("content-length: 100000\r\n\r\n{body}");
        for sent in [chunked, lengthy] {
            let address = &proxy.url()["http://".len()..];
            let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let head =
                format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n");
            stream
                .write_all(format!("{head}{sent}").as_bytes())
                .await
                .unwrap();
            stream.shutdown().await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    }
    let whole = json!({"statements": [{"statement": "CREATE (:Cut)", "parameters": {"pad": "x".repeat(8192)}}]});
    let response = proxy.post("/db/neo4j/tx/commit", &[], &whole).await;
    assert!(
        response.explain().contains("op=cypher.write"),
        "{response:?}"
    );
    let text = String::from_utf8_lossy(&bytes.lock().unwrap()).into_owned();
    let posts = text.matches("POST ").count() - text.matches("SHOW ").count();
    assert_eq!(
        (text.matches(":Cut").count(), posts),
        (1, 1),
        "{}",
        &text[..text.len().min(600)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_procedure_is_a_read_after_the_first_metadata_query() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    let response = proxy
        .query("CALL db.labels() YIELD label RETURN label")
        .await;
    assert!(
        response.explain().contains("op=cypher.read"),
        "{}",
        response.explain()
    );
    assert!(fenced(seen(&graph, "RETURN label").last().unwrap()));
    let write = proxy.query("CALL db.createLabel('New')").await;
    assert!(
        write.explain().contains("effect=write"),
        "{}",
        write.explain()
    );
    let unknown = proxy.query("CALL no.such()").await;
    assert!(
        unknown.explain().contains("effect=write"),
        "{}",
        unknown.explain()
    );
    assert!(!fenced(seen(&graph, "no.such").last().unwrap()));
}

const ALICE: (&str, &str) = ("authorization", "Basic YWxpY2U6c2VjcmV0");
const BOB: (&str, &str) = ("authorization", "Basic Ym9iOnNlY3JldA==");

#[tokio::test(flavor = "multi_thread")]
async fn basic_authentication_passes_through_and_probes_use_their_own() {
    let graph = Graph::start(Options {
        auth: Some(("alice".into(), "secret".into())),
        ..Options::default()
    })
    .unwrap();
    let service = "    probe: {user: alice, password: secret}\n";
    let proxy = Proxy::start(&yaml(&endpoints(&graph), service, "")).await;
    proxy.informed().await;
    let body = json!({"statement": "MATCH (n:Mine) RETURN n"});
    let path = "/db/neo4j/query/v2";
    let mut responses = Vec::new();
    for headers in [&[ALICE][..], &[ALICE], &[], &[BOB]] {
        let response = proxy.post(path, headers, &body).await;
        responses.push((response.status, response.cache().to_owned()));
    }
    let expected = [(202, "miss"), (202, "hit"), (401, "miss"), (401, "miss")];
    assert_eq!(
        responses,
        expected.map(|(status, cache)| (status, cache.to_owned()))
    );
    let discovery = send("GET", &format!("{}/", proxy.url()), &[], String::new()).await;
    assert!(
        discovery.json()["query"]
            .as_str()
            .unwrap()
            .starts_with(proxy.url())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_users_never_share_an_entry_and_a_401_revokes() {
    let (listener, proxy) = scripted(|_, request| {
        let who = request
            .headers()
            .get("authorization")
            .map_or("", |value| value.to_str().unwrap());
        (202, json!({"data": {"fields": ["who"], "values": [[who]]}}))
    })
    .await;
    metadata_asked(&listener).await;
    let path = "/db/neo4j/query/v2";
    let body = json!({"statement": "MATCH (n:Who) RETURN n.who"});
    let ask =
        |who: (&'static str, &'static str)| proxy.post(path, Box::leak(Box::new([who])), &body);
    for cache in ["miss", "hit"] {
        for who in [ALICE, BOB] {
            let response = ask(who).await;
            assert_eq!(
                (response.cache(), response.rows()),
                (cache, json!([[who.1]]))
            );
        }
    }
    let refused =
        json!({"errors": [{"code": "Neo.ClientError.Security.Unauthorized", "message": "no"}]});
    for (round, statement) in [
        "CREATE (:Write)",
        "RETURN rand()",
        "MATCH (n:Else) RETURN n",
    ]
    .iter()
    .enumerate()
    {
        listener.faults().respond(
            CannedResponse::json(401, refused.to_string()),
            When::Next(1),
        );
        let response = proxy
            .post(path, &[ALICE], &json!({"statement": statement}))
            .await;
        assert_eq!(response.status, 401, "{round}");
        if round > 0 {
            assert_eq!(
                ask(BOB).await.cache(),
                "hit",
                "{statement}: Bob's entries stay"
            );
        }
        assert_eq!(
            ask(ALICE).await.cache(),
            "miss",
            "{statement}: Alice's entries went"
        );
        ask(BOB).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn access_modes_and_bookmarks_of_clients_pass_unchanged() {
    let graph = graph(1);
    let proxy = in_front_of(&graph).await;
    let headers = [("access-mode", "write")];
    proxy
        .post(
            "/db/neo4j/tx/commit",
            &headers,
            &statements_of(&["RETURN 'modes'"]),
        )
        .await;
    let body = json!({"statement": "RETURN 'modes'", "accessMode": "write", "unknown": 1});
    let response = proxy.query_body(body.clone()).await;
    assert_eq!(response.status, 400);
    let seen = seen(&graph, "modes");
    assert_eq!(seen[0].headers["access-mode"], "write");
    assert_eq!(seen[1].body, body.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_on_when_an_endpoint_dies_and_writes_say_what_is_known() {
    let graph = graph(3);
    let proxy = in_front_of(&graph).await;
    proxy.query("CREATE (:Alive)").await;
    graph.kill(1);
    for round in 0..20 {
        let response = proxy
            .query(&format!("MATCH (n:Alive) RETURN count(n), {round}"))
            .await;
        assert_eq!(response.rows()[0][0], 1, "{response:?}");
    }
    graph
        .faults(0)
        .cut_after(0, When::Always, testbed::faults::Requests::Writes);
    graph
        .faults(2)
        .cut_after(0, When::Always, testbed::faults::Requests::Writes);
    let lost = proxy.query("CREATE (:Once)").await;
    assert_eq!(lost.status, 500);
    assert_eq!(lost.code(), "Neo.DatabaseError.General.UnknownError");
    assert!(lost.text.contains("outcome is unknown"), "{}", lost.text);
    assert_eq!(seen(&graph, "Once").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_response_of_a_commit_is_not_asked_for_again() {
    let graph = graph(2);
    let proxy = in_front_of(&graph).await;
    let transaction = TX.begin(&proxy, "CREATE (:Lost)").await;
    let listener = home(&proxy, &transaction.id);
    graph
        .faults(listener)
        .cut_after(0, When::Always, testbed::faults::Requests::All);
    let response = TX.commit(&proxy, &transaction, "RETURN 'lost'").await;
    graph.faults(listener).clear();
    assert_eq!(response.status, 500, "{response:?}");
    let path = format!(
        "/db/neo4j/tx/{}/commit",
        transaction.id.split('-').next().unwrap()
    );
    assert_eq!(graph.faults(listener).count(&http::Method::POST, &path), 1);
    let read = proxy.query("MATCH (n:Lost) RETURN count(n)").await;
    assert_eq!(read.rows(), json!([[1]]));
    assert_ne!(
        proxy.query("MATCH (n:Lost) RETURN count(n)").await.cache(),
        "hit",
        "quarantined"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_send_writes_to_the_writer_alone() {
    let graph = graph(3);
    let urls = endpoints(&graph);
    let roles = ["writer", "reader", "reader"];
    let list: String = urls
        .iter()
        .zip(roles)
        .map(|((name, url), role)| {
            format!("      - {{name: {name}, url: '{url}', role: {role}}}\n")
        })
        .collect();
    let text = format!(
        "services:\n  graph:\n    dialect: neo4j\n    listen: 127.0.0.1:0\n    strategy: round_robin\n    endpoints:\n{list}admin: {{listen: '127.0.0.1:0'}}\n"
    );
    let proxy = Proxy::start(&text).await;
    for number in 0..6 {
        assert_eq!(
            proxy
                .query(&format!("CREATE (:Role {{n: {number}}})"))
                .await
                .status,
            202
        );
        let transaction = TX.begin(&proxy, "RETURN 'Role'").await;
        assert_eq!(home(&proxy, &transaction.id), 0);
        TX.commit(&proxy, &transaction, "RETURN 'Role'").await;
    }
    let writes = |listener| {
        graph
            .faults(listener)
            .received()
            .iter()
            .filter(|seen| texts(seen).iter().any(|text| text.contains("Role")))
            .count()
    };
    assert_eq!([writes(0), writes(1), writes(2)], [18, 0, 0]);
    graph.kill(0);
    let refused = try_send(
        "POST",
        &format!("{}/db/neo4j/query/v2", proxy.url()),
        &[("content-type", "application/json")],
        json!({"statement": "CREATE (:Role)"}).to_string(),
    )
    .await
    .unwrap();
    assert!(refused.status >= 500, "{refused:?}");
    assert!(writes(1) + writes(2) == 0);
    tokio::time::timeout(Duration::from_secs(10), async {
        assert_eq!(proxy.query("RETURN 1").await.status, 202);
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_cluster_probes_find_the_writer_which_takes_what_must_not_lag() {
    let own = "FB:kcwQkgFKv0mFQVGED9FkC41oIQOQ";
    let response = move |_: &str, _: &Request<Bytes>| {
        let data = json!({"fields": ["x"], "values": [[1]]});
        (202, json!({"data": data, "bookmarks": [own]}))
    };
    let member = |role| Listener::bind(0, Arc::new(Member(role, Script(response)))).unwrap();
    let listeners = [member(404), member(200), member(404)];
    let endpoints: Vec<_> = NAMES
        .into_iter()
        .zip(listeners.iter().map(Listener::url))
        .collect();
    let service = "    strategy: round_robin\n    cluster: true\n";
    let proxy = Proxy::start(&yaml(&endpoints, service, "")).await;
    proxy.informed().await;
    eventually("the writer is found", || async {
        listeners
            .iter()
            .for_each(|listener| listener.faults().reset_counters());
        for _ in 0..3 {
            proxy.query("CREATE (:Found)").await;
        }
        calls(&listeners[1], "Found").len() == 3
    })
    .await;
    for number in 0..6 {
        let read = proxy
            .query(&format!("MATCH (n:Fresh) RETURN {number}"))
            .await;
        assert_eq!(read.status, 202);
        let body = json!({"statement": format!("RETURN 'any', {number}"), "bookmarks": [own]});
        assert_eq!(proxy.query_body(body).await.status, 202);
    }
    let count = |word: &str| {
        listeners
            .each_ref()
            .map(|listener| calls(listener, word).len())
    };
    assert_eq!(count("Fresh"), [0, 6, 0], "a read without a bookmark");
    assert!(
        count("'any'").iter().all(|count| *count > 0),
        "{:?}",
        count("'any'")
    );
    assert!(calls(&listeners[1], "Fresh").iter().all(fenced));
}
