//! Probes and metadata queries: the few requests that pointsman itself sends to an endpoint.

use super::Response;
use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// Whether an endpoint takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Writer,
    Reader,
}

/// What the response to a probe says.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeResult {
    /// The endpoint serves.
    Good,
    /// It lives, but has too much to do.
    Busy,
    /// It does not serve, with the reason.
    Bad(String),
    /// The server refused the probe's credential: questions that carry it pause.
    Locked,
    /// It serves in this role.
    Role(Role),
    /// This server does not know the question; it says nothing about its health.
    Unsupported,
}

/// One question to one endpoint.
#[derive(Clone)]
pub struct Probe {
    /// A short name for logs and metrics.
    pub name: &'static str,
    pub method: Method,
    /// Path and query.
    pub target: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
    /// Whether it asks for what clients ask for, with the service's credential where there is one: a good response says that the
    /// database serves. Otherwise it says that the server runs.
    pub asks_service: bool,
    /// Reads the response.
    pub read: ReadProbe,
}

/// What a response to a probe says, by its question.
pub type ReadProbe = Arc<dyn Fn(&Response<'_>) -> ProbeResult + Send + Sync>;

/// A question to the service as a whole; its response goes back to the dialect.
#[derive(Clone)]
pub struct MetadataQuery {
    pub name: &'static str,
    pub method: Method,
    pub target: String,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
    /// How long a response is good for. A response is wanted at once while none is known.
    pub every: Duration,
    /// The state of knowledge when the question was asked: a response to an older question is dropped.
    pub generation: u64,
}
