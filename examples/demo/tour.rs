//! The guided tour: what to paste, and what it shows. `take` runs the same steps by itself.

use pointsman::runtime::Server;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use std::error::Error;

/// Base URLs.
pub struct Urls {
    pub vectors: String,
    pub graph: String,
    pub admin: String,
    pub controls: String,
}

impl Urls {
    /// Of a server with the demo's services.
    pub fn of(server: &Server) -> Option<Self> {
        Some(Self {
            vectors: format!("http://{}", server.address("vectors")?),
            graph: format!("http://{}", server.address("graph")?),
            admin: format!("http://{}", server.admin()),
            controls: format!("http://127.0.0.1:{}", super::CONTROLS),
        })
    }
}

const SEARCH: &str = r#"{"query":7,"limit":3,"with_payload":["title"]}"#;
const STATEMENT: &str = r#"{"statement":"MATCH (:Person {name:$name})-[:WROTE]->(:Work)-[:CITES]->(w:Work)<-[:WROTE]-(p:Person) RETURN DISTINCT p.name, w.title","parameters":{"name":"Alan Turing"}}"#;

/// Prints the tour; `home` is the replica that answers for the collection.
pub fn print(urls: &Urls, home: usize) {
    let Urls {
        vectors,
        graph,
        admin,
        controls,
    } = urls;
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

3. A query of the graph over two hops, twice: a miss, then a hit:
   curl -si {graph}/db/neo4j/query/v2 {json} -H 'accept: application/json' -d '{STATEMENT}'
   curl -si {graph}/db/neo4j/query/v2 {json} -H 'accept: application/json' -d '{STATEMENT}'

4. Why? The header x-pointsman-explain gives the short form, the admin API the whole record:
   curl -si {vectors}/collections/works/points/query {json} -H 'x-pointsman-explain: 1' -H 'x-request-id: tour' -d '{{"query":9,"limit":2}}'
   curl -s {admin}/api/coordination/explain/tour

5. How requests are shared out: each endpoint with its scores and why it could not be chosen, who waits, what each strategy
   would have made of the last 120 searches, and another strategy from now on:
   for i in $(seq 1 120); do curl -s -o /dev/null {vectors}/collections/works/points/query {json} -d "{{\"query\":$((i % 60 + 1)),\"limit\":$((i / 60 + 4))}}"; done
   curl -s {admin}/api/coordination/scores
   curl -s {admin}/api/coordination/queue
   curl -s '{admin}/api/coordination/simulate?service=vectors'
   curl -s -X PUT {admin}/api/coordination/strategy -d '{{"service":"vectors","strategy":"least_connections"}}'
   curl -s {admin}/api/coordination/optimize -d '{{"service":"vectors","apply":true}}'

6. Let a replica drain, see it left out with the reason, and take it back:
   curl -s -X PUT {admin}/api/coordination/instances/vectors/127-0-0-1-6531/status -d '{{"status":"draining"}}'
   curl -si {vectors}/collections/works/points/query {json} -H 'x-pointsman-explain: 1' -H 'x-request-id: drained' -d '{{"query":9,"limit":9}}'
   curl -s {admin}/api/coordination/explain/drained
   curl -s {admin}/api/coordination/migrations
   curl -s -X PUT {admin}/api/coordination/instances/vectors/127-0-0-1-6531/status -d '{{"status":"active"}}'

7. Kill the replica that answers for this collection. Reads still succeed: those that meet it are sent to another one, the next ones
   avoid it, and the probes that this begins take it out within seconds:
   curl -s -X POST {controls}/replicas/{home}/kill
   for i in 1 2 3 4 5 6 7 8; do curl -s -o /dev/null -w '%{{http_code}}\n' {vectors}/collections/works/points/query {json} -d "{{\"query\":$i,\"limit\":1}}"; done
   sleep 5; curl -s {admin}/api/coordination/events
   curl -s -X POST {controls}/replicas/{home}/restart

8. Reload, metrics, health:
   curl -s -X POST {admin}/api/config/reload
   curl -s {admin}/metrics | grep pointsman_cache
   curl -s {admin}/readyz

Ready. Ctrl-C ends it."#
    );
}

/// Takes the tour and checks what it shows.
pub async fn take(urls: &Urls) -> Result<(), Box<dyn Error>> {
    let client = Client::new();
    let points = format!("{}/collections/works/points", urls.vectors);
    let search = format!("{points}/query");
    let response = post(&client, &search, SEARCH).await?;
    expect("first search", "miss", &response)?;
    let response = post(&client, &search, SEARCH).await?;
    expect("same search", "hit", &response)?;
    let payload = json!({"payload": {"read": true}, "points": [7]}).to_string();
    let response = post(&client, &format!("{points}/payload?wait=true"), &payload).await?;
    expect("write", "bypass", &response)?;
    let response = post(&client, &search, SEARCH).await?;
    expect("search after the write", "miss", &response)?;
    let query = format!("{}/db/neo4j/query/v2", urls.graph);
    let response = post(&client, &query, STATEMENT).await?;
    expect("query of the graph", "miss", &response)?;
    let result: Value = response.json().await?;
    let rows = result["data"]["values"].as_array().map_or(0, Vec::len);
    println!("   {rows} rows");
    let response = post(&client, &query, STATEMENT).await?;
    expect("same query", "hit", &response)?;
    outage(&client, urls, &search).await
}

/// The replica that answers for the collection, by its number.
pub async fn home(urls: &Urls) -> Result<usize, Box<dyn Error>> {
    let search = format!("{}/collections/works/points/query", urls.vectors);
    let request = Client::new()
        .post(search)
        .header("x-pointsman-explain", "1");
    let request = request.header("content-type", "application/json");
    let response = request.body(r#"{"query":1,"limit":50}"#).send().await?;
    let field = response.headers().get("x-pointsman-explain");
    let said = field
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let home = (0..3).find(|n| said.contains(&format!("route=127-0-0-1-653{}", n + 1)));
    home.ok_or_else(|| format!("no replica answered: {said:?}").into())
}

async fn outage(client: &Client, urls: &Urls, search: &str) -> Result<(), Box<dyn Error>> {
    let home = home(urls).await?;
    let replica = format!("{}/replicas/{home}", urls.controls);
    post(client, &format!("{replica}/kill"), "").await?;
    for limit in 1..=20 {
        post(client, search, &format!(r#"{{"query":3,"limit":{limit}}}"#)).await?;
    }
    let events = format!("{}/api/coordination/events", urls.admin);
    let events = client.get(events).send().await?.text().await?;
    if !events.contains("breaker_opened") {
        return Err("the replica that was killed answered for nothing".into());
    }
    println!("20 searches succeeded with their replica down; its breaker opened");
    post(client, &format!("{replica}/restart"), "").await?;
    Ok(())
}

/// A successful response to `POST`.
async fn post(client: &Client, url: &str, body: &str) -> reqwest::Result<Response> {
    let request = client
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json");
    let response = request.body(body.to_string()).send().await?;
    response.error_for_status()
}

/// Checks what the cache did for a request.
fn expect(what: &str, wanted: &str, response: &Response) -> Result<(), String> {
    let field = response.headers().get("x-pointsman-cache");
    let cache = field
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    println!("{what}: {cache}");
    match cache.starts_with(wanted) {
        true => Ok(()),
        false => Err(format!("{what}: expected {wanted}, got {cache:?}")),
    }
}
