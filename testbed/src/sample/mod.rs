//! A small sample of real data: people and works of the history of computing. Its documents go to
//! Qdrant, its people, works and their relations to Neo4j, over HTTP, so that it loads through
//! the proxy and into real servers alike. A point's id is the work's id in the graph.

mod embedding;
mod people;
mod works;

use std::io;

use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

pub use embedding::{SIZE, embed};
pub use people::{INFLUENCED, PEOPLE, Person};
pub use works::{WORKS, Work};

/// The collection of the documents.
pub const COLLECTION: &str = "works";

/// Questions in words, each with a statement whose result answers it: one hop and more.
pub const QUESTIONS: &[(&str, &str)] = &[
    (
        "Who wrote about public keys?",
        "MATCH (p:Person)-[:WROTE]->(w:Work)-[:ABOUT]->(:Topic {name: 'cryptography'}) \
         RETURN p.name AS author, w.title AS title ORDER BY w.year, author",
    ),
    (
        "What did Alan Turing build on?",
        "MATCH (:Person {name: 'Alan Turing'})-[:WROTE]->(w:Work)-[:CITES]->(c:Work)<-[:WROTE]-(p:Person) \
         RETURN w.title AS work, c.title AS cited, p.name AS author ORDER BY work, cited",
    ),
    (
        "Whom did Gottlob Frege influence, over others too?",
        "MATCH (:Person {name: 'Gottlob Frege'})-[:INFLUENCED*1..4]->(p:Person) \
         RETURN DISTINCT p.name AS name ORDER BY name",
    ),
    (
        "Which works cite what Claude Shannon wrote?",
        "MATCH (:Person {name: 'Claude Shannon'})-[:WROTE]->(s:Work)<-[:CITES]-(w:Work) \
         RETURN s.title AS shannon, w.title AS title, w.year AS year ORDER BY year, title",
    ),
    (
        "How does information theory lead to digital signatures?",
        "MATCH p = (w:Work {id: 56})-[:CITES*1..4]->(s:Work {id: 22}) RETURN [n IN nodes(p) | n.title] AS way",
    ),
];

/// The text of a work that is embedded and shown.
pub fn document(work: &Work) -> String {
    format!("{}. {}", work.title, work.text)
}

/// Creates the collection `works` with all documents. May be repeated.
///
/// # Errors
/// If the server cannot be reached or refuses a step; the error holds its response.
pub async fn load_qdrant(base_url: &str) -> io::Result<()> {
    load_qdrant_with(base_url, &[]).await
}

/// As `load_qdrant`, with headers such as `api-key`.
///
/// # Errors
/// As `load_qdrant`.
pub async fn load_qdrant_with(base_url: &str, headers: &[(&str, &str)]) -> io::Result<()> {
    let client = Client::new();
    let url = format!("{base_url}/collections/{COLLECTION}");
    let put =
        |url: String, body: Value| with(client.request(Method::PUT, url).json(&body), headers);
    let wanted = json!({ "vectors": { "size": SIZE, "distance": "Cosine" } });
    done(put(url.clone(), wanted), &[409]).await?;
    for (field, kind) in [
        ("year", "integer"),
        ("topic", "keyword"),
        ("author", "keyword"),
    ] {
        let index = json!({ "field_name": field, "field_schema": kind });
        done(put(format!("{url}/index?wait=true"), index), &[]).await?;
    }
    let points: Vec<Value> = WORKS.iter().map(point).collect();
    done(
        put(
            format!("{url}/points?wait=true"),
            json!({ "points": points }),
        ),
        &[],
    )
    .await?;
    Ok(())
}

fn point(work: &Work) -> Value {
    json!({
        "id": work.id,
        "vector": embed(&document(work)),
        "payload": {
            "title": work.title,
            "year": work.year,
            "topic": work.topic,
            "author": work.authors,
            "text": work.text,
        },
    })
}

/// Merges people, works, topics and their relations into the database `neo4j`. May be repeated.
///
/// # Errors
/// If the server cannot be reached or refuses a step; the error holds its response.
pub async fn load_neo4j(base_url: &str) -> io::Result<()> {
    load_neo4j_with(base_url, &[]).await
}

