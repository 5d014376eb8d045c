//! Probes of an endpoint. A probe never touches data; a refused credential stops the credentialed ones,
//! since three wrong tries lock the user for everyone.

use crate::dialect::{Probe, ProbeResult, Response, Role};
use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use json_reader::top_level;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::sync::Arc;

/// The home database of a server whose configuration says nothing else.
const HOME: &str = "neo4j";

/// The headers of a probe, with those of its credential.
pub fn headers(
    credential: &[(HeaderName, HeaderValue)],
    has_body: bool,
) -> Vec<(HeaderName, HeaderValue)> {
    let json = HeaderValue::from_static("application/json");
    let mut headers = vec![(ACCEPT, json.clone())];
    if has_body {
        headers.push((CONTENT_TYPE, json));
    }
    headers.extend_from_slice(credential);
    headers
}

/// The probes, cheapest first. `home`: the home database, once it is known.
pub fn probes(credential: &[(HeaderName, HeaderValue)], home: Option<&str>) -> Vec<Probe> {
    let home = utf8_percent_encode(home.unwrap_or(HOME), NON_ALPHANUMERIC);
    vec![
        Probe {
            name: "discovery",
            method: Method::GET,
            target: "/".to_owned(),
            headers: headers(&[], false),
            body: Bytes::new(),
            asks_service: false,
            read: Arc::new(alive),
        },
        Probe {
            name: "query",
            method: Method::POST,
            target: format!("/db/{home}/query/v2"),
            headers: headers(credential, true),
            body: read_only("RETURN 1"),
            asks_service: true,
            read: Arc::new(query),
        },
        Probe {
            name: "role",
            method: Method::GET,
            target: format!("/db/{home}/cluster/writable"),
            headers: headers(credential, false),
            body: Bytes::new(),
            asks_service: true,
            read: Arc::new(writable),
        },
    ]
}

/// The body of a statement of the Query API, with read access mode.
pub fn read_only(text: &str) -> Bytes {
    serde_json::json!({"statement": text, "accessMode": "READ"})
        .to_string()
        .into()
}

fn alive(response: &Response<'_>) -> ProbeResult {
    match response.status {
        // A gateway may hide the front page: the server behind it serves all the same.
        200 | 401 | 403 | 405 => ProbeResult::Good,
        404 => ProbeResult::Unsupported,
        408 | 429 => ProbeResult::Busy,
        status => ProbeResult::Bad(format!("GET / answered {status}")),
    }
}

/// Code and text of the errors, as one text; only looked at for words.
fn errors<'a>(response: &Response<'a>) -> &'a str {
    let body = response.body.bytes();
    let [range] = top_level(body, ["errors"]).values;
    let bytes = range.and_then(|range| body.get(range)).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}

fn query(response: &Response<'_>) -> ProbeResult {
    let errors = errors(response);
    let has = |word: &str| errors.contains(word);
    match response.status {
        401 | 429 => ProbeResult::Locked,
        _ if has("Neo.ClientError.Security.Forbidden") => ProbeResult::Unsupported,
        _ if has("Neo.ClientError.Security.") => ProbeResult::Locked,
        _ if has("MaximumTransactionLimitReached") => ProbeResult::Busy,
        _ if has("NoThreadsAvailable") || has("ResourceExhaustion") => ProbeResult::Busy,
        400 if has("Neo.ClientError.Request.Invalid") => ProbeResult::Unsupported,
        200..300 if errors.is_empty() || errors == "[]" => ProbeResult::Good,
        // The home database has another name, which the next metadata query tells, or lives elsewhere.
        403..=405 => ProbeResult::Unsupported,
        status => ProbeResult::Bad(format!("RETURN 1 answered {status}")),
    }
}

fn writable(response: &Response<'_>) -> ProbeResult {
    match response.status {
        200 => ProbeResult::Role(Role::Writer),
        401 | 429 => ProbeResult::Locked,
        403 => ProbeResult::Unsupported,
        404 if errors(response).contains("Neo.ClientError.") => ProbeResult::Unsupported,
        404 => ProbeResult::Role(Role::Reader),
        status => ProbeResult::Bad(format!("the role answered {status}")),
    }
}
