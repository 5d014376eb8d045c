//! Dialects: the only place that knows how a database's requests and responses read. A dialect turns
//! a request into a [`Call`] and a response into a [`Judgement`], and says how a request goes out and
//! how a response comes back. It opens no socket and decides no route.

pub mod call;
pub mod canonical;
pub mod claims;
pub mod endpoint_token;
pub mod http;
pub mod judgement;
pub mod neo4j;
pub mod probe;
pub mod qdrant;
pub mod registry;
pub mod tag;

pub use call::{
    Acknowledgement, Call, CallFacts, Effect, Features, Fence, Placement, QueryType, Storability,
    Target,
};
pub use canonical::Canonical;
pub use endpoint_token::endpoint_token;
pub use judgement::{Executed, Fault, Judgement, RetryAdvice};
pub use probe::{MetadataQuery, Probe, ProbeResult, ReadProbe, Role};
pub use registry::DialectName;
pub use tag::Tag;

use crate::rejection::Rejection;
use ::http::header::{HeaderName, HeaderValue};
use ::http::{HeaderMap, Method};
use bytes::Bytes;
use std::sync::Arc;

/// The longest body that a dialect reads on the worker, in bytes: some 100 us, half a millisecond at worst.
pub const MAX_INLINE_BODY: usize = 64 << 10;

/// A request as the client sent it.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a Method,
    /// Path and query, byte for byte as they will be forwarded.
    pub target: &'a str,
    pub headers: &'a HeaderMap,
    pub body: Body<'a>,
}

/// How much of a body was read before the request is understood.
#[derive(Clone, Copy)]
pub enum Body<'a> {
    /// All of it; empty when there is none.
    Whole(&'a Bytes),
    /// Its beginning: the rest streams on unseen, so the call is classified by path and method.
    Prefix(&'a [u8]),
}

impl<'a> Body<'a> {
    /// What was read of it.
    pub fn bytes(self) -> &'a [u8] {
        match self {
            Body::Whole(bytes) => bytes,
            Body::Prefix(bytes) => bytes,
        }
    }

    /// Whether that is all of it.
    pub fn is_whole(self) -> bool {
        matches!(self, Body::Whole(_))
    }
}

/// A response, as far as it was read when it is judged.
#[derive(Clone, Copy)]
pub struct Response<'a> {
    pub status: u16,
    pub headers: &'a HeaderMap,
    pub body: Body<'a>,
}

/// What changes in a request on its way out. The default changes nothing.
#[derive(Debug, Default, PartialEq)]
pub struct RequestEdits {
    /// A new path and query.
    pub target: Option<String>,
    /// Headers to set (replacing all values of the name).
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// Headers to remove.
    pub remove: Vec<HeaderName>,
    /// A new body; only ever given for a body that was read whole.
    pub body: Option<Bytes>,
}

/// Edits a response on its way back, chunk by chunk. Bytes may be kept until a later chunk.
pub trait ResponseEditor: Send {
    /// Edits headers; `content-length` is removed by the caller.
    fn headers(&mut self, headers: &mut HeaderMap);
    /// Edits the next chunk; `end` marks the last one.
    fn chunk(&mut self, chunk: Bytes, end: bool) -> Bytes;
}

/// Judges a response while it streams to the client.
pub trait StreamJudge: Send {
    /// Takes the next bytes of the body, in order, from its first byte on.
    fn chunk(&mut self, chunk: &[u8]);
    /// The judgement, once the body ended as its framing says. A body that was cut is not judged.
    fn end(self: Box<Self>) -> Judgement;
}

/// A refusal in the dialect's own error shape.
pub struct ErrorResponse {
    /// The refusal's own, where the dialect does not say it elsewhere.
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    /// Further fields, such as those by which a browser lets its page see the error.
    pub fields: Vec<(HeaderName, HeaderValue)>,
}

/// What kind of store a dialect speaks to, for the planner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    Vectors,
    Graph,
    /// Nothing is known of what is behind it.
    Unknown,
}

