//! What one worker of a trial does: it reads and writes the registers of a data set, which stand for
//! values in one of the databases.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use serde_json::Value;

use super::client::{Client, HttpRequest, JsonResponse, RequestError};
use super::environment::{Environment, QUARANTINE};
use super::fault_schedule::{self, FaultState};
use super::figures::Figures;
use super::register::{Observed, Outcome, Register};

/// How long a write of unknown outcome is followed. A server that takes longer is not an error: the
/// register allows for it.
const FOLLOW_LIMIT: Duration = Duration::from_secs(3);

/// A read and the registers whose values its response shows.
pub struct RegisterRead {
    pub request: HttpRequest,
    /// Keys in the response and their registers.
    pub shows: Vec<(String, usize)>,
    /// The response counts the values of at least this version.
    pub at_least: Option<u64>,
}

impl RegisterRead {
    /// The values that the response shows; `None` for an error response.
    pub fn observed(&self, response: &JsonResponse) -> Option<Vec<(usize, Observed)>> {
        let gone = response.status == 404 && self.request.method == "GET";
        if !response.is_good() && !gone {
            return None;
        }
        if let Some(version) = self.at_least {
            let count = count(&response.body)?;
            let (_, register) = self.shows.first()?;
            return Some(vec![(*register, Observed::AtLeast(version, count > 0))]);
        }
        let mut values = HashMap::new();
        collect(&response.body, &mut values);
        let observed = |key: &String| {
            let version = values.get(key.as_str());
            version.map_or(Observed::Absent, |version| Observed::Version(*version))
        };
        let observed = self.shows.iter().map(|(key, id)| (*id, observed(key)));
        Some(observed.collect())
    }
}

/// The count in a response of either database.
fn count(body: &Value) -> Option<u64> {
    let row = || body["data"]["values"][0][0].as_u64();
    body["result"]["count"].as_u64().or_else(row)
}

/// All payloads `{"key":..,"v":..}` and rows `[key, v]` of a response.
fn collect<'v>(value: &'v Value, found: &mut HashMap<&'v str, u64>) {
    match value {
        Value::Object(map) => {
            let pair = (map.get("key").and_then(Value::as_str), map.get("v"));
            if let (Some(key), Some(v)) = (pair.0, pair.1.and_then(Value::as_u64)) {
                found.insert(key, v);
            }
            map.values().for_each(|value| collect(value, found));
        }
        Value::Array(items) => {
            if let [Value::String(key), v] = items.as_slice()
                && let Some(v) = v.as_u64()
            {
                found.insert(key, v);
            }
            items.iter().for_each(|value| collect(value, found));
        }
        _ => {}
    }
}

/// Whether the database rejected the request as invalid, rather than for being busy (the graph has one writer).
fn is_rejected_as_invalid(response: &JsonResponse) -> bool {
    let code = response.body["errors"][0]["code"]
        .as_str()
        .unwrap_or_default();
    (400..500).contains(&response.status)
        && response.status != 429
        && !code.contains("TransientError")
}

/// Whether the response proves that nothing was written: an injected fault responds before the database
/// sees the request, and a transaction that gets no lock is rolled back.
fn had_no_effect(response: &JsonResponse) -> bool {
    let code = response.body["errors"][0]["code"].as_str();
    response.body["status"]["error"] == fault_schedule::INJECTED
        || code.is_some_and(|code| code.ends_with(".LockAcquisitionTimeout"))
}

/// Registers behind a database.
#[async_trait]
pub trait DataSet: Send + Sync {
    /// Its name in findings.
    fn name(&self) -> &'static str;
    /// Its registers.
    fn registers(&self) -> &[Register];
    /// Creates them, at version 1.
    async fn load(&self, worker: &Worker);
    /// A read of some of them.
    fn random_read(&self, env: &Environment, random: &mut StdRng) -> RegisterRead;
    /// One write of one of them.
    async fn write(&self, worker: &Worker, random: &mut StdRng);
    /// A read of one of them; `None` where none is always possible.
    fn read_of(&self, id: usize) -> Option<RegisterRead>;
    /// The same read sent directly to a replica that never lags.
    fn direct(&self, env: &Environment, read: &RegisterRead) -> HttpRequest;
    /// Whether a read between `began` and `ended` must not have been a hit.
    fn must_not_be_cached(&self, _read: &RegisterRead, _began: Instant, _ended: Instant) -> bool {
        false
    }
}

/// One worker, with a client of its own.
#[derive(Clone)]
pub struct Worker {
    pub client: Client,
    pub env: Arc<Environment>,
    pub figures: Arc<Figures>,
    pub faults: Arc<FaultState>,
}

