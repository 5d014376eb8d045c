//! The Neo4j shape.

use std::time::Duration;

use serde_json::{Value, json};
use testbed::graph::{Graph, Options};

use crate::support::{get, json as send_json, recorded, same_shape};
use testbed::client::{TextResponse, send};

const RECORDED: &str = include_str!("../data/neo4j-5.26-recorded.ndjson");

/// What the engine has not, or does its own way: subqueries, the server's notifications, points, rows
/// before a failure, and the exact operators of a plan.
const NOT_PROMISED: &[&str] = &[
    "query: subquery in transactions",
    "query: cartesian product warning",
    "query: bookmark too new",
    "query: typed JSON",
];

/// Notes whose bodies are compared by their outermost keys only.
const OUTLINE: &[&str] = &[
    "query: EXPLAIN scan",
    "query: EXPLAIN seek",
    "query: PROFILE",
    "query: runtime error",
    "query: SHOW INDEXES",
];

/// Statements that the shim answers as recorded but whose texts it does not copy.
const OWN_WORDS: &[&str] = &["Neo.ClientError.Statement.SyntaxError"];

fn graph() -> Graph {
    Graph::start(Options::default()).unwrap()
}

/// Ids of recorded transactions, as ours: one API starts at 1, the other at its first.
fn ours(graph: &Graph, path: &str, ids: &[String; 2]) -> String {
    let own = |segment: &str| match segment {
        "ff25" | "d55a" => ids[1].clone(),
        "9" | "10" => ids[0].clone(),
        other => other.to_owned(),
    };
    let path = path.split('/').map(own).collect::<Vec<_>>().join("/");
    format!("{}{path}", graph.url(0))
}

