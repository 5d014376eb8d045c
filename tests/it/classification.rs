//! What requests are taken for, as a whole: no write is ever a read, plain reads are reads, and what
//! a clock or chance decides is never stored. Dialects that know no server, as `explain` uses them.
//! The verdicts on Cypher were compared with a Neo4j 5.26 in read access mode.

use bytes::Bytes;
use http::{HeaderMap, Method};
use pointsman::dialect::registry::offline;
use pointsman::dialect::{Body, Call, Dialect, Effect, Request, Storability};

fn dialect(name: &str) -> Box<dyn Dialect> {
    offline(name, "s").unwrap_or_else(|| panic!("no dialect {name}"))
}

fn understood(dialect: &dyn Dialect, method: &str, target: &str, body: &str) -> Call {
    dialect.understand(&Request {
        method: &Method::from_bytes(method.as_bytes()).expect("a method"),
        target,
        headers: &HeaderMap::new(),
        body: Body::Whole(&Bytes::copy_from_slice(body.as_bytes())),
    })
}

fn cypher(neo4j: &dyn Dialect, statement: &str) -> Call {
    let body = serde_json::json!({ "statement": statement }).to_string();
    understood(neo4j, "POST", "/db/neo4j/query/v2", &body)
}

/// Reads whose responses may be stored.
const READS: &[&str] = &[
    "MATCH (n:A) WHERE n.x > $p RETURN n ORDER BY n.x DESC SKIP 1 LIMIT 5",
    "MATCH (n:A) WITH n WHERE n.x = 1 RETURN n;",
    "MATCH (n:A) RETURN n ORDER BY n.x OFFSET 1 LIMIT 5",
    "OPTIONAL MATCH (a)<-[r:R|S]-(b) RETURN type(r), count(*)",
    "UNWIND $list AS row MATCH (n:A {id: row.id}) RETURN n",
    "RETURN 1 AS a UNION ALL RETURN 2 AS a",
    "MATCH (n:A) CALL (n) { MATCH (n)-[:R]->(m) RETURN m } RETURN n, m",
    "MATCH (n:A) OPTIONAL CALL (*) { MATCH (n)-[:R]->(m) RETURN m } RETURN n, m",
    "MATCH (n:A) CALL { WITH n RETURN n.x AS x UNION WITH n RETURN n.y AS x } RETURN x",
    "CALL { CALL { RETURN 1 AS a } RETURN a } RETURN a",
    "MATCH (n:A) WHERE NOT EXISTS { (n)-[:R]->(:SET) } RETURN n",
    "MATCH (n:A) WHERE COUNT { (n)-->() } > 2 RETURN COLLECT { MATCH (n)-[:R]->(m) RETURN m.x }",
    "MATCH (n:A) RETURN [(n)-[r:R]->(m) WHERE m.x > 1 | m {.x, r: type(r)}] AS xs",
    "RETURN reduce(set = 0, delete IN [1] | set + delete)",
    "RETURN CASE 1 WHEN > 0 THEN 'p' WHEN IS NULL THEN 'n' ELSE 'z' END AS create",
    "MATCH (x:A) ((a)-[:R]->(b) WHERE a.x < b.x)+ (y:B) RETURN x",
    "MATCH ((a)-[:R]->(b)){1,3} RETURN a",
    "MATCH (x:A)-[:R]->{,3}(y:B) RETURN x",
    "MATCH p = SHORTEST 2 GROUPS (a:A)-[:R]->+(b:B) RETURN p",
    "MATCH p = ALL SHORTEST (a:A)-[:R]->+(b:B) RETURN p",
    "MATCH p = allShortestPaths((a:A)-[:R*..5]-(b:B)) RETURN p",
    "MATCH (n:(A|B)&!C) WHERE n:A|B AND n IS B RETURN n",
    "MATCH (n:$all($labels))-[r:$($t)]->() RETURN r",
    "MATCH (n) WHERE n.x IS NOT :: LIST<STRING NOT NULL> RETURN n",
    "RETURN trim(BOTH 'x' FROM 'xax'), normalize('x', NFKC), 'a' IS NOT NFC NORMALIZED",
    "MATCH (n:A) USING INDEX n:A(x) WHERE n.x = 1 RETURN n",
    "CYPHER 5 runtime=interpreted planner=cost MATCH (n) RETURN n",
    "MATCH (n) FINISH",
    "MATCH (merge)-[remove:CREATE|DELETE]->(foreach) RETURN merge, remove.set, foreach",
    "MATCH (n:`SET n.x = 1`) RETURN n {.create, .set, delete: 1}",
    "MATCH (n {create: 1, set: $set}) WITH n AS set RETURN set",
    "RETURN \"a\\\" SET n.x = 1\" AS s, '\\\\' AS t, 'DELETE n' AS u",
    "RETURN '/* ' AS a, ' */' AS b // CREATE (n)",
    "// CREATE (m)\rMATCH (n) /* SET */ RETURN n /* DELETE n */",
    "MATCH\u{a0}(n)\u{2003}R\\u0045TURN\u{1c}n",
    "MATCH (n) WHERE date(n.x) > date('2020-01-01') RETURN n",
    "MATCH ANY 2 PATHS (a:A)-[:R]->*(z:B) RETURN count(*)",
    "CYPHER 25 MATCH DIFFERENT RELATIONSHIPS (a:A)-[:R]->{1,2}(z) RETURN count(*)",
    "MATCH (a)-[:(R|S)&!T]-(b) WHERE b:C&!D RETURN a",
    "MATCH (n) RETURN count(ALL n.x), count(DISTINCT n.y), collect(n)[..3]",
    "MATCH (n) WHERE EXISTS { WITH n AS k MATCH (k)-->(m) RETURN m } RETURN n",
    "RETURN EXISTS { MATCH (n:A) RETURN n UNION MATCH (m:B) RETURN m AS n } AS e",
    "MATCH (n:A) CALL (n) { MATCH (n)-->(m) RETURN m UNION MATCH (n)<--(m) RETURN m } RETURN m",
    "MATCH (call)-[load:FOREACH]->(remove) RETURN call, load, remove",
    "MATCH (let), (filter), (when), (next), (finish) RETURN let, filter, when, next AS search",
    "MATCH (in)-[on:ON]->(by) RETURN [in IN [1] | in] AS union",
    "MATCH(n)WHERE NOT(n.x=1)AND(n:A)RETURN(n)",
    "MATCH (a)<-->(b)<-[r]->(c) RETURN $set.create.delete[1].merge",
    "CYPHER 25 LET x = 1 MATCH (n) FILTER WHERE n.x = x RETURN n",
    "CYPHER 25 MATCH (n:A) LET y = n.x FILTER EXISTS { (n)-->() } RETURN y",
    "CYPHER 25 MATCH (n:A) RETURN n NEXT RETURN n.x AS x NEXT RETURN count(x) AS c",
    "CYPHER 25 WHEN true THEN RETURN 1 AS x WHEN false THEN { RETURN 2 AS x } ELSE RETURN 3 AS x",
    "CYPHER 25 RETURN 1 AS when NEXT WHEN when = 1 THEN RETURN 1 AS then ELSE RETURN 2 AS then",
    "CYPHER 25 { { RETURN 1 AS x UNION { RETURN 2 AS x } } } NEXT { RETURN sum(x) AS s }",
    "CYPHER 25 MATCH (n:A) CALL (n) { WHEN n.x = 1 THEN RETURN 1 AS y ELSE RETURN 2 AS y } RETURN y",
    "CYPHER 25 RETURN COUNT { { MATCH (n) RETURN n } } AS c, COLLECT { WHEN true THEN RETURN 1 AS x } AS d",
    "CYPHER 25 RETURN [1] IS :: LIST<VECTOR<INT8 NOT NULL>(2) NOT NULL> AS t, 1 IS NOT :: VECTOR(3) AS u",
];

