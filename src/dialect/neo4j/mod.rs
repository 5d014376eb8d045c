//! The `neo4j` dialect: the Query API, the transactional API, and the Cypher in them. It tells reads
//! from writes, fences reads, tags them, judges responses by their codes, and puts endpoints into
//! transaction ids. It opens no socket and decides no route; what it learns outlives a reload.

mod auto_commit;
mod body;
mod bookmark;
mod builtin_procedures;
mod canonical;
mod classify;
mod codes;
mod editor;
mod features;
mod judge;
mod knowledge;
mod learned_writes;
mod metadata;
mod newest_bookmarks;
mod operations;
mod outgoing;
mod path;
mod probes;
mod refusal;
mod response;
mod session;
mod settings;
mod stream_judge;
mod tags;
#[cfg(test)]
mod tests;
mod transaction_id;
mod understand;

pub use builtin_procedures::procedures as builtin_procedures;
pub use knowledge::{Knowledge, ProcedureMode};
pub use operations::{operation_names, rows};
pub use settings::Neo4jSettings;

use super::registry::{Built, Learned, ServiceSettings};
use super::{
    Call, Dialect, Effect, ErrorResponse, Fence, Judgement, MetadataQuery, Probe, Request,
    RequestEdits, Response, ResponseEditor, StoreKind, StreamJudge, Tag, Target,
};
use crate::rejection::Rejection;
use bytes::Bytes;
use http::HeaderMap;
use std::sync::Arc;
use stream_judge::MemberJudge;
use understand::Understander;

/// Neo4j's HTTP interfaces, for one service.
pub struct Neo4j {
    settings: Neo4jSettings,
    service: Tag,
    knowledge: Arc<Knowledge>,
}

impl Neo4j {
    /// A dialect that knows nothing yet: until it learns the procedures, every CALL is a write.
    pub fn new(settings: Neo4jSettings) -> Self {
        Self::with_knowledge(settings, Arc::default())
    }

    /// A dialect that goes on with what an earlier one learned.
    pub fn with_knowledge(settings: Neo4jSettings, knowledge: Arc<Knowledge>) -> Self {
        Self {
            service: tags::service(&settings.service),
            settings,
            knowledge,
        }
    }

    /// The dialect of a configured service, which goes on with the knowledge that `learned` holds.
    ///
    /// # Errors
    /// When the credential cannot stand in a header field.
    pub(super) fn build(settings: &ServiceSettings<'_>, learned: Learned) -> Built {
        let knowledge = learned.and_then(|learned| learned.downcast().ok());
        Ok(Arc::new(Self::with_knowledge(
            Neo4jSettings::of(settings)?,
            knowledge.unwrap_or_default(),
        )))
    }

    /// The dialect of a service that is not configured: its procedures are those that Neo4j brings along.
    pub(super) fn offline(service: &str) -> Box<dyn Dialect> {
        Box::new(Self::with_knowledge(
            Neo4jSettings::new(service),
            Arc::new(Knowledge::with_builtin_procedures()),
        ))
    }

    fn understander(&self) -> Understander<'_> {
        Understander {
            settings: &self.settings,
            service: &self.service,
            knowledge: &self.knowledge,
        }
    }

    /// Whether the newest bookmark goes out with a call, so that its response shows every write so far.
    fn adds_bookmark(&self, call: &Call, after_write: bool) -> bool {
        after_write && self.settings.cluster && call.effect == Effect::Read
    }

    /// The newest bookmark of the database of a call.
    fn newest_bookmark(&self, call: &Call) -> Option<String> {
        match &call.target {
            Target::Database(database) => self.knowledge.bookmarks.get(database),
            _ => None,
        }
    }
}

impl Dialect for Neo4j {
    fn name(&self) -> &'static str {
        "neo4j"
    }

    fn store(&self) -> StoreKind {
        StoreKind::Graph
    }

    fn understand(&self, request: &Request<'_>) -> Call {
        self.understander().call(request)
    }

    fn outgoing(&self, call: &Call, request: &Request<'_>, after_write: bool) -> RequestEdits {
        let adds_bookmark = self.adds_bookmark(call, after_write);
        let bookmark = adds_bookmark.then(|| self.newest_bookmark(call));
        outgoing::outgoing(call, request, bookmark.flatten())
    }

    fn edits_body(&self, call: &Call, after_write: bool) -> bool {
        call.fence == Fence::Ours || self.adds_bookmark(call, after_write)
    }

    fn editor(&self, call: &Call, token: &str) -> Option<Box<dyn ResponseEditor>> {
        let with_ids = ["tx.begin", "tx.run", "tx.commit"];
        with_ids
            .contains(&call.operation)
            .then(|| Box::new(editor::TokenEditor::new(token)) as Box<dyn ResponseEditor>)
    }

    fn judge(&self, call: &Call, response: &Response<'_>) -> Judgement {
        let judgement = judge::judge(call, response);
        self.knowledge.note(call, &judgement);
        judgement
    }

    fn stream_judge(
        &self,
        call: &Arc<Call>,
        status: u16,
        headers: &HeaderMap,
    ) -> Option<Box<dyn StreamJudge>> {
        let readable = judge::is_statement(call) && response::is_json(headers);
        readable.then(|| Box::new(MemberJudge::new(&self.knowledge, call, status, headers)) as _)
    }

    fn home_tags(&self, call: &Call) -> Vec<Tag> {
        match &call.target {
            Target::Database(name) if call.operation == "tx.begin" => {
                self.understander().tags().whole_database(name)
            }
            _ => call.invalidates.clone(),
        }
    }

    fn credential(&self, request: &Request<'_>) -> Option<u64> {
        Some(canonical::credential(request))
    }

    fn takes_long(&self, request: &Request<'_>) -> bool {
        body::takes_long(request)
    }

    fn buffers_request(&self, call: &Call) -> bool {
        // The transactional API executes a body that was cut; a longer statement can also be read when it is whole.
        matches!(call.target, Target::Database(_))
    }

    fn refused_as_write(&self, call: &Call, request: &Request<'_>) -> Call {
        self.knowledge.writes.learn(call.shape);
        self.understander().refused_as_write(call, request)
    }

    fn refusal(&self, rejection: &Rejection, request: Option<&Request<'_>>) -> ErrorResponse {
        refusal::refusal(rejection, request)
    }

    fn probes(&self) -> Vec<Probe> {
        probes::probes(&self.settings.credentials, self.knowledge.home().as_deref())
    }

    fn metadata_queries(&self) -> Vec<MetadataQuery> {
        metadata::queries(&self.settings.credentials, self.knowledge.generation())
    }

    fn learn(&self, metadata_query: &MetadataQuery, response: &Response<'_>) {
        metadata::learn(&self.knowledge, metadata_query, response);
    }

    fn learned(&self) -> Learned {
        Some(Arc::clone(&self.knowledge) as _)
    }

    fn refresh(&self, call: &Call, body: &Bytes) -> Option<Bytes> {
        bookmark::refreshed(body, &self.newest_bookmark(call)?)
    }
}
