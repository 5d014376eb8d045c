//! Nodes of the graph: read and written through the Query API, the transactional API and explicit
//! transactions, of which some are rolled back.

use std::time::Instant;

use async_trait::async_trait;
use http::Method;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::calls::{Hand, Look, Stock, any_of};
use super::client::{Call, Got};
use super::place::{Place, TX_IDLE};
use super::points::must;
use super::register::{NEVER_COMMITTED, Register, Told};

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

/// Whether the answer to a write shows that it found its node; a deletion shows nothing.
fn has_row(statement: &str, body: &Value) -> bool {
    let rows = |rows: &Value| rows.as_array().is_some_and(|rows| !rows.is_empty());
    statement == DELETE || rows(&body["data"]["values"]) || rows(&body["results"][0]["data"])
}

fn statements(statement: &str, parameters: Value) -> Value {
    json!({"statements": [query(statement, parameters)]})
}

fn is_not_found(got: &Got) -> bool {
    let code = got.body["errors"][0]["code"].as_str();
    code == Some("Neo.ClientError.Transaction.TransactionNotFound")
}

/// Finds a commit that came to the graph more than once.
fn once(hand: &Hand, id: &str) {
    let own = id.split('-').next().unwrap_or_default();
    let path = format!("{TX}/{own}/commit");
    let listeners = hand.place.graph.listeners().iter();
    let count: u64 = listeners
        .map(|listener| listener.faults().count(&Method::POST, &path))
        .sum();
    if count > 1 {
        hand.figures
            .find("writes sent twice", || format!("{path}: {count} times"));
    }
}

impl Nodes {
    fn counted(&self, place: &Place, key: usize) -> Look {
        let version = self.registers[key].floor().seen;
        let statement = "MATCH (n:Key {k: $k}) WHERE n.v >= $v RETURN count(n)";
        let body = query(statement, json!({"k": name(key), "v": version}));
        Look {
            call: Call::new("POST", place.neo4j(QUERY), body),
            asked: vec![(name(key), key)],
            at_least: Some(version),
        }
    }

    /// A transaction of several requests; what is acknowledged is its commit.
    async fn in_steps(
        &self,
        hand: &Hand,
        statement: &str,
        values: Value,
        random: &mut StdRng,
    ) -> Told {
        hand.figures.count("explicit transactions");
        let begun = Instant::now();
        // What is not committed never shows.
        let Some(id) = self.begin(hand, statement, values, random).await else {
            return Told::Never;
        };
        let commit = hand.place.neo4j(&format!("{TX}/{id}/commit"));
        let call = Call::new("POST", commit, json!({"statements": []}));
        let got = hand.send(&call, random).await;
        let waited = begun.elapsed();
        once(hand, &id);
        match got {
            Ok(got) if is_not_found(&got) && waited >= TX_IDLE => {
                hand.figures
                    .count("transactions that waited too long for their commit");
                Told::Never
            }
            got => hand.outcome(&call, got, |_| true),
        }
    }

    async fn begin(
        &self,
        hand: &Hand,
        statement: &str,
        values: Value,
        random: &mut StdRng,
    ) -> Option<String> {
        let begin = Call::new("POST", hand.place.neo4j(TX), statements(statement, values));
        let patience = hand.weather.patience(random);
        let got = hand.client.ask(&begin, patience).await.ok()?;
        let commit = got.body["commit"].as_str()?;
        let id = commit.rsplit('/').nth(1)?.to_owned();
        (got.is_good() && has_row(statement, &got.body)).then_some(id)
    }

    /// Writes what nobody may see, and rolls it back.
    async fn roll_back(&self, hand: &Hand, key: usize, random: &mut StdRng) {
        hand.figures.count("transactions rolled back");
        let values = json!({"k": name(key), "v": NEVER_COMMITTED});
        if let Some(id) = self.begin(hand, WRITES[0], values, random).await {
            let url = hand.place.neo4j(&format!("{TX}/{id}"));
            let _ = hand
                .client
                .ask(&Call::new("DELETE", url, Value::Null), None)
                .await;
        }
    }

    async fn change(&self, hand: &Hand, key: usize, random: &mut StdRng) {
        let register = &self.registers[key];
        let mut writer = register.turn.lock().await;
        let version = register.attempt();
        let gone = register.is_gone_at(version);
        let statement = match () {
            () if gone => DELETE,
            () if writer.whole => MAKE,
            () => any_of(WRITES, random),
        };
        let whole = statement == MAKE;
        writer.whole |= gone;
        let values = json!({"k": name(key), "v": version});
        let sent = Instant::now();
        let told = match random.random_range(0..10) {
            0..5 => {
                let call = Call::new("POST", hand.place.neo4j(QUERY), query(statement, values));
                hand.write_with(&call, random, |body| has_row(statement, body))
                    .await
            }
            5..8 => {
                let url = hand.place.neo4j(&format!("{TX}/commit"));
                let call = Call::new("POST", url, statements(statement, values));
                hand.write_with(&call, random, |body| has_row(statement, body))
                    .await
            }
            _ => self.in_steps(hand, statement, values, random).await,
        };
        let told = hand.note(self, &[key], version, told, sent).await;
        if told == Told::Done && whole && !register.may_yet_go() {
            writer.whole = false;
        }
    }
}

#[async_trait]
impl Stock for Nodes {
    fn name(&self) -> &'static str {
        "nodes"
    }

    fn registers(&self) -> &[Register] {
        &self.registers
    }

    async fn fill(&self, hand: &Hand) {
        let shelf = query("CREATE (:Shelf {name: 'only'})", json!({}));
        must(hand, Call::new("POST", hand.place.neo4j(QUERY), shelf)).await;
        for key in 0..KEYS {
            let make = query(MAKE, json!({"k": name(key), "v": 1}));
            must(hand, Call::new("POST", hand.place.neo4j(QUERY), make)).await;
        }
    }

    fn look(&self, place: &Place, random: &mut StdRng) -> Look {
        let key = match random.random_ratio(2, 3) {
            true => 0,
            false => random.random_range(0..KEYS),
        };
        let values = json!({"k": name(key)});
        let (path, body, keys) = match random.random_range(0..8) {
            0 => return self.counted(place, key),
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
        Look {
            call: Call::new("POST", place.neo4j(&path), body),
            asked: keys.into_iter().map(|key| (name(key), key)).collect(),
            at_least: None,
        }
    }

    fn look_at(&self, id: usize) -> Option<Look> {
        let body = query(READS[0], json!({"k": name(id)}));
        Some(Look {
            call: Call::new("POST", format!("http://proxy{QUERY}"), body),
            asked: vec![(name(id), id)],
            at_least: None,
        })
    }

    async fn write(&self, hand: &Hand, random: &mut StdRng) {
        let key = random.random_range(0..KEYS);
        match random.random_ratio(1, 20) {
            true => self.roll_back(hand, key, random).await,
            false => self.change(hand, key, random).await,
        }
    }

    fn past(&self, place: &Place, look: &Look) -> Call {
        let rest = look.call.url.splitn(4, '/').nth(3).unwrap_or_default();
        Call {
            url: format!("{}/{rest}", place.graph.url(0)),
            ..look.call.clone()
        }
    }
}
