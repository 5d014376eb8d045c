//! The canonical form of a read: everything that decides its response, and nothing else. The time
//! limit of a request is left out; the tags are in, so that a response stored while a name stood
//! for another collection, or while that was unknown, is never found again.

use super::alias_table::AliasKnowledge;
use super::credentials;
use super::operation::Operation;
use super::parameters::Parameters;
use super::path::Segments;
use crate::dialect::canonical::{Builder, CanonicalBody, canonical_json};
use crate::dialect::{Body, Canonical, Request, Tag};
use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    CONTENT_TYPE, HeaderName, ORIGIN,
};
use json_reader::Json;

/// Headers that a response depends on. Qdrant's `Vary` names the last three.
const HEADERS: [HeaderName; 6] = [
    ACCEPT,
    ACCEPT_ENCODING,
    CONTENT_TYPE,
    ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD,
    ACCESS_CONTROL_REQUEST_HEADERS,
];

/// What a key is made of, apart from the request itself.
pub struct Key<'r> {
    pub operation: &'static Operation,
    pub segments: &'r Segments<'r>,
    pub parameters: &'r Parameters<'r>,
    pub reads: &'r [Tag],
    pub knowledge: &'r AliasKnowledge,
}

impl Key<'_> {
    /// The canonical request; `document` is its parsed body, where it has one.
    pub fn canonical(&self, request: &Request<'_>, document: Option<Json<'_>>) -> Canonical {
        let mut builder = Builder::new(self.operation.name);
        for segment in self.segments.kept() {
            builder = builder.part(segment.as_bytes());
        }
        builder = builder.part(b"");
        for (key, value) in self.parameters.deciding() {
            builder = builder.part(key).part(value);
        }
        builder = builder.part(b"");
        for tag in self.reads {
            builder = builder.part(tag.as_str().as_bytes());
        }
        builder = builder.part(&self.unknown_since());
        for name in &HEADERS {
            builder = builder.header(request.headers, name);
        }
        credentials::add(builder, request.headers).body(body(request, document))
    }

    /// While names are unknown their generation is part of the key.
    fn unknown_since(&self) -> [u8; 8] {
        let generation = if self.knowledge.is_known() {
            0
        } else {
            self.knowledge.generation + 1
        };
        generation.to_le_bytes()
    }
}

fn body(request: &Request<'_>, document: Option<Json<'_>>) -> CanonicalBody {
    match (document, request.body) {
        (Some(document @ Json::Object(_)), _) => canonical_json(&document, &[]),
        (_, Body::Whole(body)) => CanonicalBody::from(&**body),
        (_, Body::Prefix(_)) => CanonicalBody::default(),
    }
}
