//! Points of Qdrant: few collections, many points, every way to read a payload and to change it.

use std::time::Instant;

use async_trait::async_trait;
use parking_lot::Mutex;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::client::HttpRequest;
use super::environment::{Environment, QUARANTINE};
use super::register::{Outcome, Register};
use super::worker::{DataSet, RegisterRead, Worker, any_of};

/// Collections; to the last one some writes are sent that do not wait.
const COLLECTIONS: usize = 6;
/// Points of a collection.
const KEYS: usize = 12;
/// Points of one group, read by one filter.
const GROUPS: usize = 3;

/// From the acknowledgement of a write that did not wait until its quarantine is over.
type Uncached = Option<(Instant, Instant)>;

/// The points.
pub struct Points {
    registers: Vec<Register>,
    uncached: Mutex<Uncached>,
}

impl Default for Points {
    fn default() -> Self {
        let all = 0..COLLECTIONS * KEYS;
        Self {
            registers: all.map(|_| Register::new(true)).collect(),
            uncached: Mutex::new(None),
        }
    }
}

fn path(collection: usize, rest: &str) -> String {
    format!("/collections/c{collection}/points{rest}")
}

fn vector(key: usize) -> Value {
    json!([1.0, key as f32, (key * key % 7) as f32, 0.5])
}

fn payload(key: usize, version: u64) -> Value {
    json!({"key": format!("k{key}"), "group": key % GROUPS, "v": version})
}

fn point(key: usize, version: u64) -> Value {
    json!({"id": key, "vector": vector(key), "payload": payload(key, version)})
}

fn of_key(key: usize) -> Value {
    json!({"must": [{"key": "key", "match": {"value": format!("k{key}")}}]})
}

fn registers_of(collection: usize, keys: impl IntoIterator<Item = usize>) -> Vec<(String, usize)> {
    let one = |key| (format!("k{key}"), collection * KEYS + key);
    keys.into_iter().map(one).collect()
}

