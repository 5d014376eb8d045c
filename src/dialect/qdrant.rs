//! Qdrant over REST: what each request does and depends on, what each response means, and which
//! names stand for which collections. It opens no socket, decides no route and keeps nothing but
//! the alias table. The facts were tested on Qdrant 1.19.

mod alias_changes;
mod alias_table;
mod body_facts;
mod credentials;
mod document;
mod judge;
mod key;
mod operation;
mod operations;
mod parameters;
mod path;
mod probes;
mod routes;
mod settings;
mod shape;
mod tags;
#[cfg(test)]
mod tests;
mod understand;

pub use alias_table::AliasTable;
pub use operation::{Acknowledged, BodyForm, Operation, Scope};
pub use operations::{OPERATIONS, OTHERS};
pub use settings::QdrantSettings;

use super::registry::{Built, Learned, ServiceSettings};
use super::{
    Body, Call, Dialect, Effect, ErrorResponse, Judgement, MetadataQuery, Placement, Probe,
    QueryType, Request, RequestEdits, Response, Storability, StoreKind, Tag,
};
use crate::rejection::Rejection;
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, HeaderName, HeaderValue, ORIGIN, VARY,
};
use serde_json::json;
use std::sync::Arc;
use tags::Tags;

/// The dialect of one Qdrant service.
pub struct Qdrant {
    tags: Tags,
    names: Arc<AliasTable>,
    settings: QdrantSettings,
}

impl Qdrant {
    /// The dialect of a service; its alias table is unknown until the response to the first metadata query.
    pub fn new(service: &str, settings: QdrantSettings) -> Self {
        Self::with_names(service, settings, Arc::default())
    }

    /// A dialect that goes on with the alias table of an earlier one, which may still be in use: both
    /// then see every change of names.
    pub fn with_names(service: &str, settings: QdrantSettings, names: Arc<AliasTable>) -> Self {
        Self {
            tags: Tags::new(service),
            names,
            settings,
        }
    }

    /// The dialect of a configured service, which goes on with the names that `learned` holds.
    ///
    /// # Errors
    /// When the API key cannot stand in a header field.
    pub(super) fn build(settings: &ServiceSettings<'_>, learned: Learned) -> Built {
        let own = QdrantSettings::of(settings)?;
        let names = learned.and_then(|learned| learned.downcast().ok());
        let names = names.unwrap_or_default();
        Ok(Arc::new(Self::with_names(settings.name, own, names)))
    }

    /// The dialect of a service that is not configured.
    pub(super) fn offline(service: &str) -> Box<dyn Dialect> {
        Box::new(Self::new(service, QdrantSettings::default()))
    }
}

/// The rows of the table, then those for all other requests, for documents.
pub fn rows() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(OTHERS)
}

/// The names of all calls.
pub fn operation_names() -> Vec<&'static str> {
    rows().map(|row| row.name).collect()
}

/// Whether a call may change which collection a name stands for. A path that was ambiguous may.
fn changes_names(call: &Call) -> bool {
    !call.effect.is_read()
        && rows()
            .find(|row| row.name == call.operation)
            .is_none_or(Operation::changes_names)
}

/// Whether the request is an operation of Qdrant, whose response can be judged by its body.
fn is_known(call: &Call) -> bool {
    call.query_type != QueryType::Unknown
}

impl Dialect for Qdrant {
    fn name(&self) -> &'static str {
        "qdrant"
    }

    fn store(&self) -> StoreKind {
        StoreKind::Vectors
    }

    fn understand(&self, request: &Request<'_>) -> Call {
        let (operation, call) = {
            let knowledge = self.names.now();
            understand::understand(request, &self.tags, &knowledge)
        };
        if operation.is_none_or(Operation::changes_names) {
            self.names.change_begun();
        }
        call
    }

    /// Responses come back unencoded, so that an error's text, and whether a write was applied or
    /// only queued, can be read. Files of snapshots and other responses of one node stay as they are.
    fn outgoing(&self, call: &Call, request: &Request<'_>, _after_write: bool) -> RequestEdits {
        let accepts = request.headers.contains_key(ACCEPT_ENCODING);
        let judged =
            is_known(call) && (call.placement != Placement::Local || !call.invalidates.is_empty());
        RequestEdits {
            remove: (accepts && judged)
                .then_some(ACCEPT_ENCODING)
                .into_iter()
                .collect(),
            ..RequestEdits::default()
        }
    }

    fn judge(&self, call: &Call, response: &Response<'_>) -> Judgement {
        if changes_names(call) {
            self.names.change_answered();
        }
        judge::judge(call, response, self.settings.replicas)
    }

    /// Of a long response to a read, the end alone.
    fn reads_response(&self, call: &Call) -> bool {
        !call.effect.is_read()
    }

    /// What another service behind the same address sends may never end.
    fn buffers_response(&self, call: &Call) -> bool {
        is_known(call) && call.placement != Placement::Local
    }

    fn credential(&self, request: &Request<'_>) -> Option<u64> {
        Some(credentials::digest(request.headers))
    }

    /// Names that changed while the call was under way may have led it to another collection.
    fn invalidates_after(&self, call: &Call) -> Vec<Tag> {
        let mut tags = call.invalidates.clone();
        let moved = call.knowledge != self.names.now().generation;
        if moved && !tags.is_empty() && !tags.contains(&self.tags.service) {
            tags.push(self.tags.service.clone());
        }
        tags
    }

    /// Qdrant has no read access mode that could refuse, so the call is taken as a write.
    fn refused_as_write(&self, call: &Call, _request: &Request<'_>) -> Call {
        Call {
            effect: Effect::Unknown,
            invalidates: vec![self.tags.service.clone()],
            reads: Vec::new(),
            storability: Storability::Never("not_a_read"),
            canonical: None,
            reason: "refused as a read",
            ..call.clone()
        }
    }

    fn refusal(&self, rejection: &Rejection, request: Option<&Request<'_>>) -> ErrorResponse {
        let row = rejection.reason.row();
        let text = format!("pointsman: {} ({})", rejection.detail, row.label);
        ErrorResponse {
            status: row.status,
            content_type: "application/json",
            body: json!({"status": {"error": text}, "time": 0.0}).to_string(),
            fields: cross_origin(request),
        }
    }

    fn probes(&self) -> Vec<Probe> {
        probes::probes(&self.settings.probe_headers)
    }

    fn metadata_queries(&self) -> Vec<MetadataQuery> {
        vec![probes::aliases(
            &self.settings.probe_headers,
            &self.names.now(),
        )]
    }

    fn learn(&self, metadata_query: &MetadataQuery, response: &Response<'_>) {
        if let (200, Body::Whole(body)) = (response.status, response.body) {
            self.names
                .learn(metadata_query.generation, alias_table::read_table(body));
        }
    }

    fn learned(&self) -> Learned {
        Some(Arc::clone(&self.names) as _)
    }
}

/// The fields by which a browser lets a page of another origin see the response, as Qdrant sends them.
fn cross_origin(request: Option<&Request<'_>>) -> Vec<(HeaderName, HeaderValue)> {
    let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
    let origin = request.and_then(|request| request.headers.get(ORIGIN));
    let allowed = origin.map(|origin| (ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
    let vary = (VARY, HeaderValue::from_static(vary));
    allowed.into_iter().chain([vary]).collect()
}