impl Worker {
    /// Sends a write and returns its outcome.
    pub async fn write(&self, request: &HttpRequest, random: &mut StdRng) -> Outcome {
        self.write_with(request, random, |_| true).await
    }

    /// As `write`, where `has_effect` finds in the response whether anything was written.
    pub async fn write_with(
        &self,
        request: &HttpRequest,
        random: &mut StdRng,
        has_effect: impl Fn(&Value) -> bool + Send,
    ) -> Outcome {
        let response = self.send(request, random).await;
        self.outcome(request, response, has_effect)
    }

    /// Sends a write. While faults are active the client sometimes cancels it.
    pub async fn send(
        &self,
        request: &HttpRequest,
        random: &mut StdRng,
    ) -> Result<JsonResponse, RequestError> {
        self.figures.count("writes");
        self.client
            .send(request, self.faults.client_timeout(random))
            .await
    }

    /// What the response tells about a write.
    pub fn outcome(
        &self,
        request: &HttpRequest,
        response: Result<JsonResponse, RequestError>,
        has_effect: impl Fn(&Value) -> bool,
    ) -> Outcome {
        match response {
            Ok(response) if response.is_good() && has_effect(&response.body) => {
                Outcome::Acknowledged
            }
            Ok(response) if response.is_good() => {
                self.figures
                    .find("writes that matched nothing", || format!("{request:?}"));
                Outcome::Unknown
            }
            Ok(response) if had_no_effect(&response) => {
                self.figures.count("writes without effect");
                Outcome::NoEffect
            }
            Ok(response) if is_rejected_as_invalid(&response) => {
                self.figures.find("writes rejected as invalid", || {
                    format!("{request:?}: {} {}", response.status, response.body)
                });
                Outcome::Unknown
            }
            _ => {
                self.figures.count("writes of unknown outcome");
                Outcome::Unknown
            }
        }
    }

    /// Writes a version of some registers and follows the first of them until the outcome is known.
    pub async fn write_version(
        &self,
        data: &dyn DataSet,
        ids: &[usize],
        version: u64,
        request: &HttpRequest,
        random: &mut StdRng,
    ) -> Outcome {
        let sent = Instant::now();
        let outcome = self.write(request, random).await;
        self.settle(data, ids, version, outcome, sent).await
    }

    /// Records the outcome of a write sent at `sent` or later; an unknown one is looked up in the database.
    pub async fn settle(
        &self,
        data: &dyn DataSet,
        ids: &[usize],
        version: u64,
        outcome: Outcome,
        sent: Instant,
    ) -> Outcome {
        let registers = || ids.iter().map(|id| &data.registers()[*id]);
        for register in registers() {
            if register
                .record_write(version, outcome, sent + QUARANTINE)
                .is_err()
            {
                self.figures
                    .find("responses with a value never written", || {
                        format!(
                            "{} {ids:?}: {version} was observed and never written",
                            data.name()
                        )
                    });
            }
        }
        if !matches!(outcome, Outcome::Accepted | Outcome::Unknown) {
            return outcome;
        }
        let Some(at) = self.wait_until_applied(data, ids[0], version).await else {
            return outcome;
        };
        if at > sent + QUARANTINE {
            self.figures.count("writes applied after the quarantine");
        }
        registers().for_each(|register| register.record_read(version, at));
        Outcome::Acknowledged
    }

    /// When the database was first seen to have applied the version; `None` within the limit.
    async fn wait_until_applied(
        &self,
        data: &dyn DataSet,
        id: usize,
        version: u64,
    ) -> Option<Instant> {
        let deadline = Instant::now() + FOLLOW_LIMIT;
        let deleted = data.registers()[id].is_deleted_at(version);
        let read = data.read_of(id)?;
        while Instant::now() < deadline {
            let applied = match self.read_directly(data, &read).await.first() {
                Some((_, Observed::Version(found))) => *found == version,
                Some((_, Observed::Absent)) => deleted,
                _ => false,
            };
            if applied {
                return Some(Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// What the database shows to a read that bypasses pointsman.
    pub async fn read_directly(
        &self,
        data: &dyn DataSet,
        read: &RegisterRead,
    ) -> Vec<(usize, Observed)> {
        let request = data.direct(&self.env, read);
        let response = Client::default().send(&request, None).await;
        response
            .ok()
            .and_then(|response| read.observed(&response))
            .unwrap_or_default()
    }
}

/// A member of a slice.
pub fn any_of<T: Copy>(items: &[T], random: &mut impl Rng) -> T {
    items[random.random_range(0..items.len())]
}
