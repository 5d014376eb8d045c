use super::*;
use crate::rejection::RejectionReason;
use http::header::{CONTENT_TYPE, HeaderValue};

fn on_record(note: &str) -> Judgement {
    let neo4j = plain();
    let record = recorded(note).unwrap();
    let (request, response) = (&record["request"], &record["response"]);
    let body = match &request["body"] {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        json => json.to_string(),
    };
    let sent = Sent::new(
        request["method"].as_str().unwrap(),
        request["path"].as_str().unwrap(),
        &body,
    );
    let call = neo4j.understand(&sent.request());
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    judge(&neo4j, &call, status, response["body"].as_str().unwrap())
}

#[test]
fn recorded_responses_are_judged_by_their_codes() {
    let cases = [
        ("query: create", Fault::None, Executed::Done, "ok"),
        ("query: read", Fault::None, Executed::Done, "ok"),
        (
            "query: syntax error",
            Fault::Client,
            Executed::RolledBack,
            "ClientError.Statement.SyntaxError",
        ),
        (
            "query: missing parameter",
            Fault::Client,
            Executed::RolledBack,
            "ClientError.Statement",
        ),
        (
            "query: runtime error",
            Fault::Client,
            Executed::RolledBack,
            "ClientError.Statement",
        ),
        (
            "query: unknown procedure",
            Fault::Client,
            Executed::Nothing,
            "ClientError.Procedure.ProcedureNotFound",
        ),
        (
            "query: unknown database",
            Fault::Client,
            Executed::Nothing,
            "ClientError.Database.DatabaseNotFound",
        ),
        (
            "query: not JSON",
            Fault::Client,
            Executed::Nothing,
            "ClientError.Request",
        ),
        (
            "query: write in READ",
            Fault::Client,
            Executed::Nothing,
            "ClientError.Statement.AccessMode",
        ),
        (
            "query: wrong content type",
            Fault::Client,
            Executed::Nothing,
            "ClientError.Request",
        ),
        (
            "query: GET",
            Fault::Client,
            Executed::Nothing,
            "ClientError.Request",
        ),
        (
            "query tx: after commit",
            Fault::Client,
            Executed::RolledBack,
            "ClientError.Request",
        ),
        ("query tx: rollback", Fault::None, Executed::Done, "ok"),
        ("tx: commit at once", Fault::None, Executed::Done, "ok"),
        (
            "tx: error in second",
            Fault::Client,
            Executed::RolledBack,
            "ClientError.Statement.SyntaxError",
        ),
        (
            "tx: write with Access-Mode READ",
            Fault::Client,
            Executed::Nothing,
            "ClientError.Statement.AccessMode",
        ),
        ("tx: begin", Fault::None, Executed::Done, "ok"),
        ("tx: commit", Fault::None, Executed::Done, "ok"),
        (
            "tx: gone",
            Fault::Client,
            Executed::RolledBack,
            "ClientError.Transaction.TransactionNotFound",
        ),
    ];
    for (note, fault, execution, code) in cases {
        let judgement = on_record(note);
        assert_eq!(
            (judgement.fault, judgement.execution, judgement.code),
            (fault, execution, code),
            "{note}"
        );
    }
    assert_eq!(on_record("query: runtime error").storable, Err("errors"));
    assert_eq!(on_record("query: read").storable, Ok(()));
    assert_eq!(
        on_record("query: cartesian product warning").storable,
        Ok(())
    );
    assert_eq!(
        on_record("query: read, access mode").bookmark.as_deref(),
        Some("FB:kcwQYKETMvyZRkeshXlfOdYkIwyQ")
    );
    assert_eq!(
        on_record("tx: commit").bookmark.as_deref(),
        Some("FB:kcwQYKETMvyZRkeshXlfOdYkIxOQ")
    );
}

fn error(code: &str, text: &str) -> String {
    serde_json::json!({"errors": [{"code": code, "message": text}]}).to_string()
}

