//! How an exchange broke: how far it had come, and why, in words of a closed set.

use crate::retry::Stage;
use pingora_error::{Error, ErrorType};

/// A broken exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub stage: Stage,
    pub timeout: bool,
    /// The connection came from the pool: it may have been closed by the other side while it was idle.
    pub reused: bool,
    /// The kind of error in one word; error texts may hold bytes of the request.
    pub kind: &'static str,
}

impl Broken {
    /// What an error of the HTTP layer means.
    pub fn from_error(error: &Error, stage: Stage, reused: bool) -> Self {
        use ErrorType::{ConnectTimedout, ReadTimedout, WriteTimedout};
        Self {
            stage,
            timeout: matches!(error.etype, ConnectTimedout | ReadTimedout | WriteTimedout),
            reused,
            kind: word(&error.etype),
        }
    }

    /// Whether an idle connection turned out to be closed when it was used: no failure of the endpoint. A
    /// response that is no HTTP is one.
    pub fn is_stale(&self) -> bool {
        let closed = matches!(self.kind, "closed" | "read_error" | "send_error");
        self.reused && closed && self.stage == Stage::Sent
    }
}

/// A closed set of words for metrics and logs.
fn word(kind: &ErrorType) -> &'static str {
    match kind {
        ErrorType::ConnectTimedout => "connect_timeout",
        ErrorType::ConnectRefused => "connect_refused",
        ErrorType::ConnectNoRoute => "no_route",
        ErrorType::ConnectError | ErrorType::SocketError | ErrorType::BindError => "connect_error",
        ErrorType::ReadTimedout => "read_timeout",
        ErrorType::WriteTimedout => "send_timeout",
        ErrorType::ReadError => "read_error",
        ErrorType::WriteError => "send_error",
        ErrorType::ConnectionClosed => "closed",
        ErrorType::InvalidHTTPHeader | ErrorType::H1Error => "bad_answer",
        _ => "broken",
    }
}
