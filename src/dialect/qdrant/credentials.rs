//! The credentials of a request: the database's own key or token, and every header that ends in
//! `-api-key`, which Qdrant hands to an embedding provider.

use crate::dialect::canonical::Builder;
use crate::dialect::claims::Claims;
use http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName};

/// Adds every credential to a canonical request.
pub fn add(builder: Builder, headers: &HeaderMap) -> Builder {
    let mut found: Vec<_> = headers
        .iter()
        .filter(|(name, _)| is_credential(name))
        .collect();
    found.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
    found.into_iter().fold(builder, |builder, (name, value)| {
        builder.credential(name.as_str(), value.as_bytes())
    })
}

/// The digest of the credentials alone.
pub fn digest(headers: &HeaderMap) -> u64 {
    add(Builder::new("credential"), headers).credentials()
}

/// The claims of every token in a request.
pub fn claims(headers: &HeaderMap) -> Claims {
    let keys = headers.get_all("api-key").iter();
    Claims::of(keys.chain(headers.get_all(AUTHORIZATION)))
}

fn is_credential(name: &HeaderName) -> bool {
    let text = name.as_str();
    *name == AUTHORIZATION || *name == COOKIE || text == "api-key" || text.ends_with("-api-key")
}
