use super::*;

fn storability(neo4j: &Neo4j, sent: &Sent) -> Storability {
    neo4j.understand(&sent.request()).storability
}

#[test]
fn what_is_never_stored_says_why() {
    let neo4j = plain();
    let cases = [
        ("CREATE (n)", "not_a_read"),
        ("SHOW INDEXES", "show"),
        ("LOAD CSV FROM 'file:///x' AS row RETURN row", "load_csv"),
        ("EXPLAIN RETURN 1", "explain"),
        ("PROFILE RETURN 1", "profile"),
        ("CALL db.labels()", "procedure"),
        ("CALL dbms.components()", "server_state"),
        ("CALL db.stats.status()", "server_state"),
        (
            "CALL db.index.fulltext.queryNodes('i', 'x') YIELD node RETURN node",
            "server_state",
        ),
        ("USE neo4j RETURN 1", "use_graph"),
        (
            "MATCH (n:A) SEARCH n IN (VECTOR INDEX v FOR $v LIMIT 3) RETURN n",
            "index_search",
        ),
        ("RETURN rand()", "impure_function"),
        ("RETURN `rand` ( )", "impure_function"),
        ("RETURN r\\u0061nd()", "impure_function"),
        ("RETURN randomUUID()", "impure_function"),
        ("RETURN timestamp()", "impure_function"),
        ("RETURN date()", "impure_function"),
        ("RETURN datetime.realtime()", "impure_function"),
        ("RETURN my.own(1)", "impure_function"),
        (
            "MATCH (n) WHERE n.x > datetime() RETURN n",
            "impure_function",
        ),
        ("RETURN file()", "impure_function"),
        (
            "UNWIND [1] AS x CALL (x) { RETURN x AS y } IN TRANSACTIONS RETURN y",
            "in_transactions",
        ),
    ];
    for (statement, reason) in cases {
        assert_eq!(
            storability(&neo4j, &query(statement)),
            Storability::Never(reason),
            "{statement}"
        );
    }
    for statement in [
        "MATCH (n) RETURN n",
        "RETURN date('2020-01-01')",
        "RETURN toLower('A')",
        "MATCH (n:A) WHERE date(n.x) > date({year: 2020}) RETURN n",
        "RETURN localdatetime({timezone: 'Z', year: 2020})",
    ] {
        assert_eq!(
            storability(&neo4j, &query(statement)),
            Storability::Yes,
            "{statement}"
        );
    }
}

#[test]
fn what_may_be_a_map_without_a_time_may_read_the_clock() {
    let neo4j = plain();
    for statement in [
        "UNWIND [{a: {timezone: 'Z'}}] AS x RETURN date(x.a)",
        "UNWIND $rows AS row RETURN datetime(row.at)",
        "MATCH (n:A) WITH {a: {timezone: 'Z'}} AS n RETURN date(n.a)",
        "MATCH (n:A) WITH {a: {timezone: 'Z'}} AS n WHERE date(n.a) > $day RETURN 1",
        "MATCH (n:A) WITH {a: {timezone: 'Z'}} AS n ORDER BY date(n.a) RETURN 1",
        "MATCH (n:A) WITH *, {a: {timezone: 'Z'}} AS n RETURN date(n.a)",
        "MATCH (n:A) RETURN [n IN [{a: {timezone: 'Z'}}] | date(n.a)]",
        "MATCH (n:A) RETURN [`n` IN [{a: {timezone: 'Z'}}] | date(n.a)]",
        "MATCH (n:A) RETURN any(n IN [{a: {timezone: 'Z'}}] WHERE date(n.a) > $day)",
        "MATCH (n:A) RETURN reduce(n = $start, x IN [1] | {a: date(n.a)})",
        "RETURN date({timezone: {a: 'Z', year: 1}.a})",
        "RETURN time({hour: 1, timezone: 'Europe/Berlin'})",
        "RETURN time.truncate('hour', $time, {timezone: 'Europe/Berlin'})",
    ] {
        let call = neo4j.understand(&query(statement).request());
        assert_eq!(call.effect, Effect::Read, "{statement}");
        assert_eq!(
            call.storability,
            Storability::Never("impure_function"),
            "{statement}"
        );
    }
}

