//! How an exchange with an endpoint failed: how far it had come, and why, in words of a closed set.

use crate::http::{Cause, Stage, UpstreamError};
use crate::retry::AttemptFailure;
use crate::shortage::Shortage;

/// The deadline of the call passed.
pub const TOTAL_TIMEOUT: &str = "total_timeout";

/// A failed exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeError {
    pub failure: AttemptFailure,
    /// No failure of the endpoint: the request cannot be written, we lacked something, or the call's time was over before it
    /// was sent or after the response's reader had held it up.
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
            failure: AttemptFailure {
                timed_out: true,
                ..AttemptFailure::at(stage)
            },
            ours: false,
            shortage: None,
            kind,
        }
    }

    /// The deadline passed before there was a connection.
    pub fn overdue() -> Self {
        Self {
            ours: true,
            ..Self::timeout(Stage::Unprocessed, TOTAL_TIMEOUT)
        }
    }

    /// The endpoint's probes fail, and it has not responded.
    pub fn of_dead_endpoint() -> Self {
        Self {
            failure: AttemptFailure::at(Stage::Sent),
            ours: false,
            shortage: None,
            kind: "endpoint_unhealthy",
        }
    }

    /// Whether the endpoint is at fault.
    pub fn blames_endpoint(&self) -> bool {
        !(self.failure.stale || self.ours)
    }
}

impl From<UpstreamError> for ExchangeError {
    fn from(error: UpstreamError) -> Self {
        let shortage = match error.cause {
            Cause::Shortage(shortage) => Some(shortage),
            _ => None,
        };
        Self {
            failure: AttemptFailure {
                stage: error.stage,
                timed_out: error.cause == Cause::ConnectTimeout,
                stale: error.stale,
            },
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
        Cause::Shortage(shortage) => shortage.label(),
    }
}