/// A statement may name another database (`USE`): that this one is missing says nothing of the one in the path.
#[test]
fn only_that_the_database_of_the_path_is_missing_denies_it() {
    assert!(on_record("query: unknown database").denies_target);
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let denies = |code: &str, text: &str| {
        let code = format!("Neo.ClientError.{code}");
        judge(&neo4j, &read, 404, &error(&code, text)).denies_target
    };
    const NOT_FOUND: &str = "Database.DatabaseNotFound";
    assert!(denies(NOT_FOUND, "Graph not found: neo4j"));
    assert!(denies(
        NOT_FOUND,
        "Database does not exist. Database name: 'Neo4j'."
    ));
    assert!(!denies("Statement.SyntaxError", "Graph not found: neo4j"));
    for other in [
        "Graph not found: neo4j2",
        "Graph not found: x.neo4j",
        "Database does not exist. Database name: 'other'.",
        "Database does not exist. Database name: 'x database name: 'neo4j'.",
    ] {
        assert!(!denies(NOT_FOUND, other), "{other}");
    }
}

#[test]
fn a_failure_that_may_lie_in_the_statement_opens_no_breaker_by_itself() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let judged = |code| judge(&neo4j, &read, 500, &error(code, "made up"));
    let server = judged("Neo.DatabaseError.General.StorageDamageDetected");
    assert!(server.needs_two_shapes && server.fault == Fault::Endpoint);
    assert!(!judged("Neo.ClientError.Routing.DbmsInPanic").needs_two_shapes);
    assert!(!judged("Neo.ClientError.Statement.SyntaxError").needs_two_shapes);
}

#[test]
fn the_table_of_codes_is_followed() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let cases = [
        (
            "Neo.ClientError.Statement.AccessMode",
            Fault::Client,
            Executed::Nothing,
            RetryAdvice::AsWrite,
            RetryAdvice::No,
        ),
        (
            "Neo.ClientError.Cluster.NotALeader",
            Fault::Role,
            Executed::Nothing,
            RetryAdvice::Elsewhere,
            RetryAdvice::Writer,
        ),
        (
            "Neo.ClientError.Routing.DbmsInPanic",
            Fault::Endpoint,
            Executed::Nothing,
            RetryAdvice::Elsewhere,
            RetryAdvice::Elsewhere,
        ),
        (
            "Neo.ClientError.Security.Unauthorized",
            Fault::Access,
            Executed::Nothing,
            RetryAdvice::No,
            RetryAdvice::No,
        ),
        (
            "Neo.TransientError.Transaction.MaximumTransactionLimitReached",
            Fault::Overload,
            Executed::Nothing,
            RetryAdvice::Elsewhere,
            RetryAdvice::Elsewhere,
        ),
        (
            "Neo.TransientError.Transaction.BookmarkTimeout",
            Fault::Lag,
            Executed::Nothing,
            RetryAdvice::Writer,
            RetryAdvice::No,
        ),
        (
            "Neo.TransientError.Transaction.DeadlockDetected",
            Fault::Client,
            Executed::RolledBack,
            RetryAdvice::Once,
            RetryAdvice::No,
        ),
        (
            "Neo.TransientError.Transaction.LeaderSwitch",
            Fault::Role,
            Executed::RolledBack,
            RetryAdvice::Elsewhere,
            RetryAdvice::No,
        ),
        (
            "Neo.TransientError.General.DatabaseUnavailable",
            Fault::Database,
            Executed::RolledBack,
            RetryAdvice::Elsewhere,
            RetryAdvice::No,
        ),
        (
            "Neo.TransientError.General.OutOfMemoryError",
            Fault::Endpoint,
            Executed::Unknown,
            RetryAdvice::Elsewhere,
            RetryAdvice::No,
        ),
        (
            "Neo.TransientError.Security.AuthProviderTimeout",
            Fault::Endpoint,
            Executed::Nothing,
            RetryAdvice::Elsewhere,
            RetryAdvice::No,
        ),
        (
            "Neo.DatabaseError.Transaction.TransactionCommitFailed",
            Fault::Endpoint,
            Executed::Unknown,
            RetryAdvice::Elsewhere,
            RetryAdvice::No,
        ),
        (
            "Neo.DatabaseError.Statement.ExecutionFailed",
            Fault::Client,
            Executed::Unknown,
            RetryAdvice::Once,
            RetryAdvice::No,
        ),
        (
            "Neo.TransientError.New.Thing",
            Fault::Overload,
            Executed::Unknown,
            RetryAdvice::Once,
            RetryAdvice::No,
        ),
        (
            "Neo.ClientError.New.Thing",
            Fault::Client,
            Executed::Unknown,
            RetryAdvice::No,
            RetryAdvice::No,
        ),
        (
            "gibberish",
            Fault::Client,
            Executed::Unknown,
            RetryAdvice::No,
            RetryAdvice::No,
        ),
    ];
    for (code, fault, execution, reads, writes) in cases {
        let found = judge(&neo4j, &read, 400, &error(code, "text"));
        assert_eq!((found.fault, found.execution), (fault, execution), "{code}");
        assert_eq!(
            (found.read_retry, found.write_retry),
            (reads, writes),
            "{code}"
        );
        assert_eq!(found.storable, Err("errors"));
    }
}