/// Reads whose results depend on a clock, on chance, on a file or on the state of the server.
const FLEETING: &[&str] = &[
    "RETURN rand()",
    "RETURN `rand` ( )",
    "RETURN r\\u0061nd()",
    "MATCH (n) RETURN n ORDER BY randomUUID()",
    "MATCH (n) WHERE EXISTS { MATCH (n)-->(m) WHERE m.x < timestamp() } RETURN n",
    "RETURN [x IN [1] | CASE WHEN rand() > 0.5 THEN 1 END]",
    "RETURN datetime({timezone: 'Europe/Berlin'})",
    "RETURN date . transaction ()",
    "RETURN date($x), datetime($m)",
    "UNWIND $rows AS row RETURN date(row.a)",
    "RETURN date({timezone: {a: 'Z', year: 1}.a})",
    "MATCH (n:A) WITH *, {a: {timezone: 'Z'}} AS n RETURN date(n.a)",
    "RETURN time({hour: 1, timezone: 'Europe/Berlin'})",
    "RETURN my.func(1)",
    "EXPLAIN MATCH (n) RETURN n",
    "PROFILE CYPHER runtime=slotted RETURN 1",
    "LOAD CSV WITH HEADERS FROM $url AS row RETURN row",
    "SHOW INDEXES YIELD name WHERE name = 'CREATE' RETURN name",
    "SHOW TRANSACTIONS",
    "CALL db.labels()",
    "CALL db.labels",
    "CALL db.propertyKeys() YIELD propertyKey AS k WHERE k STARTS WITH 'a' RETURN k",
    "MATCH (n:A) CALL db.schema.nodeTypeProperties() YIELD nodeType RETURN n, nodeType",
    "CALL { CALL db.relationshipTypes() YIELD relationshipType RETURN relationshipType } RETURN relationshipType",
    "CALL db.index.vector.queryNodes('v', 3, $v) YIELD node, score MATCH (node)-->(m) RETURN m",
    "CALL db . index . `fulltext`.queryNodes('f', $q, {limit: 3}) YIELD node AS n RETURN n.x",
    "CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh",
    "OPTIONAL CALL db.info() YIELD name RETURN name",
    "CALL db.ping()",
    "CALL db.stats.retrieve('GRAPH COUNTS')",
    "CALL dbms.components() YIELD versions UNWIND versions AS v RETURN v",
    "CALL dbms.listConfig('x')",
    "CALL dbms.queryJmx('*:*')",
    "CALL tx.getMetaData()",
    "USE neo4j MATCH (n) RETURN n",
    "USE graph.byName('neo4j') MATCH (n) RETURN count(n)",
    "CALL { USE neo4j MATCH (n) RETURN n LIMIT 1 } RETURN n",
    "CYPHER EXPLAIN CREATE (n)",
    "SHOW CURRENT GRAPH TYPE",
    "SHOW SETTINGS 'a', 'b' YIELD name, value",
    "SHOW TRANSACTIONS YIELD transactionId AS t SHOW TRANSACTIONS t YIELD currentQuery RETURN currentQuery",
    "CYPHER 25 MATCH (n:A) SEARCH n IN (VECTOR INDEX v FOR $v LIMIT 3) RETURN n",
    "CYPHER 25 OPTIONAL MATCH (n:A) SEARCH n IN (VECTOR INDEX v FOR [1.0] WHERE n.y > 1 LIMIT $l) SCORE AS s WHERE s > 0.5 RETURN n",
    "CYPHER 25 WHEN rand() > 0.5 THEN RETURN 1 AS x ELSE RETURN 2 AS x",
    "CYPHER 25 MATCH (n:A) RETURN n NEXT RETURN date(n.x) AS d",
    "CYPHER 25 { RETURN {a: {timezone: 'Z'}} AS n } NEXT RETURN date(n.a) AS d",
    "CYPHER 25 UNWIND [1] AS x CALL (x) { RETURN x AS y } IN TRANSACTIONS ON ERROR RETRY FOR 2 SECONDS THEN CONTINUE REPORT STATUS AS s RETURN s",
    "MATCH (n) CALL { WITH n MATCH (n)-->(m) RETURN m } IN TRANSACTIONS OF 10 ROWS RETURN m",
];

