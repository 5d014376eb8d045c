//! Rejections in Neo4j's shape, with the closest code of Neo4j, so that clients react
//! as they would to the server. Clients send again what is a `TransientError`, `AuthorizationExpired`
//! or `NotALeader`; an outcome that is unknown must be none of these.

use super::operations::{Api, line};
use crate::dialect::{ErrorResponse, Request};
use crate::rejection::{Rejection, RetrySafety};
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue};
use serde_json::json;

/// The text of the transactional API for a transaction that is gone.
const GONE: &str =
    "Unrecognized transaction id. Transaction may have timed out and been rolled back.";

/// The code of Neo4j for what a client may make of a refusal.
const fn code(safety: RetrySafety, api: Api) -> &'static str {
    match (safety, api) {
        (RetrySafety::NotSent | RetrySafety::ReadFailed, _) => {
            "Neo.TransientError.General.DatabaseUnavailable"
        }
        (RetrySafety::ReadTimedOut, _) => "Neo.ClientError.Transaction.TransactionTimedOut",
        (RetrySafety::OutcomeUnknown, _) => "Neo.DatabaseError.General.UnknownError",
        (RetrySafety::TransactionNotFound, Api::Query) | (RetrySafety::ClientError, _) => {
            "Neo.ClientError.Request.Invalid"
        }
        (RetrySafety::TransactionNotFound, _) => "Neo.ClientError.Transaction.TransactionNotFound",
    }
}

/// Prints a refusal in the shape of the request's interface. What is not known of a request is printed
/// in that of the transactional API, whose extra `results` clients of the Query API ignore.
pub fn refusal(rejection: &Rejection, request: Option<&Request<'_>>) -> ErrorResponse {
    let matched = request.and_then(|request| line(request.method, request.target));
    let api = matched.as_ref().map_or(Api::None, |matched| matched.api);
    let row = rejection.reason.row();
    let id = matched.and_then(|matched| matched.id).unwrap_or_default();
    let message = match (row.retry_safety, api) {
        (RetrySafety::TransactionNotFound, Api::Query) => format!(
            "Transaction with Id: \"{id}\" was not found. It may have timed out and therefore rolled \
             back or the routing header 'neo4j-cluster-affinity' was not provided."
        ),
        (RetrySafety::TransactionNotFound, _) => GONE.to_owned(),
        _ => format!("pointsman: {} ({})", rejection.detail, row.label),
    };
    let errors = json!([{"code": code(row.retry_safety, api), "message": message}]);
    let body = match api {
        Api::Query => json!({ "errors": errors }),
        _ => json!({"results": [], "errors": errors}),
    };
    ErrorResponse {
        status: row.status,
        content_type: "application/json",
        body: body.to_string(),
        // As on every response of Neo4j: without it a browser hides the error from its page.
        fields: vec![(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))],
    }
}
