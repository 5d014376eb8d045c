//! A call: one request, understood. Everything that a later step may want to know about a request
//! stands here as a plain value; no later step looks at the bytes again.

use super::canonical::Canonical;
use super::tag::Tag;
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// What a request does to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes data.
    Write,
    /// Changes collections, indexes, constraints, aliases.
    Schema,
    /// Touches the server rather than its data; never repeated, hedged, stored or shared.
    Admin,
    /// Opens, uses or ends an explicit transaction.
    Session,
    /// Not understood: taken as a write.
    Unknown,
}

impl Effect {
    /// Every effect, for tables of metrics and documents.
    pub const ALL: [Effect; 6] = [
        Effect::Read,
        Effect::Write,
        Effect::Schema,
        Effect::Admin,
        Effect::Session,
        Effect::Unknown,
    ];

    /// Whether the request may be sent again without harm.
    pub fn is_read(self) -> bool {
        self == Effect::Read
    }

    /// The name in metrics, logs and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            Effect::Read => "read",
            Effect::Write => "write",
            Effect::Schema => "schema",
            Effect::Admin => "admin",
            Effect::Session => "session",
            Effect::Unknown => "unknown",
        }
    }
}

/// The class of a request, by which the planner weighs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryType {
    SemanticSearch,
    EntityLookup,
    RelationshipExploration,
    ContextualSearch,
    MultiHopReasoning,
    /// Counts, collection and database information.
    Statistics,
    Write,
    SchemaAdmin,
    Transaction,
    Health,
    Unknown,
}

impl QueryType {
    /// Every class, in the order of its discriminants.
    pub const ALL: &'static [QueryType] = &[
        QueryType::SemanticSearch,
        QueryType::EntityLookup,
        QueryType::RelationshipExploration,
        QueryType::ContextualSearch,
        QueryType::MultiHopReasoning,
        QueryType::Statistics,
        QueryType::Write,
        QueryType::SchemaAdmin,
        QueryType::Transaction,
        QueryType::Health,
        QueryType::Unknown,
    ];

    /// The name in metrics, logs and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            QueryType::SemanticSearch => "semantic_search",
            QueryType::EntityLookup => "entity_lookup",
            QueryType::RelationshipExploration => "relationship_exploration",
            QueryType::ContextualSearch => "contextual_search",
            QueryType::MultiHopReasoning => "multi_hop_reasoning",
            QueryType::Statistics => "statistics",
            QueryType::Write => "write",
            QueryType::SchemaAdmin => "schema_admin",
            QueryType::Transaction => "transaction",
            QueryType::Health => "health",
            QueryType::Unknown => "unknown",
        }
    }
}

/// What a call is about: a collection, a database, or the service as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Service,
    /// The decoded name in the path; it may be an alias.
    Collection(String),
    /// The decoded, lower-case name.
    Database(String),
}

impl Target {
    /// A number that tells targets apart; 0 for the service as a whole.
    pub fn hashed(&self) -> u64 {
        if *self == Target::Service {
            return 0;
        }
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish().max(1)
    }
}

/// Whether a response may be stored, and if not, why not. The reasons are a closed set of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Storability {
    /// For the time of its category.
    Yes,
    /// State of the server that moves without a write: a short time only.
    Short,
    /// Never, because of the named reason.
    Never(&'static str),
}

/// Which endpoints may take a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Any endpoint that serves.
    Any,
    /// An endpoint that takes writes.
    Writer,
    /// The response or the effect belongs to one node: always the same endpoint for this key, never another one instead.
    Local,
    /// The endpoint whose token is in the transaction id.
    Pinned(String),
}

/// How sure the response of a write is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Acknowledgement {
    /// A success says that the effect can be read.
    Applied,
    /// A success only says that it was queued (`wait=false`, asynchronous effects).
    Queued,
}

/// Read access mode on an auto-commit request of Neo4j.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fence {
    /// None: not a read, not fenceable, or not Neo4j.
    None,
    /// We add it on the way out.
    Ours,
    /// The client set it: a refusal is the client's response.
    Theirs,
}

