//! The envelope of every response: `{"success":true,"data":..}` or `{"success":false,"detail":..}`,
//! and the header fields that keep a browser from doing anything with it.

use super::control::{Problem, ProblemKind};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

/// What a handler gives.
pub type ApiResponse = Result<Response, Problem>;

const SECURITY: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
];

/// A success.
pub fn data(data: impl Serialize) -> Response {
    json_response(
        StatusCode::OK,
        &json!({"success": true, "data": data_value(data)}),
    )
}

/// A failure, with the message for the operator.
pub fn failure(status: StatusCode, detail: &str) -> Response {
    json_response(status, &json!({"success": false, "detail": detail}))
}

fn data_value(data: impl Serialize) -> serde_json::Value {
    serde_json::to_value(data).unwrap_or_default()
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string()).into_response()
}

/// Sets the header fields of every response.
pub fn secure(headers: &mut HeaderMap) {
    headers.extend(SECURITY);
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = match self.kind {
            ProblemKind::NotFound => StatusCode::NOT_FOUND,
            ProblemKind::Invalid => StatusCode::BAD_REQUEST,
            ProblemKind::Conflict => StatusCode::CONFLICT,
            ProblemKind::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        failure(status, &self.detail)
    }
}
