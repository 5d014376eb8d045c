//! Replicas of one database, each with a number of workers and a service time, first come first served. They hold
//! numbers by id, know how often each write was executed, and speak as Qdrant and as Neo4j does.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use testbed::faults::Requests;
use testbed::server::Application;

/// What the replicas share.
#[derive(Default)]
pub struct Store {
    /// By id: what was written, when, and at which replica. The largest value counts, in whatever order they came.
    values: Mutex<HashMap<u64, Vec<Version>>>,
    /// How often each write was executed.
    executed: Mutex<HashMap<u64, u32>>,
}

struct Version {
    value: u64,
    at: Instant,
    replica: usize,
}

impl Store {
    /// Executions beyond the first of each write.
    pub fn repeated(&self) -> u64 {
        let executed = self.executed.lock();
        executed.values().map(|count| u64::from(count - 1)).sum()
    }

    /// Whether a write was executed.
    pub fn has_executed(&self, write: u64) -> bool {
        self.executed.lock().contains_key(&write)
    }

    fn write(&self, id: u64, value: u64, replica: usize) {
        *self.executed.lock().entry(value).or_default() += 1;
        let at = Instant::now();
        let version = Version { value, at, replica };
        self.values.lock().entry(id).or_default().push(version);
    }

    /// What a replica that is `lag` behind the others holds.
    fn read(&self, id: u64, replica: usize, lag: Duration) -> u64 {
        let values = self.values.lock();
        let versions = values.get(&id).into_iter().flatten();
        let visible = versions.filter(|one| one.replica == replica || one.at.elapsed() >= lag);
        visible.map(|one| one.value).max().unwrap_or(0)
    }
}

/// How fast replicas are.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    pub workers: usize,
    /// Mean of the service time, which is exponential.
    pub service: Duration,
}

/// A server's part in a cluster of Neo4j.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Leader,
    Follower,
}

/// How a replica fails at requests of clients, while its probes are good.
#[derive(Clone, Debug)]
pub struct Failing {
    pub status: u16,
    pub body: Value,
    /// Share of the requests, 0..=1.
    pub share: f64,
    pub only: Requests,
    /// Seconds, in the field of this name.
    pub retry_after: Option<u32>,
}

impl Failing {
    /// At every request.
    pub fn always(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            share: 1.0,
            only: Requests::All,
            retry_after: None,
        }
    }
}

/// One replica.
pub struct Replica {
    pub number: usize,
    store: Arc<Store>,
    pace: Mutex<Pace>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    /// Transactions that it opened.
    opened: AtomicUsize,
    /// Requests of transactions that another server opened.
    crossed: AtomicUsize,
    /// When each request of a client was taken, and whether it is a write.
    taken: Mutex<Vec<(Instant, bool)>>,
}

struct Pace {
    speed: Speed,
    lag: Duration,
    part: Part,
    failing: Option<Failing>,
    /// When each worker is free.
    free: Vec<Instant>,
    /// The service times, each with when it was drawn.
    drawn: Vec<(Instant, Duration)>,
    random: StdRng,
}

impl Replica {
    pub fn new(number: usize, store: Arc<Store>, speed: Speed, seed: u64) -> Self {
        let pace = Pace {
            speed,
            lag: Duration::ZERO,
            part: Part::Leader,
            failing: None,
            free: vec![Instant::now(); speed.workers],
            drawn: Vec::new(),
            random: StdRng::seed_from_u64(seed ^ (number as u64 + 1) << 40),
        };
        Self {
            number,
            store,
            pace: Mutex::new(pace),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
            crossed: AtomicUsize::new(0),
            taken: Mutex::default(),
        }
    }

    /// Changes the mean of the service time.
    pub fn set_service(&self, service: Duration) {
        self.pace.lock().speed.service = service;
    }

    /// How long after them this replica sees the writes of others.
    pub fn set_lag(&self, lag: Duration) {
        self.pace.lock().lag = lag;
    }

    pub fn set_part(&self, part: Part) {
        self.pace.lock().part = part;
    }

