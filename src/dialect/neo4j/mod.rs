//! The `neo4j` dialect: the Query API, the transactional API, and the Cypher in them. It tells reads
//! from writes, fences reads, tags them, judges answers by their codes, and puts endpoints into
//! transaction ids. It opens no socket and decides no route; what it learns outlives a reload.

mod body;
mod bookmark;
mod canonical;
mod classify;
mod codes;
mod editor;
mod features;
mod judge;
mod knowledge;
mod operations;
mod outgoing;
mod path;
mod probes;
mod raised;
mod refresh;
mod refusal;
mod scan;
mod session;
mod stock;
mod tags;
#[cfg(test)]
mod tests;
mod token;
mod understand;

pub use codes::{Row, rows as code_rows};
pub use knowledge::{Knowledge, Mode};
pub use operations::rows;
pub use stock::procedures as stock_procedures;
pub use token::token_of;

use super::{
    Call, Dialect, ErrorBody, Judgement, MetadataQuery, Probe, Request, RequestEdits, Response,
    ResponseEditor, Tag, Target,
};
use crate::rejection::Rejection;
use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use std::fmt;
use std::sync::Arc;

/// What the configuration says of a service.
#[derive(Clone)]
pub struct Settings {
    /// The name of the service.
    pub service: String,
    /// The endpoints share one database. Reads then go to the writer unless they carry bookmarks.
    pub cluster: bool,
    /// The configured names of the endpoints.
    pub endpoints: Vec<String>,
    /// Plug-in procedures and functions whose answers may be stored; any case.
    pub pure: Vec<String>,
    /// The database that probes and inquiries ask.
    pub database: String,
    /// Headers of the probe credential.
    pub credentials: Vec<(HeaderName, HeaderValue)>,
}

impl Settings {
    /// A service with one database server and no credential.
    pub fn new(service: impl Into<String>) -> Self {
        Self {
            service: service.into(),
            cluster: false,
            endpoints: Vec::new(),
            pure: Vec::new(),
            database: String::from("neo4j"),
            credentials: Vec::new(),
        }
    }
}

impl fmt::Debug for Settings {
    /// Without the credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("service", &self.service)
            .field("cluster", &self.cluster)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

/// Neo4j's HTTP interfaces, for one service.
pub struct Neo4j {
    settings: Settings,
    service: Tag,
    knowledge: Arc<Knowledge>,
}

impl Neo4j {
    /// A dialect that knows nothing yet: until it is told the procedures, every CALL is a write.
    pub fn new(settings: Settings) -> Self {
        Self::with_knowledge(settings, Arc::default())
    }

    /// A dialect that goes on with what an earlier one learned.
    pub fn with_knowledge(settings: Settings, knowledge: Arc<Knowledge>) -> Self {
        Self {
            service: tags::service(&settings.service),
            settings,
            knowledge,
        }
    }

    /// What was learned, for the next instance.
    pub fn knowledge(&self) -> Arc<Knowledge> {
        Arc::clone(&self.knowledge)
    }
}

impl Dialect for Neo4j {
    fn name(&self) -> &'static str {
        "neo4j"
    }

    fn understand(&self, request: &Request<'_>) -> Call {
        self.call(request)
    }

    fn outgoing(&self, call: &Call, request: &Request<'_>, newest: bool) -> RequestEdits {
        self.out(call, request, newest)
    }

    fn editor(&self, call: &Call, token: &str) -> Option<Box<dyn ResponseEditor>> {
        let answers = ["tx.begin", "tx.run", "tx.commit"];
        answers
            .contains(&call.operation)
            .then(|| Box::new(editor::TokenEditor::new(token)) as Box<dyn ResponseEditor>)
    }

    fn judge(&self, call: &Call, answer: &Response<'_>) -> Judgement {
        self.judged(call, answer)
    }

    fn credential(&self, request: &Request<'_>) -> Option<u64> {
        Some(canonical::credential(request))
    }

    fn spools(&self, call: &Call) -> bool {
        // The transactional API executes a body that was cut; a longer statement can also be read when it is whole.
        matches!(call.target, Target::Database(_))
    }

    fn refused(&self, call: &Call, request: &Request<'_>) -> Call {
        self.knowledge.learn_write(call.shape);
        self.as_write(call, request)
    }

    fn refusal(&self, rejection: &Rejection) -> ErrorBody {
        refusal::refusal(rejection)
    }

    fn probes(&self) -> Vec<Probe> {
        self.all_probes()
    }

    fn metadata_queries(&self) -> Vec<MetadataQuery> {
        self.all_inquiries()
    }

    fn learn(&self, metadata_query: &MetadataQuery, answer: &Response<'_>) {
        self.learned(metadata_query, answer);
    }

    fn refresh(&self, call: &Call, body: &Bytes) -> Option<Bytes> {
        self.refreshed(call, body)
    }
}
