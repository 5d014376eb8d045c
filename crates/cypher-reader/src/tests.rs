use super::*;

mod bounds;
mod reads;
mod writes;

/// What a text is, in one word.
fn kind(text: &str) -> &'static str {
    match read(text).kind {
        StatementKind::Explain => "explain",
        StatementKind::Query(report) if report.writes => "write",
        StatementKind::Query(report) if !report.procedures.is_empty() => "call",
        StatementKind::Query(report) if report.show => "show",
        StatementKind::Query(_) => "read",
        StatementKind::Command(Command::Schema) => "schema",
        StatementKind::Command(Command::Admin) => "admin",
        StatementKind::Unknown(_) => "unknown",
    }
}

#[test]
fn every_read_is_told_for_a_read() {
    for text in reads::READS {
        assert_eq!(kind(text), "read", "{text}");
    }
}

#[test]
fn no_write_is_called_a_read() {
    for (wanted, text) in writes::WRITES {
        assert_eq!(kind(text), *wanted, "{text}");
    }
}

#[test]
fn explain_runs_nothing_whatever_it_explains() {
    for text in [
        "EXPLAIN CREATE (n)",
        "explain match (n) delete n",
        "/* a */ EXPLAIN MERGE (n)",
        "CYPHER 5 EXPLAIN CREATE (n)",
        "CYPHER runtime=slotted EXPLAIN CREATE (n)",
        "EXPLAIN CYPHER 5 CREATE (n)",
        "EXPLAIN EXPLAIN CREATE (n);",
        "EXPLAIN CREATE USER x SET PASSWORD 'y'",
    ] {
        assert_eq!(kind(text), "explain", "{text}");
    }
}

#[test]
fn show_is_told_apart_from_what_follows_it() {
    for text in [
        "SHOW INDEXES",
        "show transactions",
        "SHOW INDEXES YIELD name, type WHERE type = 'CREATE' RETURN name",
        "USE neo4j SHOW CONSTRAINTS",
        "SHOW FUNCTIONS EXECUTABLE BY CURRENT USER;",
    ] {
        assert_eq!(kind(text), "show", "{text}");
    }
    assert_eq!(
        kind("SHOW TRANSACTIONS YIELD * TERMINATE TRANSACTIONS 'x'"),
        "admin"
    );
}