#[test]
fn texts_and_calls_sharpen_the_table() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let syntax = "Neo.ClientError.Statement.SyntaxError";
    assert_eq!(
        judge(&neo4j, &read, 400, &error(syntax, "Unknown function 'x'")).read_retry,
        RetryAdvice::Once
    );
    let partly = error(
        "Neo.ClientError.Statement.ArithmeticError",
        "/ by zero (Transactions committed: 1)",
    );
    assert_eq!(
        judge(&neo4j, &read, 400, &partly).execution,
        Executed::Unknown
    );
    let start = "Neo.DatabaseError.Transaction.TransactionStartFailed";
    let theirs = judge(
        &neo4j,
        &read,
        500,
        &error(start, "needs an implicit transaction"),
    );
    assert_eq!(
        (theirs.fault, theirs.read_retry),
        (Fault::Client, RetryAdvice::No)
    );
    assert_eq!(
        judge(&neo4j, &read, 500, &error(start, "other")).fault,
        Fault::Endpoint
    );
    let client_read = tx(&["CREATE (n)"]).header("access-mode", "READ");
    let call = neo4j.understand(&client_read.request());
    let refused = error("Neo.ClientError.Statement.AccessMode", "x");
    assert_eq!(
        judge(&neo4j, &call, 200, &refused).read_retry,
        RetryAdvice::No
    );
    let run = neo4j.understand(&Sent::new("POST", "/db/neo4j/tx/1-abcdefgh", "{}").request());
    let deadlock = error("Neo.TransientError.Transaction.DeadlockDetected", "x");
    assert_eq!(
        judge(&neo4j, &run, 200, &deadlock).read_retry,
        RetryAdvice::No
    );
}

#[test]
fn a_refused_credential_revokes() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    assert!(
        judge(
            &neo4j,
            &read,
            401,
            &error("Neo.ClientError.Security.Unauthorized", "x")
        )
        .revoke
    );
    assert!(judge(&neo4j, &read, 403, "").revoke);
    assert!(
        judge(
            &neo4j,
            &read,
            200,
            &error("Neo.ClientError.Security.CredentialsExpired", "x")
        )
        .revoke
    );
    assert!(!judge(&neo4j, &read, 404, "").revoke);
}

#[test]
fn responses_without_a_code_are_judged_by_status() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let cases = [
        (
            400,
            "<html>Bad Request</html>",
            Fault::Client,
            Executed::Nothing,
            RetryAdvice::No,
        ),
        (405, "", Fault::Client, Executed::Nothing, RetryAdvice::No),
        (
            500,
            "<html></html>",
            Fault::Endpoint,
            Executed::Unknown,
            RetryAdvice::Once,
        ),
        (
            503,
            "upstream",
            Fault::Endpoint,
            Executed::Unknown,
            RetryAdvice::Elsewhere,
        ),
        (
            202,
            "{\"data\":{\"fields\":[\"a\"",
            Fault::Endpoint,
            Executed::Unknown,
            RetryAdvice::Elsewhere,
        ),
        (
            200,
            "<html></html>",
            Fault::Endpoint,
            Executed::Unknown,
            RetryAdvice::Elsewhere,
        ),
    ];
    for (status, body, fault, execution, again) in cases {
        let found = judge(&neo4j, &read, status, body);
        assert_eq!(
            (found.fault, found.execution, found.read_retry),
            (fault, execution, again),
            "{status} {body}"
        );
    }
}

#[test]
fn look_alikes_in_rows_are_no_errors() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let rows = r#"{"data":{"fields":["errors"],"values":[[{"errors":[{"code":"Neo.ClientError.X.Y"}]},"\"errors\":["]]},"bookmarks":["FB:x"]}"#;
    let found = judge(&neo4j, &read, 202, rows);
    assert!(found.is_success() && found.storable.is_ok());
    let noted = r#"{"data":{},"notifications":[{"category":"SECURITY"}],"bookmarks":["FB:x"]}"#;
    assert_eq!(
        judge(&neo4j, &read, 202, noted).storable,
        Err("notifications")
    );
    let headers = HeaderMap::new();
    let cut = Response {
        status: 202,
        headers: &headers,
        body: Body::Prefix(b"{\"data\":{\"values\":[[1"),
    };
    let found = neo4j.judge(&read, &cut);
    assert!(found.is_success());
    assert_eq!(found.storable, Err("too_large"));
}