/// Counts that the planner works with. A value that a request does not have is 0 or false.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Features {
    /// Characters of the query text (statement, or inference text).
    pub text_length: u32,
    pub word_count: u32,
    pub has_vector: bool,
    pub has_filters: bool,
    pub entity_types: u32,
    pub relationship_types: u32,
    pub max_depth: u32,
    pub vector_limit: u32,
    pub graph_limit: u32,
    pub final_limit: u32,
    /// Members of a batch; 1 for a plain request.
    pub members: u32,
}

/// One request, understood.
#[derive(Debug, Clone, Serialize)]
pub struct Call {
    /// The name of the operation in its dialect: `points.query`, `cypher.read`, `tx.begin`.
    pub operation: &'static str,
    pub effect: Effect,
    pub target: Target,
    /// What an endpoint must hold for it, where that is not the target: the collection behind an alias; the service, where that is
    /// not known.
    pub held: Option<Target>,
    pub query_type: QueryType,
    pub features: Features,
    /// What a stored response depends on. Empty when nothing is stored.
    pub reads: Vec<Tag>,
    /// What is invalidated before the call is sent and after its response, whatever the response's status.
    pub invalidates: Vec<Tag>,
    pub storability: Storability,
    pub placement: Placement,
    pub acknowledgement: Acknowledgement,
    pub fence: Fence,
    /// The time that the client allows the database; the upstream is given at least as long.
    pub time_limit: Option<Duration>,
    /// Whether the database gives up by itself when that time is over.
    pub gives_up_in_time: bool,
    /// Hash of the call with its literals removed: the key of all learning.
    pub shape: u64,
    /// Everything that decides the response, for the cache key. `None` when nothing is stored.
    #[serde(skip)]
    pub canonical: Option<Canonical>,
    /// When the credential ends (a token's `exp`), in seconds since 1970: a stored response ends no later.
    pub expires: Option<u64>,
    /// The generation of the dialect's knowledge that the tags were made with; 0 where it keeps none.
    pub knowledge: u64,
    /// Why it was classified so, in a few words for people.
    pub reason: &'static str,
}

/// What of a call decides what its end says of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallFacts {
    /// What it is about, hashed; 0: the service as a whole.
    pub target: u64,
    /// It succeeds only where its target exists.
    pub needs_target: bool,
    /// The collection or database that an endpoint must hold for it, hashed; 0: any, or not known.
    pub held: u64,
    /// It asks for data or changes them; false of what any server answers that runs.
    pub asks_data: bool,
    /// It changes nothing.
    pub is_read: bool,
    /// It changes what is stored, or is taken for what does. What opens a transaction does not yet.
    pub is_change: bool,
}

impl Call {
    /// What of it decides what its end says of an endpoint.
    pub fn facts(&self) -> CallFacts {
        CallFacts {
            target: self.target.hashed(),
            needs_target: self.needs_target(),
            held: self.held.as_ref().unwrap_or(&self.target).hashed(),
            asks_data: self.query_type != QueryType::Health && self.placement != Placement::Local,
            is_read: self.effect.is_read(),
            is_change: !self.effect.is_read() && !self.invalidates.is_empty(),
        }
    }

    /// Whether it succeeds only where its target exists: it reads or changes what the target holds. Whether a collection exists, or
    /// that it is deleted, any server answers.
    pub fn needs_target(&self) -> bool {
        use QueryType::{
            ContextualSearch, EntityLookup, MultiHopReasoning, RelationshipExploration,
            SemanticSearch, Write,
        };
        let of_data = matches!(
            self.query_type,
            SemanticSearch
                | EntityLookup
                | RelationshipExploration
                | ContextualSearch
                | MultiHopReasoning
                | Write
        );
        of_data && self.target != Target::Service && self.placement != Placement::Local
    }

    /// A call that is passed on untouched: taken as a write, never stored.
    pub fn unknown(reason: &'static str) -> Self {
        Self {
            operation: "unknown",
            effect: Effect::Unknown,
            target: Target::Service,
            held: None,
            query_type: QueryType::Unknown,
            features: Features::default(),
            reads: Vec::new(),
            invalidates: Vec::new(),
            storability: Storability::Never("not_a_read"),
            placement: Placement::Writer,
            acknowledgement: Acknowledgement::Applied,
            fence: Fence::None,
            time_limit: None,
            gives_up_in_time: false,
            shape: 0,
            canonical: None,
            expires: None,
            knowledge: 0,
            reason,
        }
    }
}
