use super::*;
use crate::rejection::RejectionReason;

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
            Fault::Client,
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
            Fault::Endpoint,
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
fn answers_without_a_code_are_judged_by_status() {
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
    assert_eq!(neo4j.knowledge.bookmark("neo4j").as_deref(), Some(new));
    assert_eq!(neo4j.refresh(&read, &hit), None);
    let system = r#"{"data":{},"bookmarks":["FB:kcwQAAAAAAAAAAAAAAAAAAAAASmQ"]}"#;
    judge(&neo4j, &read, 202, system);
    assert_eq!(neo4j.knowledge.bookmark("neo4j").as_deref(), Some(new));
}

#[test]
fn refusals_have_neo4js_shape() {
    for reason in RejectionReason::ALL {
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
    let gone = plain().refusal(&Rejection::new(RejectionReason::TransactionNotFound, "x"));
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
    assert!(matches!(
        finding("query", 404, &body("query: unknown database")),
        ProbeResult::Bad(_)
    ));
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
fn an_answer_to_an_older_question_teaches_nothing() {
    let neo4j = Neo4j::new(Settings::new("graph"));
    let metadata_query = neo4j.metadata_queries().remove(0);
    neo4j.knowledge.server_changes();
    answer_inquiry(
        &neo4j,
        &metadata_query,
        &Bytes::from(r#"{"data":{"values":[["db.labels","READ"]]}}"#),
    );
    assert!(!neo4j.knowledge.is_loaded());
    let metadata_query = neo4j.metadata_queries().remove(0);
    answer_inquiry(
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
    let settings = Settings {
        credentials: vec![credential],
        ..Settings::new("graph")
    };
    assert!(!format!("{settings:?}").contains("c2VjcmV0"));
}
