use super::*;

fn tags(tags: &[Tag]) -> Vec<&str> {
    let mut names: Vec<_> = tags
        .iter()
        .map(|tag| tag.as_str().strip_prefix("neo4j/graph").unwrap())
        .map(|name| name.strip_prefix("/neo4j/").unwrap_or(name))
        .collect();
    names.sort_unstable();
    names
}

fn reads(statement: &str) -> String {
    let call = plain().understand(&query(statement).request());
    tags(&call.reads).join(" ").trim().to_owned()
}

fn invalidates(statement: &str) -> String {
    let call = plain().understand(&query(statement).request());
    tags(&call.invalidates).join(" ").trim().to_owned()
}

#[test]
fn reads_that_name_all_they_depend_on_are_narrow() {
    let cases = [
        ("RETURN 1", "wide"),
        ("MATCH (n:A) RETURN n", "label/A wide"),
        ("MATCH (n:A&B) RETURN n", "label/A label/B wide"),
        ("MATCH (n:A|B) RETURN n", "label/A label/B wide"),
        (
            "MATCH (n:A)-[:R]->(m:B) RETURN n, m",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH (n:A)-[:R|S]->() RETURN n",
            "label/A type/R type/S wide",
        ),
        ("MATCH ()-[r:R]->() RETURN count(r)", "type/R wide"),
        (
            "MATCH (n:A)-[:R*1..3]->(m:B) RETURN m",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH p = (n:A)-[:R]->(m:B) RETURN p",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH (n:A) MATCH (n)-[:R]->(m:B) RETURN m",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH (n:A) WITH n AS x MATCH (x)-[:R]->() RETURN x",
            "label/A type/R wide",
        ),
        (
            "MATCH (n:A) WHERE EXISTS { (n)-[:R]->(:B) } RETURN n",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH (n:A) RETURN [(n)-[:R]->(m:B) | m.x] AS l",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH (n:A) CALL (n) { MATCH (n)-[:R]->(m:B) RETURN m } RETURN m",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH (n:A) CALL { WITH n MATCH (n)-[:R]->(m:B) RETURN m } RETURN m",
            "label/A label/B type/R wide",
        ),
        (
            "MATCH (n:A) RETURN n.x AS x UNION MATCH (m:B) RETURN m.x AS x",
            "label/A label/B wide",
        ),
    ];
    for (statement, wanted) in cases {
        assert_eq!(reads(statement), wanted, "{statement}");
    }
}

#[test]
fn all_other_reads_depend_on_any_write() {
    let cases = [
        "MATCH (n) RETURN n",
        "MATCH () RETURN count(*)",
        "MATCH (n:!A) RETURN n",
        "MATCH (n:A|%) RETURN n",
        "MATCH (n:$($l)) RETURN n",
        "MATCH (n:A)-[:R]->(m) RETURN m.x",
        "MATCH (n:A)-[:R]->({x: 1}) RETURN n",
        "MATCH (n:A)-->() RETURN n",
        "MATCH (n:A)-[r]->(:B) RETURN r",
        "MATCH (n:A)-[:!R]->(:B) RETURN n",
        "MATCH p = (n:A)-[:R]->() RETURN p",
        "MATCH p = (n:A)-[:R*]->(m:B) RETURN p",
        "MATCH (n:A)-[r:R]->() RETURN endNode(r).x",
        "MATCH (n:A)-[r:R]->() RETURN startNode(r)",
        "MATCH (n) WHERE n:A RETURN n",
        "MATCH (n)-[:R]->(:A), (n:B) RETURN n",
        "MATCH (n:A) WITH count(n) AS c MATCH (n) RETURN n",
        "MATCH (n:A) WITH 1 AS n MATCH (n) RETURN n",
        "MATCH (n:A) CALL { MATCH (n) RETURN count(n) AS c } RETURN c",
        "MATCH (n:A) CALL () { MATCH (n) RETURN count(n) AS c } RETURN c",
        "MATCH (n:A) WHERE size([(n)-[:R]->(b:B) | 1]) > 0 MATCH (b) RETURN b",
        "MATCH (n:A) WHERE EXISTS { (n)-[:R]->(b:B) } MATCH (b) RETURN b",
        "MATCH (n:A) RETURN COUNT { (n)--() } AS degree",
        "MATCH (n:A) UNWIND [n] AS m MATCH (m)-[:R]->() RETURN m",
        "MATCH p = shortestPath((a:A)-[:R*]-(b:B)) RETURN length(p)",
        "MATCH (a:A) ((x)-[:R]->(y)){1,2} (b:B) RETURN a",
        "MATCH ALL SHORTEST (a:A)-[:R]->+(b:B) RETURN a",
    ];
    for statement in cases {
        assert_eq!(reads(statement), "any", "{statement}");
    }
}

