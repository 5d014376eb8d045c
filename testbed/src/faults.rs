//! Faults injected by one listener, set through a shared handle while it serves, and the requests
//! it received.
//!
//! The faults of a request are decided before the application runs it (`FaultPlan`), so a test can
//! tell a request that never ran from one that ran and whose response was lost. A request cannot
//! choose its faults: there is no header for it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How many requests a listener keeps. Older ones are dropped; the counters still include them.
const KEPT: usize = 2_000;

/// A fixed response, sent in place of the application's, which never sees the request.
#[derive(Clone, Debug)]
pub struct CannedResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl CannedResponse {
    /// A response with a JSON body.
    ///
    /// # Panics
    /// If `status` is not a status code (100 to 999).
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// A response with a text body.
    ///
    /// # Panics
    /// If `status` is not a status code (100 to 999).
    pub fn text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static(content_type),
        );
        let status = StatusCode::from_u16(status).expect("a status code");
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// The same response with one more field.
    ///
    /// # Panics
    /// If `value` is not a valid field value.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(name, value.parse().expect("a field value"));
        self
    }
}

/// How often a fault applies.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// To the next `n` requests.
    Next(u32),
    /// To every request until changed.
    Always,
    /// To a request with this probability, 0..=1, drawn from the listener's seeded generator.
    Probability(f64),
}

/// Which requests a fault applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requests {
    All,
    Reads,
    Writes,
}

impl Requests {
    fn include(self, write: bool) -> bool {
        match self {
            Self::All => true,
            Self::Reads => !write,
            Self::Writes => write,
        }
    }
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: Method,
    /// Path and query as sent.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether the application classified it as a write; `Requests` selects by this.
    pub write: bool,
}

impl ReceivedRequest {
    /// The path as sent, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// What happens to one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultPlan {
    pub hang: bool,
    pub delay: Option<Duration>,
    pub response: Option<CannedResponse>,
    pub delay_response: Option<Duration>,
    pub cut_after: Option<usize>,
    pub trickle: Option<(usize, Duration)>,
}

#[derive(Default)]
struct Settings {
    refuse: bool,
    hang: Option<Requests>,
    delay: Option<(Duration, Requests)>,
    delay_response: Option<(Duration, Requests)>,
    response: Option<(CannedResponse, When, Requests)>,
    cut_after: Option<(usize, When, Requests)>,
    trickle: Option<(usize, Duration)>,
}

struct State {
    settings: Settings,
    random: StdRng,
    counts: HashMap<(Method, String), u64>,
    connections: u64,
    writes: u64,
    received: VecDeque<ReceivedRequest>,
}

/// The handle: clones share one state.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<State>>);

impl Default for Faults {
    fn default() -> Self {
        Self::seeded(0)
    }
}