/// Whatever changes something, or might.
const WRITES: &[&str] = &[
    "CREATE(n)",
    "MATCH (n:A) INSERT (n)-[:R]->(:B)",
    "MERGE (n:A {x: 1}) ON CREATE SET n.y = 1 ON MATCH SET n.z = 2 RETURN n",
    "MATCH(n)SET`n`.x=1",
    "MATCH (n) SET n[$k] = 1",
    "MATCH (n) SET n:$($l)",
    "MATCH (n) SET n IS A",
    "MATCH (n) SET (CASE WHEN true THEN n END).x = 1",
    "MATCH (n) REMOVE n[$k]",
    "MATCH (n) NODETACH DELETE n",
    "FOREACH (x IN [] | FOREACH (y IN [2] | MERGE (n:A {x: x})))",
    "CALL { RETURN 1 AS a UNION CREATE (n) RETURN 2 AS a } RETURN a",
    "RETURN 1 AS a UNION CREATE (n) RETURN 2 AS a",
    "MATCH (n) CALL { WITH n MATCH (n)-->(m) CALL { WITH m SET m.x = 1 } RETURN m } RETURN m",
    "MATCH (n) OPTIONAL CALL (n) { SET n.x = 1 RETURN 1 AS y } RETURN y",
    "MATCH (n) CALL (n) { DELETE n } IN 3 CONCURRENT TRANSACTIONS OF 100 ROWS REPORT STATUS AS s",
    "MATCH (n) WHERE EXISTS { CREATE (m) RETURN m } RETURN n",
    "LOAD CSV FROM 'file:///x.csv' AS row CREATE (n {x: row[0]})",
    "MATCH (n) WITH n AS set SET set.x = 1",
    "MATCH (n) WHERE n.x IS :: LIST<INTEGER> SET n.x = 1",
    "MATCH (n) WITH *, 1 AS y ORDER BY y DESC SKIP 1 LIMIT 2 DELETE n",
    "MATCH ((a)-[:R]->(b))+ CREATE (c)",
    "MATCH p = SHORTEST 1 (a)-[:R]->+(b) SET a.x = 1",
    "PROFILE CYPHER 5 MATCH (n) DELETE n",
    "CYPHER 25 MATCH (n) FILTER n.x = 1 SET n.y = 1",
    "CYPHER 25 LET x = 1 CREATE (n {x: x})",
    "CYPHER 25 WHEN true THEN { CREATE (n) } ELSE { RETURN 1 }",
    "MATCH (n) RETURN n NEXT DELETE n",
    "CYPHER 25 WHEN EXISTS { (:A) } THEN RETURN 1 AS x WHEN true THEN CREATE (n) RETURN 1 AS x ELSE RETURN 2 AS x",
    "CYPHER 25 WHEN false THEN RETURN 1 AS x ELSE { CALL () { CREATE (n) } RETURN 1 AS x }",
    "CYPHER 25 WHEN false THEN { WHEN true THEN CREATE (n) } ELSE { FINISH }",
    "CYPHER 25 { { CREATE (n) } }",
    "CYPHER 25 { RETURN 1 AS x } UNION { MERGE (n:A) RETURN 1 AS x }",
    "CYPHER 25 RETURN 1 AS next NEXT SET next.x = 1",
    "CYPHER 25 RETURN 1 AS x NEXT RETURN x NEXT FOREACH (y IN [x] | CREATE (n))",
    "CYPHER 25 RETURN 1 AS x NEXT CALL db.createLabel('A')",
    "CYPHER 25 RETURN 1 AS x NEXT CREATE INDEX FOR (n:A) ON (n.x)",
    "CYPHER 25 WHEN true THEN CREATE USER x SET PASSWORD 'secret'",
    "CYPHER 25 { SHOW TRANSACTIONS YIELD transactionId AS t TERMINATE TRANSACTIONS t }",
    "CYPHER 25 SHOW INDEXES YIELD name RETURN name NEXT CREATE (n)",
    "CYPHER 25 MATCH (n) CALL (n) { { DELETE n } }",
    "CYPHER 25 MATCH (n:A) SEARCH n IN (VECTOR INDEX v FOR $v LIMIT 3) SCORE AS s WHERE s > 0.5 SET n.x = s",
    "CYPHER 25 MATCH (n) WHERE n.v IS :: VECTOR<FLOAT>(3) SET n.x = 1",
    "CYPHER 25 ALTER CURRENT GRAPH TYPE SET { (:A => {x :: INTEGER}) }",
    "CYPHER 25 UNWIND [1] AS x CALL (x) { CREATE (n) } IN TRANSACTIONS ON ERROR RETRY FOR 3 SECONDS THEN BREAK",
    "WITH '\\u0027 AS x CREATE (n) WITH \\u0027' AS y RETURN y",
    "CREA\\uuu0054E (n)",
    "MATCH (n)SET n.x=1",
    "MATCH (n) \u{ff33}\u{ff25}\u{ff34} n.x = 1",
    "MATCH (n)\u{180e}SET n.x = 1",
    "MATCH p = (:A)-->() DELETE p",
    "MATCH (n) WITH {a: n} AS m DETACH DELETE m.a",
    "MATCH (n) WHERE COUNT { (n)-->() } = 1 SET n.x = COLLECT { RETURN 1 AS x }",
    "CALL db.labels CREATE (n)",
    "SHOW DATABASES YIELD name CREATE (n)",
    "CRE\\u0041TE (n)",
    "MATCH (n) //\\u000aCREATE (m)",
    "MATCH (n) // x\rCREATE (m)",
    "MATCH (n) /* *\\u002f CREATE (m)",
    "MATCH (n) WHERE n.x = 'a\\u0027 SET n.y = 'b'",
    "MATCH (n) WHERE n.x = 'a\\\\' SET n.y = 1 //'",
    "MATCH (n:`a\\`) SET n.y = 1 //`)",
    "MATCH (n) /* '*/ CREATE (m) /* '*/",
    "MATCH (n)\u{1c}SET\u{2028}n.x=1",
    "MATCH (n)\u{200b}SET n.x = 1",
    "MATCH (n) \u{17f}et n.x = 1",
    "\u{feff}CREATE (n)",
    "RETURN 1; CREATE (n)",
    "/* EXPLAIN */ CREATE (n)",
    "EXPLAIN RETURN 1; CREATE (n)",
    "CALL db.labels() YIELD label CALL db.createLabel(label) RETURN label",
    "CALL some.unknown.proc()",
    "CALL db.createLabel('A')",
    "CALL DB.labels()",
    "CALL db.index.vector.createNodeIndex('v', 'A', 'e', 3, 'cosine')",
    "MATCH (n) CALL db.create.setNodeVectorProperty(n, 'v', [1.0]) RETURN n",
    "CALL db.stats.clear('QUERIES')",
    "CALL db.resampleOutdatedIndexes()",
    "CALL db.prepareForReplanning()",
    "CALL dbms.killConnections(['bolt-1'])",
    "CALL dbms.upgrade()",
    "CALL dbms.setConfigValue('a', 'b')",
    "MATCH (n:A) WHERE EXISTS { CALL db.createLabel('x') RETURN 1 AS one } RETURN n",
    "CALL `db`.`clearQueryCaches`()",
    "CALL tx.setMetaData({a: 1})",
    "TERMINATE TRANSACTIONS $ids YIELD *",
    "SHOW TRANSACTIONS YIELD transactionId AS id TERMINATE TRANSACTIONS id YIELD message RETURN message",
    "CREATE VECTOR INDEX v FOR (n:A) ON n.e",
    "DROP CONSTRAINT c IF EXISTS",
    "USE other ALTER DATABASE foo SET ACCESS READ ONLY",
    "GRANT TRAVERSE ON GRAPH * FOR (n) WHERE n.x = 1 TO r",
    "ANYTHING UNKNOWN",
];

