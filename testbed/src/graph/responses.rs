//! Responses as Neo4j's HTTP server writes them.

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

/// A response with a JSON body.
pub fn json_response(status: u16, body: &Json) -> Response<Bytes> {
    typed_response(status, body, false)
}

/// As `json_response`; `typed` names the Query API's own media type.
pub fn typed_response(status: u16, body: &Json, typed: bool) -> Response<Bytes> {
    let mut response = empty(status);
    *response.body_mut() = Bytes::from(body.to_string());
    let media = HeaderValue::from_static(if typed { TYPED } else { PLAIN });
    response.headers_mut().insert(CONTENT_TYPE, media);
    response
}

/// A response without a body.
pub fn empty(status: u16) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

/// An error of the HTTP layer: `Not Found`, `Bad Request` and the like.
pub fn http_error(status: u16) -> Response<Bytes> {
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
pub fn method_not_allowed(method: &http::Method, allow: &'static str) -> Response<Bytes> {
    let mut response = if method == http::Method::OPTIONS {
        empty(200)
    } else {
        http_error(405)
    };
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allow));
    response
}

/// 401.
pub fn unauthorized(message: &str) -> Response<Bytes> {
    let failure = Failure::new("Neo.ClientError.Security.Unauthorized", message);
    let mut response = json_response(401, &json!({ "errors": [failure.json()] }));
    let realm = HeaderValue::from_static("Basic realm=\"Neo4j\", charset=\"UTF-8\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, realm);
    response
}

/// The Query API's response to a failure.
pub fn query_failure(failure: &Failure, typed: bool) -> Response<Bytes> {
    typed_response(
        failure.status(),
        &json!({ "errors": [failure.json()] }),
        typed,
    )
}

/// The transactional API's 404 for an unknown transaction.
pub fn tx_not_found() -> Response<Bytes> {
    let failure = Failure::new(
        "Neo.ClientError.Transaction.TransactionNotFound",
        "Unrecognized transaction id. Transaction may have timed out and been rolled back.",
    );
    json_response(404, &json!({ "results": [], "errors": [failure.json()] }))
}

/// The Query API's 404 for an unknown transaction.
pub fn query_tx_not_found(id: &str) -> Response<Bytes> {
    let message = format!(
        "Transaction with Id: \"{id}\" was not found. It may have timed out and therefore rolled back \
         or the routing header 'neo4j-cluster-affinity' was not provided."
    );
    json_response(
        404,
        &json!({ "errors": [Failure::invalid_request(message).json()] }),
    )
}