/// A way to read a key: method, rest of the path, body, and the keys that it shows.
type ReadForm = fn(usize) -> (&'static str, String, Value, Vec<usize>);

/// A way to write a key's next version: method, rest of the path, body.
type WriteForm = fn(usize, u64) -> (&'static str, &'static str, Value);

/// Ways to read.
const READS: &[ReadForm] = &[
    |key| ("GET", format!("/{key}"), Value::Null, vec![key]),
    |key| {
        let other = (key + 1) % KEYS;
        let body = json!({"ids": [key, other], "with_payload": true});
        ("POST", String::new(), body, vec![key, other])
    },
    |key| {
        let group = key % GROUPS;
        let filter = json!({"must": [{"key": "group", "match": {"value": group}}]});
        let body = json!({"filter": filter, "limit": KEYS, "with_payload": true});
        let keys = (0..KEYS).filter(|other| other % GROUPS == group);
        ("POST", "/scroll".into(), body, keys.collect())
    },
    |key| {
        let body =
            json!({"query": vector(key), "filter": of_key(key), "limit": 1, "with_payload": true});
        ("POST", "/query".into(), body, vec![key])
    },
    |key| {
        let search = |key| json!({"query": vector(key), "filter": of_key(key), "limit": 1, "with_payload": true});
        let other = (key + 5) % KEYS;
        let body = json!({"searches": [search(key), search(other)]});
        ("POST", "/query/batch".into(), body, vec![key, other])
    },
    |key| {
        let body =
            json!({"vector": vector(key), "filter": of_key(key), "limit": 1, "with_payload": true});
        ("POST", "/search".into(), body, vec![key])
    },
];

/// Ways to write a point that is there.
const WRITES: &[WriteForm] = &[
    |key, version| {
        (
            "POST",
            "/payload",
            json!({"payload": {"v": version}, "points": [key]}),
        )
    },
    |key, version| {
        (
            "POST",
            "/payload",
            json!({"payload": {"v": version}, "filter": of_key(key)}),
        )
    },
    |key, version| {
        (
            "PUT",
            "/payload",
            json!({"payload": payload(key, version), "points": [key]}),
        )
    },
    |key, version| ("PUT", "", json!({"points": [point(key, version)]})),
    |key, version| {
        let set = json!({"set_payload": {"payload": {"v": version}, "points": [key]}});
        ("POST", "/batch", json!({"operations": [set]}))
    },
    |key, version| {
        let delete = json!({"delete": {"points": [key]}});
        let upsert = json!({"upsert": {"points": [point(key, version)]}});
        ("POST", "/batch", json!({"operations": [delete, upsert]}))
    },
];

impl Points {
    fn at(&self, random: &mut StdRng) -> (usize, usize) {
        // A few keys are asked for most of the time.
        let key = match random.random_ratio(2, 3) {
            true => 0,
            false => random.random_range(0..KEYS),
        };
        (random.random_range(0..COLLECTIONS), key)
    }

    fn counted(&self, env: &Environment, collection: usize, key: usize) -> RegisterRead {
        let id = collection * KEYS + key;
        let version = self.registers[id].floor().seen;
        let newer = json!({"key": "v", "range": {"gte": version}});
        let mut filter = of_key(key);
        filter["must"].as_array_mut().expect("a list").push(newer);
        let body = json!({"filter": filter, "exact": true});
        RegisterRead {
            request: HttpRequest::new("POST", env.vectors(&path(collection, "/count")), body),
            shows: registers_of(collection, [key]),
            at_least: Some(version),
        }
    }

    async fn change(&self, worker: &Worker, at: (usize, usize), waits: bool, random: &mut StdRng) {
        let (collection, key) = at;
        let id = collection * KEYS + key;
        let register = &self.registers[id];
        let mut writer = register.writer.lock().await;
        let version = register.attempt();
        let gone = register.is_deleted_at(version);
        let (method, rest, body) = match () {
            () if gone => ("POST", "/delete", json!({"points": [key]})),
            () if writer.whole => ("PUT", "", json!({"points": [point(key, version)]})),
            () => any_of(WRITES, random)(key, version),
        };
        let whole = rest.is_empty();
        if body["operations"][0].get("delete").is_some() {
            // A batch is done one operation after the other, not at once.
            register.is_briefly_absent_during(version);
        }
        writer.whole |= gone;
        let url = worker.env.vectors(&path(collection, rest));
        let request = HttpRequest::new(method, format!("{url}?wait={waits}"), body);
        let sent = Instant::now();
        let outcome = worker.write(&request, random).await;
        let outcome = match outcome {
            Outcome::Acknowledged if !waits => {
                worker.figures.count("writes that do not wait");
                *self.uncached.lock() = Some((Instant::now(), sent + QUARANTINE));
                Outcome::Accepted
            }
            outcome => outcome,
        };
        let outcome = worker.settle(self, &[id], version, outcome, sent).await;
        if outcome == Outcome::Acknowledged && whole && !register.may_still_be_deleted() {
            writer.whole = false;
        }
    }
}

#[async_trait]
impl DataSet for Points {
    fn name(&self) -> &'static str {
        "points"
    }

    fn registers(&self) -> &[Register] {
        &self.registers
    }

    async fn load(&self, worker: &Worker) {
        for collection in 0..COLLECTIONS {
            create(worker, &format!("c{collection}")).await;
            let points: Vec<Value> = (0..KEYS).map(|key| point(key, 1)).collect();
            let url = worker.env.vectors(&path(collection, "?wait=true"));
            must(
                worker,
                HttpRequest::new("PUT", url, json!({"points": points})),
            )
            .await;
        }
    }

    fn random_read(&self, env: &Environment, random: &mut StdRng) -> RegisterRead {
        let (collection, key) = self.at(random);
        if random.random_ratio(1, 7) {
            return self.counted(env, collection, key);
        }
        let way = match random.random_ratio(1, 2) {
            true => READS[collection % READS.len()],
            false => any_of(READS, random),
        };
        let (method, rest, body, keys) = way(key);
        RegisterRead {
            request: HttpRequest::new(method, env.vectors(&path(collection, &rest)), body),
            shows: registers_of(collection, keys),
            at_least: None,
        }
    }

    fn read_of(&self, id: usize) -> Option<RegisterRead> {
        let (collection, key) = (id / KEYS, id % KEYS);
        let url = format!("http://proxy{}", path(collection, &format!("/{key}")));
        Some(RegisterRead {
            request: HttpRequest::new("GET", url, Value::Null),
            shows: registers_of(collection, [key]),
            at_least: None,
        })
    }

    async fn write(&self, worker: &Worker, random: &mut StdRng) {
        let at = self.at(random);
        let waits = at.0 + 1 < COLLECTIONS || random.random_bool(0.8);
        self.change(worker, at, waits, random).await;
    }

    fn direct(&self, env: &Environment, read: &RegisterRead) -> HttpRequest {
        direct(env, read)
    }

    fn must_not_be_cached(&self, read: &RegisterRead, began: Instant, ended: Instant) -> bool {
        let last = format!("/c{}/", COLLECTIONS - 1);
        let uncached = *self.uncached.lock();
        read.request.url.contains(&last)
            && uncached.is_some_and(|(from, until)| from <= began && ended <= until)
    }
}

/// The same request at the first replica.
pub fn direct(env: &Environment, read: &RegisterRead) -> HttpRequest {
    let rest = read.request.url.splitn(4, '/').nth(3).unwrap_or_default();
    HttpRequest {
        url: format!("{}/{rest}", env.cluster.url(0)),
        ..read.request.clone()
    }
}

/// Creates a collection for vectors of four numbers.
pub async fn create(worker: &Worker, name: &str) {
    let url = worker.env.vectors(&format!("/collections/{name}"));
    let body = json!({"vectors": {"size": 4, "distance": "Cosine"}});
    must(worker, HttpRequest::new("PUT", url, body)).await;
}

/// A request that must succeed.
pub async fn must(worker: &Worker, request: HttpRequest) {
    let response = worker
        .client
        .send(&request, None)
        .await
        .expect("a response");
    assert!(
        response.is_good(),
        "{request:?}: {} {}",
        response.status,
        response.body
    );
}
