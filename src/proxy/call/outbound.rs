//! A call that is ready to be sent: understood, planned, and owning its request, so that it can be sent more than once
//! and from another task.

use super::arrival::ArrivedRequest;
use super::outbound_request::OutboundRequest;
use crate::cache::WriteHome;
use crate::config;
use crate::dialect::{Call, Dialect, Placement, RequestEdits, Target};
use crate::http::{BodyLength, RequestHeader};
use crate::observe::{Observer, Ticket};
use crate::offload;
use crate::plan::{Plan, PlanContext, SystemLoad};
use crate::shared::Share;
use crate::snapshot::{Service, Snapshot};
use balancing::Home;
use bytes::Bytes;
use http::{HeaderMap, header};
use std::sync::Arc;

/// The context of a call: its configuration, its service, and where it is counted.
pub struct CallOrigin {
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    /// Counts the request's body in the bound of all bodies.
    pub share: Share,
    /// Whether the scores of all endpoints are wanted.
    pub explain: bool,
    /// The place in the list of requests in flight.
    pub ticket: Ticket,
}

/// A call, and the request that carries it.
#[derive(Clone)]
pub struct Outbound {
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    pub request: OutboundRequest,
    /// Counts the request's body in the bound of all bodies.
    pub share: Arc<Share>,
    pub call: Arc<Call>,
    pub plan: Arc<Plan>,
    /// The only endpoint whose response may be stored.
    pub home: Option<WriteHome>,
    /// Whether the scores of all endpoints are wanted.
    pub explain: bool,
    /// The place in the list of requests in flight.
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

impl Outbound {
    /// Plans a request that was understood as this call.
    pub fn of(origin: CallOrigin, request: OutboundRequest, call: Call, load: &SystemLoad) -> Self {
        let (snapshot, service) = (origin.snapshot, origin.service);
        let context = PlanContext {
            execution: service.execution,
            history: &service.history,
            load,
            database: load.databases.get(&*service.name).copied(),
            user: snapshot.user(&request.head.headers),
        };
        let plan = snapshot.planner.plan(&call, context);
        Self {
            plan: Arc::new(plan),
            snapshot,
            service,
            request,
            share: Arc::new(origin.share),
            call: Arc::new(call),
            home: None,
            explain: origin.explain,
            ticket: origin.ticket,
        }
    }

    /// The database refused this read before any effect because it writes: the dialect learns that it is a write.
    pub fn become_write(&mut self, observer: &Observer) {
        let call = self
            .dialect()
            .refused_as_write(&self.call, &self.request.view());
        observer.understood(&self.ticket, &call);
        self.call = Arc::new(call);
    }

    /// The request of this call, as it arrived.
    pub fn arrival(&self) -> ArrivedRequest<'_> {
        ArrivedRequest {
            snapshot: &self.snapshot,
            service: &self.service,
            request: self.request.view(),
            call: &self.call,
            plan: &self.plan,
        }
    }

    /// The dialect of its service.
    pub fn dialect(&self) -> &dyn Dialect {
        &*self.service.dialect
    }

    /// The limits of its clients and bodies.
    pub fn path(&self) -> &config::Path {
        &self.snapshot.config.path
    }

    /// The key of a node-local call: its target.
    pub fn local_key(&self) -> &str {
        match &self.call.target {
            Target::Service => "",
            Target::Collection(name) | Target::Database(name) => name,
        }
    }

    /// The token of the home, and how it stands to the other endpoints.
    pub fn preferred(&self) -> Option<(&str, Home)> {
        let home = self.home?;
        Some((self.service.token_of(home.endpoint)?, home.stands))
    }

    /// Whether the read is to show a write that other endpoints may lack yet.
    pub fn is_after_write(&self) -> bool {
        self.home.is_some_and(|home| home.stands == Home::Ahead)
    }

    /// Whether any other endpoint can respond to the call as well.
    pub fn is_movable(&self) -> bool {
        self.call.placement == Placement::Any
    }

    /// The request with the dialect's edits, for an endpoint of this authority. Built anew for each attempt.
    /// `None`: it cannot be written.
    pub async fn message(&self, authority: &str) -> Option<OutboundMessage> {
        let after_write = self.home.is_some();
        let (dialect, request) = (&self.service.dialect, &self.request);
        let edits = offload::outgoing(dialect, &self.call, &request.view(), after_write).await?;
        let mut head = RequestHeader::clone(&request.head);
        let body = edit(&mut head, edits)?;
        if !head.headers.contains_key(header::HOST) {
            head.insert_header(header::HOST, authority).ok()?;
        }
        let body = body.unwrap_or_else(|| request.body.bytes.clone());
        Some(OutboundMessage {
            length: request.length_with(&head, &body),
            head,
            body,
            trailers: request.body.trailers.clone(),
            is_whole: request.body.is_whole,
        })
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
