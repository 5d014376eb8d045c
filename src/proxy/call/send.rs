//! Sends a call to endpoints, attempt after attempt, as the rules of retrying allow.

use super::attempt::AttemptEnd;
use super::caller::{CallResponse, Caller};
use super::hedge;
use super::outbound::Outbound;
use super::place;
use super::progress::Progress;
use super::requester::Requester;
use crate::balance::NoRoute;
use crate::rejection::{Rejection, RejectionReason};
use crate::retry::RetryDecision;
use balancing::Rung;
use std::time::Duration;
use tokio::time::Instant;

/// How the sending of a call ended.
pub enum SendEnd {
    Response(Box<CallResponse>),
    /// A fence of ours refused it before any effect: it is a write.
    AsWrite(Box<CallResponse>),
    Refused(Rejection),
    /// The requester left or its upload broke; what the endpoint made of it is unknown.
    RequesterGone,
}

/// The end of a sending, and the way to it.
pub struct SendReport {
    pub end: SendEnd,
    pub trace: CallTrace,
    /// Whether an endpoint may have processed any of it.
    pub sent: bool,
    /// Whether an attempt before the last one may have had an effect that is not known.
    pub unsure: bool,
}

/// How a call found its way.
#[derive(Default)]
pub struct CallTrace {
    /// Why no further endpoint could be asked, where that ended it.
    pub nowhere: Option<NoRoute>,
    /// The time that choosing took.
    pub routing: Duration,
    /// The time in the queue of the service; `None`: it never waited there.
    pub queued: Option<Duration>,
    /// What the service gave up at the end; `None`: no endpoint was wanted.
    pub rung: Option<Rung>,
}

impl CallTrace {
    /// The whole way, of which `next` is the second part.
    pub fn then(self, next: Self) -> Self {
        Self {
            nowhere: next.nowhere.or(self.nowhere),
            routing: self.routing + next.routing,
            rung: next.rung.or(self.rung),
            queued: match (self.queued, next.queued) {
                (Some(one), Some(other)) => Some(one + other),
                (one, other) => one.or(other),
            },
        }
    }
}

/// Sends a call. The rest of a body that was not read whole comes from `requester`; such a call is sent once.
pub async fn send(
    caller: &Caller,
    outbound: &Outbound,
    deadline: Instant,
    requester: &mut Option<&mut dyn Requester>,
) -> SendReport {
    let mut progress = Progress::new(&caller.shared, outbound, deadline);
    outbound.service.pool.extra().request();
    let end = loop {
        let end = match place::find(caller, outbound, &mut progress, requester).await {
            Ok(route) => hedge::attempt(caller, outbound, &mut progress, route, requester).await,
            Err(unplaced) => break progress.unplaced(unplaced),
        };
        if let Some(end) = after(&mut progress, end) {
            break end;
        }
    };
    progress.report(end)
}

/// The end of the sending, or `None` to try again.
fn after(progress: &mut Progress<'_>, end: AttemptEnd) -> Option<SendEnd> {
    match end {
        AttemptEnd::Response(response) => {
            match progress.responded(&response) {
                RetryDecision::Stop => return Some(SendEnd::Response(response)),
                RetryDecision::AsWrite => return Some(SendEnd::AsWrite(response)),
                RetryDecision::Writer => progress.to_writer = true,
                RetryDecision::Elsewhere | RetryDecision::Reconnect => {}
            }
            progress.exclude_responder(response);
            None
        }
        AttemptEnd::Failed(error, endpoint) => {
            match progress.failed(&error, &endpoint) {
                RetryDecision::Reconnect => progress.reconnects += 1,
                RetryDecision::Elsewhere | RetryDecision::Writer => {
                    progress.exclude_failed(error, endpoint);
                }
                RetryDecision::Stop | RetryDecision::AsWrite => {
                    return Some(progress.given_up(&error));
                }
            }
            None
        }
        AttemptEnd::RequesterGone => {
            progress.sent = true;
            Some(SendEnd::RequesterGone)
        }
        AttemptEnd::Unwritable => Some(SendEnd::Refused(Rejection::new(
            RejectionReason::Unsendable,
            "the request cannot be written as HTTP/1.1",
        ))),
    }
}
