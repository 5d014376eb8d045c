//! A request on its way to an endpoint: understood, planned, owned, so that it can be sent more than
//! once and from a task of its own.

use super::request_body::RequestBody;
use crate::config;
use crate::dialect::{Call, Dialect, Placement, Request, RequestEdits, Target, background};
use crate::endpoint_id::EndpointId;
use crate::http::{BodyLength, RequestHeader};
use crate::observe::Ticket;
use crate::plan::Plan;
use crate::shared::Share;
use crate::snapshot::{Service, Snapshot};
use bytes::Bytes;
use http::{HeaderMap, Method, Version, header};
use std::sync::Arc;
use std::time::Duration;

/// How much longer than the client's own time limit a response is waited for.
const OWN_LIMIT_SLACK: Duration = Duration::from_secs(5);

/// A call, and the request that carries it.
#[derive(Clone)]
pub struct Outbound {
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    /// The client's head, without the fields of its hop.
    pub head: Arc<RequestHeader>,
    pub target: Arc<str>,
    pub body: RequestBody,
    /// How long the client said that its body is.
    pub body_length: BodyLength,
    /// The body's part in the bound of all bodies.
    pub share: Arc<Share>,
    pub call: Arc<Call>,
    pub plan: Arc<Plan>,
    /// The endpoint from which alone a response may be stored.
    pub home: Option<EndpointId>,
    /// Whether the scores of all endpoints are wanted.
    pub explain: bool,
    /// The request's place in the list of those in flight.
    pub ticket: Ticket,
}

/// A request as it is sent to one endpoint.
pub struct OutboundMessage {
    pub head: RequestHeader,
    pub length: BodyLength,
    /// The body, or its beginning where it streams.
    pub body: Bytes,
    pub trailers: Option<HeaderMap>,
    pub is_whole: bool,
}

/// Time limits of a call.
#[derive(Debug, Clone, Copy)]
pub struct CallLimits {
    pub connect: Duration,
    pub send: Duration,
    /// Until the response begins, and for each part of it.
    pub read: Duration,
    /// For all attempts together, to the end of the response.
    pub total: Duration,
    pub idle: Duration,
}

impl Outbound {
    /// The request as a dialect reads it.
    pub fn request(&self) -> Request<'_> {
        request(&self.head, &self.target, &self.body)
    }

    /// The dialect of its service.
    pub fn dialect(&self) -> &dyn Dialect {
        &*self.service.dialect
    }

    /// The limits of its clients and bodies.
    pub fn path(&self) -> &config::Path {
        &self.snapshot.config.path
    }

    /// What a node-local call belongs to: its target.
    pub fn local_key(&self) -> &str {
        match &self.call.target {
            Target::Service => "",
            Target::Collection(name) | Target::Database(name) => name,
        }
    }

    /// Whether any other endpoint can respond to the call as well.
    pub fn is_movable(&self) -> bool {
        self.call.placement == Placement::Any
    }

    /// Time limits of this call.
    pub fn limits(&self) -> CallLimits {
        let upstream = &self.snapshot.config.upstream;
        let is_read = self.call.effect.is_read();
        let usual = match is_read {
            true => upstream.read_timeout,
            false => upstream.write_timeout,
        };
        // The database gives up by itself then; a write may need longer to be undone.
        let own = self.call.time_limit.map(|limit| limit + OWN_LIMIT_SLACK);
        CallLimits {
            connect: upstream.connect_timeout,
            send: upstream.send_timeout,
            read: match own {
                Some(own) if is_read => own,
                Some(own) => own.max(usual),
                None => usual,
            },
            total: upstream.total_timeout,
            idle: upstream.idle_timeout,
        }
    }

    /// The request as the dialect wants it sent, for an endpoint of this authority. Made anew for each attempt.
    /// `None`: it cannot be written.
    pub async fn message(&self, authority: &str) -> Option<OutboundMessage> {
        let after_write = self.home.is_some();
        let dialect = &self.service.dialect;
        let edits = background::outgoing(dialect, &self.call, &self.request(), after_write).await?;
        let mut head = RequestHeader::clone(&self.head);
        head.set_version(Version::HTTP_11);
        let body = edit(&mut head, edits)?;
        if !head.headers.contains_key(header::HOST) {
            head.insert_header(header::HOST, authority).ok()?;
        }
        let body = body.unwrap_or_else(|| self.body.bytes.clone());
        Some(OutboundMessage {
            length: self.length(&head, &body),
            head,
            body,
            trailers: self.body.trailers.clone(),
            is_whole: self.body.is_whole,
        })
    }

    /// A whole body has a length, unless trailers follow it. A body that still streams keeps the client's.
    fn length(&self, head: &RequestHeader, body: &Bytes) -> BodyLength {
        let expects_content = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
        match self.body_length {
            length if !self.body.is_whole => length,
            _ if self.body.trailers.is_some() => BodyLength::Unknown,
            BodyLength::None if body.is_empty() && !expects_content => BodyLength::None,
            _ => BodyLength::Known(body.len() as u64),
        }
    }
}

/// Applies a dialect's edits; gives the new body, if there is one.
fn edit(head: &mut RequestHeader, edits: RequestEdits) -> Option<Option<Bytes>> {
    if let Some(target) = &edits.target {
        head.set_raw_path(target.as_bytes()).ok()?;
    }
    for name in &edits.remove {
        head.remove_header(name);
    }
    for (name, value) in edits.set {
        head.insert_header(name, value).ok()?;
    }
    Some(edits.body)
}

/// A request as a dialect reads it.
pub fn request<'a>(head: &'a RequestHeader, target: &'a str, body: &'a RequestBody) -> Request<'a> {
    Request {
        method: &head.method,
        target,
        headers: &head.headers,
        body: body.view(),
    }
}
