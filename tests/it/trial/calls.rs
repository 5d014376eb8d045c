//! What the trials read and write: a stock of registers behind one of the databases.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use serde_json::Value;

use super::client::{Call, Client, Got, Lost};
use super::figures::Figures;
use super::place::{Place, QUARANTINE};
use super::register::{Register, Shown, Told};
use super::weather::{self, Weather};

/// How long a write of unknown outcome is followed. A server that takes longer is no error: the register
/// reckons with it.
const FOLLOWED: Duration = Duration::from_secs(3);

/// A read, and whose values it shows.
pub struct Look {
    pub call: Call,
    /// Keys in the answer, and their registers.
    pub asked: Vec<(String, usize)>,
    /// The answer is a count of values that are at least so new.
    pub at_least: Option<u64>,
}

impl Look {
    /// What the answer shows; `None` where it says nothing.
    pub fn shown(&self, got: &Got) -> Option<Vec<(usize, Shown)>> {
        let gone = got.status == 404 && self.call.method == "GET";
        if !got.is_good() && !gone {
            return None;
        }
        if let Some(version) = self.at_least {
            let count = count(&got.body)?;
            let (_, register) = self.asked.first()?;
            return Some(vec![(*register, Shown::AtLeast(version, count > 0))]);
        }
        let mut values = HashMap::new();
        collect(&got.body, &mut values);
        let shown = |key: &String| {
            let version = values.get(key.as_str());
            version.map_or(Shown::Nothing, |version| Shown::Version(*version))
        };
        let shown = self.asked.iter().map(|(key, id)| (*id, shown(key)));
        Some(shown.collect())
    }
}

/// The count of an answer, of either database.
fn count(body: &Value) -> Option<u64> {
    let row = || body["data"]["values"][0][0].as_u64();
    body["result"]["count"].as_u64().or_else(row)
}

/// All payloads `{"key":..,"v":..}` and rows `[key, v]` of an answer.
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

/// Whether the database found the request itself wrong; it may also be busy, as the graph with its one writer.
fn is_our_mistake(got: &Got) -> bool {
    let code = got.body["errors"][0]["code"].as_str().unwrap_or_default();
    (400..500).contains(&got.status) && got.status != 429 && !code.contains("TransientError")
}

/// Whether the answer says for certain that nothing was written: the storm's own answer comes before the
/// database sees the call, and a transaction that gets no lock is rolled back.
fn had_no_effect(got: &Got) -> bool {
    let code = got.body["errors"][0]["code"].as_str();
    got.body["status"]["error"] == weather::MADE_UP
        || code.is_some_and(|code| code.ends_with(".LockAcquisitionTimeout"))
}

/// Registers behind a database.
#[async_trait]
pub trait Stock: Send + Sync {
    /// Its name in findings.
    fn name(&self) -> &'static str;
    /// Its registers.
    fn registers(&self) -> &[Register];
    /// Makes them, at version 1.
    async fn fill(&self, hand: &Hand);
    /// A read of some of them.
    fn look(&self, place: &Place, random: &mut StdRng) -> Look;
    /// One write of one of them.
    async fn write(&self, hand: &Hand, random: &mut StdRng);
    /// A read of one of them; `None` where there is none that always works.
    fn look_at(&self, id: usize) -> Option<Look>;
    /// The same read past pointsman, at a replica that never lags.
    fn past(&self, place: &Place, look: &Look) -> Call;
    /// Whether a read from `began` to `ended` may not have been answered from store at all.
    fn was_quiet(&self, _look: &Look, _began: Instant, _ended: Instant) -> bool {
        false
    }
}

/// The hand of one worker.
#[derive(Clone)]
pub struct Hand {
    pub client: Client,
    pub place: Arc<Place>,
    pub figures: Arc<Figures>,
    pub weather: Arc<Weather>,
}

impl Hand {
    /// Writes, and says what is known of it. In a storm the client sometimes goes away.
    pub async fn write(&self, call: &Call, random: &mut StdRng) -> Told {
        self.write_with(call, random, |_| true).await
    }

