//! Turns a request into a call: the row of the table says what may happen, the query string, the
//! headers and the body narrow what may be stored. Doubt only ever takes storing away, or invalidates more.

use super::alias_table::AliasKnowledge;
use super::body_facts::BodyFacts;
use super::document::{self, Unread};
use super::operation::{BodyForm, Operation, Scope};
use super::parameters::Parameters;
use super::path::{Path, Segments};
use super::tags::Tags;
use super::{alias_changes, credentials, key, routes, shape};
use crate::dialect::{
    Body, Call, Effect, Fence, Placement, QueryType, Request, Storability, Tag, Target,
};
use json_reader::Json;

/// Qdrant picks the replica that answers by this header.
pub const ROUTE_AFFINITY: &str = "x-qdrant-route-affinity";

/// A request, its row, and what of it is needed more than once.
struct Reader<'r> {
    request: &'r Request<'r>,
    operation: &'static Operation,
    collection: Option<&'r str>,
    parameters: Parameters<'r>,
    tags: &'r Tags,
    knowledge: &'r AliasKnowledge,
}

/// The row of a request, and what it makes of it. An ambiguous path has no row.
pub fn understand(
    request: &Request<'_>,
    tags: &Tags,
    knowledge: &AliasKnowledge,
) -> (Option<&'static Operation>, Call) {
    let Some(path) = Path::read(request.target) else {
        return (None, ambiguous(tags));
    };
    let segments = path.segments();
    let Some(operation) = routes::find(request.method, &segments) else {
        return (None, ambiguous(tags));
    };
    let reader = Reader {
        request,
        operation,
        collection: collection(operation, &segments),
        parameters: Parameters::read(path.query),
        tags,
        knowledge,
    };
    (Some(operation), reader.call(&segments))
}

fn ambiguous(tags: &Tags) -> Call {
    Call {
        invalidates: vec![tags.service.clone()],
        placement: Placement::Any,
        acknowledgement: crate::dialect::Acknowledgement::Queued,
        ..Call::unknown("the path can be read in more than one way")
    }
}

/// The collection of the path, where the row is about one.
fn collection<'p>(operation: &Operation, segments: &Segments<'p>) -> Option<&'p str> {
    let named =
        operation.pattern.starts_with("/collections/{collection}") || operation.pattern == "/*";
    segments.collection().filter(|_| named)
}

impl Reader<'_> {
    fn call(&self, segments: &Segments<'_>) -> Call {
        let document = match self.operation.reading {
            BodyForm::Ignored => Ok(Json::Null),
            _ => document::read(self.request),
        };
        let facts = match &document {
            Ok(document @ Json::Object(_)) => BodyFacts::read(self.operation.reading, document),
            _ => BodyFacts::none(),
        };
        let claims = credentials::claims(self.request.headers);
        let mut call = self.draft(&document, facts.features.clone());
        call.query_type = self.query_type(&facts);
        call.storability = self.storability(&document, &facts, claims.doubt);
        call.expires = claims.expires;
        if !matches!(call.storability, Storability::Never(_)) {
            call.reads = self.reads(&facts);
            let key = key::Key {
                operation: self.operation,
                segments,
                parameters: &self.parameters,
                reads: &call.reads,
                knowledge: self.knowledge,
            };
            call.canonical = Some(key.canonical(self.request, document.ok()));
        }
        call
    }

    fn draft(
        &self,
        document: &Result<Json<'_>, Unread>,
        features: crate::dialect::Features,
    ) -> Call {
        let collection = self.collection.unwrap_or_default();
        Call {
            operation: self.operation.name,
            effect: self.operation.effect,
            target: self
                .collection
                .map_or(Target::Service, |name| Target::Collection(name.into())),
            held: self.held(),
            query_type: self.operation.query_type,
            features,
            reads: Vec::new(),
            invalidates: self.invalidates(document),
            storability: self.operation.storability,
            placement: if self.operation.local {
                Placement::Local
            } else {
                Placement::Any
            },
            acknowledgement: self.parameters.acknowledgement(self.operation.acknowledged),
            fence: Fence::None,
            time_limit: self.parameters.time_limit(),
            gives_up_in_time: true,
            shape: shape::of(self.operation.name, collection, document.as_ref().ok()),
            canonical: None,
            expires: None,
            knowledge: self.knowledge.generation,
            reason: match (document, self.operation.effect) {
                (Err(unread), _) => unread,
                (_, Effect::Unknown) => "no operation that is known",
                _ => "method and path name the operation",
            },
        }
    }

    fn held(&self) -> Option<Target> {
        match self.knowledge.is_known() {
            true => {
                let behind = self.knowledge.target(self.collection?)?;
                Some(Target::Collection(behind.into()))
            }
            // The name may be an alias.
            false => Some(Target::Service),
        }
    }

    fn query_type(&self, facts: &BodyFacts<'_>) -> QueryType {
        match self.operation.query_type {
            QueryType::SemanticSearch | QueryType::EntityLookup if facts.contextual => {
                QueryType::ContextualSearch
            }
            plain => plain,
        }
    }

    fn storability(
        &self,
        document: &Result<Json<'_>, Unread>,
        facts: &BodyFacts<'_>,
        claim: Option<&'static str>,
    ) -> Storability {
        let doubts = [
            document.is_err().then_some("unread_body"),
            matches!(self.request.body, Body::Prefix(_)).then_some("unread_body"),
            self.parameters.has("consistency").then_some("consistency"),
            self.request
                .headers
                .contains_key(ROUTE_AFFINITY)
                .then_some("route_affinity"),
            claim,
            facts.doubt,
        ];
        match (
            self.operation.storability,
            doubts.into_iter().flatten().next(),
        ) {
            (Storability::Never(why), _) | (_, Some(why)) => Storability::Never(why),
            (Storability::Yes, None) if facts.estimate && self.operation.name == "points.count" => {
                Storability::Short
            }
            (storability, None) => storability,
        }
    }

    fn reads(&self, facts: &BodyFacts<'_>) -> Vec<Tag> {
        let mut tags = vec![self.tags.service.clone()];
        for name in self.collection.iter().chain(&facts.lookups) {
            self.tags.collection(name, self.knowledge, &mut tags);
        }
        tags.extend(self.listed());
        tags
    }

    fn invalidates(&self, document: &Result<Json<'_>, Unread>) -> Vec<Tag> {
        let mut tags = Vec::new();
        if self.operation.effect.is_read() || self.operation.scope == Scope::Nothing {
            return tags;
        }
        let changed = match (self.operation.scope, document) {
            (Scope::Aliases, Ok(document)) => alias_changes::names(document),
            (Scope::Aliases, Err(_)) => None,
            _ => Some(self.collection.into_iter().collect()),
        };
        let all = self.operation.scope == Scope::Service
            || changed.is_none()
            || !self.knowledge.is_known();
        for name in changed.unwrap_or_default() {
            self.tags.collection(name, self.knowledge, &mut tags);
        }
        tags.extend(self.listed());
        tags.extend(all.then(|| self.tags.service.clone()));
        tags
    }

    /// The tags of the tables of names, where the row is about them.
    fn listed(&self) -> impl Iterator<Item = Tag> {
        let Tags {
            aliases,
            collections,
            ..
        } = self.tags;
        let (names, list) = match self.operation.scope {
            Scope::List => (None, Some(collections)),
            Scope::Aliases => (Some(aliases), None),
            Scope::Names | Scope::CollectionAndNames => (Some(aliases), Some(collections)),
            Scope::Nothing | Scope::Collection | Scope::Service => (None, None),
        };
        [names, list].into_iter().flatten().cloned()
    }
}
