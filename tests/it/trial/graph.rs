//! Nodes of the graph: read and written through the Query API, the transactional API and explicit
//! transactions, of which some are rolled back.

use std::time::Instant;

use async_trait::async_trait;
use http::Method;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::client::{HttpRequest, JsonResponse};
use super::environment::{Environment, TX_IDLE};
use super::points::must;
use super::register::{NEVER_COMMITTED, Outcome, Register};
use super::worker::{DataSet, RegisterRead, Worker, any_of};

/// Nodes.
const KEYS: usize = 24;

/// The nodes.
pub struct Nodes {
    registers: Vec<Register>,
}

impl Default for Nodes {
    fn default() -> Self {
        Self {
            registers: (0..KEYS).map(|_| Register::new(true)).collect(),
        }
    }
}

const QUERY: &str = "/db/neo4j/query/v2";
const TX: &str = "/db/neo4j/tx";

/// Statements that show one node as a row `[key, v]`.
const READS: &[&str] = &[
    "MATCH (n:Key {k: $k}) RETURN n.k, n.v",
    "MATCH (n) WHERE n.k = $k RETURN n.k, n.v",
    "MATCH (n:Key) WHERE n.k = $k RETURN n.k AS k, n.v AS v ORDER BY v LIMIT 3",
    "MATCH (:Shelf)-[:HOLDS]->(n:Key {k: $k}) RETURN n.k, n.v",
];

/// Shows all nodes.
const ALL: &str = "MATCH (n:Key) RETURN n.k, n.v";

/// Statements that write a node that is there.
const WRITES: &[&str] = &[
    "MATCH (n:Key {k: $k}) SET n.v = $v RETURN n.v",
    "MATCH (n) WHERE n.k = $k SET n.v = $v RETURN n.v",
    "MATCH (n:Key {k: $k}) SET n += {v: $v} RETURN n.v",
    "MERGE (n:Key {k: $k}) SET n.v = $v RETURN n.v",
    "MATCH (:Shelf)-[:HOLDS]->(n:Key {k: $k}) SET n.v = $v RETURN n.v",
];

const MAKE: &str =
    "MATCH (s:Shelf) MERGE (n:Key {k: $k}) MERGE (s)-[:HOLDS]->(n) SET n.v = $v RETURN n.v";
const DELETE: &str = "MATCH (n:Key {k: $k}) DETACH DELETE n";

fn name(key: usize) -> String {
    format!("k{key}")
}

fn query(statement: &str, parameters: Value) -> Value {
    json!({"statement": statement, "parameters": parameters})
}

/// Whether the response to a write shows that it found its node; a deletion shows nothing.
fn has_row(statement: &str, body: &Value) -> bool {
    let rows = |rows: &Value| rows.as_array().is_some_and(|rows| !rows.is_empty());
    statement == DELETE || rows(&body["data"]["values"]) || rows(&body["results"][0]["data"])
}

fn statements(statement: &str, parameters: Value) -> Value {
    json!({"statements": [query(statement, parameters)]})
}

fn is_not_found(response: &JsonResponse) -> bool {
    let code = response.body["errors"][0]["code"].as_str();
    code == Some("Neo.ClientError.Transaction.TransactionNotFound")
}

/// Finds a commit that came to the graph more than once.
fn once(worker: &Worker, id: &str) {
    let own = id.split('-').next().unwrap_or_default();
    let path = format!("{TX}/{own}/commit");
    let listeners = worker.env.graph.listeners().iter();
    let count: u64 = listeners
        .map(|listener| listener.faults().count(&Method::POST, &path))
        .sum();
    if count > 1 {
        worker
            .figures
            .find("writes sent twice", || format!("{path}: {count} times"));
    }
}

impl Nodes {
    fn counted(&self, env: &Environment, key: usize) -> RegisterRead {
        let version = self.registers[key].floor().seen;
        let statement = "MATCH (n:Key {k: $k}) WHERE n.v >= $v RETURN count(n)";
        let body = query(statement, json!({"k": name(key), "v": version}));
        RegisterRead {
            request: HttpRequest::new("POST", env.neo4j(QUERY), body),
            shows: vec![(name(key), key)],
            at_least: Some(version),
        }
    }

    /// A transaction of several requests; what is acknowledged is its commit.
    async fn in_steps(
        &self,
        worker: &Worker,
        statement: &str,
        values: Value,
        random: &mut StdRng,
    ) -> Outcome {
        worker.figures.count("explicit transactions");
        let begun = Instant::now();
        // What is not committed never shows.
        let Some(id) = self.begin(worker, statement, values, random).await else {
            return Outcome::NoEffect;
        };
        let commit = worker.env.neo4j(&format!("{TX}/{id}/commit"));
        let request = HttpRequest::new("POST", commit, json!({"statements": []}));
        let response = worker.send(&request, random).await;
        let waited = begun.elapsed();
        once(worker, &id);
        match response {
            Ok(response) if is_not_found(&response) && waited >= TX_IDLE => {
                worker
                    .figures
                    .count("transactions that expired before their commit");
                Outcome::NoEffect
            }
            response => worker.outcome(&request, response, |_| true),
        }
    }