    /// The same, where the answer tells whether anything was written.
    pub async fn write_with(
        &self,
        call: &Call,
        random: &mut StdRng,
        has_effect: impl Fn(&Value) -> bool + Send,
    ) -> Told {
        let got = self.send(call, random).await;
        self.outcome(call, got, has_effect)
    }

    /// Sends a write. In a storm the client sometimes goes away.
    pub async fn send(&self, call: &Call, random: &mut StdRng) -> Result<Got, Lost> {
        self.figures.count("writes");
        self.client.ask(call, self.weather.patience(random)).await
    }

    /// What is known of a write after its answer.
    pub fn outcome(
        &self,
        call: &Call,
        got: Result<Got, Lost>,
        has_effect: impl Fn(&Value) -> bool,
    ) -> Told {
        match got {
            Ok(got) if got.is_good() && has_effect(&got.body) => Told::Done,
            Ok(got) if got.is_good() => {
                self.figures
                    .find("writes without an effect", || format!("{call:?}"));
                Told::Unknown
            }
            Ok(got) if had_no_effect(&got) => {
                self.figures.count("writes refused for the moment");
                Told::Never
            }
            Ok(got) if is_our_mistake(&got) => {
                self.figures.find("writes refused as wrong", || {
                    format!("{call:?}: {} {}", got.status, got.body)
                });
                Told::Unknown
            }
            _ => {
                self.figures.count("writes of unknown outcome");
                Told::Unknown
            }
        }
    }

    /// Writes a version of registers, the first of which tells what became of it, and follows it until
    /// that is known. The turn is held meanwhile.
    pub async fn put(
        &self,
        stock: &dyn Stock,
        ids: &[usize],
        version: u64,
        call: &Call,
        random: &mut StdRng,
    ) -> Told {
        let sent = Instant::now();
        let told = self.write(call, random).await;
        self.note(stock, ids, version, told, sent).await
    }

    /// Notes what became of a write that was sent at `sent` or later; one of unknown outcome is looked
    /// for at the database itself.
    pub async fn note(
        &self,
        stock: &dyn Stock,
        ids: &[usize],
        version: u64,
        told: Told,
        sent: Instant,
    ) -> Told {
        let registers = || ids.iter().map(|id| &stock.registers()[*id]);
        for register in registers() {
            if register.told(version, told, sent + QUARANTINE).is_err() {
                self.figures.find("invented answers", || {
                    format!(
                        "{} {ids:?}: {version} was shown and never written",
                        stock.name()
                    )
                });
            }
        }
        if !matches!(told, Told::Queued | Told::Unknown) {
            return told;
        }
        let Some(at) = self.is_there(stock, ids[0], version).await else {
            return told;
        };
        if at > sent + QUARANTINE {
            self.figures.count("writes applied after the quarantine");
        }
        registers().for_each(|register| register.saw(version, at));
        Told::Done
    }

    /// When the database itself was found to show the version.
    async fn is_there(&self, stock: &dyn Stock, id: usize, version: u64) -> Option<Instant> {
        let deadline = Instant::now() + FOLLOWED;
        let gone = stock.registers()[id].is_gone_at(version);
        let look = stock.look_at(id)?;
        while Instant::now() < deadline {
            let there = match self.truth(stock, &look).await.first() {
                Some((_, Shown::Version(found))) => *found == version,
                Some((_, Shown::Nothing)) => gone,
                _ => false,
            };
            if there {
                return Some(Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// What the database itself shows, asked past pointsman.
    pub async fn truth(&self, stock: &dyn Stock, look: &Look) -> Vec<(usize, Shown)> {
        let call = stock.past(&self.place, look);
        let got = Client::default().ask(&call, None).await;
        got.ok()
            .and_then(|got| look.shown(&got))
            .unwrap_or_default()
    }
}

/// A member of a slice.
pub fn any_of<T: Copy>(items: &[T], random: &mut impl Rng) -> T {
    items[random.random_range(0..items.len())]
}