#[test]
fn plain_reads_of_cypher_are_reads_and_may_be_stored() {
    let neo4j = dialect("neo4j");
    for statement in READS {
        let call = cypher(&*neo4j, statement);
        assert_eq!(call.effect, Effect::Read, "{statement}");
        assert_eq!(call.storability, Storability::Yes, "{statement}");
        assert!(
            call.invalidates.is_empty() && !call.reads.is_empty(),
            "{statement}"
        );
    }
}

#[test]
fn reads_of_cypher_that_other_things_decide_are_never_stored() {
    let neo4j = dialect("neo4j");
    for statement in FLEETING {
        let call = cypher(&*neo4j, statement);
        assert_eq!(call.effect, Effect::Read, "{statement}");
        assert!(
            matches!(call.storability, Storability::Never(_)),
            "{statement}"
        );
    }
}

#[test]
fn no_write_of_cypher_is_a_read() {
    let neo4j = dialect("neo4j");
    for statement in WRITES {
        is_a_write(&cypher(&*neo4j, statement), statement);
    }
}

fn is_a_write(call: &Call, what: &str) {
    assert_ne!(call.effect, Effect::Read, "{what}");
    assert!(matches!(call.storability, Storability::Never(_)), "{what}");
    assert!(
        call.reads.is_empty() && !call.invalidates.is_empty(),
        "{what}"
    );
}

