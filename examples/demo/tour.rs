//! The guided tour: what to paste, and what it shows. `drive` takes the same way by itself.

use pointsman::runtime::Server;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::error::Error;

/// Base URLs.
pub struct Places {
    pub vectors: String,
    pub graph: String,
    pub admin: String,
    pub switchboard: String,
}

impl Places {
    /// Where a server with the demo's services listens.
    pub fn of(server: &Server) -> Option<Self> {
        Some(Self {
            vectors: format!("http://{}", server.address("vectors")?),
            graph: format!("http://{}", server.address("graph")?),
            admin: format!("http://{}", server.admin()),
            switchboard: format!("http://127.0.0.1:{}", super::SWITCHBOARD),
        })
    }
}

const SEARCH: &str = r#"{"query":7,"limit":3,"with_payload":["title"]}"#;
const QUESTION: &str = r#"{"statement":"MATCH (:Person {name:$name})-[:WROTE]->(:Work)-[:CITES]->(w:Work)<-[:WROTE]-(p:Person) RETURN DISTINCT p.name, w.title","parameters":{"name":"Alan Turing"}}"#;

/// Prints the tour.
pub fn print(places: &Places) {
    let Places {
        vectors,
        graph,
        admin,
        switchboard,
    } = places;
    let json = "-H 'content-type: application/json'";
    println!(
        r#"
pointsman stands in front of three Qdrant replicas ({vectors}) and a graph ({graph}).
Paste these, one after the other:

1. A vector search, twice. The first is a miss, the second a hit (see x-pointsman-cache):
   curl -si {vectors}/collections/works/points/query {json} -d '{SEARCH}'
   curl -si {vectors}/collections/works/points/query {json} -d '{SEARCH}'

2. A write to that collection. The same search is a miss again:
   curl -s '{vectors}/collections/works/points/payload?wait=true' {json} -d '{{"payload":{{"read":true}},"points":[7]}}'
   curl -si {vectors}/collections/works/points/query {json} -d '{SEARCH}'

3. A question to the graph over two hops, twice: a miss, then a hit:
   curl -si {graph}/db/neo4j/query/v2 {json} -H 'accept: application/json' -d '{QUESTION}'
   curl -si {graph}/db/neo4j/query/v2 {json} -H 'accept: application/json' -d '{QUESTION}'

4. Why? The header x-pointsman-explain gives the short form, the admin API the whole record:
   curl -si {vectors}/collections/works/points/query {json} -H 'x-pointsman-explain: 1' -H 'x-request-id: tour' -d '{{"query":9,"limit":2}}'
   curl -s {admin}/api/coordination/explain/tour

5. Kill a replica. Reads are still answered; its breaker opens at once, its status follows after some probes:
   curl -s -X POST {switchboard}/replicas/0/kill
   for i in 1 2 3 4 5 6 7 8; do curl -s -o /dev/null -w '%{{http_code}}\n' {vectors}/collections/works/points/query {json} -d "{{\"query\":$i,\"limit\":1}}"; done
   curl -s {admin}/api/coordination/instances
   curl -s -X POST {switchboard}/replicas/0/restart

6. Reload, figures, health:
   curl -s -X POST {admin}/api/config/reload
   curl -s {admin}/metrics | grep pointsman_cache
   curl -s {admin}/readyz

Ready. Ctrl-C ends it."#
    );
}

/// Takes the tour and checks what it shows.
pub async fn drive(places: &Places) -> Result<(), Box<dyn Error>> {
    let client = Client::new();
    let search = format!("{}/collections/works/points/query", places.vectors);
    expect(
        "first search",
        "miss",
        &post(&client, &search, SEARCH).await?,
    )?;
    expect("same search", "hit", &post(&client, &search, SEARCH).await?)?;
    let write = format!(
        "{}/collections/works/points/payload?wait=true",
        places.vectors
    );
    let body = json!({"payload": {"read": true}, "points": [7]}).to_string();
    expect("write", "bypass", &post(&client, &write, &body).await?)?;
    expect(
        "search after the write",
        "miss",
        &post(&client, &search, SEARCH).await?,
    )?;
    let ask = format!("{}/db/neo4j/query/v2", places.graph);
    let answer = post(&client, &ask, QUESTION).await?;
    expect("question to the graph", "miss", &answer)?;
    let rows: Value = answer.json().await?;
    println!(
        "   {} rows",
        rows["data"]["values"].as_array().map_or(0, Vec::len)
    );
    expect(
        "same question",
        "hit",
        &post(&client, &ask, QUESTION).await?,
    )?;
    outage(&client, places, &search).await
}

async fn outage(client: &Client, places: &Places, search: &str) -> Result<(), Box<dyn Error>> {
    let board = |act: &str| format!("{}/replicas/0/{act}", places.switchboard);
    client
        .post(board("kill"))
        .send()
        .await?
        .error_for_status()?;
    for limit in 1..=20 {
        let answer = post(client, search, &format!(r#"{{"query":3,"limit":{limit}}}"#)).await?;
        answer.error_for_status()?;
    }
    println!("20 searches answered with a dead replica");
    client
        .post(board("restart"))
        .send()
        .await?
        .error_for_status()?;
    Ok(())
}

async fn post(client: &Client, url: &str, body: &str) -> Result<Response, Box<dyn Error>> {
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json");
    Ok(request
        .body(body.to_string())
        .send()
        .await?
        .error_for_status()?)
}

fn expect(what: &str, verdict: &str, answer: &Response) -> Result<(), String> {
    let header = answer
        .headers()
        .get("x-pointsman-cache")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    println!("{what}: {header}");
    match header.starts_with(verdict) {
        true => Ok(()),
        false => Err(format!("{what}: expected {verdict}, got {header:?}")),
    }
}
