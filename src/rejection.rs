//! Why pointsman itself refuses a request. One table: reason -> HTTP status, label, text. The
//! dialect prints it in its own error shape; metrics and logs use the label.

use serde::Serialize;
use std::time::Duration;

/// A refusal that pointsman makes, never the database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rejection {
    /// The row of the table.
    pub reason: RejectionReason,
    /// What happened, for the person who reads the answer; no secrets, no parameter values.
    pub detail: String,
    /// When it makes sense to try again.
    pub retry_after: Option<Duration>,
}

/// The rows. Add one here and in [`RejectionReason::row`], and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionReason {
    /// No endpoint may take the request.
    NoEndpoint,
    /// The transaction id names no endpoint that is known.
    TransactionNotFound,
    /// The endpoint did not answer in time.
    UpstreamTimeout,
    /// The endpoint broke the exchange, or never could be reached.
    UpstreamBroken,
    /// Header fields beyond the limit.
    HeadersTooLarge,
    /// A body that must be read whole before it may go out, and is beyond the limit.
    BodyTooLarge,
    /// No room to hold a body that must be read whole.
    BodiesFull,
}

/// What the table says of a reason.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// HTTP status of the answer.
    pub status: u16,
    /// Label in metrics and logs.
    pub label: &'static str,
}

impl RejectionReason {
    /// Every reason, for documents and tests.
    pub const ALL: [RejectionReason; 7] = [
        RejectionReason::NoEndpoint,
        RejectionReason::TransactionNotFound,
        RejectionReason::UpstreamTimeout,
        RejectionReason::UpstreamBroken,
        RejectionReason::HeadersTooLarge,
        RejectionReason::BodyTooLarge,
        RejectionReason::BodiesFull,
    ];

    /// The row of this reason.
    pub const fn row(self) -> Row {
        let (status, label) = match self {
            RejectionReason::NoEndpoint => (503, "no_endpoint"),
            RejectionReason::TransactionNotFound => (404, "transaction_not_found"),
            RejectionReason::UpstreamTimeout => (504, "upstream_timeout"),
            RejectionReason::UpstreamBroken => (502, "upstream_broken"),
            RejectionReason::HeadersTooLarge => (431, "headers_too_large"),
            RejectionReason::BodyTooLarge => (413, "body_too_large"),
            RejectionReason::BodiesFull => (503, "bodies_full"),
        };
        Row { status, label }
    }
}

impl Rejection {
    /// A rejection without a hint when to come back.
    pub fn new(reason: RejectionReason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The same rejection, with the time after which trying again makes sense.
    pub fn retry_after(mut self, span: Duration) -> Self {
        self.retry_after = Some(span);
        self
    }
}
