use super::*;

fn call(sent: &Sent) -> Call {
    plain().understand(&sent.request())
}

#[test]
fn each_line_of_the_table_has_its_name_effect_and_placement() {
    let cases = [
        ("GET", "/", "discovery", Effect::Read, Placement::Any),
        (
            "GET",
            "/db/neo4j/cluster/writable",
            "cluster.writable",
            Effect::Read,
            Placement::Local,
        ),
        (
            "POST",
            "/db/neo4j/query/v2/tx",
            "tx.begin",
            Effect::Session,
            Placement::Writer,
        ),
        (
            "POST",
            "/db/neo4j/query/v2/tx/ff25-abcdefgh",
            "tx.run",
            Effect::Session,
            Placement::Pinned("abcdefgh".into()),
        ),
        (
            "DELETE",
            "/db/neo4j/query/v2/tx/ff25-abcdefgh",
            "tx.rollback",
            Effect::Session,
            Placement::Pinned("abcdefgh".into()),
        ),
        (
            "POST",
            "/db/neo4j/query/v2/tx/ff25-abcdefgh/commit",
            "tx.commit",
            Effect::Session,
            Placement::Pinned("abcdefgh".into()),
        ),
        (
            "POST",
            "/db/neo4j/tx",
            "tx.begin",
            Effect::Session,
            Placement::Writer,
        ),
        (
            "POST",
            "/db/neo4j/tx/9-abcdefgh",
            "tx.run",
            Effect::Session,
            Placement::Pinned("abcdefgh".into()),
        ),
        (
            "POST",
            "/db/neo4j/tx/-9-abcdefgh",
            "tx.run",
            Effect::Session,
            Placement::Pinned("abcdefgh".into()),
        ),
        (
            "POST",
            "/db/neo4j/tx/9",
            "tx.run",
            Effect::Session,
            Placement::Pinned(String::new()),
        ),
        (
            "DELETE",
            "/db/neo4j/tx/9",
            "tx.rollback",
            Effect::Session,
            Placement::Pinned(String::new()),
        ),
        (
            "GET",
            "/db/neo4j/tx/9",
            "unknown",
            Effect::Unknown,
            Placement::Writer,
        ),
        (
            "POST",
            "/db/neo4j;a=b/tx",
            "unknown",
            Effect::Unknown,
            Placement::Writer,
        ),
        (
            "POST",
            "/db//tx",
            "unknown",
            Effect::Unknown,
            Placement::Writer,
        ),
        (
            "POST",
            "/db/a%2Fb/tx",
            "unknown",
            Effect::Unknown,
            Placement::Writer,
        ),
        (
            "POST",
            "/db/../tx",
            "unknown",
            Effect::Unknown,
            Placement::Writer,
        ),
    ];
    for (method, target, operation, effect, placement) in cases {
        let call = call(&Sent::new(method, target, ""));
        assert_eq!(
            (call.operation, call.effect, call.placement),
            (operation, effect, placement),
            "{method} {target}"
        );
    }
    assert_eq!(rows().count(), 14);
}