    async fn begin(
        &self,
        worker: &Worker,
        statement: &str,
        values: Value,
        random: &mut StdRng,
    ) -> Option<String> {
        let begin = HttpRequest::new("POST", worker.env.neo4j(TX), statements(statement, values));
        let timeout = worker.faults.client_timeout(random);
        let response = worker.client.send(&begin, timeout).await.ok()?;
        let commit = response.body["commit"].as_str()?;
        let id = commit.rsplit('/').nth(1)?.to_owned();
        (response.is_good() && has_row(statement, &response.body)).then_some(id)
    }

    /// Writes what nobody may see, and rolls it back.
    async fn roll_back(&self, worker: &Worker, key: usize, random: &mut StdRng) {
        worker.figures.count("transactions rolled back");
        let values = json!({"k": name(key), "v": NEVER_COMMITTED});
        if let Some(id) = self.begin(worker, WRITES[0], values, random).await {
            let url = worker.env.neo4j(&format!("{TX}/{id}"));
            let _ = worker
                .client
                .send(&HttpRequest::new("DELETE", url, Value::Null), None)
                .await;
        }
    }

    async fn change(&self, worker: &Worker, key: usize, random: &mut StdRng) {
        let register = &self.registers[key];
        let mut writer = register.writer.lock().await;
        let version = register.attempt();
        let gone = register.is_deleted_at(version);
        let statement = match () {
            () if gone => DELETE,
            () if writer.whole => MAKE,
            () => any_of(WRITES, random),
        };
        let whole = statement == MAKE;
        writer.whole |= gone;
        let values = json!({"k": name(key), "v": version});
        let sent = Instant::now();
        let outcome = match random.random_range(0..10) {
            0..5 => {
                let request =
                    HttpRequest::new("POST", worker.env.neo4j(QUERY), query(statement, values));
                worker
                    .write_with(&request, random, |body| has_row(statement, body))
                    .await
            }
            5..8 => {
                let url = worker.env.neo4j(&format!("{TX}/commit"));
                let request = HttpRequest::new("POST", url, statements(statement, values));
                worker
                    .write_with(&request, random, |body| has_row(statement, body))
                    .await
            }
            _ => self.in_steps(worker, statement, values, random).await,
        };
        let outcome = worker.settle(self, &[key], version, outcome, sent).await;
        if outcome == Outcome::Acknowledged && whole && !register.may_still_be_deleted() {
            writer.whole = false;
        }
    }
}

#[async_trait]
impl DataSet for Nodes {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn registers(&self) -> &[Register] {
        &self.registers
    }

    async fn load(&self, worker: &Worker) {
        let shelf = query("CREATE (:Shelf {name: 'only'})", json!({}));
        must(
            worker,
            HttpRequest::new("POST", worker.env.neo4j(QUERY), shelf),
        )
        .await;
        for key in 0..KEYS {
            let make = query(MAKE, json!({"k": name(key), "v": 1}));
            must(
                worker,
                HttpRequest::new("POST", worker.env.neo4j(QUERY), make),
            )
            .await;
        }
    }

    fn random_read(&self, env: &Environment, random: &mut StdRng) -> RegisterRead {
        let key = match random.random_ratio(2, 3) {
            true => 0,
            false => random.random_range(0..KEYS),
        };
        let values = json!({"k": name(key)});
        let (path, body, keys) = match random.random_range(0..8) {
            0 => return self.counted(env, key),
            1 => (QUERY.into(), query(ALL, json!({})), (0..KEYS).collect()),
            2 => {
                let body = statements(any_of(READS, random), values);
                (format!("{TX}/commit"), body, vec![key])
            }
            3..5 => (
                QUERY.into(),
                query(any_of(READS, random), values),
                vec![key],
            ),
            _ => (QUERY.into(), query(READS[0], values), vec![key]),
        };
        RegisterRead {
            request: HttpRequest::new("POST", env.neo4j(&path), body),
            shows: keys.into_iter().map(|key| (name(key), key)).collect(),
            at_least: None,
        }
    }

    fn read_of(&self, id: usize) -> Option<RegisterRead> {
        let body = query(READS[0], json!({"k": name(id)}));
        Some(RegisterRead {
            request: HttpRequest::new("POST", format!("http://proxy{QUERY}"), body),
            shows: vec![(name(id), id)],
            at_least: None,
        })
    }

    async fn write(&self, worker: &Worker, random: &mut StdRng) {
        let key = random.random_range(0..KEYS);
        match random.random_ratio(1, 20) {
            true => self.roll_back(worker, key, random).await,
            false => self.change(worker, key, random).await,
        }
    }

    fn direct(&self, env: &Environment, read: &RegisterRead) -> HttpRequest {
        let rest = read.request.url.splitn(4, '/').nth(3).unwrap_or_default();
        HttpRequest {
            url: format!("{}/{rest}", env.graph.url(0)),
            ..read.request.clone()
        }
    }
}