fn report(text: &str) -> QueryReport {
    match read(text).kind {
        StatementKind::Query(report) => *report,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn functions_that_read_the_clock_are_told_from_those_that_are_given_the_time() {
    for text in [
        "RETURN date()",
        "RETURN datetime ( )",
        "RETURN `date`()",
        "RETURN date({})",
        "RETURN datetime({timezone: 'UTC'})",
        "RETURN localtime({minute: 3})",
        "RETURN date($d)",
        "WITH {} AS d RETURN date(d)",
        "RETURN date.truncate('month')",
        "RETURN datetime.truncate('day' )",
        "RETURN d\\u0061te()",
    ] {
        let text = text.replace("\\\\", "\\");
        assert!(report(&text).reads_clock, "{text}");
    }
    for text in [
        "RETURN date('2020-01-01')",
        "RETURN date({year: 2020, month: 1})",
        "MATCH (n) RETURN date(n.day)",
        "RETURN datetime({epochMillis: 1})",
        "RETURN localtime({hour: 1, minute: 2})",
        "RETURN date.truncate('month', date('2020-01-15'))",
        "RETURN duration({days: 1})",
    ] {
        assert!(!report(text).reads_clock, "{text}");
    }
}

#[test]
fn functions_are_named_lower_case_and_unquoted() {
    let report = report("RETURN `rand`(), RandomUUID ( ), apoc.text.`join`(['a'], '')");
    let names: Vec<_> = report.functions.iter().map(String::as_str).collect();
    assert_eq!(names, ["apoc.text.join", "rand", "randomuuid"]);
    assert!(!is_pure_builtin("rand") && !is_pure_builtin("timestamp"));
    assert!(is_pure_builtin("tolower") && is_pure_builtin("vector.similarity.cosine"));
}

#[test]
fn the_list_of_pure_functions_is_sorted() {
    for name in [
        "abs",
        "count",
        "date",
        "e",
        "nullif",
        "point.withinbbox",
        "valuetype",
    ] {
        assert!(is_pure_builtin(name), "{name}");
    }
}

#[test]
fn depth_is_the_upper_bound_of_the_longest_path() {
    for (pattern, depth) in [
        ("(a)-[:R]->{1,3}(b)", 3),
        ("(a)-[:R]->{2}(b)-[:S]->(c)", 3),
        ("(a)-[:R]->+(b)", 10),
        ("((a)-[:R]->(b)-[:S]->(c)){1,3} (d)-[:T]->(e)", 7),
        ("((a)-[:R]->(b))*", 10),
        ("((a)-[:R*2..4]->(b))", 4),
        ("(a)-[*4294967295]->(b)-[*4294967295]->(c)", u32::MAX),
    ] {
        let report = report(&format!("MATCH {pattern} RETURN 1"));
        assert_eq!(report.features.depth, depth, "{pattern}");
        assert!(report.features.many_hops, "{pattern}");
    }
}

#[test]
fn features_count_hops_depth_limits_labels_and_types() {
    let features =
        report("MATCH (a:A {x: 1})-[:R|S]->(b:B)-[:T*1..3]->() RETURN b LIMIT 7").features;
    assert_eq!((features.nodes, features.hops, features.depth), (3, 2, 4));
    assert_eq!((features.labels, features.types, features.limit), (2, 3, 7));
    assert!(features.filters && features.many_hops);
    let plain = report("MATCH (a) RETURN a").features;
    assert_eq!(
        (plain.nodes, plain.hops, plain.filters, plain.many_hops),
        (1, 0, false, false)
    );
}

#[test]
fn shapes_forget_literals_white_space_comments_and_the_case_of_keywords() {
    let shape = |text: &str| read(text).shape;
    let one = shape("MATCH (n:A {x: 1}) WHERE n.y IN [1, 2] RETURN n");
    assert_eq!(
        one,
        shape("match  (n:A{x:'two'}) /* c */ where n.y in [3,4,5,'six'] return n")
    );
    assert_ne!(
        one,
        shape("MATCH (n:B {x: 1}) WHERE n.y IN [1, 2] RETURN n")
    );
    assert_ne!(
        one,
        shape("MATCH (n:A {x: $x}) WHERE n.y IN [1, 2] RETURN n")
    );
    assert_ne!(one, 0);
    assert_eq!(shape("RETURN 'open"), 0);
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{a:", "}"),
        ("CALL { ", " }"),
        ("EXISTS { ", " }"),
    ] {
        let deep = format!("RETURN {}1{}", open.repeat(5000), close.repeat(5000));
        assert_ne!(kind(&deep), "read");
    }
    assert_eq!(
        kind(&format!("RETURN {}1{}", "(".repeat(50), ")".repeat(50))),
        "read"
    );
    let long = format!("RETURN 1{}", " + 1".repeat(20_000));
    assert_eq!(kind(&long), "read");
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    const READ_CLAUSES: &[&str] = &[
        "MATCH (n:A {x: 1})-[r:R]->(m)",
        "MATCH (n) WHERE n.set = 1 AND n:B",
        "OPTIONAL MATCH (n)--()",
        "WITH n, m AS create",
        "WITH *",
        "WITH n ORDER BY n.x DESC LIMIT 3 WHERE n.y IS NOT NULL",
        "UNWIND [1, 2] AS set",
        "CALL { MATCH (k) RETURN k }",
        "CALL (n) { RETURN 1 AS one }",
        "LOAD CSV FROM 'x' AS row",
        "USE neo4j",
        "RETURN n",
        "RETURN n.delete AS merge, CASE WHEN true THEN 1 END",
        "UNION RETURN 1 AS n",
        "ORDER BY n",
        "SKIP 1",
        "LIMIT 2",
        "FINISH",
        "WITH [x IN [1] | x] AS l, {a: 1} AS map, EXISTS { (n)-->() } AS e",
    ];
    const WRITE_CLAUSES: &[&str] = &[
        "CREATE (z)",
        "CREATE (n)-[:R]->(:Z)",
        "MERGE (z:Z {k: 1})",
        "SET n.x = 1",
        "SET n:Z",
        "SET n += $p",
        "DELETE n",
        "DETACH DELETE n",
        "NODETACH DELETE n",
        "REMOVE n.x",
        "REMOVE n:Z",
        "INSERT (:Z)",
        "FOREACH (x IN [] | SET n.x = x)",
        "CALL { CREATE (z) }",
        "CALL (n) { DELETE n }",
        "CALL { WITH n SET n.x = 1 } IN TRANSACTIONS",
        "DROP INDEX i",
        "CREATE INDEX i FOR (z:Z) ON (z.x)",
        "CRE\\u0041TE (z)",
        "cReAtE/**/(z)",
        "TERMINATE TRANSACTION 'x'",
        "; CREATE (z)",
        "FROBNICATE n",
    ];
    const GAPS: &[&str] = &[
        " ",
        "\n",
        "\t\r\n",
        "/* RETURN */",
        " // x\n",
        "\u{a0}",
        "\u{2003}",
    ];

    proptest! {
        #[test]
        fn a_write_clause_anywhere_in_a_read_makes_it_no_read(
            clauses in proptest::collection::vec(0..READ_CLAUSES.len(), 1..6),
            at in 0..7_usize,
            write in 0..WRITE_CLAUSES.len(),
            gap in 0..GAPS.len(),
        ) {
            let mut parts: Vec<&str> = clauses.iter().map(|i| READ_CLAUSES[*i]).collect();
            parts.insert(at.min(parts.len()), WRITE_CLAUSES[write]);
            let text = parts.join(GAPS[gap]).replace("\\\\", "\\");
            let kind = kind(&text);
            prop_assert!(!["read", "show", "explain", "call"].contains(&kind), "{kind}: {text}");
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let _ = read(&text);
        }

        #[test]
        fn any_soup_of_tokens_is_read_without_a_panic(
            text in r#"([ (){}\[\]:|,.;$'"`*<>=+/\\u0-9-]|MATCH |RETURN |CASE |EXISTS |CALL |WITH |AS |IN |n|IS ){0,60}"#
        ) {
            let _ = read(&text);
        }
    }
}
