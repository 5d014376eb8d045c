//! The load: an open loop of reads and writes with Poisson arrivals. A request is counted from when it was due, whether or
//! not the ones before it are done, and every answer is compared with what was asked.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
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
    /// Share of the reads, 0..=1, of ids that are written as well, so that they may be stored and be stale. Each other one has
    /// an id of its own, so that it is not answered by the cache.
    pub shared: f64,
    /// Reads are searches of the whole collection in place of points by id.
    pub searches: bool,
    pub seed: u64,
    pub written: Arc<Written>,
}

/// How many ids are written.
const SHARED_IDS: u64 = 60;

/// A request.
#[derive(Clone, Copy, Debug)]
struct Asked {
    id: u64,
    /// What is written; `None`: a read.
    value: Option<u64>,
}

/// What all loads of a bench wrote.
#[derive(Debug, Default)]
pub struct Written {
    /// The last value that was given to a write.
    last: AtomicU64,
    /// By id: the newest value that was acknowledged, which a read must see.
    acknowledged: Mutex<HashMap<u64, u64>>,
}

impl Written {
    /// A value that is larger than all before it.
    fn next(&self) -> u64 {
        self.last.fetch_add(1, Relaxed) + 1
    }

    fn newest(&self, id: u64) -> u64 {
        let all = self.acknowledged.lock();
        all.get(&id).copied().unwrap_or(0)
    }

    fn acknowledge(&self, id: u64, value: u64) {
        let mut all = self.acknowledged.lock();
        let newest = all.entry(id).or_default();
        *newest = value.max(*newest);
    }
}

impl Load {
    /// Sends it all to this URL, and waits for every response.
    pub async fn run(self, url: &str) -> Record {
        let began = Instant::now();
        let client = Client::builder().timeout(self.patience).build();
        let sender = Arc::new(Sender {
            client: client.expect("a client"),
            url: url.to_owned(),
            load: self.clone(),
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
        let shared = random.random::<f64>() < self.shared;
        let id = match write || shared {
            true => random.random_range(1..=SHARED_IDS),
            // Another load's ids are others, so that nothing of them is stored.
            false => ((self.seed & 0xffff) << 32) + (1 << 16) + number,
        };
        Asked {
            id,
            value: write.then(|| self.written.next()),
        }
    }
}

struct Sender {
    client: Client,
    url: String,
    load: Load,
}

impl Sender {
    async fn send(&self, asked: Asked, began: Instant, due: Instant) -> Sample {
        let least = self.load.written.newest(asked.id);
        let mut cached = false;
        let outcome = self.exchange(asked, least, &mut cached).await;
        if let (Some(value), Some(Outcome::Good)) = (asked.value, outcome) {
            self.load.written.acknowledge(asked.id, value);
        }
        Sample {
            due: due - began,
            took: due.elapsed(),
            write: asked.value,
            outcome: outcome.unwrap_or(Outcome::Lost),
            cached,
        }
    }

    /// How the request ends; `None`: without a complete response.
    async fn exchange(&self, asked: Asked, least: u64, cached: &mut bool) -> Option<Outcome> {
        let request = match self.load.dialect {
            Dialect::Qdrant => self.qdrant(asked),
            Dialect::Neo4j => self.neo4j(asked),
        };
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let retry_after = response.headers().contains_key("retry-after");
        let said = response.headers().get("x-pointsman-cache");
        *cached = said.is_some_and(|said| said.as_bytes().starts_with(b"hit"));
        let body = response.bytes().await.ok()?;
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        if !(200..300).contains(&status) || body["errors"].is_array() {
            return Some(Outcome::Failed {
                status,
                retry_after,
            });
        }
        Some(self.load.judge(&body, asked, least))
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
                "MERGE (d:Doc {id: $id}) SET d.value = $value RETURN d.id AS id, $value AS value",
                json!({"id": asked.id, "value": value}),
            ),
        };
        let body = json!({"statement": statement, "parameters": parameters});
        let request = self.client.post(format!("{}/db/neo4j/query/v2", self.url));
        request.header("accept", "application/json").json(&body)
    }
}

impl Load {
    /// Whether a response is about this id, and is the acknowledgement of this write, or is not older than what was
    /// acknowledged before.
    fn judge(&self, body: &Value, asked: Asked, least: u64) -> Outcome {
        let (id, value) = match (self.dialect, asked.value) {
            (Dialect::Qdrant, None) => {
                let point = match self.searches {
                    true => &body["result"]["points"][0],
                    false => &body["result"],
                };
                (point["id"].as_u64(), &point["payload"]["value"])
            }
            // A replica numbers the operation as the value that it wrote.
            (Dialect::Qdrant, Some(_)) => (Some(asked.id), &body["result"]["operation_id"]),
            (Dialect::Neo4j, _) => {
                let row = &body["data"]["values"][0];
                (row[0].as_u64(), &row[1])
            }
        };
        match (asked.value, value.as_u64()) {
            _ if id != Some(asked.id) => Outcome::Wrong,
            (_, None) => Outcome::Wrong,
            (None, Some(value)) if value < least => Outcome::Stale,
            (Some(written), Some(value)) if value != written => Outcome::Wrong,
            _ => Outcome::Good,
        }
    }
}