    /// Fails at once, or not any more.
    pub fn fail(&self, failing: Option<Failing>) {
        self.pace.lock().failing = failing;
    }

    /// Requests of clients that were taken between two moments.
    pub fn taken(&self, from: Instant, to: Instant) -> usize {
        let taken = self.taken.lock();
        let within = |(at, _): &&(Instant, bool)| (from..to).contains(at);
        taken.iter().filter(within).count()
    }

    /// When the writes, or the reads, were taken between two moments.
    pub fn taken_at(&self, write: bool, from: Instant, to: Instant) -> Vec<Instant> {
        let taken = self.taken.lock();
        let within = |one: &&(Instant, bool)| one.1 == write && (from..to).contains(&one.0);
        taken.iter().filter(within).map(|(at, _)| *at).collect()
    }

    /// Requests a second that its workers can do, with the service times as they were drawn between two moments.
    pub fn capacity(&self, from: Instant, to: Instant) -> f64 {
        let pace = self.pace.lock();
        let within = |(at, _): &&(Instant, Duration)| (from..to).contains(at);
        let drawn = pace.drawn.iter().filter(within);
        let (count, all) = drawn.fold((0.0, 0.0), |(count, all), (_, time)| {
            (count + 1.0, all + time.as_secs_f64())
        });
        pace.speed.workers as f64 * count / all
    }

    /// Most requests at a time so far.
    pub fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(SeqCst)
    }

    /// Requests of transactions that another server opened.
    pub fn crossed(&self) -> usize {
        self.crossed.load(SeqCst)
    }

    /// A request of a transaction, all of which write. What follows `/tx` is its id, which names the server.
    fn transaction(&self, path: &str) -> Response<Bytes> {
        let own = format!("{}-", self.number);
        let id = path.trim_matches('/').split('/').next().unwrap_or_default();
        let id = match id {
            "" => format!("{own}{}", self.opened.fetch_add(1, SeqCst)),
            id => id.to_owned(),
        };
        if !id.starts_with(&own) {
            self.crossed.fetch_add(1, SeqCst);
            return response(404, &failure("Neo.ClientError.Request.Invalid"));
        }
        if self.pace.lock().part == Part::Follower {
            return response(400, &failure("Neo.ClientError.Cluster.NotALeader"));
        }
        self.work();
        let mut done = rows(json!([]), json!([]));
        if !path.ends_with("/commit") {
            done["transaction"] = json!({"id": id, "expires": "2099-01-01T00:00:00Z"});
        }
        response(202, &done)
    }

    /// Takes a request of a client; a failure that it has at once.
    fn take(&self, write: bool) -> Option<Response<Bytes>> {
        self.taken.lock().push((Instant::now(), write));
        let failing = self.pace.lock().draw_failure(write)?;
        let mut failed = response(failing.status, &failing.body);
        if let Some(seconds) = failing.retry_after {
            failed.headers_mut().insert("retry-after", seconds.into());
        }
        Some(failed)
    }

    /// Takes a worker for a service time.
    fn work(&self) {
        let now = self.in_flight.fetch_add(1, SeqCst) + 1;
        self.most_in_flight.fetch_max(now, SeqCst);
        let done = self.pace.lock().next_end();
        std::thread::sleep(done.saturating_duration_since(Instant::now()));
        self.in_flight.fetch_sub(1, SeqCst);
    }

    fn qdrant(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let path = request.uri().path();
        if path == "/readyz" {
            return Some(response(200, &json!("ready")));
        }
        if path == "/aliases" {
            return Some(response(200, &result(json!({"aliases": []}))));
        }
        let points = path.strip_prefix("/collections/docs/points")?;
        let write = request.method() == Method::PUT;
        if let Some(failed) = self.take(write) {
            return Some(failed);
        }
        self.work();
        if write {
            let body: Value = serde_json::from_slice(request.body()).ok()?;
            let point = &body["points"][0];
            let value = point["payload"]["value"].as_u64()?;
            self.store.write(point["id"].as_u64()?, value, self.number);
            let done = json!({"operation_id": value, "status": "completed"});
            return Some(response(200, &result(done)));
        }
        let searched = request.method() == Method::POST;
        let id = match searched {
            true => serde_json::from_slice::<Value>(request.body()).ok()?["query"].as_u64()?,
            false => points.strip_prefix('/')?.parse().ok()?,
        };
        let value = self.store.read(id, self.number, self.pace.lock().lag);
        let point = json!({"id": id, "version": 1, "score": 1.0, "payload": {"value": value}});
        let found = if searched {
            json!({"points": [point]})
        } else {
            point
        };
        Some(response(200, &result(found)))
    }

    fn neo4j(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let part = self.pace.lock().part;
        if request.uri().path().ends_with("/cluster/writable") {
            let is_leader = part == Part::Leader;
            return Some(response(
                if is_leader { 200 } else { 404 },
                &json!(is_leader),
            ));
        }
        if let Some((_, transaction)) = request.uri().path().split_once("/query/v2/tx") {
            return Some(self.transaction(transaction));
        }
        let body: Value = serde_json::from_slice(request.body()).ok()?;
        let (id, value) = (&body["parameters"]["id"], &body["parameters"]["value"]);
        let Some(id) = id.as_u64() else {
            return Some(response(202, &rows(json!([]), json!([]))));
        };
        if let Some(failed) = self.take(value.is_u64()) {
            return Some(failed);
        }
        let Some(value) = value.as_u64() else {
            self.work();
            let value = self.store.read(id, self.number, self.pace.lock().lag);
            return Some(response(
                202,
                &rows(json!(["id", "value"]), json!([[id, value]])),
            ));
        };
        if part == Part::Follower {
            return Some(response(
                400,
                &failure("Neo.ClientError.Cluster.NotALeader"),
            ));
        }
        self.work();
        self.store.write(id, value, self.number);
        Some(response(
            202,
            &rows(json!(["id", "value"]), json!([[id, value]])),
        ))
    }
}