#[test]
fn the_newest_bookmark_goes_into_hits() {
    let neo4j = plain();
    let read = neo4j.understand(&query("MATCH (n:A) RETURN n").request());
    let old = r#"{"data":{"values":[[{"bookmarks":["x"]}]]},"bookmarks":["FB:kcwQYKETMvyZRkeshXlfOdYkIwyQ"]}"#;
    let new = "FB:kcwQYKETMvyZRkeshXlfOdYkIw2Q";
    judge(&neo4j, &read, 202, old);
    assert_eq!(neo4j.refresh(&read, &Bytes::from(old)), None);
    judge(
        &neo4j,
        &read,
        202,
        &format!(r#"{{"data":{{}},"bookmarks":["{new}"]}}"#),
    );
    let hit = neo4j.refresh(&read, &Bytes::from(old)).unwrap();
    assert_eq!(hit, old.replace("FB:kcwQYKETMvyZRkeshXlfOdYkIwyQ", new));
    judge(&neo4j, &read, 202, old);
    assert_eq!(neo4j.knowledge.bookmarks.get("neo4j").as_deref(), Some(new));
    assert_eq!(neo4j.refresh(&read, &hit), None);
    let system = r#"{"data":{},"bookmarks":["FB:kcwQAAAAAAAAAAAAAAAAAAAAASmQ"]}"#;
    judge(&neo4j, &read, 202, system);
    assert_eq!(neo4j.knowledge.bookmarks.get("neo4j").as_deref(), Some(new));
}

#[test]
fn refusals_have_the_shape_of_the_interface_and_the_fields_of_the_server() {
    for &reason in RejectionReason::ALL {
        for (sent, results) in [(query("RETURN 1"), false), (tx(&["RETURN 1"]), true)] {
            let rejection = Rejection::new(reason, "a \"detail\"");
            let refusal = plain().refusal(&rejection, Some(&sent.request()));
            let json: serde_json::Value = serde_json::from_str(&refusal.body).unwrap();
            assert_eq!(json.get("results").is_some(), results);
            if reason != RejectionReason::TransactionNotFound {
                let message = format!("pointsman: a \"detail\" ({})", reason.row().label);
                assert_eq!(json["errors"][0]["message"], message);
            }
            assert_eq!(refusal.content_type, "application/json");
            let fields: HeaderMap = refusal.fields.into_iter().collect();
            assert_eq!(fields["access-control-allow-origin"], "*");
        }
    }
}

#[test]
fn a_transaction_that_is_not_known_is_refused_in_the_servers_own_words() {
    let refusal = |path: &str| {
        let rejection = Rejection::new(RejectionReason::TransactionNotFound, "x");
        let sent = Sent::new("POST", path, "");
        let refusal = plain().refusal(&rejection, Some(&sent.request()));
        serde_json::from_str::<serde_json::Value>(&refusal.body).unwrap()
    };
    assert_eq!(
        refusal("/db/neo4j/query/v2/tx/ffff"),
        serde_json::json!({"errors": [{
            "code": "Neo.ClientError.Request.Invalid",
            "message": "Transaction with Id: \"ffff\" was not found. It may have timed out and therefore \
                rolled back or the routing header 'neo4j-cluster-affinity' was not provided.",
        }]})
    );
    assert_eq!(
        refusal("/db/neo4j/tx/999/commit"),
        serde_json::json!({"results": [], "errors": [{
            "code": "Neo.ClientError.Transaction.TransactionNotFound",
            "message": "Unrecognized transaction id. Transaction may have timed out and been rolled back.",
        }]})
    );
}

/// Requests that fail by the client's fault, each with the answer of Neo4j 5.26.16.
const MISTAKES: &[(&str, &str, u16, &str)] = &[
    (
        "/db/neo4j/query/v2",
        r#"{"statement":"DROP INDEX nope"}"#,
        500,
        r#"{"errors":[{"code":"Neo.DatabaseError.General.UnknownError","message":"An unknown error occurred."}]}"#,
    ),
    (
        "/db/neo4j/query/v2",
        r#"{"statement":"CREATE CONSTRAINT cc FOR (n:C) REQUIRE n.x IS UNIQUE"}"#,
        500,
        r#"{"errors":[{"code":"Neo.DatabaseError.General.UnknownError","message":"An unknown error occurred."}]}"#,
    ),
    (
        "/db/neo4j/query/v2",
        r#"{"statement":"MATCH p=shortestPath((a)-[*]-(a)) RETURN p"}"#,
        500,
        r#"{"errors":[{"code":"Neo.DatabaseError.General.UnknownError","message":"An unknown error occurred."}]}"#,
    ),
    (
        "/db/neo4j/query/v2",
        r#"{"statement":"RETURN substring('a',-1)"}"#,
        202,
        r#"{"data":{"fields":["x"],"values":[]},"errors":[{"code":"Neo.DatabaseError.Statement.ExecutionFailed","message":"Cannot handle negative start index nor negative length"}]}"#,
    ),
    (
        "/db/neo4j/tx/commit",
        r#"{"statements":[{"statement":"DROP INDEX nope"}]}"#,
        200,
        r#"{"results":[],"errors":[{"code":"Neo.DatabaseError.Schema.IndexDropFailed","message":"Unable to drop index called `nope`. There is no such index."}]}"#,
    ),
    (
        "/db/neo4j/tx/commit",
        r#"{"statements":[{"statement":"CREATE (n)","resultDataContents":["foo"]}]}"#,
        200,
        r#"{"results":[],"errors":[{"code":"Neo.DatabaseError.Statement.ExecutionFailed","message":"Invalid result data content specifier: foo"}]}"#,
    ),
    (
        "/db/neo4j/tx/commit",
        r#"{"statements":[{}]}"#,
        200,
        r#"{"results":[],"errors":[{"code":"Neo.DatabaseError.Statement.ExecutionFailed","message":"Cannot invoke \"String.hashCode()\" because \"<local7>\" is null"}]}"#,
    ),
    (
        "/db/neo4j/tx/commit",
        r#"{"statements":[{"statement":"CREATE (n {x: substring('a',-1)})"}]}"#,
        200,
        r#"{"results":[],"errors":[{"code":"Neo.DatabaseError.Statement.ExecutionFailed","message":"Cannot handle negative start index nor negative length"}]}"#,
    ),
    (
        "/db/neo4j/tx/commit",
        "[]",
        200,
        r#"{"results":[],"errors":[{"code":"Neo.ClientError.Request.InvalidFormat","message":"Unable to deserialize request."}]}"#,
    ),
    (
        "/db/neo4j/tx/commit",
        "{",
        200,
        r#"{"results":[],"errors":[{"code":"Neo.ClientError.Request.InvalidFormat","message":"Could not parse the incoming JSON"}]}"#,
    ),
    (
        "/db/neo4j/query/v2",
        r#"{"statement":"RETURN 1","maxExecutionTime":true}"#,
        400,
        r#"{"errors":[{"code":"Neo.ClientError.Request.Invalid","message":"Bad Request"}]}"#,
    ),
];

#[test]
fn a_clients_own_mistakes_are_no_fault_of_the_endpoint_and_leave_no_outcome_open() {
    let neo4j = plain();
    for (path, body, status, answer) in MISTAKES {
        let call = neo4j.understand(&Sent::new("POST", path, body).request());
        let found = judge(&neo4j, &call, *status, answer);
        assert_eq!(found.fault, Fault::Client, "{body}");
        let open = !call.effect.is_read() && found.execution == Executed::Unknown;
        assert!(!open, "{body}: {found:?}");
    }
}

#[test]
fn a_preflight_with_a_response_in_plain_text_is_a_success() {
    let neo4j = plain();
    let call = neo4j.understand(&Sent::new("OPTIONS", "/db/neo4j/query/v2", "").request());
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "text/plain".parse().unwrap());
    let found = neo4j.judge(
        &call,
        &Response {
            status: 200,
            headers: &headers,
            body: Body::Whole(&Bytes::from_static(b"POST, OPTIONS")),
        },
    );
    assert_eq!(
        (found.fault, found.execution),
        (Fault::None, Executed::Done)
    );
}

