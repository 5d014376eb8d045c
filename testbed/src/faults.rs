//! Faults of one front door, set through a shared handle while it serves, and what it has seen.
//!
//! A fault is chosen before the request is read by the application (`Plan`), so that a test can
//! tell a request that never ran from one that ran and whose answer was lost. Requests never
//! choose faults: there is no header for it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How many requests a door remembers whole. Older ones are forgotten, the counters are not.
const REMEMBERED: usize = 2_000;

/// A made-up answer that the application never sees the request for.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    /// An answer with a JSON body.
    ///
    /// # Panics
    /// If `status` is not a status code (100 to 999).
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// An answer with a text body.
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

    /// The same answer with one more header.
    ///
    /// # Panics
    /// If `value` may not stand in a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers
            .insert(name, value.parse().expect("a header value"));
        self
    }
}

/// How often a made-up answer is given.
#[derive(Clone, Copy, Debug)]
pub enum When {
    /// To the next `n` requests, then no longer.
    Next(u32),
    /// To every request until changed.
    Always,
    /// To a request with this chance, 0..=1, drawn from the door's seeded dice.
    Chance(f64),
}

/// Which requests a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Only {
    All,
    Reads,
    Writes,
}

impl Only {
    fn is_for(self, write: bool) -> bool {
        match self {
            Self::All => true,
            Self::Reads => !write,
            Self::Writes => write,
        }
    }
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    /// Path and query as sent.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// What the door takes it for (`Only::Reads`, `Only::Writes` go by this).
    pub write: bool,
}

impl Seen {
    /// The path as sent, without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// What is to happen to one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub hang: bool,
    pub delay: Option<Duration>,
    pub answer: Option<Answer>,
    pub late: Option<Duration>,
    pub cut_after: Option<usize>,
    pub trickle: Option<(usize, Duration)>,
}

#[derive(Default)]
struct Settings {
    refuse: bool,
    hang: Option<Only>,
    delay: Option<(Duration, Only)>,
    late: Option<(Duration, Only)>,
    answer: Option<(Answer, When, Only)>,
    cut_after: Option<(usize, When, Only)>,
    trickle: Option<(usize, Duration)>,
}

struct State {
    settings: Settings,
    dice: StdRng,
    counts: HashMap<(Method, String), u64>,
    connections: u64,
    writes: u64,
    seen: VecDeque<Seen>,
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
    /// A handle without faults whose chances are drawn from `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(State {
            settings: Settings::default(),
            dice: StdRng::seed_from_u64(seed),
            counts: HashMap::new(),
            connections: 0,
            writes: 0,
            seen: VecDeque::new(),
        })))
    }

    /// Resets every new connection at once (the port still accepts; `Door::kill` closes it).
    pub fn refuse(&self, on: bool) {
        self.0.lock().settings.refuse = on;
    }

    /// Reads requests and never answers them. A hanging request goes on hanging after `hang(None)`.
    pub fn hang(&self, only: Option<Only>) {
        self.0.lock().settings.hang = only;
    }

    /// Waits before the application sees a request. Zero: no wait.
    pub fn delay(&self, wait: Duration, only: Only) {
        self.0.lock().settings.delay = (!wait.is_zero()).then_some((wait, only));
    }

    /// Waits after the application has run a request, before its answer is sent. Zero: no wait.
    pub fn late(&self, wait: Duration, only: Only) {
        self.0.lock().settings.late = (!wait.is_zero()).then_some((wait, only));
    }

    /// Starts the door's dice anew, for chances that repeat.
    pub fn seed(&self, seed: u64) {
        self.0.lock().dice = StdRng::seed_from_u64(seed);
    }

    /// Gives this answer in place of the application's, which never sees the request.
    pub fn answer(&self, answer: Answer, when: When) {
        self.answer_only(answer, when, Only::All);
    }

    /// As `answer`, for reads or writes only.
    pub fn answer_only(&self, answer: Answer, when: When, only: Only) {
        self.0.lock().settings.answer = Some((answer, when, only));
    }

    /// Lets the application run the request, then closes the connection after `bytes` of the
    /// answer's body. With 0 the client gets not even a status line.
    pub fn cut_after(&self, bytes: usize, when: When, only: Only) {
        self.0.lock().settings.cut_after = Some((bytes, when, only));
    }

    /// Sends answers in pieces of `bytes`, `every` so often.
    pub fn trickle(&self, bytes: usize, every: Duration) {
        self.0.lock().settings.trickle = Some((bytes.max(1), every));
    }

    /// Takes all faults back. Counters stay.
    pub fn clear(&self) {
        self.0.lock().settings = Settings::default();
    }

    /// Requests seen with this method and path (as sent, without the query).
    pub fn count(&self, method: &Method, path: &str) -> u64 {
        let state = self.0.lock();
        state
            .counts
            .get(&(method.clone(), path.to_owned()))
            .copied()
            .unwrap_or(0)
    }

    /// Requests seen, of all kinds.
    pub fn total(&self) -> u64 {
        self.0.lock().counts.values().sum()
    }

    /// Requests seen that the door takes for writes, applied or not.
    pub fn writes(&self) -> u64 {
        self.0.lock().writes
    }

    /// Connections accepted.
    pub fn connections(&self) -> u64 {
        self.0.lock().connections
    }

    /// The newest requests, oldest first, at most 2,000.
    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().seen.iter().cloned().collect()
    }

    /// Forgets what was seen; the faults stay.
    pub fn forget(&self) {
        let mut state = self.0.lock();
        state.counts.clear();
        state.seen.clear();
        state.writes = 0;
        state.connections = 0;
    }

    /// Notes a new connection; false when it is to be reset.
    pub(crate) fn accept(&self) -> bool {
        let mut state = self.0.lock();
        state.connections += 1;
        !state.settings.refuse
    }

    /// Notes a request and says what is to happen to it.
    pub(crate) fn plan(&self, seen: Seen) -> Plan {
        let mut state = self.0.lock();
        let write = seen.write;
        *state
            .counts
            .entry((seen.method.clone(), seen.path().to_owned()))
            .or_default() += 1;
        state.writes += u64::from(write);
        if state.seen.len() >= REMEMBERED {
            state.seen.pop_front();
        }
        state.seen.push_back(seen);
        let State { settings, dice, .. } = &mut *state;
        Plan {
            hang: settings.hang.is_some_and(|only| only.is_for(write)),
            delay: wait_of(settings.delay, write),
            late: wait_of(settings.late, write),
            answer: settings.answer.as_mut().and_then(|(answer, when, only)| {
                (only.is_for(write) && due(when, dice)).then(|| answer.clone())
            }),
            cut_after: settings.cut_after.as_mut().and_then(|(bytes, when, only)| {
                (only.is_for(write) && due(when, dice)).then_some(*bytes)
            }),
            trickle: settings.trickle,
        }
    }
}

fn wait_of(setting: Option<(Duration, Only)>, write: bool) -> Option<Duration> {
    setting
        .filter(|(_, only)| only.is_for(write))
        .map(|(wait, _)| wait)
}

fn due(when: &mut When, dice: &mut StdRng) -> bool {
    match when {
        When::Always => true,
        When::Next(0) => false,
        When::Next(left) => {
            *left -= 1;
            true
        }
        When::Chance(chance) => dice.random::<f64>() < *chance,
    }
}