/// One database's way of speaking HTTP, for one service.
pub trait Dialect: Send + Sync {
    /// The name in configuration and metrics: `qdrant`, `neo4j`, `http`.
    fn name(&self) -> &'static str;

    /// What kind of store it speaks to.
    fn store(&self) -> StoreKind {
        StoreKind::Unknown
    }

    /// Understands a request. Never fails: what is not understood is [`Effect::Unknown`].
    fn understand(&self, request: &Request<'_>) -> Call;

    /// Whether understanding this request may take longer than some 100 us, so that the worker's other
    /// requests should not wait for it.
    fn takes_long(&self, request: &Request<'_>) -> bool {
        matches!(request.body, Body::Whole(body) if body.len() > MAX_INLINE_BODY)
    }

    /// How the call goes out to an endpoint. `after_write`: its response is to show every write that was
    /// acknowledged so far, whichever member of a cluster gets the request.
    fn outgoing(&self, call: &Call, request: &Request<'_>, after_write: bool) -> RequestEdits;

    /// Whether [`Dialect::outgoing`] reads the body of this call.
    fn edits_body(&self, _call: &Call, _after_write: bool) -> bool {
        false
    }

    /// An editor for the response, when this call's response needs one; `token` is that of the endpoint.
    fn editor(&self, _call: &Call, _token: &str) -> Option<Box<dyn ResponseEditor>> {
        None
    }

    /// Judges a response. `Body::Prefix` means that the rest was not read: judge by what is there.
    fn judge(&self, call: &Call, response: &Response<'_>) -> Judgement;

    /// Whether [`Dialect::judge`] reads all of the body of a response to this call.
    fn reads_response(&self, _call: &Call) -> bool {
        true
    }

    /// A judge of a response that streams, where its end may say what its beginning does not; `None`
    /// where the beginning tells.
    fn stream_judge(
        &self,
        _call: &Arc<Call>,
        _status: u16,
        _headers: &HeaderMap,
    ) -> Option<Box<dyn StreamJudge>> {
        None
    }

    /// The tags at whose home a call that is no read is best sent: what it invalidates, or what a later
    /// call at the same endpoint will.
    fn home_tags(&self, call: &Call) -> Vec<Tag> {
        call.invalidates.clone()
    }

    /// What is invalidated after the response, or when none came. More than `call.invalidates` where
    /// names were changed while the call was under way.
    fn invalidates_after(&self, call: &Call) -> Vec<Tag> {
        call.invalidates.clone()
    }

    /// A digest of the request's credentials, equal to that of a canonical request; `None` when the dialect does not tell.
    fn credential(&self, _request: &Request<'_>) -> Option<u64> {
        None
    }

    /// Notes that the database refused, as a write, what was taken for a read; gives the call as the write that it is.
    fn refused_as_write(&self, call: &Call, request: &Request<'_>) -> Call;

    /// Prints a rejection in the dialect's own shape; `request` where its head could be read.
    fn refusal(&self, rejection: &Rejection, request: Option<&Request<'_>>) -> ErrorResponse;

    /// The probes of an endpoint, cheapest first.
    fn probes(&self) -> Vec<Probe>;

    /// What the dialect wants to be told about its service, now and again.
    fn metadata_queries(&self) -> Vec<MetadataQuery> {
        Vec::new()
    }

    /// Takes the response to a metadata query.
    fn learn(&self, _metadata_query: &MetadataQuery, _response: &Response<'_>) {}

    /// What was learned, for the next instance after a reload.
    fn learned(&self) -> registry::Learned {
        None
    }

    /// Whether the response to this call is buffered, so that it is judged before the client sees a byte.
    fn buffers_response(&self, call: &Call) -> bool {
        call.effect != Effect::Unknown && call.placement != Placement::Local
    }

    /// Whether nothing of this call may be sent before the client's body is complete: the database would execute a body that was cut.
    fn buffers_request(&self, _call: &Call) -> bool {
        false
    }

    /// A hit's body, brought up to date (the newest bookmark); `None` when it is served as stored.
    fn refresh(&self, _call: &Call, _body: &Bytes) -> Option<Bytes> {
        None
    }
}
