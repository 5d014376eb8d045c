//! Why pointsman itself refuses a request. One table: reason -> HTTP status, label, and what a client
//! may make of it. The dialect prints it in its own error shape; metrics and logs use the label.
//! `docs/refusals.md` shows the table with each dialect's code and the rules of the clients.

use serde::Serialize;
use std::time::Duration;

/// A refusal that pointsman makes, never the database.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rejection {
    /// The row of the table.
    pub reason: RejectionReason,
    /// What happened, for the person who reads the response; no secrets, no parameter values.
    pub detail: String,
    /// When it makes sense to try again; only where the table invites a retry.
    pub retry_after: Option<Duration>,
}

/// The rows. Add one here and in [`RejectionReason::row`], and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionReason {
    /// No endpoint may take the request, or none could be reached.
    NoEndpoint,
    /// The transaction id names no endpoint that is known.
    TransactionNotFound,
    /// No response to a read came in time.
    UpstreamTimeout,
    /// The exchange of a read broke.
    UpstreamBroken,
    /// Something other than a read was sent, and no response says what became of it.
    OutcomeUnknown,
    /// The request cannot be written as HTTP/1.1.
    Unsendable,
    /// Header fields beyond the limit.
    HeadersTooLarge,
    /// A body that must be read whole before it may go out, and is beyond the limit.
    BodyTooLarge,
    /// No room to buffer a body that must be read whole.
    BodiesFull,
    /// The request breaks a rule of HTTP.
    BadRequest,
    /// The client speaks another protocol: TLS or Bolt.
    OtherProtocol,
    /// The method is not served: a tunnel, or an echo of credentials.
    MethodNotAllowed,
    /// The head or the body came too slowly.
    ClientTooSlow,
    /// The version of HTTP is not served.
    VersionNotSupported,
}

/// What a client may make of a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetrySafety {
    /// Nothing was sent: sending the request again later is safe.
    NotSent,
    /// A read brought no response: sending it again is safe.
    ReadFailed,
    /// A read ran out of time: sending it again is safe, and likely to end the same way.
    ReadTimedOut,
    /// The request itself is at fault: it will be refused again.
    ClientError,
    /// The transaction is gone.
    TransactionNotFound,
    /// It may have been done: no client may send it again by itself.
    OutcomeUnknown,
}

impl RetrySafety {
    /// Whether clients are invited to send the request again by themselves.
    pub const fn invites_retry(self) -> bool {
        matches!(self, RetrySafety::NotSent | RetrySafety::ReadFailed)
    }
}

/// What the table says of a reason.
#[derive(Debug, Clone, Copy)]
pub struct RejectionRow {
    /// HTTP status of the response.
    pub status: u16,
    /// Label in metrics and logs.
    pub label: &'static str,
    pub retry_safety: RetrySafety,
}

impl RejectionReason {
    /// Every reason, for documents and tests.
    pub const ALL: [RejectionReason; 14] = [
        RejectionReason::NoEndpoint,
        RejectionReason::TransactionNotFound,
        RejectionReason::UpstreamTimeout,
        RejectionReason::UpstreamBroken,
        RejectionReason::OutcomeUnknown,
        RejectionReason::Unsendable,
        RejectionReason::HeadersTooLarge,
        RejectionReason::BodyTooLarge,
        RejectionReason::BodiesFull,
        RejectionReason::BadRequest,
        RejectionReason::OtherProtocol,
        RejectionReason::MethodNotAllowed,
        RejectionReason::ClientTooSlow,
        RejectionReason::VersionNotSupported,
    ];

    /// The row of this reason. Generic clients retry after 429, 502, 503 and 504, so an
    /// unknown outcome is a plain 500.
    pub const fn row(self) -> RejectionRow {
        use RetrySafety::{ClientError, NotSent, ReadFailed, ReadTimedOut};
        let (status, label, retry_safety) = match self {
            RejectionReason::NoEndpoint => (503, "no_endpoint", NotSent),
            RejectionReason::TransactionNotFound => (
                404,
                "transaction_not_found",
                RetrySafety::TransactionNotFound,
            ),
            RejectionReason::UpstreamTimeout => (504, "upstream_timeout", ReadTimedOut),
            RejectionReason::UpstreamBroken => (502, "upstream_broken", ReadFailed),
            RejectionReason::OutcomeUnknown => {
                (500, "outcome_unknown", RetrySafety::OutcomeUnknown)
            }
            RejectionReason::Unsendable => (400, "unsendable", ClientError),
            RejectionReason::HeadersTooLarge => (431, "headers_too_large", ClientError),
            RejectionReason::BodyTooLarge => (413, "body_too_large", ClientError),
            RejectionReason::BodiesFull => (503, "bodies_full", NotSent),
            RejectionReason::BadRequest => (400, "bad_request", ClientError),
            RejectionReason::OtherProtocol => (400, "other_protocol", ClientError),
            RejectionReason::MethodNotAllowed => (405, "method_not_allowed", ClientError),
            RejectionReason::ClientTooSlow => (408, "client_too_slow", ClientError),
            RejectionReason::VersionNotSupported => (505, "version_not_supported", ClientError),
        };
        RejectionRow {
            status,
            label,
            retry_safety,
        }
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

    /// The same rejection, with the time after which trying again makes sense. Dropped where the table
    /// does not invite a retry: HTTP clients take the field itself for an invitation.
    pub fn retry_after(mut self, span: Duration) -> Self {
        let invited = self.reason.row().retry_safety.invites_retry();
        self.retry_after = invited.then_some(span);
        self
    }
}