/// As `load_neo4j`, with headers such as `Authorization`.
///
/// # Errors
/// As `load_neo4j`.
pub async fn load_neo4j_with(base_url: &str, headers: &[(&str, &str)]) -> io::Result<()> {
    let client = Client::new();
    for (statement, rows) in steps() {
        let body = json!({ "statement": statement, "parameters": { "rows": rows } });
        let request = client
            .post(format!("{base_url}/db/neo4j/query/v2"))
            .json(&body);
        let text = done(
            with(request.header("accept", "application/json"), headers),
            &[],
        )
        .await?;
        if text.contains("\"errors\"") {
            return Err(io::Error::other(text));
        }
    }
    Ok(())
}

/// Statements in order, each over a list of rows.
fn steps() -> Vec<(&'static str, Value)> {
    let pairs = |pairs: Vec<(Value, Value)>| -> Value {
        pairs
            .into_iter()
            .map(|(from, to)| json!({ "from": from, "to": to }))
            .collect()
    };
    let wrote = WORKS.iter().flat_map(|work| {
        work.authors
            .iter()
            .map(|author| (json!(author), json!(work.id)))
    });
    let cites = WORKS.iter().flat_map(|work| {
        work.cites
            .iter()
            .map(|cited| (json!(work.id), json!(cited)))
    });
    let about = WORKS.iter().map(|work| (json!(work.id), json!(work.topic)));
    let influenced = INFLUENCED.iter().map(|(from, to)| (json!(from), json!(to)));
    let people = PEOPLE
        .iter()
        .map(|person| json!({ "name": person.name, "born": person.born }));
    let works = WORKS
        .iter()
        .map(|work| json!({ "id": work.id, "title": work.title, "year": work.year }));
    vec![
        (
            "CREATE INDEX person_name IF NOT EXISTS FOR (n:Person) ON (n.name)",
            json!([]),
        ),
        (
            "CREATE INDEX work_id IF NOT EXISTS FOR (n:Work) ON (n.id)",
            json!([]),
        ),
        (
            "CREATE INDEX topic_name IF NOT EXISTS FOR (n:Topic) ON (n.name)",
            json!([]),
        ),
        (
            "UNWIND $rows AS row MERGE (n:Person {name: row.name}) SET n.born = row.born",
            people.collect(),
        ),
        (
            "UNWIND $rows AS row MERGE (n:Work {id: row.id}) SET n.title = row.title, n.year = row.year",
            works.collect(),
        ),
        (
            "UNWIND $rows AS row MERGE (n:Topic {name: row.to})",
            pairs(about.clone().collect()),
        ),
        (
            "UNWIND $rows AS row MATCH (a:Person {name: row.from}) MATCH (b:Work {id: row.to}) MERGE (a)-[:WROTE]->(b)",
            pairs(wrote.collect()),
        ),
        (
            "UNWIND $rows AS row MATCH (a:Work {id: row.from}) MATCH (b:Work {id: row.to}) MERGE (a)-[:CITES]->(b)",
            pairs(cites.collect()),
        ),
        (
            "UNWIND $rows AS row MATCH (a:Work {id: row.from}) MATCH (b:Topic {name: row.to}) MERGE (a)-[:ABOUT]->(b)",
            pairs(about.collect()),
        ),
        (
            "UNWIND $rows AS row MATCH (a:Person {name: row.from}) MATCH (b:Person {name: row.to}) MERGE (a)-[:INFLUENCED]->(b)",
            pairs(influenced.collect()),
        ),
    ]
}

fn with(request: RequestBuilder, headers: &[(&str, &str)]) -> RequestBuilder {
    headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    })
}

/// Sends a request; returns the response's text when its status is a success or one of `accepted`.
async fn done(request: RequestBuilder, accepted: &[u16]) -> io::Result<String> {
    let response = request.send().await.map_err(io::Error::other)?;
    let status = response.status();
    let text = response.text().await.map_err(io::Error::other)?;
    if status.is_success() || accepted.contains(&status.as_u16()) {
        return Ok(text);
    }
    Err(io::Error::other(format!("{status}: {text}")))
}
