//! The seams of probing: how a question is sent, and who knows what to ask. Tests put their own
//! behind both; the real ones are [`super::HttpAsker`] and the dialect of the service.

use super::condition::Condition;
use crate::dialect::{Answer, Body, Dialect, Inquiry, Probe};
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use std::sync::Arc;

/// Bytes of an answer that are read; a longer one is a failure.
pub const REPLY_LIMIT: usize = 256 << 10;

/// One request of ours to one endpoint.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    pub headers: &'a [(HeaderName, HeaderValue)],
    pub body: &'a Bytes,
}

impl Question<'_> {
    /// Whether it carries a credential that the server may refuse.
    pub fn carries_credential(&self) -> bool {
        self.headers
            .iter()
            .any(|(name, _)| name == AUTHORIZATION || name == "api-key")
    }
}

impl<'a> From<&'a Probe> for Question<'a> {
    fn from(probe: &'a Probe) -> Self {
        Self {
            method: &probe.method,
            target: &probe.target,
            headers: &probe.headers,
            body: &probe.body,
        }
    }
}

impl<'a> From<&'a Inquiry> for Question<'a> {
    fn from(inquiry: &'a Inquiry) -> Self {
        Self {
            method: &inquiry.method,
            target: &inquiry.target,
            headers: &inquiry.headers,
            body: &inquiry.body,
        }
    }
}

/// An answer to a question, read whole.
#[derive(Debug, Clone, Default)]
pub struct ProbeReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl ProbeReply {
    /// As the dialect reads it.
    pub fn answer(&self) -> Answer<'_> {
        Answer {
            status: self.status,
            headers: &self.headers,
            body: Body::Whole(&self.body),
        }
    }
}

/// Sends a question. An error says in a few words why there is no answer; it names no secret.
#[async_trait]
pub trait Ask: Send + Sync {
    /// Asks one endpoint. The caller limits the time.
    async fn ask(&self, whom: &Condition, question: Question<'_>) -> Result<ProbeReply, String>;
}

/// What there is to ask: the part of a dialect that probing needs.
pub trait Questions: Send + Sync {
    /// The probes of an endpoint, cheapest first.
    fn probes(&self) -> Vec<Probe>;
    /// Questions to the service as a whole.
    fn inquiries(&self) -> Vec<Inquiry>;
    /// Takes the answer to an inquiry.
    fn learn(&self, inquiry: &Inquiry, answer: &Answer<'_>);
}

impl Questions for Arc<dyn Dialect> {
    fn probes(&self) -> Vec<Probe> {
        (**self).probes()
    }

    fn inquiries(&self) -> Vec<Inquiry> {
        (**self).inquiries()
    }

    fn learn(&self, inquiry: &Inquiry, answer: &Answer<'_>) {
        (**self).learn(inquiry, answer);
    }
}
