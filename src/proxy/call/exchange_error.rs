//! How an exchange with an endpoint failed: how far it had come, and why, in words of a closed set.

use crate::http::{Cause, Stage, UpstreamError};
use crate::shortage::Shortage;

/// A failed exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeError {
    pub stage: Stage,
    pub timed_out: bool,
    /// An idle connection turned out to be closed when it was used: no failure of the endpoint.
    pub stale: bool,
    /// The request cannot be written, or we lacked something: no failure of the endpoint.
    pub ours: bool,
    /// What we lacked to open a connection.
    pub shortage: Option<Shortage>,
    /// The kind of failure in one word; longer texts may hold bytes of the request.
    pub kind: &'static str,
}

impl ExchangeError {
    /// A time limit passed.
    pub fn timeout(stage: Stage, kind: &'static str) -> Self {
        Self {
            stage,
            timed_out: true,
            stale: false,
            ours: false,
            shortage: None,
            kind,
        }
    }

    /// The endpoint's probes fail, and it has not responded.
    pub fn of_dead_endpoint() -> Self {
        Self {
            stage: Stage::Sent,
            timed_out: false,
            stale: false,
            ours: false,
            shortage: None,
            kind: "endpoint_unhealthy",
        }
    }

    /// Whether the endpoint is at fault.
    pub fn blames_endpoint(&self) -> bool {
        !(self.stale || self.ours)
    }
}

impl From<UpstreamError> for ExchangeError {
    fn from(error: UpstreamError) -> Self {
        let shortage = match error.cause {
            Cause::Shortage(shortage) => Some(shortage),
            _ => None,
        };
        Self {
            stage: error.stage,
            timed_out: error.cause == Cause::ConnectTimeout,
            stale: error.stale,
            ours: shortage.is_some() || matches!(error.cause, Cause::Unwritable(_)),
            shortage,
            kind: word(error.cause),
        }
    }
}

/// A closed set of words for metrics and logs.
fn word(cause: Cause) -> &'static str {
    match cause {
        Cause::Connect(word) => word,
        Cause::ConnectTimeout => "connect_timeout",
        Cause::Closed => "closed",
        Cause::Read => "read_error",
        Cause::Write => "send_error",
        Cause::Malformed(_) => "bad_response",
        Cause::Unwritable(_) => "unwritable",
        Cause::Shortage(shortage) => shortage.word(),
    }
}