#[test]
fn database_names_are_decoded_and_lower_case() {
    for path in [
        "/db/NEO4J/query/v2",
        "/db/neo%34j/query/v2",
        "/db/neo4j/query/v2/",
    ] {
        let sent = Sent::new("POST", path, r#"{"statement":"RETURN 1"}"#);
        assert_eq!(
            call(&sent).target,
            Target::Database("neo4j".into()),
            "{path}"
        );
    }
}

#[test]
fn effects_follow_the_statement() {
    let cases = [
        ("MATCH (n) RETURN n", "cypher.read", Effect::Read),
        ("CREATE (n)", "cypher.write", Effect::Write),
        (
            "CREATE INDEX FOR (n:A) ON (n.x)",
            "cypher.schema",
            Effect::Schema,
        ),
        ("TERMINATE TRANSACTION 'x'", "cypher.admin", Effect::Admin),
        (
            "CREATE USER a SET PASSWORD 'b'",
            "cypher.admin",
            Effect::Admin,
        ),
        ("FROBNICATE", "cypher.unknown", Effect::Unknown),
        ("EXPLAIN CREATE (n)", "cypher.read", Effect::Read),
        ("SHOW INDEXES", "cypher.read", Effect::Read),
        ("CALL db.labels()", "cypher.read", Effect::Read),
        ("CALL db.createLabel('A')", "cypher.write", Effect::Write),
        (
            "CALL db.index.vector.createNodeIndex('a','b','c',1,'d')",
            "cypher.schema",
            Effect::Schema,
        ),
        ("CALL nobody.knows()", "cypher.write", Effect::Write),
        ("CALL DB.LABELS()", "cypher.write", Effect::Write),
        ("CALL db.clearQueryCaches()", "cypher.admin", Effect::Admin),
        (
            "CALL `db`.`clearQueryCaches`()",
            "cypher.admin",
            Effect::Admin,
        ),
        (
            "CALL db.stats.collect('GRAPH COUNTS')",
            "cypher.admin",
            Effect::Admin,
        ),
        (
            "CALL dbms.killConnections(['x'])",
            "cypher.admin",
            Effect::Admin,
        ),
        ("CALL tx.setMetaData({a: 1})", "cypher.admin", Effect::Admin),
        (
            "CALL db.prepareForReplanning()",
            "cypher.admin",
            Effect::Admin,
        ),
        ("CALL dbms.listConfig()", "cypher.read", Effect::Read),
        (
            "MATCH (n) CALL db.createLabel('A') RETURN n",
            "cypher.write",
            Effect::Write,
        ),
    ];
    for (statement, operation, effect) in cases {
        let call = call(&query(statement));
        assert_eq!(
            (call.operation, call.effect),
            (operation, effect),
            "{statement}"
        );
    }
}

#[test]
fn until_procedures_are_loaded_a_call_is_a_write() {
    let neo4j = Neo4j::new(Neo4jSettings::new("graph"));
    let call = neo4j.understand(&query("CALL db.labels()").request());
    assert_eq!(call.effect, Effect::Write);
    let again = Neo4j::with_knowledge(Neo4jSettings::new("graph"), Arc::clone(&plain().knowledge));
    assert_eq!(
        again
            .understand(&query("CALL db.labels()").request())
            .effect,
        Effect::Read
    );
}

#[test]
fn the_table_of_builtin_procedures_is_what_a_plain_server_lists() {
    let builtin: Vec<_> = super::super::builtin_procedures().collect();
    assert!(builtin.is_sorted_by_key(|(name, _)| *name));
    let server = Arc::clone(&plain().knowledge);
    for (name, mode) in builtin {
        // A server without credentials, as the recorded one is, has no current user.
        let listed = server
            .mode(name)
            .or((name == "dbms.showCurrentUser").then_some(ProcedureMode::Dbms));
        assert_eq!(listed, Some(mode), "{name}");
        assert_eq!(
            Knowledge::with_builtin_procedures().mode(name),
            Some(mode),
            "{name}"
        );
    }
}

#[test]
fn the_table_of_builtin_procedures_counts_only_until_the_servers_own_list_is_known() {
    let builtin = Arc::new(Knowledge::with_builtin_procedures());
    let neo4j = Neo4j::with_knowledge(Neo4jSettings::new("graph"), Arc::clone(&builtin));
    let understood = |statement: &str| neo4j.understand(&query(statement).request());
    let labels = understood("CALL db.labels() YIELD label RETURN label");
    assert_eq!(labels.effect, Effect::Read);
    assert!(labels.reason.contains("as in Neo4j 5.26"));
    for statement in ["CALL db.createLabel('A')", "CALL DB.LABELS()", "CALL x.y()"] {
        assert_eq!(understood(statement).effect, Effect::Write, "{statement}");
    }
    let own = [
        ("x.y", ProcedureMode::Read),
        ("db.labels", ProcedureMode::Write),
    ];
    builtin.learn_modes(own.map(|(name, mode)| (name.to_owned(), mode)).into());
    let labels = understood("CALL db.labels() YIELD label RETURN label");
    assert_eq!(
        (labels.effect, labels.reason),
        (Effect::Write, "a procedure that writes")
    );
    assert_eq!(understood("CALL db.propertyKeys()").effect, Effect::Write);
}

#[test]
fn a_plug_ins_procedure_has_side_effects_unless_the_operator_calls_it_pure() {
    let modes = [
        ("apoc.es.post", ProcedureMode::Read),
        ("gds.graph.project", ProcedureMode::Read),
        ("db.labels", ProcedureMode::Read),
    ];
    let understood = |pure: &[&str], statement: &str| {
        let neo4j = informed(Neo4jSettings {
            pure: pure.iter().map(|name| (*name).to_owned()).collect(),
            ..Neo4jSettings::new("graph")
        });
        let modes = modes.map(|(name, mode)| (name.to_owned(), mode));
        neo4j.knowledge.learn_modes(modes.into());
        neo4j.understand(&query(statement).request())
    };
    for name in ["apoc.es.post", "gds.graph.project"] {
        let call = understood(&[], &format!("CALL {name}('x')"));
        assert_eq!(call.effect, Effect::Admin, "{name}");
        assert_eq!((call.fence, call.canonical.is_none()), (Fence::None, true));
        assert!(
            !call.invalidates.is_empty(),
            "a plug-in may write by other ways"
        );
        let call = understood(&[&name.to_uppercase()], &format!("CALL {name}('x')"));
        assert_eq!(call.effect, Effect::Read, "{name}");
    }
    assert_eq!(understood(&[], "CALL db.labels()").effect, Effect::Read);
}

#[test]
fn the_clients_own_time_limit_is_read() {
    use std::time::Duration;
    let of_query = |limit: &str| {
        let body = format!(r#"{{"statement":"RETURN 1","maxExecutionTime":{limit}}}"#);
        let sent = Sent::new("POST", "/db/neo4j/query/v2", &body);
        let call = plain().understand(&sent.request());
        (call.time_limit, call.canonical.is_some())
    };
    assert_eq!(of_query("90"), (Some(Duration::from_secs(90)), true));
    assert_eq!(of_query("null"), (None, true));
    assert_eq!(of_query("0"), (None, true));
    // Some of these the server takes and some it refuses: a stored response must stand for none.
    for odd in [
        "true",
        "[]",
        "\"5\"",
        "\"abc\"",
        "1.5",
        "-1",
        "2147483648",
        "99999999999999999999",
    ] {
        assert_eq!(of_query(odd), (None, false), "{odd}");
    }
    let of_tx = |limit: &'static str| {
        let sent = tx(&["RETURN 1"]).header("max-execution-time", limit);
        plain().understand(&sent.request()).time_limit
    };
    assert_eq!(of_tx("1500"), Some(Duration::from_millis(1500)));
    assert_eq!(["", "abc", "-5", "5.5", "0"].map(of_tx), [None; 5]);
}

#[test]
fn several_statements_are_a_read_only_if_all_are() {
    let reads = call(&tx(&["RETURN 1", "MATCH (n) RETURN n"]));
    assert_eq!((reads.effect, reads.features.members), (Effect::Read, 2));
    assert_eq!(call(&tx(&["RETURN 1", "CREATE (n)"])).effect, Effect::Write);
    assert_eq!(
        call(&tx(&["FROBNICATE", "CREATE (n)"])).effect,
        Effect::Unknown
    );
    let empty = call(&tx(&[]));
    assert_eq!(
        (empty.effect, empty.storability),
        (Effect::Read, Storability::Never("no_statement"))
    );
}

#[test]
fn a_body_that_might_be_read_in_two_ways_is_a_write() {
    let bodies = [
        r#"{"statement":"RETURN 1","statement":"CREATE (n)"}"#,
        "{\"statement\":\"RETURN 1\"} {}",
        "\u{feff}{\"statement\":\"RETURN 1\"}",
        "{'statement':'RETURN 1'}",
        r#"{"statement":1}"#,
        r#"["RETURN 1"]"#,
        "",
    ];
    for body in bodies {
        let call = call(&Sent::new("POST", "/db/neo4j/query/v2", body));
        assert_eq!(
            (call.effect, call.fence),
            (Effect::Unknown, Fence::None),
            "{body}"
        );
        assert!(!call.invalidates.is_empty());
    }
    let late = r#"{"x":1,"statements":[{"statement":"RETURN 1"}]}"#;
    assert_eq!(
        call(&Sent::new("POST", "/db/neo4j/tx/commit", late)).effect,
        Effect::Unknown
    );
    let gzip = query("RETURN 1").header("content-encoding", "gzip");
    assert_eq!(call(&gzip).effect, Effect::Unknown);
    let with_type = |media| call(&query("RETURN 1").header("content-type", media)).effect;
    for odd in [
        "application/json; charset=UTF-16",
        "application/json; charset=UTF-16; x=utf-8",
        "application/json; charset=\"utf-8\"; charset=utf-16",
        "application/json; charset=utf-8x",
        "application/json; charset",
    ] {
        assert_eq!(with_type(odd), Effect::Unknown, "{odd}");
    }
    for utf8 in [
        "application/json",
        "application/json; charset=UTF-8",
        "application/json;charset=\"utf-8\"; x=y",
    ] {
        assert_eq!(with_type(utf8), Effect::Read, "{utf8}");
    }
    let sent = query("RETURN 1");
    let cut = Request {
        body: Body::Prefix(&sent.body),
        ..sent.request()
    };
    assert_eq!(plain().understand(&cut).effect, Effect::Unknown);
}

#[test]
fn the_clients_access_mode_decides_fence_and_placement() {
    let with = |mode: &str, statement: &str| {
        let body = format!(r#"{{"statement":"{statement}","accessMode":{mode}}}"#);
        call(&Sent::new("POST", "/db/neo4j/query/v2", &body))
    };
    let facts = |call: Call| (call.effect, call.fence, call.placement);
    assert_eq!(
        facts(with("null", "RETURN 1")),
        (Effect::Read, Fence::Ours, Placement::Any)
    );
    assert_eq!(
        facts(with(r#""read""#, "RETURN 1")),
        (Effect::Read, Fence::Theirs, Placement::Any)
    );
    assert_eq!(
        facts(with(r#""WRITE""#, "RETURN 1")),
        (Effect::Read, Fence::None, Placement::Writer)
    );
    assert_eq!(
        facts(with(r#""READ""#, "CREATE (n)")),
        (Effect::Write, Fence::Theirs, Placement::Writer)
    );
    assert_eq!(
        facts(with("7", "RETURN 1")),
        (Effect::Read, Fence::None, Placement::Any)
    );
    let twice = tx(&["RETURN 1"])
        .header("access-mode", "READ")
        .header("access-mode", "READ");
    assert_eq!(call(&twice).fence, Fence::None);
    assert_eq!(
        call(&tx(&["RETURN 1"]).header("access-mode", "Read")).fence,
        Fence::Theirs
    );
}

#[test]
fn in_a_cluster_reads_without_bookmarks_go_to_the_writer() {
    let neo4j = informed(Neo4jSettings {
        cluster: true,
        ..Neo4jSettings::new("graph")
    });
    let plain = neo4j.understand(&query("RETURN 1").request());
    assert_eq!(
        (plain.placement, plain.fence),
        (Placement::Writer, Fence::Ours)
    );
    let marked = Sent::new(
        "POST",
        "/db/neo4j/query/v2",
        r#"{"statement":"RETURN 1","bookmarks":["FB:a"]}"#,
    );
    assert_eq!(
        neo4j.understand(&marked.request()).placement,
        Placement::Any
    );
}

#[test]
fn an_id_without_a_token_belongs_to_the_only_endpoint() {
    let neo4j = informed(Neo4jSettings {
        endpoints: vec!["abcdefg1".into()],
        ..Neo4jSettings::new("graph")
    });
    let call = neo4j.understand(&Sent::new("POST", "/db/neo4j/tx/9", "").request());
    assert_eq!(call.placement, Placement::Pinned("abcdefg1".into()));
}

#[test]
fn what_the_database_refuses_is_a_write_from_then_on() {
    let neo4j = plain();
    let sent = query("MATCH (n {x: 1}) RETURN n");
    let call = neo4j.understand(&sent.request());
    let write = neo4j.refused_as_write(&call, &sent.request());
    assert_eq!(
        (write.effect, write.fence, write.placement),
        (Effect::Write, Fence::None, Placement::Writer)
    );
    assert!(
        write
            .invalidates
            .iter()
            .any(|tag| tag.as_str() == "neo4j/graph/neo4j/wide")
    );
    let same_shape = neo4j.understand(&query("MATCH (n {x: 2}) RETURN n").request());
    assert_eq!(same_shape.effect, Effect::Write);
    assert!(
        same_shape
            .invalidates
            .iter()
            .any(|tag| tag.as_str() == "neo4j/graph/neo4j/wide")
    );
    assert_eq!(
        neo4j
            .understand(&query("MATCH (m) RETURN m").request())
            .effect,
        Effect::Read
    );
}

#[test]
fn what_the_database_refuses_with_use_invalidates_the_service() {
    let neo4j = plain();
    let service = tags::service("graph");
    let invalidates = |sent: &Sent| {
        let call = neo4j.understand(&sent.request());
        assert_eq!(call.effect, Effect::Read);
        neo4j.refused_as_write(&call, &sent.request()).invalidates
    };
    assert!(invalidates(&query("USE other MATCH (a) RETURN a")).contains(&service));
    assert!(
        invalidates(&query("CALL { USE other MATCH (b) RETURN b } RETURN b")).contains(&service)
    );
    let several = tx(&["MATCH (c) RETURN c", "USE other MATCH (c) RETURN c"]);
    assert!(invalidates(&several).contains(&service));
    assert!(!invalidates(&query("MATCH (d) RETURN d")).contains(&service));
}

#[test]
fn types_and_counts_are_those_the_planner_wants() {
    use crate::dialect::QueryType::*;
    let cases = [
        ("MATCH (n:A) RETURN n", EntityLookup),
        ("MATCH (n:A)-[:R]->(m) RETURN n", RelationshipExploration),
        (
            "MATCH (n:A)-[:R]->(m)-[:S]->(o) RETURN n",
            MultiHopReasoning,
        ),
        ("MATCH (n:A)-[:R*1..3]->(m) RETURN n", MultiHopReasoning),
        (
            "MATCH p = shortestPath((n:A)-[:R*]-(m:B)) RETURN p",
            MultiHopReasoning,
        ),
        ("CREATE (n)", Write),
        ("CREATE INDEX FOR (n:A) ON (n.x)", SchemaAdmin),
        ("FROBNICATE", Unknown),
    ];
    for (statement, wanted) in cases {
        assert_eq!(call(&query(statement)).query_type, wanted, "{statement}");
    }
    let features = call(&query(
        "MATCH (n:A)-[:R]->(m:B) WHERE n.x = 1 RETURN n LIMIT 5",
    ))
    .features;
    assert_eq!(
        (
            features.entity_types,
            features.relationship_types,
            features.max_depth
        ),
        (2, 1, 1)
    );
    assert_eq!(
        (features.graph_limit, features.final_limit, features.members),
        (5, 5, 1)
    );
    assert!(features.has_filters && !features.has_vector);
    assert_eq!((features.text_length, features.word_count), (54, 10));
}

#[test]
fn a_clause_that_writes_is_never_missed_in_the_forms_of_cypher_25() {
    let reads = [
        "RETURN 1 AS x",
        "{ RETURN 1 AS x }",
        "WHEN true THEN RETURN 1 AS x ELSE RETURN 2 AS x",
        "CALL db.labels() YIELD label RETURN label",
        "MATCH (n:A) SEARCH n IN (VECTOR INDEX v FOR [1.0] WHERE n.x > 1 LIMIT 3) SCORE AS s RETURN s",
        "RETURN 1 IS :: VECTOR<FLOAT32>(3) AS x",
    ];
    let writes = [
        "CREATE (:A)",
        "MATCH (n) DETACH DELETE n",
        "MERGE (a:A)",
        "MATCH (n:A) SET n:B",
        "{ MATCH (n) REMOVE n.x }",
        "WHEN true THEN CREATE (:A)",
        "FOREACH (i IN [1] | CREATE (:B))",
        "CALL { CREATE (:A) } IN TRANSACTIONS ON ERROR RETRY FOR 3 SECONDS THEN CONTINUE",
        "MATCH (n) SEARCH n IN (VECTOR INDEX v FOR $v LIMIT 3) SCORE AS s SET n.x = s",
        "MATCH (n) FILTER n.v IS :: VECTOR<INT8>(3) DELETE n",
    ];
    let forms = [
        "R",
        "W",
        "R NEXT W",
        "W NEXT R",
        "R UNION W",
        "WHEN true THEN R ELSE W",
        "WHEN true THEN { W } ELSE R",
        "R NEXT WHEN true THEN { R } WHEN false THEN { W }",
        "{ R NEXT W }",
        "{ { W } } NEXT R",
        "CALL { W } R",
        "CALL () { WHEN true THEN { W } ELSE R } RETURN 1 AS y",
        "RETURN COLLECT { { W } } AS y",
        "RETURN EXISTS { WHEN true THEN { R } ELSE { W } } AS y",
    ];
    let neo4j = plain();
    let mut understood = 0;
    for (form, read) in forms.iter().flat_map(|form| reads.map(|read| (form, read))) {
        for write in writes {
            let text: String = form
                .split(' ')
                .map(|word| match word {
                    "R" => format!("{read} "),
                    "W" => format!("{write} "),
                    word => format!("{word} "),
                })
                .collect();
            let effect = neo4j
                .understand(&query(&format!("CYPHER 25 {text}")).request())
                .effect;
            let expected = form.split(' ').any(|word| word == "W");
            assert!(!expected || effect != Effect::Read, "{text}");
            assert!(expected || effect == Effect::Read, "{text}");
            understood += usize::from(expected && effect == Effect::Write);
        }
    }
    assert!(
        understood > 500,
        "only {understood} were understood as writes"
    );
}

#[test]
fn a_long_statement_takes_long_and_long_parameters_do_not() {
    let neo4j = plain();
    let (method, headers) = (Method::POST, HeaderMap::new());
    let takes_long = |target: &str, statement: usize, parameters: usize| {
        let (statement, parameters) = ("x".repeat(statement), "1,".repeat(parameters / 2));
        let body = format!(r#"{{"statement":"{statement}","parameters":{{"a":[{parameters}1]}}}}"#);
        neo4j.takes_long(&Request {
            method: &method,
            target,
            headers: &headers,
            body: Body::Whole(&body.into()),
        })
    };
    const QUERY: &str = "/db/neo4j/query/v2";
    assert!(!takes_long(QUERY, 4000, 60_000));
    assert!(takes_long(QUERY, 5000, 0));
    assert!(takes_long(QUERY, 10, 70_000));
    assert!(!takes_long("/db/neo4j/tx/commit", 4000, 0));
    assert!(takes_long("/db/neo4j/tx/commit", 10, 10_000));
}
