//! The one record of a request. A plain value: it can be printed, kept and compared. Text that a
//! client chose is bounded and escaped when it enters; bodies, parameters and credentials never do.

use super::headline::headline;
use super::name::Name;
use super::notes::{CacheNote, Facts, PhaseTimes, RouteNote};
use crate::clock::Moment;
use crate::dialect::{Effect, Fault};
use crate::plan::Plan;
use crate::rejection::RejectionReason;
use crate::request_id::RequestId;
use serde::Serialize;
use std::borrow::Cow;
use std::net::IpAddr;

/// Everything that is known of one request when it ends.
#[derive(Debug, Clone, Serialize)]
pub struct Observation {
    pub id: RequestId,
    /// The client's own `x-request-id`, when it was taken over.
    pub request_id: Option<String>,
    /// Milliseconds since 1970, for people.
    pub start_unix_ms: u64,
    /// Monotonic, for ages.
    #[serde(skip)]
    pub start: Moment,
    pub service: Name,
    pub dialect: &'static str,
    pub listener: Name,
    pub client: Option<IpAddr>,
    pub method: Cow<'static, str>,
    /// Without the query; at most [`super::safe::MAX_TEXT`] bytes, control characters escaped.
    pub path: String,
    /// `None`: the request ended before it was understood.
    pub call: Option<Facts>,
    pub plan: Option<Plan>,
    pub cache: Option<CacheNote>,
    pub route: RouteNote,
    /// Set when pointsman itself refused.
    pub rejection: Option<RejectionReason>,
    /// The status sent to the client; `None` when there was none.
    pub status: Option<u16>,
    /// Body bytes from the client.
    pub bytes_in: u64,
    /// Body bytes to the client.
    pub bytes_out: u64,
    pub times: PhaseTimes,
    pub outcome: Outcome,
    pub slow: bool,
    /// Generation of the configuration under which the request ran.
    pub generation: u64,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The client has the whole response, whatever it says.
    Complete,
    /// The client left.
    AbortedByClient,
    /// The endpoint closed or failed after the response had begun.
    AbortedByUpstream,
    /// Its client read too slowly, and pointsman broke it off to make room for others.
    EvictedSlowReader,
    /// Its task was dropped before a reason was known.
    Abandoned,
    /// pointsman refused it.
    Refused,
}

impl Outcome {
    /// The name in logs.
    pub const fn label(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::AbortedByClient => "aborted_by_client",
            Outcome::AbortedByUpstream => "aborted_by_upstream",
            Outcome::EvictedSlowReader => "evicted_slow_reader",
            Outcome::Abandoned => "abandoned",
            Outcome::Refused => "refused",
        }
    }

    /// Whose end broke off, for the metric; `None` when none did.
    pub const fn side(self) -> Option<&'static str> {
        match self {
            Outcome::AbortedByClient => Some("client"),
            Outcome::AbortedByUpstream => Some("upstream"),
            Outcome::EvictedSlowReader => Some("proxy"),
            Outcome::Abandoned => Some("unknown"),
            Outcome::Complete | Outcome::Refused => None,
        }
    }
}

impl Observation {
    /// In one line, for a response header.
    pub fn headline(&self) -> String {
        headline(self)
    }

    /// The operation, or `unread` for a request that ended before it was understood.
    pub fn operation(&self) -> &'static str {
        self.call.as_ref().map_or("unread", |facts| facts.operation)
    }

    /// The effect; doubt is a write.
    pub fn effect(&self) -> Effect {
        self.call
            .as_ref()
            .map_or(Effect::Unknown, |facts| facts.effect)
    }

    /// Whether the request succeeded: its response is complete, and a success of the database or the cache.
    pub fn succeeded(&self) -> bool {
        let fault = self
            .route
            .attempts
            .decisive()
            .map_or(Fault::None, |attempt| attempt.fault);
        self.outcome == Outcome::Complete
            && fault == Fault::None
            && self.status.is_some_and(|status| status < 400)
    }
}
