use super::*;
use crate::rejection::Reason;

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
fn recorded_answers_are_judged_by_their_codes() {
    let cases = [
        ("query: create", Fault::None, Execution::Done, "ok"),
        ("query: read", Fault::None, Execution::Done, "ok"),
        (
            "query: syntax error",
            Fault::Client,
            Execution::RolledBack,
            "ClientError.Statement.SyntaxError",
        ),
        (
            "query: missing parameter",
            Fault::Client,
            Execution::RolledBack,
            "ClientError.Statement",
        ),
        (
            "query: runtime error",
            Fault::Client,
            Execution::RolledBack,
            "ClientError.Statement",
        ),
        (
            "query: unknown procedure",
            Fault::Client,
            Execution::Nothing,
            "ClientError.Procedure.ProcedureNotFound",
        ),
        (
            "query: unknown database",
            Fault::Client,
            Execution::Nothing,
            "ClientError.Database.DatabaseNotFound",
        ),
        (
            "query: not JSON",
            Fault::Client,
            Execution::Nothing,
            "ClientError.Request",
        ),
        (
            "query: write in READ",
            Fault::Client,
            Execution::Nothing,
            "ClientError.Statement.AccessMode",
        ),
        (
            "query: wrong content type",
            Fault::Client,
            Execution::Nothing,
            "ClientError.Request",
        ),
        (
            "query: GET",
            Fault::Client,
            Execution::Nothing,
            "ClientError.Request",
        ),
        (
            "query tx: after commit",
            Fault::Client,
            Execution::RolledBack,
            "ClientError.Request",
        ),
        ("query tx: rollback", Fault::None, Execution::Done, "ok"),
        ("tx: commit at once", Fault::None, Execution::Done, "ok"),
        (
            "tx: error in second",
            Fault::Client,
            Execution::RolledBack,
            "ClientError.Statement.SyntaxError",
        ),
        (
            "tx: write with Access-Mode READ",
            Fault::Client,
            Execution::Nothing,
            "ClientError.Statement.AccessMode",
        ),
        ("tx: begin", Fault::None, Execution::Done, "ok"),
        ("tx: commit", Fault::None, Execution::Done, "ok"),
        (
            "tx: gone",
            Fault::Client,
            Execution::RolledBack,
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

#[test]
fn a_failure_that_may_lie_in_the_statement_opens_no_breaker_by_itself() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let judged = |code| judge(&neo4j, &read, 500, &error(code, "made up"));
    let statement = judged("Neo.DatabaseError.Statement.ExecutionFailed");
    assert!(statement.needs_two_shapes && statement.fault == Fault::Endpoint);
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
            Execution::Nothing,
            Again::AsWrite,
            Again::No,
        ),
        (
            "Neo.ClientError.Cluster.NotALeader",
            Fault::Role,
            Execution::Nothing,
            Again::Elsewhere,
            Again::Writer,
        ),
        (
            "Neo.ClientError.Routing.DbmsInPanic",
            Fault::Endpoint,
            Execution::Nothing,
            Again::Elsewhere,
            Again::Elsewhere,
        ),
        (
            "Neo.ClientError.Security.Unauthorized",
            Fault::Client,
            Execution::Nothing,
            Again::No,
            Again::No,
        ),
        (
            "Neo.TransientError.Transaction.MaximumTransactionLimitReached",
            Fault::Overload,
            Execution::Nothing,
            Again::Elsewhere,
            Again::Elsewhere,
        ),
        (
            "Neo.TransientError.Transaction.BookmarkTimeout",
            Fault::Lag,
            Execution::Nothing,
            Again::Writer,
            Again::No,
        ),
        (
            "Neo.TransientError.Transaction.DeadlockDetected",
            Fault::Client,
            Execution::RolledBack,
            Again::Once,
            Again::No,
        ),
        (
            "Neo.TransientError.Transaction.LeaderSwitch",
            Fault::Role,
            Execution::RolledBack,
            Again::Elsewhere,
            Again::No,
        ),
        (
            "Neo.TransientError.General.DatabaseUnavailable",
            Fault::Database,
            Execution::RolledBack,
            Again::Elsewhere,
            Again::No,
        ),
        (
            "Neo.TransientError.General.OutOfMemoryError",
            Fault::Endpoint,
            Execution::Unknown,
            Again::Elsewhere,
            Again::No,
        ),
        (
            "Neo.TransientError.Security.AuthProviderTimeout",
            Fault::Endpoint,
            Execution::Nothing,
            Again::Elsewhere,
            Again::No,
        ),
        (
            "Neo.DatabaseError.Transaction.TransactionCommitFailed",
            Fault::Endpoint,
            Execution::Unknown,
            Again::Elsewhere,
            Again::No,
        ),
        (
            "Neo.DatabaseError.Statement.ExecutionFailed",
            Fault::Endpoint,
            Execution::Unknown,
            Again::Once,
            Again::No,
        ),
        (
            "Neo.TransientError.New.Thing",
            Fault::Overload,
            Execution::Unknown,
            Again::Once,
            Again::No,
        ),
        (
            "Neo.ClientError.New.Thing",
            Fault::Client,
            Execution::Unknown,
            Again::No,
            Again::No,
        ),
        (
            "gibberish",
            Fault::Client,
            Execution::Unknown,
            Again::No,
            Again::No,
        ),
    ];
    for (code, fault, execution, reads, writes) in cases {
        let found = judge(&neo4j, &read, 400, &error(code, "text"));
        assert_eq!((found.fault, found.execution), (fault, execution), "{code}");
        assert_eq!(
            (found.read_again, found.write_again),
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
        judge(&neo4j, &read, 400, &error(syntax, "Unknown function 'x'")).read_again,
        Again::Once
    );
    let partly = error(
        "Neo.ClientError.Statement.ArithmeticError",
        "/ by zero (Transactions committed: 1)",
    );
    assert_eq!(
        judge(&neo4j, &read, 400, &partly).execution,
        Execution::Unknown
    );
    let start = "Neo.DatabaseError.Transaction.TransactionStartFailed";
    let theirs = judge(
        &neo4j,
        &read,
        500,
        &error(start, "needs an implicit transaction"),
    );
    assert_eq!(
        (theirs.fault, theirs.read_again),
        (Fault::Client, Again::No)
    );
    assert_eq!(
        judge(&neo4j, &read, 500, &error(start, "other")).fault,
        Fault::Endpoint
    );
    let client_read = tx(&["CREATE (n)"]).header("access-mode", "READ");
    let call = neo4j.understand(&client_read.request());
    let refused = error("Neo.ClientError.Statement.AccessMode", "x");
    assert_eq!(judge(&neo4j, &call, 200, &refused).read_again, Again::No);
    let run = neo4j.understand(&Sent::new("POST", "/db/neo4j/tx/1-abcdefgh", "{}").request());
    let deadlock = error("Neo.TransientError.Transaction.DeadlockDetected", "x");
    assert_eq!(judge(&neo4j, &run, 200, &deadlock).read_again, Again::No);
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
fn answers_without_a_code_are_judged_by_status() {
    let neo4j = plain();
    let read = neo4j.understand(&query("RETURN 1").request());
    let cases = [
        (
            400,
            "<html>Bad Request</html>",
            Fault::Client,
            Execution::Nothing,
            Again::No,
        ),
        (405, "", Fault::Client, Execution::Nothing, Again::No),
        (
            500,
            "<html></html>",
            Fault::Endpoint,
            Execution::Unknown,
            Again::Once,
        ),
        (
            503,
            "upstream",
            Fault::Endpoint,
            Execution::Unknown,
            Again::Elsewhere,
        ),
        (
            202,
            "{\"data\":{\"fields\":[\"a\"",
            Fault::Endpoint,
            Execution::Unknown,
            Again::Elsewhere,
        ),
        (
            200,
            "<html></html>",
            Fault::Endpoint,
            Execution::Unknown,
            Again::Elsewhere,
        ),
    ];
    for (status, body, fault, execution, again) in cases {
        let found = judge(&neo4j, &read, status, body);
        assert_eq!(
            (found.fault, found.execution, found.read_again),
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
    let cut = Answer {
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
    assert_eq!(neo4j.knowledge().bookmark("neo4j").as_deref(), Some(new));
    assert_eq!(neo4j.refresh(&read, &hit), None);
    let system = r#"{"data":{},"bookmarks":["FB:kcwQAAAAAAAAAAAAAAAAAAAAASmQ"]}"#;
    judge(&neo4j, &read, 202, system);
    assert_eq!(neo4j.knowledge().bookmark("neo4j").as_deref(), Some(new));
}

#[test]
fn refusals_have_neo4js_shape() {
    for reason in Reason::ALL {
        let refusal = plain().refusal(&Rejection::new(reason, "a \"detail\""));
        let json: serde_json::Value = serde_json::from_str(&refusal.body).unwrap();
        let label = reason.row().label;
        let message = format!("pointsman: a \"detail\" ({label})");
        assert_eq!(json["errors"][0]["message"], message);
        assert!(
            json["errors"][0]["code"]
                .as_str()
                .unwrap()
                .starts_with("Neo.")
        );
        assert_eq!(refusal.content_type, "application/json");
    }
    let gone = plain().refusal(&Rejection::new(Reason::TransactionNotFound, "x"));
    assert!(
        gone.body
            .contains("Neo.ClientError.Transaction.TransactionNotFound")
    );
}

#[test]
fn probes_read_the_recorded_answers() {
    let neo4j = plain();
    let finding = |name: &str, status: u16, body: &str| {
        let probe = neo4j
            .probes()
            .into_iter()
            .find(|probe| probe.name == name)
            .unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        let headers = HeaderMap::new();
        (probe.read)(&Answer {
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
    assert_eq!(finding("discovery", 200, &body("discovery")), Finding::Good);
    assert!(matches!(finding("discovery", 503, ""), Finding::Bad(_)));
    assert_eq!(finding("query", 202, &body("query: read")), Finding::Good);
    assert_eq!(
        finding("query", 400, &body("query: unknown field")),
        Finding::Unsupported
    );
    assert_eq!(finding("query", 401, ""), Finding::Locked);
    let busy = error(
        "Neo.TransientError.Transaction.MaximumTransactionLimitReached",
        "x",
    );
    assert_eq!(finding("query", 400, &busy), Finding::Busy);
    assert!(matches!(
        finding("query", 404, &body("query: unknown database")),
        Finding::Bad(_)
    ));
    assert_eq!(
        finding("role", 404, &body("cluster probe on Community")),
        Finding::Unsupported
    );
    assert_eq!(finding("role", 200, "true"), Finding::Role(Role::Writer));
    assert_eq!(finding("role", 404, "false"), Finding::Role(Role::Reader));
}

#[test]
fn an_answer_to_an_older_question_teaches_nothing() {
    let neo4j = Neo4j::new(Settings::new("graph"));
    let inquiry = neo4j.inquiries().remove(0);
    neo4j.knowledge().server_changes();
    answer_inquiry(
        &neo4j,
        &inquiry,
        &Bytes::from(r#"{"data":{"values":[["db.labels","READ"]]}}"#),
    );
    assert!(!neo4j.knowledge().is_loaded());
    let inquiry = neo4j.inquiries().remove(0);
    answer_inquiry(
        &neo4j,
        &inquiry,
        &Bytes::from(r#"{"data":{"values":[["db.labels","ODD"]]}}"#),
    );
    assert!(!neo4j.knowledge().is_loaded());
}

#[test]
fn nothing_secret_is_printed() {
    let credential = (
        http::header::AUTHORIZATION,
        "Basic c2VjcmV0".parse().unwrap(),
    );
    let settings = Settings {
        credentials: vec![credential],
        ..Settings::new("graph")
    };
    assert!(!format!("{settings:?}").contains("c2VjcmV0"));
}
