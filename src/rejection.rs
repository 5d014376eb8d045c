//! Why pointsman itself refuses a request. One table: reason -> HTTP status, label, and what a client
//! may make of it. The dialect prints it in its own error shape; metrics and logs use the label.
//! `docs/refusals.md` shows the table with each dialect's code and the rules of the clients.

use balancing::{QueueRefusal, Refusal};
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

macro_rules! rejections {
    ($($(#[doc = $about:literal])+ $reason:ident = $status:literal, $label:literal, $safety:ident;)+) => {
        /// Why pointsman refuses a request: the rows of the table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RejectionReason { $($(#[doc = $about])+ $reason,)+ }

        impl RejectionReason {
            /// Every reason, for documents and tests.
            pub const ALL: &'static [RejectionReason] = &[$(RejectionReason::$reason,)+];

            /// The row of this reason.
            pub const fn row(self) -> RejectionRow {
                match self {
                    $(RejectionReason::$reason => RejectionRow {
                        status: $status,
                        label: $label,
                        retry_safety: RetrySafety::$safety,
                    },)+
                }
            }
        }
    };
}

// Generic clients retry after 429, 502, 503 and 504, so an unknown outcome is a plain 500.
rejections! {
    /// No endpoint may take the request, or none could be reached.
    NoEndpoint = 503, "no_endpoint", NotSent;
    /// As many requests wait for an endpoint of the service as may.
    QueueFull = 503, "queue_full", NotSent;
    /// The wait for an endpoint would be longer than the request may wait.
    WaitTooLong = 503, "wait_too_long", NotSent;
    /// No endpoint had room for as long as the request may wait.
    QueueTimeout = 503, "queue_timeout", NotSent;
    /// The queue is full, and of all tenants this one waits for most.
    TenantShare = 429, "tenant_share", NotSent;
    /// Every endpoint that may take the request has answered such requests with 429 and asked to be left alone for a while.
    RateLimited = 429, "rate_limited", NotSent;
    /// The plan needs more of a resource than is left, and such requests are refused.
    Infeasible = 503, "infeasible", NotSent;
    /// The service is pressed so hard that requests of this priority do not wait.
    Shed = 503, "shed", NotSent;
    /// The transaction id names no endpoint that is known.
    TransactionNotFound = 404, "transaction_not_found", TransactionNotFound;
    /// No response to a read came in time.
    UpstreamTimeout = 504, "upstream_timeout", ReadTimedOut;
    /// The exchange of a read broke.
    UpstreamBroken = 502, "upstream_broken", ReadFailed;
    /// Something other than a read was sent, and no response says what became of it.
    OutcomeUnknown = 500, "outcome_unknown", OutcomeUnknown;
    /// The request cannot be written as HTTP/1.1.
    Unsendable = 400, "unsendable", ClientError;
    /// Header fields beyond the limit.
    HeadersTooLarge = 431, "headers_too_large", ClientError;
    /// A body that must be read whole before it may go out, and is beyond the limit.
    BodyTooLarge = 413, "body_too_large", ClientError;
    /// No room to buffer a body that must be read whole.
    BodiesFull = 503, "bodies_full", NotSent;
    /// The request breaks a rule of HTTP.
    BadRequest = 400, "bad_request", ClientError;
    /// The client speaks another protocol: TLS or Bolt.
    OtherProtocol = 400, "other_protocol", ClientError;
    /// The method is not served: a tunnel, or an echo of credentials.
    MethodNotAllowed = 405, "method_not_allowed", ClientError;
    /// The head or the body came too slowly.
    ClientTooSlow = 408, "client_too_slow", ClientError;
    /// The version of HTTP is not served.
    VersionNotSupported = 505, "version_not_supported", ClientError;
}

impl RejectionReason {
    /// Whether an endpoint was looked for, and there was none, or none with room in time.
    pub const fn lacks_endpoint(self) -> bool {
        matches!(
            self,
            Self::NoEndpoint
                | Self::QueueFull
                | Self::WaitTooLong
                | Self::QueueTimeout
                | Self::TenantShare
                | Self::Shed
        )
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

/// The refusal of a request that needs more of this resource than is left.
pub fn infeasible(resource: &str, retry_after: Duration) -> Rejection {
    let detail = format!("the request needs more of a resource than is left: {resource}");
    Rejection::new(RejectionReason::Infeasible, detail).retry_after(retry_after)
}

/// The refusal of a request that was not let wait for an endpoint, or has waited for too long.
pub fn of_queue(refusal: &Refusal) -> Rejection {
    let (reason, detail) = match refusal.why {
        QueueRefusal::QueueFull => (
            RejectionReason::QueueFull,
            "as many requests wait for an endpoint as may",
        ),
        QueueRefusal::WaitTooLong => (
            RejectionReason::WaitTooLong,
            "the wait for an endpoint would be too long",
        ),
        QueueRefusal::QueueTimeout => (
            RejectionReason::QueueTimeout,
            "no endpoint had room in time",
        ),
        QueueRefusal::TenantShare => (
            RejectionReason::TenantShare,
            "this tenant waits for more than its share",
        ),
        QueueRefusal::Shed => (
            RejectionReason::Shed,
            "every endpoint is full, and requests of this priority do not wait while so many do",
        ),
    };
    Rejection::new(reason, detail).retry_after(refusal.retry_after)
}
