//! The `neo4j` dialect: the Query API, the transactional API, and the Cypher in them. It tells reads
//! from writes, fences reads, tags them, judges responses by their codes, and puts endpoints into
//! transaction ids. It opens no socket and decides no route; what it learns outlives a reload.

mod body;
mod bookmark;
mod builtin_procedures;
mod canonical;
mod classify;
mod codes;
mod editor;
mod features;
mod invalidation;
mod judge;
mod knowledge;
mod operations;
mod outgoing;
mod path;
mod probes;
mod refresh;
mod refusal;
mod session;
mod stream_judge;
mod tags;
#[cfg(test)]
mod tests;
mod transaction_id;
mod understand;

pub use builtin_procedures::procedures as builtin_procedures;
pub use knowledge::{Knowledge, ProcedureMode};
pub use operations::{operation_names, rows};

use super::registry::{Built, Learned, ServiceSettings};
use super::{
    Call, Dialect, ErrorBody, Fence, Judgement, MetadataQuery, Probe, Request, RequestEdits,
    Response, ResponseEditor, StoreKind, StreamJudge, Tag, Target,
};
use crate::rejection::Rejection;
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderValue};
use std::fmt;
use std::sync::Arc;

/// What the configuration says of a service.
#[derive(Clone)]
pub struct Neo4jSettings {
    /// The name of the service.
    pub service: String,
    /// The endpoints share one database. Reads then go to the writer unless they carry bookmarks.
    pub cluster: bool,
    /// The tokens of the endpoints.
    pub endpoints: Vec<String>,
    /// Plug-in procedures and functions whose responses may be stored; any case.
    pub pure: Vec<String>,
    /// Headers of the probe credential.
    pub credentials: Vec<(HeaderName, HeaderValue)>,
}

impl Neo4jSettings {
    /// A service with one database server and no credential.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            cluster: false,
            endpoints: Vec::new(),
            pure: Vec::new(),
            credentials: Vec::new(),
        }
    }
}

impl fmt::Debug for Neo4jSettings {
    /// Without the credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neo4jSettings")
            .field("service", &self.service)
            .field("cluster", &self.cluster)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// Neo4j's HTTP interfaces, for one service.
pub struct Neo4j {
    settings: Neo4jSettings,
    service: Tag,
    knowledge: Arc<Knowledge>,
}

impl Neo4j {
    /// A dialect that knows nothing yet: until it is told the procedures, every CALL is a write.
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
        let own = Neo4jSettings {
            cluster: settings.cluster,
            endpoints: settings.endpoints.clone(),
            pure: settings.pure.to_vec(),
            credentials: basic(settings.user, settings.password)?,
            ..Neo4jSettings::new(settings.name)
        };
        let knowledge = learned.and_then(|learned| learned.downcast().ok());
        Ok(Arc::new(Self::with_knowledge(
            own,
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
}

impl Dialect for Neo4j {
    fn name(&self) -> &'static str {
        "neo4j"
    }

    fn store(&self) -> StoreKind {
        StoreKind::Graph
    }

    fn understand(&self, request: &Request<'_>) -> Call {
        self.call(request)
    }

    fn outgoing(&self, call: &Call, request: &Request<'_>, after_write: bool) -> RequestEdits {
        self.out(call, request, after_write)
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
        self.judge_response(call, response)
    }

    fn stream_judge(
        &self,
        call: &Arc<Call>,
        status: u16,
        headers: &HeaderMap,
    ) -> Option<Box<dyn StreamJudge>> {
        let readable = judge::is_statement(call) && judge::is_json(headers);
        readable.then(|| {
            let dialect = Self::with_knowledge(self.settings.clone(), Arc::clone(&self.knowledge));
            Box::new(stream_judge::MemberJudge::new(
                dialect, call, status, headers,
            )) as _
        })
    }

    fn home_tags(&self, call: &Call) -> Vec<Tag> {
        match &call.target {
            Target::Database(name) if call.operation == "tx.begin" => self.everything(name),
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
        self.knowledge.learn_write(call.shape);
        self.as_write(call, request)
    }

    fn refusal(&self, rejection: &Rejection, request: Option<&Request<'_>>) -> ErrorBody {
        refusal::refusal(rejection, request)
    }

    fn probes(&self) -> Vec<Probe> {
        self.all_probes()
    }

    fn metadata_queries(&self) -> Vec<MetadataQuery> {
        self.all_metadata_queries()
    }

    fn learn(&self, metadata_query: &MetadataQuery, response: &Response<'_>) {
        self.learned(metadata_query, response);
    }

    fn learned(&self) -> Learned {
        Some(Arc::clone(&self.knowledge) as _)
    }

    fn refresh(&self, call: &Call, body: &Bytes) -> Option<Bytes> {
        self.refreshed(call, body)
    }
}

/// The field of basic authentication, when there is a user.
fn basic(
    user: Option<&str>,
    password: Option<&str>,
) -> Result<Vec<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
    let Some(user) = user else {
        return Ok(Vec::new());
    };
    let text = BASE64_STANDARD.encode(format!("{user}:{}", password.unwrap_or_default()));
    let mut value = HeaderValue::from_str(&format!("Basic {text}"))?;
    value.set_sensitive(true);
    Ok(vec![(AUTHORIZATION, value)])
}
