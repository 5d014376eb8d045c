//! The parts of a record: what was understood, what the cache said, how the endpoint was chosen,
//! where the time went. Each is bounded when it is made, and holds no word that a client could abuse.

use super::attempts::{Attempts, UNDER_WAY};
use super::name::Name;
use super::safe;
use crate::clock::Moment;
use crate::dialect::{Call, Effect, Fault, Fence, Placement, QueryType, Target};
use crate::plan::Category;
use balancing::Distance;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::time::Duration;

/// Scores and exclusions kept per record.
pub const MAX_CANDIDATES: usize = 32;
/// Attempts kept per record; the count goes on.
pub const MAX_ATTEMPTS: usize = 16;

/// What the dialect understood.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Facts {
    pub operation: &'static str,
    pub effect: Effect,
    pub query_type: QueryType,
    /// `service`, `collection/<name>` or `database/<name>`; bounded and escaped.
    pub target: Cow<'static, str>,
    pub reason: &'static str,
    pub fence: Fence,
    pub placement: Placement,
    /// Hexadecimal in print, as 64 bits do not survive JSON numbers.
    #[serde(serialize_with = "hexadecimal")]
    pub shape: u64,
}

/// What the cache said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CacheNote {
    pub status: CacheResult,
    /// From the cache's closed set of words.
    pub reason: &'static str,
    pub category: Option<Category>,
    /// Age of the stored response.
    #[serde(serialize_with = "maybe_seconds")]
    pub age: Option<Duration>,
    /// Time that the stored response may still be served.
    #[serde(serialize_with = "maybe_seconds")]
    pub ttl: Option<Duration>,
}

/// The three words of `x-pointsman-cache`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheResult {
    Hit,
    Miss,
    Bypass,
}

/// How the endpoint was chosen, and what came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RouteNote {
    /// The strategy's word in the configuration; empty when no endpoint was wanted.
    pub strategy: Cow<'static, str>,
    pub attempts: Attempts,
    /// Endpoints that were left out, and why; at most [`MAX_CANDIDATES`].
    pub excluded: Vec<Excluded>,
    /// The rung of the ladder of degradation on which the service was; `None` when no endpoint was wanted.
    pub rung: Option<&'static str>,
    /// How many endpoints could have taken the call; known when none was chosen.
    pub counts: Option<EndpointCounts>,
}

/// One exchange with one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptNote {
    pub endpoint: Name,
    /// Why this endpoint: a word of the strategy's closed set.
    pub reason: &'static str,
    /// The score by which it was chosen, where the strategy has one.
    pub score: Option<f64>,
    /// All endpoints as the choice saw them, the chosen one too; at most [`MAX_CANDIDATES`].
    pub scores: Vec<Candidate>,
    /// `None`: no response came.
    pub status: Option<u16>,
    pub fault: Fault,
    /// The judge's word for the response or for the failed exchange; `under_way` before its end, `abandoned` where nobody
    /// waited for that.
    pub code: &'static str,
    /// The endpoint's own time, until its response was there or began to stream.
    #[serde(serialize_with = "maybe_seconds")]
    pub service_time: Option<Duration>,
    /// The time of the endpoint that was expected when it was chosen.
    #[serde(skip)]
    pub expected: Option<ExpectedTime>,
    /// How far the endpoint is from where its requests should stay, where it might have been another one.
    #[serde(skip)]
    pub distance: Distance,
    /// What kept the request from nearer endpoints; empty where it is near.
    #[serde(skip)]
    pub spill: &'static str,
    #[serde(skip)]
    pub started: Moment,
    /// From the sending of the request until the endpoint had sent all; what a slow client held up is part of it.
    #[serde(serialize_with = "seconds")]
    pub elapsed: Duration,
}

/// How long an attempt is expected to take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ExpectedTime {
    /// The strategy has learned it.
    Learned(Duration),
    /// The strategy learns no times: the plan's estimate.
    Planned(Duration),
}