#[test]
fn nodes_that_come_with_the_graph_format_make_a_read_broad() {
    let body = |contents: &str| {
        let text = r#"{"statements":[{"statement":"MATCH (:A)-[r:R]->() RETURN r","resultDataContents":CONTENTS}]}"#;
        Sent::new(
            "POST",
            "/db/neo4j/tx/commit",
            &text.replace("CONTENTS", contents),
        )
    };
    let neo4j = plain();
    let tags_of = |sent: &Sent| {
        tags(&neo4j.understand(&sent.request()).reads)
            .join(" ")
            .trim()
            .to_owned()
    };
    assert_eq!(tags_of(&body(r#"["row","graph"]"#)), "any");
    assert_eq!(tags_of(&body(r#"["row"]"#)), "label/A type/R wide");
}

#[test]
fn writes_of_the_table_are_narrow() {
    let cases = [
        ("CREATE (n:A)", "any label/A"),
        ("CREATE (n:A:B {x: 1}) RETURN n", "any label/A label/B"),
        ("CREATE (n:A)-[:R]->(m:B)", "any label/A label/B type/R"),
        ("MATCH (a:A), (b:B) CREATE (a)-[:R]->(b)", "any type/R"),
        ("MERGE (n:A {x: 1})", "any label/A"),
        ("MATCH (a:A), (b:B) MERGE (a)-[r:R]->(b)", "any type/R"),
        (
            "MATCH (a:A), (b:B) MERGE (a)-[r:R]->(b) ON CREATE SET r.x = 1",
            "any type/R",
        ),
        ("MATCH ()-[r:R]->() DELETE r", "any type/R"),
        ("MATCH ()-[r:R]->() SET r.x = 1", "any type/R"),
        ("MATCH ()-[r:R]->() SET r += {x: 1}", "any type/R"),
        ("MATCH ()-[r:R]->() REMOVE r.x", "any type/R"),
        ("MATCH ()-[r:R]->() WITH r AS s SET s.x = 1", "any type/R"),
        (
            "MATCH ()-[r:R]->(), ()-[s:S]->() WITH *, s AS r DELETE r",
            "any type/S",
        ),
    ];
    for (statement, wanted) in cases {
        assert_eq!(invalidates(statement), wanted, "{statement}");
    }
}

#[test]
fn all_other_writes_are_wide() {
    let cases = [
        "CREATE (n)",
        "CREATE (n:$($l))",
        "MATCH (n:A) SET n.x = 1",
        "MATCH (n:A) REMOVE n.x",
        "MATCH (n:A) SET n:B",
        "MATCH (n:A) REMOVE n:B",
        "MATCH (n:A) SET n = {}",
        "MATCH (n:A) SET n += $p",
        "MATCH (n:A) DELETE n",
        "MATCH (n:A) DETACH DELETE n",
        "MATCH ()-[r]->() DELETE r",
        "MATCH ()-[r:R]->() DELETE r, startNode(r)",
        "MATCH (n:A)-[r:R]->() WITH n AS r DELETE r",
        "MATCH (n:A)-[r:R]->() WITH *, n AS r DELETE r",
        "MATCH ()-[r:R]->() WITH *, $x AS r DELETE r",
        "MATCH ()-[r:R]->() UNWIND [1] AS r SET r.x = 1",
        "MERGE (a:A)-[:R]->(b:B)",
        "MERGE (a:A) ON MATCH SET a.x = 1",
        "MERGE (a:A) SET a.x = 1",
        "FOREACH (x IN [1] | CREATE (:A))",
        "UNWIND [1] AS x CALL (x) { CREATE (:A) } IN TRANSACTIONS",
        "CREATE (:A) WITH * CALL db.createLabel('B')",
        "CALL db.createLabel('B')",
        "CREATE INDEX FOR (n:A) ON (n.x)",
        "FROBNICATE",
    ];
    for statement in cases {
        assert_eq!(invalidates(statement), "any wide", "{statement}");
    }
}

#[test]
fn one_wide_statement_makes_the_transaction_wide() {
    let neo4j = plain();
    let tags_of =
        |list: &[&str]| tags(&neo4j.understand(&tx(list).request()).invalidates).join(" ");
    assert_eq!(
        tags_of(&["CREATE (:A)", "MATCH (n:B) RETURN n"]),
        "any label/A"
    );
    assert_eq!(
        tags_of(&["CREATE (:A)", "CREATE (:B)"]),
        "any label/A label/B"
    );
    assert_eq!(
        tags_of(&["CREATE (:A)", "MATCH (n:B) SET n.x = 1"]),
        "any wide"
    );
}

#[test]
fn nothing_is_narrow_across_the_parts_of_a_cypher_25_query() {
    let neo4j = plain();
    for statement in [
        "CYPHER 25 MATCH (n:A) RETURN n NEXT MATCH (m:B) RETURN m",
        "CYPHER 25 WHEN true THEN MATCH (n:A) RETURN n ELSE MATCH (n:B) RETURN n",
        "CYPHER 25 { MATCH (n:A) RETURN n }",
        "CYPHER 25 RETURN EXISTS { { MATCH (n:A) RETURN n } } AS e",
    ] {
        let call = neo4j.understand(&query(statement).request());
        assert_eq!(tags(&call.reads), ["", "any"], "{statement}");
    }
    for statement in [
        "CYPHER 25 MATCH ()-[r:R]->() RETURN r UNION MATCH ()-[r:S]->() RETURN r NEXT DELETE r",
        "CYPHER 25 RETURN 1 AS x NEXT CREATE (:A)",
        "CYPHER 25 WHEN true THEN CREATE (:A)",
        "CYPHER 25 { CREATE (:A) }",
    ] {
        let call = neo4j.understand(&query(statement).request());
        assert_eq!(tags(&call.invalidates), ["any", "wide"], "{statement}");
    }
}

#[test]
fn nothing_is_narrow_where_triggers_may_be() {
    let unloaded = Neo4j::new(Neo4jSettings::new("graph"));
    let call = unloaded.understand(&query("MATCH (n:A) RETURN n").request());
    assert_eq!(tags(&call.reads), ["", "any"]);
    let neo4j = plain();
    let procedures = neo4j
        .metadata_queries()
        .into_iter()
        .find(|metadata_query| metadata_query.name == "procedures")
        .unwrap();
    let body = r#"{"data":{"fields":["name","mode"],"values":[["db.labels","READ"],["apoc.trigger.add","WRITE"]]}}"#;
    answer_metadata_query(&neo4j, &procedures, &Bytes::from(body));
    let call = neo4j.understand(&query("MATCH (n:A) RETURN n").request());
    assert_eq!(tags(&call.reads), ["", "any"]);
    let call = neo4j.understand(&query("CREATE (:A)").request());
    assert_eq!(tags(&call.invalidates), ["any", "wide"]);
}

#[test]
fn what_may_reach_another_database_invalidates_the_service() {
    let neo4j = plain();
    let invalidates =
        |sent: &Sent| tags(&neo4j.understand(&sent.request()).invalidates).contains(&"");
    assert!(invalidates(&query("USE other CREATE (n)")));
    assert!(invalidates(&Sent::new(
        "POST",
        "/db/system/query/v2",
        r#"{"statement":"CREATE USER a SET PASSWORD 'b'"}"#
    )));
    assert!(invalidates(&query("FROBNICATE USE x")));
    assert!(invalidates(&Sent::new("POST", "/somewhere/else", "")));
    assert!(!invalidates(&query("CREATE (n)")));
    assert!(!invalidates(&Sent::new("GET", "/browser/index.html", "")));
    neo4j.knowledge.learn_aliases(true);
    assert!(invalidates(&query("CREATE (n)")));
}

#[test]
fn a_get_that_may_lead_to_an_extension_invalidates_the_service() {
    let neo4j = plain();
    let invalidates = |target: &str| {
        let sent = Sent::new("GET", target, "");
        neo4j.understand(&sent.request()).invalidates
    };
    for elsewhere in [
        "/db/../extension/do",
        "/db/%2e%2e/extension/do",
        "/db/.%2E/extension/do",
        "/db/./neo4j",
        "/db/neo4j/%2e",
        "/db/neo4j/..",
        "/browser/../extension/do",
        "/browser/..%2fextension/do",
        "/browser/..%5cextension/do",
        "/browser/..;x/extension/do",
        "/browser-extension/do",
        "/db//extension",
        "/db/%ff/x",
        "/extension/do",
    ] {
        assert_eq!(tags(&invalidates(elsewhere)), [""], "{elsewhere}");
    }
    for own in [
        "/",
        "/browser",
        "/browser/",
        "/browser/a.js",
        "/db/neo4j/x..y",
    ] {
        assert!(invalidates(own).is_empty(), "{own}");
    }
}

#[test]
fn only_the_end_of_an_explicit_transaction_raises() {
    let neo4j = plain();
    let invalidates = |method: &str, target: &str| {
        tags(
            &neo4j
                .understand(&Sent::new(method, target, "{}").request())
                .invalidates,
        )
        .join(" ")
    };
    assert_eq!(invalidates("POST", "/db/neo4j/tx"), "");
    assert_eq!(invalidates("POST", "/db/neo4j/tx/1-abcdefgh"), "");
    assert_eq!(invalidates("DELETE", "/db/neo4j/tx/1-abcdefgh"), "");
    assert_eq!(
        invalidates("POST", "/db/neo4j/tx/1-abcdefgh/commit"),
        "any wide"
    );
    assert_eq!(
        invalidates("POST", "/db/neo4j/query/v2/tx/1-abcdefgh/commit"),
        "any wide"
    );
}

#[test]
fn after_a_transaction_that_may_reach_elsewhere_any_commit_invalidates_the_service() {
    let neo4j = plain();
    let ends = |neo4j: &Neo4j| {
        let commit = Sent::new("POST", "/db/neo4j/query/v2/tx/1-abcdefgh/commit", "");
        tags(&neo4j.understand(&commit.request()).invalidates).contains(&"")
    };
    for quiet in ["", "{}", r#"{"statement":"CREATE (n)"}"#] {
        neo4j.understand(&Sent::new("POST", "/db/neo4j/query/v2/tx", quiet).request());
    }
    assert!(!ends(&neo4j));
    let user = r#"{"statement":"CREATE USER a SET PASSWORD 'b'"}"#;
    neo4j.understand(&Sent::new("POST", "/db/neo4j/query/v2/tx", user).request());
    assert!(ends(&neo4j));
}

#[test]
fn what_a_procedure_may_commit_by_itself_is_invalidated_when_it_is_sent() {
    let neo4j = plain();
    let statement = |text: &str| format!(r#"{{"statement":"{text}"}}"#);
    for (text, lasts) in [
        ("MATCH (n:A) RETURN n", false),
        ("CREATE (n:A)", false),
        ("CALL db.labels()", false),
        ("CREATE USER a SET PASSWORD 'b'", false),
        ("CALL apoc.periodic.iterate('a', 'b', {})", true),
        (
            "MATCH (n:A) CALL plug.in(n) YIELD x CREATE (n)-[:R]->(:B)",
            true,
        ),
        ("not a statement", true),
    ] {
        for target in ["/db/neo4j/query/v2/tx", "/db/neo4j/query/v2/tx/1-abcdefgh"] {
            let sent = Sent::new("POST", target, &statement(text));
            let found = neo4j.understand(&sent.request()).invalidates;
            assert_eq!(!found.is_empty(), lasts, "{text} at {target}: {found:?}");
        }
    }
    let unread = Sent::new("POST", "/db/neo4j/query/v2/tx/1-abcdefgh", "{");
    assert!(!neo4j.understand(&unread.request()).invalidates.is_empty());
}
