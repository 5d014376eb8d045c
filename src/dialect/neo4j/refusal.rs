//! Refusals of ours in Neo4j's shape, with the code of Neo4j that comes closest, so that drivers
//! react as they would to the server.

use crate::dialect::ErrorBody;
use crate::rejection::{Rejection, RejectionReason};

/// The code of Neo4j for a reason.
const fn code(reason: RejectionReason) -> &'static str {
    match reason {
        RejectionReason::TransactionNotFound => "Neo.ClientError.Transaction.TransactionNotFound",
        RejectionReason::HeadersTooLarge | RejectionReason::BodyTooLarge => {
            "Neo.ClientError.Request.Invalid"
        }
        _ => "Neo.TransientError.General.DatabaseUnavailable",
    }
}

/// Prints a refusal: the shape of the transactional API, whose extra `results` the Query API's clients ignore.
pub fn refusal(rejection: &Rejection) -> ErrorBody {
    let label = rejection.reason.row().label;
    let message = format!("pointsman: {} ({label})", rejection.detail);
    let body = serde_json::json!({
        "results": [],
        "errors": [{"code": code(rejection.reason), "message": message}],
    });
    ErrorBody {
        content_type: "application/json",
        body: body.to_string(),
    }
}
