//! The load: an open loop of reads and writes with Poisson arrivals. A request is counted from when it was due, whether or
//! not the ones before it are done, and every answer is compared with what was asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::record::{Outcome, Record, Sample};

/// How long a client waits for its response, where a row says nothing else.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How requests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Qdrant,
    Neo4j,
}

/// What is sent.
#[derive(Clone, Debug)]
pub struct Load {
    pub dialect: Dialect,
    /// Requests a second.
    pub rate: f64,
    /// Share of writes, 0..=1.
    pub writes: f64,
    pub time: Duration,
    /// Seconds that the client gives the database, in Qdrant's parameter `timeout`.
    pub limit: Option<u32>,
    /// After which a client leaves that was told nothing of it.
    pub patience: Duration,
    /// How many ids are asked for; `None`: each read has one of its own, so that none comes from the cache.
    pub ids: Option<u64>,
    /// Reads are searches of the whole collection in place of points by id.
    pub searches: bool,
    pub seed: u64,
}

/// A request.
#[derive(Clone, Copy, Debug)]
struct Asked {
    id: u64,
    /// What is written; `None`: a read.
    value: Option<u64>,
}

/// What was acknowledged, by id: the newest value that a read must see.
type Acknowledged = Mutex<std::collections::HashMap<u64, u64>>;

impl Load {
    /// Sends it all to this URL, and waits for every response.
    pub async fn run(self, url: &str) -> Record {
        let began = Instant::now();
        let client = Client::builder().timeout(self.patience).build();
        let sender = Arc::new(Sender {
            client: client.expect("a client"),
            url: url.to_owned(),
            load: self.clone(),
            acknowledged: Mutex::default(),
        });
        let mut random = StdRng::seed_from_u64(self.seed);
        let (mut due, mut number, mut requests) = (0.0, 0, JoinSet::new());
        loop {
            due += -(1.0 - random.random::<f64>()).ln() / self.rate;
            if due >= self.time.as_secs_f64() {
                break;
            }
            number += 1;
            let asked = self.draw(number, &mut random);
            let at = began + Duration::from_secs_f64(due);
            tokio::time::sleep_until(at.into()).await;
            let sender = Arc::clone(&sender);
            requests.spawn(async move { sender.send(asked, began, at).await });
        }
        let samples = requests.join_all().await;
        Record::new(began, samples)
    }

    fn draw(&self, number: u64, random: &mut StdRng) -> Asked {
        let write = random.random::<f64>() < self.writes;
        let id = match self.ids {
            Some(ids) => random.random_range(1..=ids),
            // Another load's ids are others, so that nothing of them is stored.
            None => ((self.seed & 0xffff) << 32) + number,
        };
        Asked {
            id,
            value: write.then_some(number),
        }
    }
}

struct Sender {
    client: Client,
    url: String,
    load: Load,
    acknowledged: Acknowledged,
}

impl Sender {
    async fn send(&self, asked: Asked, began: Instant, due: Instant) -> Sample {
        let least = self.acknowledged.lock().get(&asked.id).copied();
        let outcome = self.exchange(asked, least.unwrap_or(0)).await;
        if let (Some(value), Outcome::Good) = (asked.value, outcome) {
            let mut all = self.acknowledged.lock();
            let newest = all.entry(asked.id).or_default();
            *newest = value.max(*newest);
        }
        Sample {
            due: due - began,
            took: due.elapsed(),
            write: asked.value,
            outcome,
        }
    }

    async fn exchange(&self, asked: Asked, least: u64) -> Outcome {
        let request = match self.load.dialect {
            Dialect::Qdrant => self.qdrant(asked),
            Dialect::Neo4j => self.neo4j(asked),
        };
        let Ok(response) = request.send().await else {
            return Outcome::Lost;
        };
        let status = response.status().as_u16();
        let retry_after = response.headers().contains_key("retry-after");
        let Ok(body) = response.bytes().await else {
            return Outcome::Lost;
        };
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !(200..300).contains(&status) || body["errors"].is_array() {
            return Outcome::Failed {
                status,
                retry_after,
            };
        }
        match asked.value.is_some() || self.load.is_answer(&body, asked.id, least) {
            true => Outcome::Good,
            false => Outcome::Wrong,
        }
    }

    fn qdrant(&self, asked: Asked) -> RequestBuilder {
        let limit = self.load.limit.map(|limit| format!("timeout={limit}"));
        let points = format!("{}/collections/docs/points", self.url);
        let limit = limit.unwrap_or_default();
        match asked.value {
            None if self.load.searches => {
                let request = self.client.post(format!("{points}/query?{limit}"));
                request.json(&json!({"query": asked.id, "limit": 1}))
            }
            None => self.client.get(format!("{points}/{}?{limit}", asked.id)),
            Some(value) => {
                let payload = json!({"value": value});
                let point = json!({"id": asked.id, "vector": [1.0], "payload": payload});
                let request = self.client.put(format!("{points}?wait=true&{limit}"));
                request.json(&json!({"points": [point]}))
            }
        }
    }

    fn neo4j(&self, asked: Asked) -> RequestBuilder {
        let (statement, parameters) = match asked.value {
            None => (
                "MATCH (d:Doc {id: $id}) RETURN d.id AS id, d.value AS value",
                json!({"id": asked.id}),
            ),
            Some(value) => (
                "MERGE (d:Doc {id: $id}) SET d.value = $value RETURN d.id AS id",
                json!({"id": asked.id, "value": value}),
            ),
        };
        let body = json!({"statement": statement, "parameters": parameters});
        let request = self.client.post(format!("{}/db/neo4j/query/v2", self.url));
        request.header("accept", "application/json").json(&body)
    }
}

impl Load {
    /// Whether a response to a read is about this id, and not older than what was acknowledged before.
    fn is_answer(&self, body: &Value, id: u64, least: u64) -> bool {
        let (got, value) = match self.dialect {
            Dialect::Qdrant => {
                let point = match self.searches {
                    true => &body["result"]["points"][0],
                    false => &body["result"],
                };
                (&point["id"], &point["payload"]["value"])
            }
            Dialect::Neo4j => {
                let row = &body["data"]["values"][0];
                (&row[0], &row[1])
            }
        };
        got.as_u64() == Some(id) && value.as_u64().is_some_and(|value| value >= least)
    }
}
