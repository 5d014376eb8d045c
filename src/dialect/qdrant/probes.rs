//! The probes of an endpoint and the one metadata query of a service. `/readyz` only says that the node
//! has started; whether a collection exists it only answers with our key. The info of a collection is no
//! probe: it fans out to all nodes, and one dead node would eject the whole cluster.

use super::alias_table::AliasKnowledge;
use crate::dialect::{MetadataQuery, Probe, ProbeResult, ReadProbe, Response};
use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// How long an alias table is trusted that was not changed through us.
const ALIASES_EVERY: Duration = Duration::from_secs(30);

/// How soon the table is queried again while it is unknown.
const ALIASES_AGAIN: Duration = Duration::from_secs(1);

/// Sent to every node with our key. The response is short however many collections there are.
const EXISTS: &str = "/collections/pointsman-probe/exists";

/// Bytes of a refusal that are looked at.
const MAX_TEXT: usize = 1024;

/// The probes, cheapest first.
pub fn probes(credential: &[(HeaderName, HeaderValue)]) -> Vec<Probe> {
    let probe = |name, target: &str, headers: &[_], asks_service, read: ReadProbe| Probe {
        name,
        method: Method::GET,
        target: target.into(),
        headers: headers.to_vec(),
        body: Bytes::new(),
        asks_service,
        read,
    };
    vec![
        probe("readyz", "/readyz", &[], false, Arc::new(ready)),
        probe("collections", EXISTS, credential, true, Arc::new(exists)),
    ]
}

/// The question for the alias table.
pub fn aliases(
    credential: &[(HeaderName, HeaderValue)],
    knowledge: &AliasKnowledge,
) -> MetadataQuery {
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
fn ready(response: &Response<'_>) -> ProbeResult {
    match response.status {
        200 | 401 | 403 => ProbeResult::Good,
        404 => ProbeResult::Unsupported,
        408 | 429 => ProbeResult::Busy,
        503 => ProbeResult::Bad("not ready".into()),
        status => ProbeResult::Bad(format!("/readyz answered {status}")),
    }
}

/// A credential that may not see the collection is still known to the server.
fn exists(response: &Response<'_>) -> ProbeResult {
    match response.status {
        200 => ProbeResult::Good,
        403 if text(response).contains("Forbidden") => ProbeResult::Good,
        401 | 403 => ProbeResult::Locked,
        404 => ProbeResult::Unsupported,
        408 | 429 => ProbeResult::Busy,
        status => ProbeResult::Bad(format!("/collections/../exists answered {status}")),
    }
}

fn text<'a>(response: &Response<'a>) -> Cow<'a, str> {
    let body = response.body.bytes();
    String::from_utf8_lossy(body.get(..MAX_TEXT).unwrap_or(body))
}
