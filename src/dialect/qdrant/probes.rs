//! The probes of an endpoint and the one inquiry of a service. `/readyz` only says that the node
//! has started; `/collections` says that it answers with our key. The info of a collection is no
//! probe: it fans out to all nodes, and one dead node would eject the whole cluster.

use super::names::Knowledge;
use crate::dialect::{MetadataQuery, Probe, ProbeResult, Response};
use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use std::time::Duration;

/// How long an alias table is trusted that was not changed through us.
const ALIASES_EVERY: Duration = Duration::from_secs(30);

/// How soon the table is asked for again while it is unknown.
const ALIASES_AGAIN: Duration = Duration::from_secs(1);

/// The probes, cheapest first.
pub fn probes(credential: &[(HeaderName, HeaderValue)]) -> Vec<Probe> {
    let probe = |name, target: &str, headers: &[_], credentialed, read| Probe {
        name,
        method: Method::GET,
        target: target.into(),
        headers: headers.to_vec(),
        body: Bytes::new(),
        credentialed,
        read,
    };
    vec![
        probe("readyz", "/readyz", &[], false, ready),
        probe("collections", "/collections", credential, true, answers),
    ]
}

/// The question for the alias table.
pub fn aliases(credential: &[(HeaderName, HeaderValue)], knowledge: &Knowledge) -> MetadataQuery {
    MetadataQuery {
        name: "aliases",
        method: Method::GET,
        target: "/aliases".into(),
        headers: credential.to_vec(),
        body: Bytes::new(),
        every: if knowledge.is_known() {
            ALIASES_EVERY
        } else {
            ALIASES_AGAIN
        },
        generation: knowledge.generation,
    }
}

/// A server too old for `/readyz` answers 404, which says nothing.
fn ready(answer: &Response<'_>) -> ProbeResult {
    match answer.status {
        200 => ProbeResult::Good,
        401 | 403 | 404 => ProbeResult::Unsupported,
        503 => ProbeResult::Bad("not ready".into()),
        status => ProbeResult::Bad(format!("/readyz answered {status}")),
    }
}

fn answers(answer: &Response<'_>) -> ProbeResult {
    match answer.status {
        200 => ProbeResult::Good,
        401 | 403 => ProbeResult::Locked,
        404 => ProbeResult::Unsupported,
        408 | 429 => ProbeResult::Busy,
        status => ProbeResult::Bad(format!("/collections answered {status}")),
    }
}
