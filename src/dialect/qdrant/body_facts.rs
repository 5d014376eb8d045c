//! What the body of a read says: one walk over the parsed document finds the collections that it
//! looks up, what makes its response differ from call to call, and the counts of the planner.
//!
//! Qdrant also takes an array where an object is expected, its members in the order of their
//! declaration. Such a form could hide a lookup or a random sample, so it is never stored.

use super::operation::BodyForm;
use crate::dialect::Features;
use json_reader::Json;

/// Lookup collections of one request that are followed; a request that names more is not stored.
const MAX_LOOKUPS: usize = 64;

/// Members that hold a list; elsewhere an array is a vector or a form that is not understood.
const LISTS: [&str; 24] = [
    "any",
    "conditions",
    "context",
    "except",
    "exclude",
    "feedback",
    "has_id",
    "ids",
    "include",
    "interiors",
    "mult",
    "must",
    "must_not",
    "negative",
    "points",
    "positive",
    "prefetch",
    "searches",
    "shard_key",
    "should",
    "sum",
    "with_payload",
    "with_vector",
    "with_vectors",
];

/// Members whose numbers are a vector rather than ids.
const VECTORS: [&str; 7] = [
    "example",
    "nearest",
    "query",
    "target",
    "values",
    "vector",
    "naive_feedback",
];

/// What a walk found.
#[derive(Debug)]
pub struct BodyFacts<'d> {
    pub features: Features,
    /// Other collections that the response depends on.
    pub lookups: Vec<&'d str>,
    /// Why the response may not be stored.
    pub doubt: Option<&'static str>,
    /// The response is an estimate.
    pub estimate: bool,
    /// More than a plain vector search: a filter, groups, prefetched candidates, a text.
    pub contextual: bool,
}

impl<'d> BodyFacts<'d> {
    /// The facts of a request without a body.
    pub fn none() -> Self {
        Self {
            features: Features {
                members: 1,
                ..Features::default()
            },
            lookups: Vec::new(),
            doubt: None,
            estimate: false,
            contextual: false,
        }
    }

    /// Walks a body.
    pub fn read(reading: BodyForm, document: &'d Json<'d>) -> Self {
        let mut facts = Self::none();
        facts.walk("", document, false);
        facts.count(reading, document);
        facts.contextual |= reading == BodyForm::Groups;
        facts.estimate = document.get("exact").and_then(Json::as_bool) == Some(false);
        facts
    }

    /// Members and limits, which stand at the top of a request.
    fn count(&mut self, reading: BodyForm, document: &Json<'_>) {
        let limit = match reading {
            BodyForm::Ignored | BodyForm::Aliases | BodyForm::Count => 0,
            BodyForm::Single | BodyForm::Facet => limit(document, "limit", 10),
            BodyForm::Groups => {
                limit(document, "limit", 10).saturating_mul(limit(document, "group_size", 3))
            }
            BodyForm::Ids => document.get("ids").map_or(0, length),
            BodyForm::Batch => self.count_batch(document),
        };
        let features = &mut self.features;
        features.final_limit = limit;
        let searches = !matches!(reading, BodyForm::Ids | BodyForm::Count | BodyForm::Facet);
        features.vector_limit = if searches {
            features.vector_limit.max(limit)
        } else {
            0
        };
    }

    fn count_batch(&mut self, document: &Json<'_>) -> u32 {
        let searches = document.get("searches").map_or(&[][..], Json::items);
        self.features.members = u32::try_from(searches.len()).unwrap_or(u32::MAX);
        let limits = searches.iter().map(|search| limit(search, "limit", 10));
        limits.max().unwrap_or(0)
    }

    fn walk(&mut self, key: &str, value: &'d Json<'d>, in_filter: bool) {
        match value {
            Json::Object(members) => {
                for (name, member) in members {
                    self.member(name, member, in_filter);
                }
            }
            Json::Array(items) => self.list(key, items, in_filter),
            Json::Numbers(..) => self.features.has_vector |= !in_filter && VECTORS.contains(&key),
            _ => {}
        }
    }

