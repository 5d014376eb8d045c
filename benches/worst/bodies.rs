//! The bodies that cost most to understand, one per construct. Each is made as long as it is asked
//! for, up to what a reader takes at all: a statement of too many tokens is given up at once, so
//! the worst ones stay just below that.

use benches::OwnedRequest;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

/// Pieces of a statement, so that it stays below the most tokens that are read.
const PIECES: usize = 16_000;
/// Variables that are followed through a statement.
const VARIABLES: usize = 120;

/// One body, and where it is sent.
pub struct Nasty {
    pub dialect: &'static str,
    pub name: &'static str,
    pub request: OwnedRequest,
}

impl Nasty {
    fn new(dialect: &'static str, name: &'static str, body: String) -> Self {
        let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let target = match dialect {
            "neo4j" => "/db/neo4j/query/v2",
            "neo4j tx" => "/db/neo4j/tx/commit",
            _ => "/collections/docs/points/query",
        };
        Self {
            dialect: if dialect == "qdrant" {
                dialect
            } else {
                "neo4j"
            },
            name,
            request: OwnedRequest {
                method: Method::POST,
                target,
                headers: HeaderMap::from_iter([json]),
                body: body.into(),
            },
        }
    }
}

/// A small request of a good client.
pub fn small() -> Nasty {
    let statement = "MATCH (p:Person {name: $name}) RETURN p.born LIMIT 1";
    let body = format!(r#"{{"statement":"{statement}","parameters":{{"name":"Ada"}}}}"#);
    Nasty::new("neo4j", "small", body)
}

/// Every worst body of about `bytes` bytes.
pub fn all(bytes: usize) -> Vec<Nasty> {
    let mut bodies = statements(bytes);
    bodies.extend(neo4j_json(bytes));
    bodies.extend(qdrant(bytes));
    bodies
}

fn statements(bytes: usize) -> Vec<Nasty> {
    let statement = |name, text: String| {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        Nasty::new("neo4j", name, format!(r#"{{"statement":"{text}"}}"#))
    };
    // Names as long as the body allows: what copies them copies the body.
    let long = bytes / VARIABLES / 2;
    let bound: Vec<String> = (0..VARIABLES)
        .map(|i| format!("(v{i}{}:A)", "x".repeat(long)))
        .collect();
    let bound = format!("MATCH {}", bound.join(","));
    let short: Vec<String> = (0..VARIABLES).map(|i| format!("(v{i}:A)")).collect();
    let short = format!("MATCH {}", short.join(","));
    let types: Vec<String> = (0..60)
        .map(|i| format!("T{i}{}", "t".repeat(200)))
        .collect();
    let types = format!("MATCH ()-[r:{}]->()", types.join("|"));
    let deep = |open: &str, inner: &str, close: &str| {
        let one = format!("{}{inner}{}", open.repeat(80), close.repeat(80));
        let count = (bytes / one.len()).clamp(1, PIECES / 80);
        vec![one; count].join(",")
    };
    let many = |piece: &str, between: &str| {
        let count = (bytes / (piece.len() + between.len())).clamp(1, PIECES);
        vec![piece; count].join(between)
    };
    let fill = |piece: &str| piece.repeat(bytes / piece.len());
    vec![
        statement(
            "lists, long variables",
            format!("{bound} RETURN {}", many("[1]", ",")),
        ),
        statement(
            "lists, many variables",
            format!("{short} RETURN {}", many("[1]", ",")),
        ),
        statement(
            "nested lists, long variables",
            format!("{bound} RETURN {}{}", "[".repeat(80), "]".repeat(80)),
        ),
        statement(
            "nested lists",
            format!("{short} RETURN {}", deep("[", "1", "]")),
        ),
        statement(
            "nested comprehensions",
            format!("{short} RETURN {}", deep("[v1 IN ", "[]", "]")),
        ),
        statement("nested maps", format!("RETURN {}", deep("{a:", "1", "}"))),
        statement(
            "nested parentheses",
            format!("RETURN {}", deep("(", "1", ")")),
        ),
        statement(
            "nested CASE",
            format!("RETURN {}", deep("CASE WHEN true THEN ", "1", " END")),
        ),
        statement(
            "pattern predicates",
            format!("{short} RETURN {}", many("(v1)--(v2)", ",")),
        ),
        statement(
            "long pattern",
            format!("MATCH {} RETURN 1", many("(:A)", "--")),
        ),
        statement(
            "many labels",
            format!(
                "MATCH (n{}) RETURN 1",
                fill(":A").get(..60_000.min(bytes)).unwrap_or(":A")
            ),
        ),
        statement(
            "subqueries",
            format!("{short} RETURN {}", many("EXISTS{(v1)}", ",")),
        ),
        statement(
            "CALL subqueries",
            format!("{short} {} RETURN 1", many("CALL{WITH v1 RETURN 1}", " ")),
        ),
        statement("WITH *", format!("{short} {} RETURN 1", many("WITH*", " "))),
        statement(
            "UNION in a subquery",
            format!(
                "{short} CALL (*) {{ {} }} RETURN 1",
                many("RETURN 1 AS x", " UNION ")
            ),
        ),
        statement(
            "SET of a relationship of many types",
            format!("{types} SET {}", many("r.x=1", ",")),
        ),
        statement(
            "long identifier lists",
            format!("RETURN {}", many("a", ",")),
        ),
        statement("dotted names", format!("RETURN {}", many("a", "."))),
        statement("functions", format!("RETURN {}", many("date({a:1})", ","))),
        statement("comments", format!("{} RETURN 1", fill("/**/"))),
        statement("a long string", format!("RETURN '{}'", fill("\\'"))),
        statement(
            "a long name in backticks",
            format!("RETURN `{}`", fill("``")),
        ),
        statement(
            "escapes in the statement",
            format!("RETURN '{}'", fill("\\u0061")),
        ),
        Nasty::new(
            "neo4j",
            "escapes in the JSON",
            format!(r#"{{"statement":"RETURN '{}'"}}"#, fill("\\u0061")),
        ),
    ]
}

fn neo4j_json(bytes: usize) -> Vec<Nasty> {
    let fill = |piece: &str| piece.repeat(bytes / piece.len());
    let parameters = |name, value: String| {
        let body = format!(r#"{{"statement":"RETURN $a","parameters":{{"a":{value}}}}}"#);
        Nasty::new("neo4j", name, body)
    };
    vec![
        parameters("parameters: [] many times", format!("[{}1]", fill("[],"))),
        parameters(
            "parameters: small objects",
            format!("[{}1]", fill(r#"{"":0},"#)),
        ),
        parameters("parameters: unlike keys", unlike_keys(bytes)),
        Nasty::new(
            "neo4j tx",
            "many statements",
            format!(
                r#"{{"statements":[{}{{"statement":"RETURN 1"}}]}}"#,
                fill(r#"{"statement":"RETURN 1"},"#)
            ),
        ),
        Nasty::new(
            "neo4j tx",
            "statements: [] many times",
            format!(r#"{{"statements":[{}[]]}}"#, fill("[],")),
        ),
    ]
}

fn qdrant(bytes: usize) -> Vec<Nasty> {
    let fill = |piece: &str| piece.repeat(bytes / piece.len());
    let query = |name, body: String| Nasty::new("qdrant", name, body);
    let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    vec![
        query(
            "[] many times",
            format!(r#"{{"filter":{{"must":[{}{{}}]}}}}"#, fill("[],")),
        ),
        query(
            "small objects",
            format!(r#"{{"filter":{{"must":[{}{{}}]}}}}"#, fill(r#"{"":0},"#)),
        ),
        query(
            "deep arrays",
            format!(
                r#"{{"filter":[{}]}}"#,
                vec![deep.as_str(); bytes / deep.len()].join(",")
            ),
        ),
        query("unlike keys", unlike_keys(bytes)),
        query(
            "long text with escapes",
            format!(r#"{{"query":"{}"}}"#, fill("\\u0061")),
        ),
        query(
            "numbers",
            format!(r#"{{"query":[{}1]}}"#, fill("0.1234567,")),
        ),
        query(
            "numbers and then not",
            format!(r#"{{"query":[{}[]]}}"#, fill("1,")),
        ),
    ]
}

/// An object of many members whose keys begin alike.
fn unlike_keys(bytes: usize) -> String {
    let members: Vec<String> = (0..bytes / 44)
        .map(|i| format!(r#""the_same_beginning_of_all_keys_{i:07}":1"#))
        .collect();
    format!("{{{}}}", members.join(","))
}