#[tokio::test]
async fn recorded_requests_get_responses_of_the_recorded_status_and_shape() {
    let graph = graph();
    let mut wrong = Vec::new();
    let mut ids = [String::new(), String::new()];
    for line in recorded(RECORDED) {
        let (request, theirs) = (&line["request"], &line["response"]);
        let note = line["note"].as_str().unwrap();
        if NOT_PROMISED.contains(&note) {
            continue;
        }
        let body = match &request["body"] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            body => Some(body.to_string()),
        };
        let headers: Vec<(String, String)> = request["headers"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
            .collect();
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let url = ours(&graph, request["path"].as_str().unwrap(), &ids);
        let got = send(request["method"].as_str().unwrap(), &url, &headers, body).await;
        if let Some(place) = got.headers.get("location") {
            ids[0] = place
                .to_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned();
        } else if let Some(id) = serde_json::from_str::<Value>(&got.text)
            .ok()
            .and_then(|body| body["transaction"]["id"].as_str().map(str::to_owned))
        {
            ids[1] = id;
        }
        check(note, &got, theirs, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(note: &str, got: &TextResponse, theirs: &Value, wrong: &mut Vec<String>) {
    if theirs["status"] != got.status {
        wrong.push(format!(
            "{note}: {} {}, recorded {} {}",
            got.status, got.text, theirs["status"], theirs["body"]
        ));
        return;
    }
    for name in [
        "content-type",
        "allow",
        "cache-control",
        "access-control-allow-origin",
    ] {
        let (ours, theirs) = (
            got.headers.get(name).map(|value| value.to_str().unwrap()),
            theirs["headers"][name].as_str(),
        );
        if ours != theirs {
            wrong.push(format!("{note}: {name} {ours:?}, recorded {theirs:?}"));
        }
    }
    let Ok(theirs) = serde_json::from_str::<Value>(theirs["body"].as_str().unwrap()) else {
        if got.text != theirs["body"].as_str().unwrap() {
            wrong.push(format!("{note}: {}", got.text));
        }
        return;
    };
    let ours = got.json();
    if OUTLINE.contains(&note) {
        let keys = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<std::collections::BTreeSet<_>>()
        };
        if keys(&ours) != keys(&theirs) {
            wrong.push(format!("{note}: {ours}"));
        }
        return;
    }
    if let Err(error) = same_shape(&ours, &theirs, note) {
        wrong.push(error);
    }
    let code = |value: &Value| value["errors"][0]["code"].clone();
    if code(&ours) != code(&theirs) {
        wrong.push(format!("{note}: {ours}"));
    } else if !code(&ours)
        .as_str()
        .is_some_and(|code| OWN_WORDS.contains(&code))
        && !note.contains("tx: after commit")
    {
        let (a, b) = (
            &ours["errors"][0]["message"],
            &theirs["errors"][0]["message"],
        );
        let same = a == b;
        if !same {
            wrong.push(format!("{note}: {a}, recorded {b}"));
        }
    }
    if !ours["data"]["fields"].is_null() && ours["data"]["fields"] != theirs["data"]["fields"] {
        wrong.push(format!("{note}: {ours}"));
    }
}

async fn query(graph: &Graph, listener: usize, body: Value) -> TextResponse {
    send_json(
        "POST",
        &format!("{}/db/neo4j/query/v2", graph.url(listener)),
        body,
    )
    .await
}

async fn ask(graph: &Graph, statement: &str) -> Value {
    let got = query(graph, 0, json!({"statement": statement})).await;
    assert_eq!(got.status, 202, "{statement}: {}", got.text);
    got.json()["data"]["values"].clone()
}

#[tokio::test]
async fn writes_in_read_mode_are_refused_before_any_effect() {
    let graph = graph();
    let writes = [
        "CREATE (:A)",
        "MERGE (n:A) RETURN n",
        "MATCH (n:A) SET n.x = 1",
        "MATCH (n:A) DELETE n",
        "CRE\\u0041TE (:A)",
        "/* x */ CREATE (:A)",
        "PROFILE CREATE (:A)",
        "CREATE INDEX i IF NOT EXISTS FOR (n:A) ON (n.x)",
        "DROP INDEX i IF EXISTS",
        "CALL db.createLabel('X')",
    ];
    for statement in writes {
        let got = query(
            &graph,
            0,
            json!({"statement": statement, "accessMode": "read"}),
        )
        .await;
        assert_eq!(
            (got.status, &got.json()["errors"][0]["code"]),
            (400, &json!("Neo.ClientError.Statement.AccessMode")),
            "{statement}: {}",
            got.text
        );
        let headers = [
            ("content-type", "application/json"),
            ("access-mode", "READ"),
        ];
        let body = json!({"statements": [{"statement": "RETURN 1"}, {"statement": statement}]})
            .to_string();
        let got = send(
            "POST",
            &format!("{}/db/neo4j/tx/commit", graph.url(0)),
            &headers,
            Some(body),
        )
        .await;
        assert_eq!(got.status, 200);
        assert_eq!(
            got.json()["errors"][0]["code"],
            "Neo.ClientError.Statement.AccessMode",
            "{statement}"
        );
        assert_eq!(got.json()["results"].as_array().unwrap().len(), 1);
    }
    for statement in [
        "EXPLAIN CREATE (:A)",
        "PROFILE RETURN 1",
        "SHOW INDEXES",
        "CALL db.clearQueryCaches()",
    ] {
        let got = query(
            &graph,
            0,
            json!({"statement": statement, "accessMode": "READ"}),
        )
        .await;
        assert_eq!(got.status, 202, "{statement}: {}", got.text);
    }
    assert_eq!(ask(&graph, "MATCH (n) RETURN count(n)").await, json!([[0]]));
}

#[tokio::test]
async fn a_failing_statement_rolls_back_those_before_it() {
    let graph = graph();
    let body = json!({"statements": [{"statement": "CREATE (:A)"}, {"statement": "RETURN 1/0"}]});
    let got = send_json(
        "POST",
        &format!("{}/db/neo4j/tx/commit", graph.url(0)),
        body,
    )
    .await
    .json();
    assert_eq!(
        got["errors"][0]["code"],
        "Neo.ClientError.Statement.ArithmeticError"
    );
    assert!(got.get("lastBookmarks").is_none());
    assert_eq!(ask(&graph, "MATCH (n) RETURN count(n)").await, json!([[0]]));
}

#[tokio::test]
async fn the_transactional_body_is_read_as_far_as_neo4j_reads_it() {
    let graph = graph();
    let url = format!("{}/db/neo4j/tx/commit", graph.url(0));
    let headers = [("content-type", "application/json")];
    let cut = r#"{"statements":[{"statement":"RETURN 1","statement":"RETURN 2 AS two"}],"statements":[{"sta"#;
    let got = send("POST", &url, &headers, Some(cut.into())).await.json();
    assert_eq!(got["results"][0]["columns"], json!(["two"]), "{got}");
    let late = r#"{"x":1,"statements":[{"statement":"RETURN 1"}]}"#;
    let got = send("POST", &url, &headers, Some(late.into())).await.json();
    assert_eq!(
        got["errors"][0]["code"],
        "Neo.ClientError.Request.InvalidFormat"
    );
    let twice = [
        ("content-type", "application/json"),
        ("access-mode", "READ"),
        ("access-mode", "READ"),
    ];
    let got = send(
        "POST",
        &url,
        &twice,
        Some(r#"{"statements":[{"statement":"RETURN 1"}]}"#.into()),
    )
    .await
    .json();
    assert_eq!(
        (
            got["results"].clone(),
            got["errors"].as_array().unwrap().len()
        ),
        (json!([]), 1)
    );
}

#[tokio::test]
async fn a_transaction_is_unseen_until_committed_and_gone_after() {
    let graph = graph();
    let url = format!("{}/db/neo4j/tx", graph.url(0));
    let begun = send_json(
        "POST",
        &url,
        json!({"statements": [{"statement": "CREATE (:A)"}]}),
    )
    .await;
    assert_eq!(begun.status, 201);
    let place = begun.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(begun.json()["commit"], json!(format!("{place}/commit")));
    assert_eq!(ask(&graph, "MATCH (n) RETURN count(n)").await, json!([[0]]));
    let inside = send_json(
        "POST",
        &place,
        json!({"statements": [{"statement": "MATCH (n) RETURN count(n)"}]}),
    )
    .await
    .json();
    assert_eq!(inside["results"][0]["data"][0]["row"], json!([1]));
    let done = send_json(
        "POST",
        &format!("{place}/commit"),
        json!({"statements": []}),
    )
    .await;
    assert!(
        done.json()["lastBookmarks"][0]
            .as_str()
            .unwrap()
            .starts_with("FB:")
    );
    assert_eq!(ask(&graph, "MATCH (n) RETURN count(n)").await, json!([[1]]));
    let gone = send_json("POST", &place, json!({"statements": []})).await;
    assert_eq!((gone.status, graph.open_transactions(0)), (404, 0));
}

#[tokio::test]
async fn any_failure_ends_an_explicit_transaction() {
    let graph = graph();
    let url = format!("{}/db/neo4j/query/v2/tx", graph.url(0));
    for failing in ["RETRUN 1", "RETURN 1/0"] {
        let begun = send_json("POST", &url, json!({"statement": "CREATE (:A)"}))
            .await
            .json();
        let one = format!("{url}/{}", begun["transaction"]["id"].as_str().unwrap());
        send_json("POST", &one, json!({"statement": failing})).await;
        assert_eq!(
            send_json("POST", &one, json!({"statement": "RETURN 1"}))
                .await
                .status,
            404,
            "{failing}"
        );
    }
    assert_eq!(ask(&graph, "MATCH (n) RETURN count(n)").await, json!([[0]]));
}

#[tokio::test]
async fn the_access_mode_of_a_transaction_is_fixed_at_its_begin() {
    let graph = graph();
    let url = format!("{}/db/neo4j/query/v2/tx", graph.url(0));
    let begun = send_json("POST", &url, json!({"accessMode": "READ"}))
        .await
        .json();
    let one = format!("{url}/{}", begun["transaction"]["id"].as_str().unwrap());
    let got = send_json(
        "POST",
        &one,
        json!({"statement": "CREATE (:A)", "accessMode": "WRITE"}),
    )
    .await;
    assert_eq!(
        got.json()["errors"][0]["code"],
        "Neo.ClientError.Statement.AccessMode"
    );
}

#[tokio::test]
async fn transactions_live_at_one_listener_and_ids_collide() {
    let graph = Graph::start(Options {
        listeners: 2,
        ..Options::default()
    })
    .unwrap();
    let mut ids = Vec::new();
    for listener in 0..2 {
        let begun = send_json(
            "POST",
            &format!("{}/db/neo4j/query/v2/tx", graph.url(listener)),
            json!({}),
        )
        .await
        .json();
        ids.push(begun["transaction"]["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
    let second = format!("{}/db/neo4j/query/v2/tx/{}", graph.url(1), ids[1]);
    assert_eq!(send("DELETE", &second, &[], None).await.status, 200);
    assert_eq!(send("DELETE", &second, &[], None).await.status, 404);
    assert_eq!(
        (graph.open_transactions(0), graph.open_transactions(1)),
        (1, 0)
    );
    query(&graph, 0, json!({"statement": "CREATE (:A)"})).await;
    let got = query(
        &graph,
        1,
        json!({"statement": "MATCH (n:A) RETURN count(n)"}),
    )
    .await
    .json();
    assert_eq!(got["data"]["values"], json!([[1]]));
}

#[tokio::test]
async fn an_idle_transaction_expires_and_lets_its_lock_go() {
    let graph = graph();
    let url = format!("{}/db/neo4j/tx", graph.url(0));
    let begun = send_json(
        "POST",
        &url,
        json!({"statements": [{"statement": "CREATE (:A)"}]}),
    )
    .await;
    graph.expire_transactions(0);
    let place = begun.headers["location"].to_str().unwrap();
    assert_eq!(
        send_json("POST", place, json!({"statements": []}))
            .await
            .status,
        404
    );
    ask(&graph, "CREATE (:B)").await;
    assert_eq!(
        ask(&graph, "MATCH (n) RETURN labels(n)").await,
        json!([[["B"]]])
    );
}

#[tokio::test]
async fn a_second_writer_waits_and_then_fails_transiently() {
    let graph = Graph::start(Options {
        lock_wait: Duration::from_millis(50),
        ..Options::default()
    })
    .unwrap();
    send_json(
        "POST",
        &format!("{}/db/neo4j/tx", graph.url(0)),
        json!({"statements": [{"statement": "CREATE (:A)"}]}),
    )
    .await;
    let got = query(&graph, 0, json!({"statement": "CREATE (:B)"})).await;
    assert_eq!(
        got.json()["errors"][0]["code"],
        "Neo.TransientError.Transaction.LockAcquisitionTimeout"
    );
}

#[tokio::test]
async fn bookmarks_advance_with_writes_and_only_with_them() {
    let graph = graph();
    let bookmark = |body: Value| body["bookmarks"][0].as_str().unwrap().to_owned();
    let first = bookmark(
        query(&graph, 0, json!({"statement": "RETURN 1"}))
            .await
            .json(),
    );
    let second = bookmark(
        query(&graph, 0, json!({"statement": "CREATE (:A)"}))
            .await
            .json(),
    );
    let third = bookmark(
        query(
            &graph,
            0,
            json!({"statement": "RETURN 1", "bookmarks": [second]}),
        )
        .await
        .json(),
    );
    assert!(first != second && second == third);
    let got = query(
        &graph,
        0,
        json!({"statement": "RETURN 1", "bookmarks": ["x"]}),
    )
    .await;
    assert_eq!(
        got.json()["errors"][0]["code"],
        "Neo.ClientError.Transaction.InvalidBookmark"
    );
}

#[tokio::test]
async fn values_parameters_columns_and_tables_are_as_neo4js() {
    let graph = graph();
    let body = json!({"statement": "RETURN $list[1] AS `a b`, {k: $x} AS m, date('2020-02-29'), 1.0", "parameters": {"list": [1, 2.5], "x": null}});
    let got = query(&graph, 0, body).await.json();
    assert_eq!(
        got["data"],
        json!({"fields": ["a b", "m", "date('2020-02-29')", "1.0"], "values": [[2.5, {"k": null}, "2020-02-29", 1.0]]})
    );
    let headers = [
        ("content-type", "application/vnd.neo4j.query"),
        ("accept", "application/vnd.neo4j.query"),
    ];
    let typed = json!({"statement": "RETURN $x AS x", "parameters": {"x": {"$type": "Integer", "_value": "1"}}}).to_string();
    let got = send(
        "POST",
        &format!("{}/db/neo4j/query/v2", graph.url(0)),
        &headers,
        Some(typed),
    )
    .await
    .json();
    assert_eq!(
        got["data"]["values"],
        json!([[{"$type": "Integer", "_value": "1"}]])
    );
    let shown = ask(
        &graph,
        "SHOW PROCEDURES YIELD name AS n, mode, worksOnSystem",
    )
    .await;
    assert!(
        shown
            .as_array()
            .unwrap()
            .contains(&json!(["tx.setMetaData", "DBMS", true]))
    );
    let got = query(
        &graph,
        0,
        json!({"statement": "SHOW FUNCTIONS YIELD name, isBuiltIn"}),
    )
    .await
    .json();
    assert_eq!(
        (&got["data"]["fields"], &got["data"]["values"][0]),
        (&json!(["name", "isBuiltIn"]), &json!(["abs", true]))
    );
    ask(&graph, "CREATE (:A {p: 1})").await;
    assert_eq!(
        ask(&graph, "CALL db.labels() YIELD label").await,
        json!([["A"]])
    );
    assert_eq!(
        ask(&graph, "CYPHER 5 runtime=slotted MATCH (n:A) RETURN n.p;").await,
        json!([[1]])
    );
    assert_eq!(
        query(&graph, 0, json!({"statement": "RETURN 1; RETURN 2"}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn explain_names_the_scan_and_then_the_index() {
    let graph = graph();
    let explain = json!({"statement": "EXPLAIN MATCH (a:Person {name: 'Ada'}) RETURN a"});
    let plan = query(&graph, 0, explain.clone()).await.json().to_string();
    assert!(
        plan.contains("NodeByLabelScan@neo4j")
            && plan.contains("a:Person")
            && plan.contains("a.name = "),
        "{plan}"
    );
    ask(
        &graph,
        "CREATE INDEX person_name FOR (p:Person) ON (p.name)",
    )
    .await;
    let plan = query(&graph, 0, explain).await.json().to_string();
    assert!(
        plan.contains("NodeIndexSeek@neo4j") && plan.contains("RANGE INDEX a:Person(name)"),
        "{plan}"
    );
}

#[tokio::test]
async fn credentials_are_asked_for_but_on_discovery() {
    let options = Options {
        auth: Some(("neo4j".into(), "secret".into())),
        ..Options::default()
    };
    let graph = Graph::start(options).unwrap();
    assert_eq!(get(&graph.url(0)).await.status, 200);
    let url = format!("{}/db/neo4j/query/v2", graph.url(0));
    let body = json!({"statement": "RETURN 1"}).to_string();
    for (header, status) in [
        (None, 401),
        (Some("Basic bmVvNGo6eA=="), 401),
        (Some("Basic bmVvNGo6c2VjcmV0"), 202),
    ] {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(header.map(|header| ("authorization", header)));
        assert_eq!(
            send("POST", &url, &headers, Some(body.clone()))
                .await
                .status,
            status
        );
    }
}

#[tokio::test]
async fn many_readers_are_served_beside_an_open_writer() {
    let graph = graph();
    let url = format!("{}/db/neo4j/tx", graph.url(0));
    let write = json!({"statements": [{"statement": "CREATE (:A)"}]});
    assert_eq!(send_json("POST", &url, write).await.status, 201);
    let url = format!("{}/db/neo4j/query/v2", graph.url(0));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let url = url.clone();
        readers.spawn(async move {
            send_json("POST", &url, json!({"statement": "RETURN 1"}))
                .await
                .status
        });
    }
    let responses = readers.join_all().await;
    assert!(
        responses.iter().all(|status| *status == 202),
        "{responses:?}"
    );
}
