//! The canonical form of a Neo4j read: everything that decides its response. The access mode is left
//! out on a single server, where it changes nothing; in a cluster it may choose another member.

use super::body::StatementRequest;
use super::operations::{Api, RequestLine};
use super::settings::Neo4jSettings;
use crate::dialect::Request;
use crate::dialect::canonical::{Builder, Canonical, canonical_json};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE, ORIGIN};

/// Makes the canonical form.
pub fn canonical(
    settings: &Neo4jSettings,
    request: &Request<'_>,
    line: &RequestLine,
    body: &StatementRequest<'_>,
) -> Canonical {
    let api: &[u8] = match line.api {
        Api::Query => b"query",
        _ => b"tx",
    };
    let mut builder = Builder::new("cypher.read")
        .part(settings.service.as_bytes())
        .part(line.database.as_bytes())
        .part(api);
    for name in [ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, ORIGIN] {
        builder = builder.header(request.headers, &name);
    }
    if settings.cluster {
        builder = builder.part(format!("{:?}", body.access_mode).as_bytes());
    }
    with_credentials(builder, request).body(canonical_json(
        &body.json,
        &["accessMode", "maxExecutionTime"],
    ))
}

/// The digest of the credentials alone.
pub fn credential(request: &Request<'_>) -> u64 {
    with_credentials(Builder::new("credential"), request).credentials()
}

fn with_credentials(mut builder: Builder, request: &Request<'_>) -> Builder {
    for name in [AUTHORIZATION, COOKIE] {
        for value in request.headers.get_all(&name) {
            builder = builder.credential(name.as_str(), value.as_bytes());
        }
    }
    builder
}
