//! Helpers of this dialect's tests.

mod aliases;
mod classes;
mod properties;
mod responses;
mod storability;
mod table;

use super::{Qdrant, QdrantSettings};
use crate::dialect::{Body, Call, Dialect, Judgement, Request, Response, Storability};
use bytes::Bytes;
use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};

/// A dialect whose alias table is known: `current` stands for `docs`.
pub fn informed() -> Qdrant {
    let dialect = Qdrant::new("vectors", QdrantSettings::default());
    learn(&dialect, &[("current", "docs")]);
    assert!(knows_aliases(&dialect));
    dialect
}

/// Whether the alias table is known.
pub fn knows_aliases(dialect: &Qdrant) -> bool {
    dialect.names.now().is_known()
}

pub fn learn(dialect: &Qdrant, aliases: &[(&str, &str)]) {
    let metadata_query = dialect.metadata_queries().remove(0);
    learn_as(dialect, &metadata_query, aliases);
}

pub fn learn_as(
    dialect: &Qdrant,
    metadata_query: &crate::dialect::MetadataQuery,
    aliases: &[(&str, &str)],
) {
    let aliases: Vec<_> = aliases
        .iter()
        .map(|(alias, target)| serde_json::json!({"alias_name": alias, "collection_name": target}))
        .collect();
    let body = serde_json::json!({"result": {"aliases": aliases}, "status": "ok", "time": 0.1});
    let body = Bytes::from(body.to_string());
    dialect.learn(metadata_query, &response(200, &HeaderMap::new(), &body));
}

pub fn response<'a>(status: u16, headers: &'a HeaderMap, body: &'a Bytes) -> Response<'a> {
    Response {
        status,
        headers,
        body: Body::Whole(body),
    }
}

pub fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect()
}

pub fn call(dialect: &Qdrant, method: &str, target: &str, body: &str) -> Call {
    call_with(dialect, method, target, &[], body)
}

pub fn call_with(
    dialect: &Qdrant,
    method: &str,
    target: &str,
    pairs: &[(&str, &str)],
    body: &str,
) -> Call {
    let body = Bytes::from(body.to_owned());
    dialect.understand(&Request {
        method: &Method::from_bytes(method.as_bytes()).unwrap(),
        target,
        headers: &headers(pairs),
        body: Body::Whole(&body),
    })
}

/// A query of `docs`.
pub fn query(body: &str) -> Call {
    call(&informed(), "POST", "/collections/docs/points/query", body)
}

pub fn judge(call: &Call, status: u16, body: &str) -> Judgement {
    let body = Bytes::from(body.to_owned());
    informed().judge(call, &response(status, &HeaderMap::new(), &body))
}

pub fn never(call: &Call) -> &'static str {
    match call.storability {
        Storability::Never(why) => why,
        _ => "",
    }
}

pub fn tags(tags: &[crate::dialect::Tag]) -> Vec<&str> {
    tags.iter().map(|tag| tag.as_str()).collect()
}