/// An endpoint as a choice saw it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    pub endpoint: Name,
    /// How the strategy rates it, lower is better; `None` where it compares nothing.
    pub score: Option<f64>,
    pub in_flight: u32,
    /// From the balancer's closed set of words; `None` when it could be chosen.
    pub excluded: Option<&'static str>,
}

/// An endpoint that could not be chosen.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excluded {
    pub endpoint: Name,
    /// From the balancer's closed set of words.
    pub reason: &'static str,
}

/// How far the endpoints of a service could take a call; each count is of all endpoints.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EndpointCounts {
    /// Endpoints that may take such a call at all (role, placement).
    pub capable: u32,
    /// Endpoints with room for one more request.
    pub with_capacity: u32,
    /// Endpoints in service.
    pub online: u32,
}

/// Where the time went. `None`: the stage was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct PhaseTimes {
    #[serde(serialize_with = "seconds")]
    pub total: Duration,
    #[serde(serialize_with = "maybe_seconds")]
    pub understand: Option<Duration>,
    #[serde(serialize_with = "maybe_seconds")]
    pub plan: Option<Duration>,
    #[serde(serialize_with = "maybe_seconds")]
    pub cache: Option<Duration>,
    /// Waiting for an endpoint with room, for all attempts together.
    #[serde(serialize_with = "maybe_seconds")]
    pub queue: Option<Duration>,
    /// Choosing endpoints, for all attempts together.
    #[serde(serialize_with = "maybe_seconds")]
    pub route: Option<Duration>,
    /// While any attempt was under way.
    #[serde(serialize_with = "maybe_seconds")]
    pub upstream: Option<Duration>,
    /// From the start until the first byte went to the client.
    #[serde(serialize_with = "maybe_seconds")]
    pub first_byte: Option<Duration>,
}

impl CacheResult {
    /// The name in headers, metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            CacheResult::Hit => "hit",
            CacheResult::Miss => "miss",
            CacheResult::Bypass => "bypass",
        }
    }
}

impl Facts {
    /// The facts of a call that may be kept and shown.
    pub fn of(call: &Call) -> Self {
        Self {
            operation: call.operation,
            effect: call.effect,
            query_type: call.query_type,
            target: target(&call.target),
            reason: call.reason,
            fence: call.fence,
            placement: placement(&call.placement),
            shape: call.shape,
        }
    }
}

fn target(target: &Target) -> Cow<'static, str> {
    let (kind, name) = match target {
        Target::Service => return Cow::Borrowed("service"),
        Target::Collection(name) => ("collection", name),
        Target::Database(name) => ("database", name),
    };
    Cow::Owned(format!("{kind}/{}", safe::text(name, safe::MAX_TEXT)))
}

/// The token of a pinned call comes from the client's path, so it is bounded too.
fn placement(placement: &Placement) -> Placement {
    match placement {
        Placement::Pinned(token) => {
            Placement::Pinned(safe::text(token, safe::MAX_TEXT).into_owned())
        }
        other => other.clone(),
    }
}

impl AttemptNote {
    /// An attempt at this endpoint that is sent now, chosen for this reason.
    pub fn sent(endpoint: Name, reason: &'static str, started: Moment) -> Self {
        Self {
            endpoint,
            reason,
            score: None,
            scores: Vec::new(),
            status: None,
            fault: Fault::None,
            code: UNDER_WAY,
            service_time: None,
            expected: None,
            distance: Distance::Near,
            spill: "",
            started,
            elapsed: Duration::ZERO,
        }
    }
}

impl RouteNote {
    /// Notes the endpoints that were left out.
    pub fn excluded(&mut self, excluded: impl IntoIterator<Item = Excluded>) {
        let room = MAX_CANDIDATES.saturating_sub(self.excluded.len());
        self.excluded.extend(excluded.into_iter().take(room));
    }

    /// The endpoint of the attempt that decided the request.
    pub fn endpoint(&self) -> Option<Name> {
        self.attempts.decisive().map(|attempt| attempt.endpoint)
    }
}

fn seconds<S: Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

fn maybe_seconds<S: Serializer>(span: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    span.map(|span| span.as_secs_f64()).serialize(serializer)
}

pub(super) fn hexadecimal<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:016x}"))
}