#[test]
fn a_stored_response_ends_with_the_token_that_asked_for_it() {
    let neo4j = plain();
    let bearing = |payload: &str| {
        use base64::Engine;
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(payload);
        let mut sent = query("RETURN 1");
        let value = format!("Bearer e30.{payload}.c2ln").parse().unwrap();
        sent.headers.insert("authorization", value);
        neo4j.understand(&sent.request())
    };
    let call = bearing(r#"{"sub":"me","exp":1700000000}"#);
    assert_eq!(
        (call.expires, call.storability),
        (Some(1_700_000_000), Storability::Yes)
    );
    assert_eq!(bearing(r#"{"sub":"me"}"#).expires, None);
    let unread = bearing(r#"{"exp":"soon"}"#);
    assert_eq!(unread.storability, Storability::Never("unread_token"));
    let basic = query("RETURN 1").header("authorization", "Basic bmVvNGo6YS5iLmM=");
    let call = neo4j.understand(&basic.request());
    assert_eq!((call.expires, call.storability), (None, Storability::Yes));
}

#[test]
fn fields_of_the_request_can_forbid_storing() {
    let neo4j = plain();
    let with = |field: &str| {
        let body = format!(r#"{{"statement":"RETURN 1",{field}}}"#);
        storability(&neo4j, &Sent::new("POST", "/db/neo4j/query/v2", &body))
    };
    assert_eq!(
        with(r#""bookmarks":["FB:a"]"#),
        Storability::Never("bookmarks")
    );
    assert_eq!(with(r#""bookmarks":[]"#), Storability::Yes);
    assert_eq!(
        with(r#""impersonatedUser":"x""#),
        Storability::Never("impersonated")
    );
    assert_eq!(
        with(r#""accessMode":"WRITE""#),
        Storability::Never("client_write_mode")
    );
    assert_eq!(with(r#""accessMode":"READ""#), Storability::Yes);
    assert_eq!(
        with(r#""fromTheFuture":1"#),
        Storability::Never("unknown_field")
    );
    assert_eq!(
        with(r#""includeCounters":true,"maxExecutionTime":3"#),
        Storability::Yes
    );
    let system = Sent::new("POST", "/db/system/query/v2", r#"{"statement":"RETURN 1"}"#);
    assert_eq!(
        storability(&neo4j, &system),
        Storability::Never("system_database")
    );
    let marked = tx(&["RETURN 1"]).header("bookmarks", r#"["FB:a"]"#);
    assert_eq!(
        storability(&neo4j, &marked),
        Storability::Never("bookmarks")
    );
    let session = Sent::new("POST", "/db/neo4j/tx", r#"{"statements":[]}"#);
    assert_eq!(
        storability(&neo4j, &session),
        Storability::Never("explicit_transaction")
    );
}

#[test]
fn the_operator_may_list_plug_ins_as_pure() {
    let settings = Neo4jSettings {
        pure: vec!["My.Own".into(), "db.labels".into()],
        ..Neo4jSettings::new("graph")
    };
    let neo4j = informed(settings);
    assert_eq!(
        storability(&neo4j, &query("RETURN my.own(1)")),
        Storability::Yes
    );
    assert_eq!(
        storability(&neo4j, &query("CALL db.labels()")),
        Storability::Yes
    );
    assert_eq!(
        storability(&neo4j, &query("RETURN your.own(1)")),
        Storability::Never("impure_function")
    );
}

#[test]
fn the_state_of_the_server_is_never_stored_whatever_the_operator_lists() {
    let listed: Vec<String> = super::super::builtin_procedures()
        .map(|(name, _)| name.to_owned())
        .collect();
    let neo4j = informed(Neo4jSettings {
        pure: listed.clone(),
        ..Neo4jSettings::new("graph")
    });
    let mut stored = listed;
    stored
        .retain(|name| storability(&neo4j, &query(&format!("CALL {name}()"))) == Storability::Yes);
    assert_eq!(
        stored,
        [
            "db.index.vector.queryNodes",
            "db.index.vector.queryRelationships",
            "db.labels",
            "db.propertyKeys",
            "db.relationshipTypes",
            "db.schema.nodeTypeProperties",
            "db.schema.relTypeProperties",
            "db.schema.visualization",
        ]
    );
    for name in &stored {
        let call = neo4j.understand(&query(&format!("CALL {name}()")).request());
        let tags: Vec<_> = call.reads.iter().map(|tag| tag.as_str()).collect();
        assert_eq!(tags, ["neo4j/graph", "neo4j/graph/neo4j/any"], "{name}");
    }
}

fn key(neo4j: &Neo4j, sent: &Sent) -> crate::dialect::Canonical {
    neo4j.understand(&sent.request()).canonical.unwrap()
}

#[test]
fn the_canonical_form_keeps_apart_what_responses_differ_by() {
    let neo4j = plain();
    let base = key(&neo4j, &query("RETURN 1"));
    let others = [
        query("RETURN 2"),
        query("RETURN 1").header("authorization", "Basic YQ=="),
        query("RETURN 1").header("accept", "application/vnd.neo4j.query"),
        query("RETURN 1").header("accept-encoding", "gzip"),
        query("RETURN 1").header("content-type", "application/vnd.neo4j.query"),
        tx(&["RETURN 1"]),
        Sent::new("POST", "/db/other/query/v2", r#"{"statement":"RETURN 1"}"#),
        Sent::new(
            "POST",
            "/db/neo4j/query/v2",
            r#"{"statement":"RETURN 1","includeCounters":true}"#,
        ),
        Sent::new(
            "POST",
            "/db/neo4j/query/v2",
            r#"{"statement":"RETURN 1","parameters":{"a":1}}"#,
        ),
    ];
    for other in &others {
        assert_ne!(base, key(&neo4j, other), "{}", other.target);
    }
    let same = [
        Sent::new(
            "POST",
            "/db/NEO4J/query/v2",
            r#" { "statement" : "RETURN 1" } "#,
        ),
        Sent::new(
            "POST",
            "/db/neo4j/query/v2",
            r#"{"accessMode":"READ","statement":"RETURN 1"}"#,
        ),
    ];
    for other in &same {
        assert_eq!(base, key(&neo4j, other));
    }
}

#[test]
fn in_a_cluster_the_access_mode_is_part_of_the_key() {
    let neo4j = informed(Neo4jSettings {
        cluster: true,
        ..Neo4jSettings::new("graph")
    });
    let read = Sent::new(
        "POST",
        "/db/neo4j/query/v2",
        r#"{"accessMode":"READ","statement":"RETURN 1"}"#,
    );
    assert_ne!(key(&neo4j, &query("RETURN 1")), key(&neo4j, &read));
}
