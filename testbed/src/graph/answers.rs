//! Answers as Neo4j's HTTP server writes them.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use serde_json::{Value as Json, json};

use super::failure::Failure;

/// Typed JSON of the Query API.
pub const TYPED: &str = "application/vnd.neo4j.query";
const PLAIN: &str = "application/json";

/// An answer with a JSON body.
pub fn json_answer(status: u16, body: &Json) -> Response<Bytes> {
    typed_answer(status, body, false)
}

/// As `json_answer`; `typed` names the Query API's own media type.
pub fn typed_answer(status: u16, body: &Json, typed: bool) -> Response<Bytes> {
    let mut response = empty(status);
    *response.body_mut() = Bytes::from(body.to_string());
    let media = HeaderValue::from_static(if typed { TYPED } else { PLAIN });
    response.headers_mut().insert(CONTENT_TYPE, media);
    response
}

/// An answer without a body.
pub fn empty(status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// What the HTTP layer refuses: `Not Found`, `Bad Request` and the like.
pub fn refused(status: u16) -> Response<Bytes> {
    let mut response = empty(status);
    let reason = response.status().canonical_reason().unwrap_or_default();
    let body = json!({ "errors": [Failure::invalid_request(reason).json()] });
    *response.body_mut() = Bytes::from(body.to_string());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PLAIN));
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("must-revalidate,no-cache,no-store"),
    );
    response
}

/// 405 with the methods that are served; 200 for OPTIONS.
pub fn other_method(method: &http::Method, allow: &'static str) -> Response<Bytes> {
    let mut response = if method == http::Method::OPTIONS {
        empty(200)
    } else {
        refused(405)
    };
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// 401.
pub fn unauthorized(message: &str) -> Response<Bytes> {
    let failure = Failure::new("Neo.ClientError.Security.Unauthorized", message);
    let mut response = json_answer(401, &json!({ "errors": [failure.json()] }));
    let realm = HeaderValue::from_static("Basic realm=\"Neo4j\", charset=\"UTF-8\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    response
}

/// The Query API's answer to a failure.
pub fn query_failure(failure: &Failure, typed: bool) -> Response<Bytes> {
    typed_answer(
        failure.status(),
        &json!({ "errors": [failure.json()] }),
        typed,
    )
}

/// The transactional API's 404 for a transaction that is not there.
pub fn tx_not_found() -> Response<Bytes> {
    let failure = Failure::new(
        "Neo.ClientError.Transaction.TransactionNotFound",
        "Unrecognized transaction id. Transaction may have timed out and been rolled back.",
    );
    json_answer(404, &json!({ "results": [], "errors": [failure.json()] }))
}

/// The Query API's 404 for a transaction that is not there.
pub fn query_tx_not_found(id: &str) -> Response<Bytes> {
    let message = format!(
        "Transaction with Id: \"{id}\" was not found. It may have timed out and therefore rolled back \
         or the routing header 'neo4j-cluster-affinity' was not provided."
    );
    json_answer(
        404,
        &json!({ "errors": [Failure::invalid_request(message).json()] }),
    )
}