#[test]
fn a_write_that_commits_in_parts_and_fails_is_of_unknown_outcome() {
    let neo4j = plain();
    let text = "UNWIND range(1,3) AS x CALL { WITH x CREATE (:T {y: substring('abc', 2-x)}) } IN TRANSACTIONS OF 1 ROWS";
    let answer = r#"{"results":[],"errors":[{"code":"Neo.DatabaseError.Statement.ExecutionFailed","message":"Cannot handle negative start index nor negative length"}]}"#;
    let call = neo4j.understand(&tx(&[text]).request());
    assert_eq!(
        judge(&neo4j, &call, 200, answer).execution,
        Executed::Unknown
    );
}

#[test]
fn json_lines_are_judged_by_their_last_event() {
    let neo4j = plain();
    let header = r#"{"$event":"Header","_body":{"fields":["n"]}}"#;
    let row = r#"{"$event":"Record","_body":[{"$event":"Error","_body":[{"code":"Neo.X"}]}]}"#;
    let summary = r#"{"$event":"Summary","_body":{"bookmarks":["FB:x"]}}"#;
    let failed = r#"{"$event":"Error","_body":[{"code":"Neo.ClientError.Statement.ArithmeticError","message":"/ by zero"}]}"#;
    let (good, bad) = (
        [header, row, summary].join("\n"),
        [header, row, failed].join("\n"),
    );
    for media in [
        "application/jsonl",
        "application/vnd.neo4j.query.v1.1+jsonl",
        "Application/JSONL; charset=utf-8",
    ] {
        let fields = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media))]);
        for (statement, body, execution, code) in [
            ("MATCH (n) RETURN n", &good, Executed::Done, "ok"),
            ("CREATE (n)", &good, Executed::Done, "ok"),
            (
                "MATCH (n) RETURN n",
                &bad,
                Executed::RolledBack,
                "ClientError.Statement",
            ),
            (
                "CREATE (n)",
                &bad,
                Executed::RolledBack,
                "ClientError.Statement",
            ),
            // Neither a summary nor an error ends it: nobody is to blame, and what became of a write is not known.
            (
                "MATCH (n) RETURN n",
                &header.to_owned(),
                Executed::Done,
                "ok",
            ),
            (
                "CREATE (n)",
                &header.to_owned(),
                Executed::Unknown,
                "unread",
            ),
        ] {
            let call = neo4j.understand(&query(statement).request());
            let judgement = judge_with(&neo4j, &call, (202, &fields), body);
            assert_eq!(
                (judgement.execution, judgement.code),
                (execution, code),
                "{media} {body}"
            );
            assert!(matches!(judgement.fault, Fault::None | Fault::Client));
            assert!(judgement.storable.is_err(), "{media}");
            let bookmark = (code == "ok" && body == &good).then(|| String::from("FB:x"));
            assert_eq!(judgement.bookmark, bookmark);
        }
    }
}