/// Clauses that change something, wherever they are put into a read.
const CHANGES: &[&str] = &[
    "CREATE (zz)",
    "SET n.x = 1",
    "REMOVE n:A",
    "DETACH DELETE n",
    "MERGE (zz:A)",
    "FOREACH (q IN [1] | CREATE (zz))",
    "CALL { CREATE (zz) }",
    "CALL (*) { SET n.x = 1 }",
    "CALL db.createLabel('x')",
];

/// Splits a read at the blanks outside of strings, names in backticks and comments.
fn places(statement: &str) -> impl Iterator<Item = (&str, &str)> {
    let plain = !statement.contains(['\'', '"', '`', '/']);
    let blanks = statement.match_indices(' ').filter(move |_| plain);
    blanks.filter_map(|(at, _)| Some((statement.get(..at)?, statement.get(at..)?)))
}

#[test]
fn a_read_into_which_a_change_is_put_is_no_read() {
    let neo4j = dialect("neo4j");
    let (mut tried, mut functions) = (0, 0);
    for (before, after) in READS.iter().flat_map(|read| places(read)) {
        for change in CHANGES {
            for change in [(*change).to_owned(), change.to_lowercase(), escaped(change)] {
                let statement = format!("{before} {change}{after}");
                let call = cypher(&*neo4j, &statement);
                // Within an expression `CREATE (zz)` calls a function of that name, which changes nothing.
                let function = call.storability == Storability::Never("impure_function");
                assert!(function || call.effect != Effect::Read, "{statement}");
                functions += u32::from(function);
                tried += 1;
            }
        }
    }
    assert!(
        tried > 1_000 && functions * 20 < tried,
        "{functions} of {tried}"
    );
}