impl Pace {
    fn draw_failure(&mut self, write: bool) -> Option<Failing> {
        let failing = self.failing.clone()?;
        let applies = match failing.only {
            Requests::All => true,
            Requests::Reads => !write,
            Requests::Writes => write,
        };
        (applies && self.random.random::<f64>() < failing.share).then_some(failing)
    }

    /// When the request that comes now is done.
    fn next_end(&mut self) -> Instant {
        let now = Instant::now();
        let drawn = -(1.0 - self.random.random::<f64>()).ln();
        let service = self.speed.service.mul_f64(drawn);
        self.drawn.push((now, service));
        let first = self.free.iter_mut().min().expect("a worker");
        *first = now.max(*first) + service;
        *first
    }
}

impl Application for Replica {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let path = request.uri().path();
        let known = match path == "/" || path.starts_with("/db/") {
            true if path == "/" => Some(response(200, &json!({"neo4j_version": "5.26.0"}))),
            true => self.neo4j(request),
            false => self.qdrant(request),
        };
        known.unwrap_or_else(|| response(404, &json!({"status": {"error": "Not found"}})))
    }

    fn is_write(&self, request: &Request<Bytes>) -> bool {
        let body = String::from_utf8_lossy(request.body());
        request.method() == Method::PUT || body.contains("SET")
    }
}

/// A failure of the Query API with this code.
pub fn failure(code: &str) -> Value {
    json!({"errors": [{"code": code, "message": "an injected failure"}]})
}

fn result(result: Value) -> Value {
    json!({"result": result, "status": "ok", "time": 0.001})
}

fn rows(fields: Value, values: Value) -> Value {
    json!({"data": {"fields": fields, "values": values}, "bookmarks": ["FB:kcwQkgFKv0mFQVGED9FkC41oIQOQ"]})
}

fn response(status: u16, body: &Value) -> Response<Bytes> {
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    response.body(body.to_string().into()).expect("a response")
}