#[test]
fn a_write_whose_response_is_not_read_to_its_end_is_of_unknown_outcome() {
    let neo4j = plain();
    let call = neo4j.understand(&query("CREATE (n) RETURN n").request());
    let begun = Response {
        status: 202,
        headers: &HeaderMap::new(),
        body: Body::Prefix(br#"{"data":{"fields":["n"],"values":[["#),
    };
    assert_eq!(neo4j.judge(&call, &begun).execution, Executed::Unknown);
}

#[test]
fn probes_read_the_recorded_responses() {
    let neo4j = plain();
    let finding = |name: &str, status: u16, body: &str| {
        let probe = neo4j
            .probes()
            .into_iter()
            .find(|probe| probe.name == name)
            .unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        let headers = HeaderMap::new();
        (probe.read)(&Response {
            status,
            headers: &headers,
            body: Body::Whole(&body),
        })
    };
    let body = |note: &str| {
        recorded(note).unwrap()["response"]["body"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        finding("discovery", 200, &body("discovery")),
        ProbeResult::Good
    );
    assert!(matches!(finding("discovery", 503, ""), ProbeResult::Bad(_)));
    assert_eq!(
        finding("query", 202, &body("query: read")),
        ProbeResult::Good
    );
    assert_eq!(
        finding("query", 400, &body("query: unknown field")),
        ProbeResult::Unsupported
    );
    assert_eq!(finding("query", 401, ""), ProbeResult::Locked);
    let busy = error(
        "Neo.TransientError.Transaction.MaximumTransactionLimitReached",
        "x",
    );
    assert_eq!(finding("query", 400, &busy), ProbeResult::Busy);
    assert_eq!(
        finding("query", 404, &body("query: unknown database")),
        ProbeResult::Unsupported,
        "the home database has another name, or lives elsewhere"
    );
    assert_eq!(finding("query", 429, ""), ProbeResult::Locked);
    assert_eq!(finding("query", 403, ""), ProbeResult::Unsupported);
    assert_eq!(
        finding("role", 404, &body("cluster probe on Community")),
        ProbeResult::Unsupported
    );
    assert_eq!(
        finding("role", 200, "true"),
        ProbeResult::Role(Role::Writer)
    );
    assert_eq!(
        finding("role", 404, "false"),
        ProbeResult::Role(Role::Reader)
    );
}

#[test]
fn probes_ask_the_home_database_whatever_it_is_called() {
    let neo4j = Neo4j::new(Neo4jSettings::new("graph"));
    let target = |name: &str| {
        let mut probes = neo4j.probes().into_iter();
        probes.find(|probe| probe.name == name).unwrap().target
    };
    assert_eq!(target("query"), "/db/neo4j/query/v2");
    let home = neo4j.metadata_queries().into_iter();
    let home = home.into_iter().find(|query| query.name == "home").unwrap();
    assert_eq!(home.target, "/db/system/query/v2");
    let answer =
        Bytes::from(r#"{"data":{"fields":["name"],"values":[["my/movies"]]},"bookmarks":[]}"#);
    answer_metadata_query(&neo4j, &home, &answer);
    assert_eq!(target("query"), "/db/my%2Fmovies/query/v2");
    assert_eq!(target("role"), "/db/my%2Fmovies/cluster/writable");
}

#[test]
fn a_streamed_response_is_judged_by_its_end() {
    let neo4j = plain();
    let call = Arc::new(neo4j.understand(&tx(&["CREATE (n) RETURN n"]).request()));
    let streamed = |body: &str, step: usize| {
        let mut judge = neo4j.stream_judge(&call, 200, &HeaderMap::new()).unwrap();
        for chunk in body.as_bytes().chunks(step) {
            judge.chunk(chunk);
        }
        judge.end()
    };
    let rows = r#"{"results":[{"columns":["n"],"data":[{"row":["\"errors\":[1]}",{"errors":[{"code":"Neo.ClientError.X.Y"}]}]}]}],"#;
    let good = format!(r#"{rows}"errors":[],"lastBookmarks":["FB:new"]}}"#);
    let bad = format!(
        r#"{rows}"errors":[{{"code":"Neo.ClientError.Schema.ConstraintValidationFailed","message":"x"}}]}}"#
    );
    for step in [1, 2, 7, 1000] {
        let found = streamed(&good, step);
        assert_eq!(
            (found.fault, found.execution),
            (Fault::None, Executed::Done)
        );
        assert_eq!(found.bookmark.as_deref(), Some("FB:new"));
        assert!(found.storable.is_err());
        let found = streamed(&bad, step);
        assert_eq!(
            (found.fault, found.execution),
            (Fault::Client, Executed::RolledBack)
        );
        let unclosed = &good[..good.len() - 1];
        assert_eq!(streamed(unclosed, step).execution, Executed::Unknown);
    }
    let endless = format!(r#"{{"errors":["{}"]}}"#, "x".repeat(1 << 20));
    assert_eq!(streamed(&endless, 4096).execution, Executed::Unknown);
}

#[test]
fn a_response_to_an_older_query_teaches_nothing() {
    let neo4j = Neo4j::new(Neo4jSettings::new("graph"));
    let metadata_query = neo4j.metadata_queries().remove(0);
    neo4j.knowledge.server_changes();
    answer_metadata_query(
        &neo4j,
        &metadata_query,
        &Bytes::from(r#"{"data":{"values":[["db.labels","READ"]]}}"#),
    );
    assert!(!neo4j.knowledge.is_loaded());
    let metadata_query = neo4j.metadata_queries().remove(0);
    answer_metadata_query(
        &neo4j,
        &metadata_query,
        &Bytes::from(r#"{"data":{"values":[["db.labels","ODD"]]}}"#),
    );
    assert!(!neo4j.knowledge.is_loaded());
}

#[test]
fn nothing_secret_is_printed() {
    let credential = (
        http::header::AUTHORIZATION,
        "Basic c2VjcmV0".parse().unwrap(),
    );
    let settings = Neo4jSettings {
        credentials: vec![credential],
        ..Neo4jSettings::new("graph")
    };
    assert!(!format!("{settings:?}").contains("c2VjcmV0"));
}
