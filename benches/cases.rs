//! The requests that are measured: searches with vectors as clients write them, and Cypher.

use benches::OwnedRequest;
use http::Method;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};

/// Numbers of a vector.
const DIMENSIONS: usize = 1536;

/// One request.
pub struct Case {
    pub dialect: &'static str,
    pub name: String,
    pub request: OwnedRequest,
}

impl Case {
    fn new(
        dialect: &'static str,
        name: &str,
        method: Method,
        target: &'static str,
        body: String,
    ) -> Self {
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (
                AUTHORIZATION,
                HeaderValue::from_static("Bearer some-credential"),
            ),
        ];
        let name = format!("{name}, {} B", body.len());
        Self {
            dialect,
            name,
            request: OwnedRequest {
                method,
                target,
                headers: headers.into_iter().collect(),
                body: body.into(),
            },
        }
    }
}

/// Every case.
pub fn all() -> Vec<Case> {
    qdrant().into_iter().chain(neo4j()).collect()
}

fn qdrant() -> Vec<Case> {
    const QUERY: &str = "/collections/docs/points/query";
    let search = |name, body| Case::new("qdrant", name, Method::POST, QUERY, body);
    let (short, long) = (short_vector(), long_vector());
    let filter =
        r#"{"must":[{"key":"lang","match":{"value":"en"}},{"key":"year","range":{"gte":2020}}]}"#;
    vec![
        search(
            "query 1536 f32",
            format!(r#"{{"query":{short},"limit":10,"with_payload":true}}"#),
        ),
        search(
            "query 1536 python",
            format!(r#"{{"query": {long}, "limit": 10, "with_payload": true}}"#),
        ),
        search(
            "filtered 1536 python",
            format!(r#"{{"query": {long}, "filter": {filter}, "limit": 10}}"#),
        ),
        Case::new(
            "qdrant",
            "points by id",
            Method::POST,
            "/collections/docs/points",
            r#"{"ids":[1,2,3]}"#.into(),
        ),
        Case::new(
            "qdrant",
            "point by id",
            Method::GET,
            "/collections/docs/points/42",
            String::new(),
        ),
        Case::new(
            "qdrant",
            "upsert 1536 f32",
            Method::PUT,
            "/collections/docs/points?wait=true",
            format!(r#"{{"points":[{{"id":1,"vector":{short},"payload":{{"lang":"en"}}}}]}}"#),
        ),
    ]
}

fn neo4j() -> Vec<Case> {
    const STATEMENTS: [(&str, &str); 6] = [
        (
            "node by key",
            "MATCH (p:Person {name: $name}) RETURN p.born LIMIT 1",
        ),
        (
            "one hop",
            "MATCH (p:Person)-[:ACTED_IN]->(m:Movie) WHERE m.title = $title RETURN p.name ORDER BY p.name LIMIT 25",
        ),
        (
            "many hops",
            "MATCH path = (a:Person {name: $a})-[:KNOWS*1..5]-(b:Person {name: $b}) RETURN [n IN nodes(path) | n.name] AS names, length(path) AS hops ORDER BY hops LIMIT 10",
        ),
        (
            "report",
            "MATCH (d:Document)-[:MENTIONS]->(e:Entity)<-[:MENTIONS]-(other:Document) WHERE d.id IN $ids AND other.year >= 2020 AND NOT other.id IN $ids WITH e, other, count(*) AS shared, collect(DISTINCT d.title)[..5] AS titles OPTIONAL MATCH (other)-[:WRITTEN_BY]->(a:Author)-[:WORKS_AT]->(o:Organisation) WITH e, other, shared, titles, a, o ORDER BY shared DESC SKIP 0 LIMIT 50 RETURN e.name AS entity, other.title AS title, shared, titles, collect({author: a.name, at: o.name}) AS authors",
        ),
        (
            "create",
            "MERGE (p:Person {name: $name}) ON CREATE SET p.created = timestamp() RETURN p",
        ),
        (
            "procedure",
            "CALL db.labels() YIELD label RETURN label ORDER BY label",
        ),
    ];
    let case = |(name, statement): &(&str, &str)| {
        let body =
            format!(r#"{{"statement":"{statement}","parameters":{{"name":"Ada","ids":[1,2,3]}}}}"#);
        Case::new("neo4j", name, Method::POST, "/db/neo4j/query/v2", body)
    };
    STATEMENTS.iter().map(case).collect()
}

/// A vector as a compact printer of 32-bit numbers writes it.
fn short_vector() -> String {
    let numbers: Vec<String> = components().map(|x| (x as f32).to_string()).collect();
    format!("[{}]", numbers.join(","))
}

/// A vector as Python's `json` writes it: numbers of full length, a blank after each comma.
fn long_vector() -> String {
    let numbers: Vec<String> = components().map(|x| x.to_string()).collect();
    format!("[{}]", numbers.join(", "))
}

/// Numbers in -0.1..0.1, the same in every run.
fn components() -> impl Iterator<Item = f64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) / 5.0
    })
    .take(DIMENSIONS)
}