impl Faults {
    /// A handle without faults whose probabilities are drawn from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            settings: Settings::default(),
            random: StdRng::seed_from_u64(seed),
            counts: HashMap::new(),
            connections: 0,
            writes: 0,
            received: VecDeque::new(),
        })))
    }

    /// Resets every new connection at once (the port still accepts; `Listener::kill` closes it).
    pub fn refuse(&self, on: bool) {
        self.0.lock().settings.refuse = on;
    }

    /// Reads requests and never responds to them. A hanging request still hangs after `hang(None)`.
    pub fn hang(&self, only: Option<Requests>) {
        self.0.lock().settings.hang = only;
    }

    /// Waits before the application runs a request. Zero: no wait.
    pub fn delay(&self, wait: Duration, only: Requests) {
        self.0.lock().settings.delay = (!wait.is_zero()).then_some((wait, only));
    }

    /// Waits after the application has run a request, before the response is sent. Zero: no wait.
    pub fn delay_response(&self, wait: Duration, only: Requests) {
        self.0.lock().settings.delay_response = (!wait.is_zero()).then_some((wait, only));
    }

    /// Seeds the generator of the probabilities again, for runs that repeat.
    pub fn seed(&self, seed: u64) {
        self.0.lock().random = StdRng::seed_from_u64(seed);
    }

    /// Sends this response in place of the application's, which never sees the request.
    pub fn respond(&self, response: CannedResponse, when: When) {
        self.respond_only(response, when, Requests::All);
    }

    /// As `respond`, for reads or writes only.
    pub fn respond_only(&self, response: CannedResponse, when: When, only: Requests) {
        self.0.lock().settings.response = Some((response, when, only));
    }

    /// Lets the application run the request, then closes the connection after `bytes` of the
    /// response's body. With 0 the client does not even receive a status line.
    pub fn cut_after(&self, bytes: usize, when: When, only: Requests) {
        self.0.lock().settings.cut_after = Some((bytes, when, only));
    }

    /// Sends bodies in pieces of `bytes`, one per `every`.
    pub fn trickle(&self, bytes: usize, every: Duration) {
        self.0.lock().settings.trickle = Some((bytes.max(1), every));
    }

    /// Removes all faults. Counters are kept.
    pub fn clear(&self) {
        self.0.lock().settings = Settings::default();
    }

    /// Requests received with this method and path (as sent, without the query).
    pub fn count(&self, method: &Method, path: &str) -> u64 {
        let state = self.0.lock();
        state
            .counts
            .get(&(method.clone(), path.to_owned()))
            .copied()
            .unwrap_or(0)
    }

    /// Requests received, of all kinds.
    pub fn total(&self) -> u64 {
        self.0.lock().counts.values().sum()
    }

    /// Writes received, applied or not.
    pub fn writes(&self) -> u64 {
        self.0.lock().writes
    }

    /// Connections accepted.
    pub fn connections(&self) -> u64 {
        self.0.lock().connections
    }

    /// The newest requests, oldest first, at most 2,000.
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.0.lock().received.iter().cloned().collect()
    }

    /// Drops the recorded requests and resets the counters. Faults are kept.
    pub fn reset_counters(&self) {
        let mut state = self.0.lock();
        state.counts.clear();
        state.received.clear();
        state.writes = 0;
        state.connections = 0;
    }

    /// Counts a new connection; false when it is to be reset.
    pub(crate) fn accept(&self) -> bool {
        let mut state = self.0.lock();
        state.connections += 1;
        !state.settings.refuse
    }

    /// Records a request and decides its faults.
    pub(crate) fn plan(&self, request: ReceivedRequest) -> FaultPlan {
        let mut state = self.0.lock();
        let write = request.write;
        *state
            .counts
            .entry((request.method.clone(), request.path().to_owned()))
            .or_default() += 1;
        state.writes += u64::from(write);
        if state.received.len() >= KEPT {
            state.received.pop_front();
        }
        state.received.push_back(request);
        let State {
            settings, random, ..
        } = &mut *state;
        FaultPlan {
            hang: settings.hang.is_some_and(|only| only.include(write)),
            delay: wait_of(settings.delay, write),
            delay_response: wait_of(settings.delay_response, write),
            response: settings
                .response
                .as_mut()
                .and_then(|(response, when, only)| {
                    (only.include(write) && applies(when, random)).then(|| response.clone())
                }),
            cut_after: settings.cut_after.as_mut().and_then(|(bytes, when, only)| {
                (only.include(write) && applies(when, random)).then_some(*bytes)
            }),
            trickle: settings.trickle,
        }
    }
}

fn wait_of(setting: Option<(Duration, Requests)>, write: bool) -> Option<Duration> {
    setting
        .filter(|(_, only)| only.include(write))
        .map(|(wait, _)| wait)
}

fn applies(when: &mut When, random: &mut StdRng) -> bool {
    match when {
        When::Always => true,
        When::Next(0) => false,
        When::Next(left) => {
            *left -= 1;
            true
        }
        When::Probability(probability) => random.random::<f64>() < *probability,
    }
}
