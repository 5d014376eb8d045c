//! The seams of probing: how a question is sent, and who knows what to ask. Tests put their own
//! behind both; the real ones are [`super::HttpProbeClient`] and the dialect of the service.

use crate::dialect::{Body, Dialect, MetadataQuery, Probe, Response};
use crate::endpoint::Condition;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use std::collections::BTreeSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

/// Bytes of a probe's response that are read: its status and its beginning tell enough.
const PROBE_LIMIT: usize = 64 << 10;
/// Bytes of the response to a metadata query that are read; a longer one teaches nothing.
const METADATA_LIMIT: usize = 4 << 20;

/// One request of a probe to one endpoint.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub method: &'a Method,
    /// Path and query.
    pub target: &'a str,
    pub headers: &'a [(HeaderName, HeaderValue)],
    pub body: &'a Bytes,
    /// Bytes of the response that are read.
    pub limit: usize,
}

impl Question<'_> {
    /// Whether it carries a credential that the server may refuse.
    pub fn carries_credential(&self) -> bool {
        self.credentials().next().is_some()
    }

    fn credentials(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let carried = |(name, _): &&(HeaderName, _)| name == AUTHORIZATION || name == "api-key";
        let fields = self.headers.iter().filter(carried);
        fields.map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

impl<'a> From<&'a Probe> for Question<'a> {
    fn from(probe: &'a Probe) -> Self {
        Self {
            method: &probe.method,
            target: &probe.target,
            headers: &probe.headers,
            body: &probe.body,
            limit: PROBE_LIMIT,
        }
    }
}

impl<'a> From<&'a MetadataQuery> for Question<'a> {
    fn from(metadata_query: &'a MetadataQuery) -> Self {
        Self {
            method: &metadata_query.method,
            target: &metadata_query.target,
            headers: &metadata_query.headers,
            body: &metadata_query.body,
            limit: METADATA_LIMIT,
        }
    }
}

/// The response to a question, read up to its limit.
#[derive(Debug, Clone, Default)]
pub struct ProbeReply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Whether there was more than was read.
    pub is_truncated: bool,
}

impl ProbeReply {
    /// As the dialect reads it.
    pub fn response(&self) -> Response<'_> {
        Response {
            status: self.status,
            headers: &self.headers,
            body: match self.is_truncated {
                true => Body::Prefix(&self.body),
                false => Body::Whole(&self.body),
            },
        }
    }
}

/// Why there is no response, in a few words that name no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// We lack file descriptors, ports or memory: it says nothing about the endpoint.
    #[error("not asked: {0}")]
    OurShortage(String),
    #[error("{0}")]
    NoResponse(String),
}

/// Sends a question.
#[async_trait]
pub trait ProbeClient: Send + Sync {
    /// Asks one endpoint. The caller limits the time.
    async fn ask(&self, whom: &Condition, question: Question<'_>)
    -> Result<ProbeReply, ProbeError>;
}

/// What there is to ask: the part of a dialect that probing needs.
pub trait Questions: Send + Sync {
    /// The probes of an endpoint, cheapest first.
    fn probes(&self) -> Vec<Probe>;
    /// Questions to the service as a whole.
    fn metadata_queries(&self) -> Vec<MetadataQuery>;
    /// Takes the response to a metadata query.
    fn learn(&self, metadata_query: &MetadataQuery, response: &Response<'_>);
}

impl dyn Questions + '_ {
    /// Tells the credential of these questions from another one without holding it: a hash by a key of this process.
    pub fn credential_fingerprint(&self, key: &RandomState) -> u64 {
        let (probes, queries) = (self.probes(), self.metadata_queries());
        let asked = probes.iter().map(Question::from);
        let asked: Vec<Question<'_>> = asked.chain(queries.iter().map(Question::from)).collect();
        let credentials: BTreeSet<_> = asked.iter().flat_map(Question::credentials).collect();
        key.hash_one(credentials)
    }
}

impl Questions for Arc<dyn Dialect> {
    fn probes(&self) -> Vec<Probe> {
        (**self).probes()
    }

    fn metadata_queries(&self) -> Vec<MetadataQuery> {
        (**self).metadata_queries()
    }

    fn learn(&self, metadata_query: &MetadataQuery, response: &Response<'_>) {
        (**self).learn(metadata_query, response);
    }
}