    fn list(&mut self, key: &str, items: &'d [Json<'d>], in_filter: bool) {
        let vectors =
            !items.is_empty() && items.iter().all(|item| matches!(item, Json::Numbers(..)));
        self.features.has_vector |= vectors && !in_filter;
        if !vectors && !items.is_empty() && !LISTS.contains(&key) {
            self.doubt("unusual_form");
        }
        let objects = matches!(key, "prefetch" | "searches" | "context" | "feedback");
        if objects && !items.iter().all(|item| matches!(item, Json::Object(_))) {
            self.doubt("unusual_form");
        }
        for item in items {
            self.walk("", item, in_filter);
        }
    }

    fn member(&mut self, name: &str, value: &'d Json<'d>, in_filter: bool) {
        match name {
            _ if value.is_null() => return,
            "lookup_from" | "with_lookup" => return self.lookup(value),
            "sample" if !matches!(value, Json::Number(_)) => self.doubt("random"),
            "text" | "image" | "object" | "model" if !in_filter => self.inference(name, value),
            "filter" => {
                self.features.has_filters = true;
                self.contextual = true;
            }
            "prefetch" => self.contextual = true,
            "context" => self.pairs(value),
            "limit" => self.features.vector_limit = self.features.vector_limit.max(as_limit(value)),
            _ => {}
        }
        self.walk(name, value, in_filter || matches!(name, "filter" | "match"));
    }

    /// In a pair `positive` and `negative` are one example each, so a list there is a vector.
    fn pairs(&mut self, value: &Json<'_>) {
        let pairs = value.items().iter().chain(std::iter::once(value));
        let mut sides = pairs.flat_map(|pair| [pair.get("positive"), pair.get("negative")]);
        let listed = |side: &Json<'_>| {
            let items = side.items();
            !items.iter().all(|item| matches!(item, Json::Numbers(..)))
        };
        if sides.any(|side| side.is_some_and(listed)) {
            self.doubt("unusual_form");
        }
    }

    fn lookup(&mut self, value: &'d Json<'d>) {
        let collection = match value {
            Json::Object(_) => value.get("collection").and_then(Json::as_str),
            _ => value.as_str(),
        };
        match collection {
            Some(name) if self.lookups.contains(&name) => {}
            Some(name) if self.lookups.len() < MAX_LOOKUPS => self.lookups.push(name),
            Some(_) => self.doubt("many_lookups"),
            None => self.doubt("unusual_form"),
        }
    }

    /// An object that goes to an embedding model.
    fn inference(&mut self, name: &str, value: &Json<'_>) {
        self.doubt("inference");
        self.contextual = true;
        if let ("text", Some(text)) = (name, value.as_str()) {
            let features = &mut self.features;
            features.text_length = add(features.text_length, text.chars().count());
            features.word_count = add(features.word_count, text.split_whitespace().count());
        }
    }

    fn doubt(&mut self, why: &'static str) {
        self.doubt.get_or_insert(why);
    }
}

fn limit(document: &Json<'_>, key: &str, default: u32) -> u32 {
    match document.get(key) {
        None | Some(Json::Null) => default,
        Some(value) => as_limit(value),
    }
}

fn as_limit(value: &Json<'_>) -> u32 {
    u32::try_from(value.as_u64().unwrap_or(0)).unwrap_or(u32::MAX)
}

fn length(value: &Json<'_>) -> u32 {
    match value {
        Json::Numbers(_, count) => u32::try_from(*count).unwrap_or(u32::MAX),
        _ => u32::try_from(value.items().len()).unwrap_or(u32::MAX),
    }
}

fn add(sum: u32, more: usize) -> u32 {
    sum.saturating_add(u32::try_from(more).unwrap_or(u32::MAX))
}