/// Every letter as an escape.
fn escaped(text: &str) -> String {
    let letter = |c: char| match c.is_ascii_alphabetic() {
        true => format!("\\u{:04x}", u32::from(c)),
        false => c.to_string(),
    };
    text.chars().map(letter).collect()
}

#[test]
fn bodies_and_paths_that_neo4j_may_read_otherwise_are_writes() {
    let neo4j = dialect("neo4j");
    const TX: &str = "/db/neo4j/tx/commit";
    const QUERY: &str = "/db/neo4j/query/v2";
    let read = r#"{"statement":"RETURN 1"}"#;
    let reads = r#"{"statements":[{"statement":"RETURN 1"}]}"#;
    for (target, body) in [
        (
            QUERY,
            r#"{"statement":"RETURN 1","statement":"CREATE (n)"}"#,
        ),
        (
            QUERY,
            r#"{"statement":"RETURN 1","st\u0061tement":"CREATE (n)"}"#,
        ),
        (QUERY, "\u{feff}{\"statement\":\"RETURN 1\"}"),
        (
            QUERY,
            r#"{"statement":"RETURN 1"}{"statement":"CREATE (n)"}"#,
        ),
        (QUERY, r#"{"statement":"RETURN 1""#),
        (
            TX,
            r#"{"statements":[{"statement":"CREATE (n)"}],"statements":[]}"#,
        ),
        (
            TX,
            r#"{"statements":[{"statement":"RETURN 1","statement":"CREATE (n)"}]}"#,
        ),
        (TX, r#"{"statements":[{"statement":"CREATE (n)"}"#),
        (
            TX,
            r#"{"statements":[{"statement":"RETURN 1"},{"statement":"CREATE (n)"}]}"#,
        ),
        ("/db/neo4j/tx/commit;x", reads),
        ("/db/neo4j;x/tx/commit", reads),
        ("/db/neo4j/tx/commit#x", reads),
        ("/db/neo4j/tx/commi%74", reads),
        ("/db/neo4j/tx/commit-abcdefgh", reads),
        ("/db/neo4j/tx/commit%3F-abcdefgh", reads),
        ("/db/neo4j/./query/v2", read),
        ("/db/neo4j//query/v2", read),
        ("/db/a%2Fb/query/v2", read),
        ("/db/neo4j/query/v3", read),
    ] {
        let call = understood(&*neo4j, "POST", target, body);
        is_a_write(&call, &format!("{target} {body}"));
    }
}

#[test]
fn every_operation_of_qdrant_that_changes_something_is_a_write() {
    let qdrant = dialect("qdrant");
    for (method, paths) in [
        (
            "PUT",
            "points points/vectors points/payload index vectors/v shards snapshots/recover shards/1/snapshots/recover",
        ),
        (
            "POST",
            "points/delete points/vectors/delete points/payload points/payload/delete points/payload/clear points/batch shards/delete cluster snapshots/upload shards/1/cleanup shards/1/snapshot/partial/recover truncate_unapplied_wal frobnicate points/query/frobnicate points/QUERY points%2Fquery points/query;x points/query%20 ../d/points/query",
        ),
        ("PATCH", "points/query"),
        ("DELETE", "index/f vectors/v points/query"),
    ] {
        for path in paths.split(' ') {
            for name in ["/collections/c", "//collections//c/", "/collections/%63"] {
                for end in ["", "/", "?wait=true", "?w%61it=tr%75e"] {
                    let target = format!("{name}/{path}{end}");
                    is_a_write(&understood(&*qdrant, method, &target, "{}"), &target);
                }
            }
        }
    }
}

#[test]
fn reads_of_qdrant_asked_in_another_way_are_writes() {
    let qdrant = dialect("qdrant");
    for path in ["points/query", "points/scroll", "points", "facet"] {
        for method in ["post", "Post", "TRACE", "QUERY", "PURGE", "CONNECT"] {
            let target = format!("/collections/c/{path}");
            is_a_write(&understood(&*qdrant, method, &target, "{}"), method);
        }
        for target in [
            format!("/collections/a%2Fb/{path}"),
            format!("/collections/c/{path}%2F"),
            format!("/collections/../{path}"),
            format!("/./collections/c/{path}"),
            format!("/collections/%zz/{path}"),
            format!("/collections/c/{path}%00"),
            format!("/COLLECTIONS/c/{path}"),
            format!("/collections/c/{path}/extra"),
        ] {
            is_a_write(&understood(&*qdrant, "POST", &target, "{}"), &target);
        }
    }
}

#[test]
fn reads_of_qdrant_are_reads_and_tag_every_collection_that_they_name() {
    let qdrant = dialect("qdrant");
    let tags = |call: &Call| {
        call.reads
            .iter()
            .map(|tag| tag.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    for (path, body) in [
        (
            "points/query",
            r#"{"query":1,"l\u006fokup_from":{"collection":"other"}}"#,
        ),
        (
            "points/query",
            r#"{"query":[1],"prefetch":[{"prefetch":{"query":1,"lookup_from":{"collection":"other"}}}]}"#,
        ),
        (
            "points/query/batch",
            r#"{"searches":[{"query":[1]},{"query":1,"lookup_from":{"collection":"other"}}]}"#,
        ),
        (
            "points/query/groups",
            r#"{"query":[1],"group_by":"g","with_lookup":"other"}"#,
        ),
        (
            "points/search/groups",
            r#"{"vector":[1],"limit":1,"group_size":1,"group_by":"g","with_lookup":{"collection":"other"}}"#,
        ),
        (
            "points/recommend/batch",
            r#"{"searches":[{"positive":[1],"limit":1,"lookup_from":{"collection":"other"}}]}"#,
        ),
        (
            "points/discover",
            r#"{"target":1,"limit":1,"lookup_from":{"collection":"other"}}"#,
        ),
    ] {
        for name in ["/collections/c", "//collections//c", "/collections/%63"] {
            let call = understood(&*qdrant, "POST", &format!("{name}/{path}"), body);
            assert_eq!(
                (call.effect, call.storability),
                (Effect::Read, Storability::Yes),
                "{body}"
            );
            let tags = tags(&call);
            for tag in ["qdrant/s/c", "qdrant/s/other"] {
                assert!(tags.iter().any(|found| found == tag), "{body}: {tags:?}");
            }
        }
    }
}

#[test]
fn reads_of_qdrant_that_chance_or_a_model_decides_are_never_stored() {
    let qdrant = dialect("qdrant");
    for (path, body) in [
        ("points/query", r#"{"query":{"s\u0061mple":"random"}}"#),
        (
            "points/query",
            r#"{"query":[1],"prefetch":[{"query":[1],"prefetch":{"query":{"sample":"random"}}}]}"#,
        ),
        (
            "points/query/batch",
            r#"{"searches":[{"query":[1]},{"query":{"sample":"random"}}]}"#,
        ),
        (
            "points/query",
            r#"{"query":{"recommend":{"positive":[{"text":"x","model":"m"}]}}}"#,
        ),
        (
            "points/query",
            r#"{"query":[1],"query":{"sample":"random"}}"#,
        ),
        ("points/query", r#"{"query":[1]} {"query":[2]}"#),
        ("points/search/matrix/pairs", r#"{"sample":10,"limit":3}"#),
        ("points/query?consistency=majority", r#"{"query":[1]}"#),
    ] {
        let call = understood(&*qdrant, "POST", &format!("/collections/c/{path}"), body);
        assert_eq!(call.effect, Effect::Read, "{body}");
        assert!(matches!(call.storability, Storability::Never(_)), "{body}");
    }
}
