//! The side that a call is made for, as the call sees it: it supplies the rest of a request body, takes informational
//! responses, and may leave.

use crate::http::{Part, ResponseHeader};
use std::future::poll_fn;
use std::task::{Context, Poll};

/// The requester is gone, or broke the rules: its body will not be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone;

/// The side that a call is made for.
pub trait Requester: Send {
    /// The next part of the request's body.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part, Gone>>;

    /// The endpoint takes no part at the moment: the time that passes is not the requester's. Ready when the requester
    /// has left meanwhile, so that the body will not be whole.
    fn poll_paused(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Nothing more of the request's body is wanted: from now on it is read and dropped beside everything else, so that a
    /// requester that sends all of it before it reads comes to the response, and one that leaves is noticed.
    fn discard_body(&mut self);

    /// Ready when the requester has left and the call is to end with it.
    fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Ready when the requester has left while nothing of its request is under way, so that it may be forgotten whatever it
    /// asks for.
    fn poll_gone_in_queue(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// From now on its leaving does not end the call: what it asked for goes on to its end, and a requester that ended
    /// only its own side still reads.
    fn detach(&mut self);

    /// Takes an informational response.
    fn informational(&mut self, head: ResponseHeader);

    /// Flushes what [`Requester::informational`] took.
    fn poll_flush(&mut self, cx: &mut Context<'_>);
}

/// Detaches a requester, if there is one.
pub fn detach(requester: &mut Option<&mut dyn Requester>) {
    if let Some(requester) = requester {
        requester.detach();
    }
}

/// Waits until the requester of a call has left that waits for its turn: nothing of it is under way.
pub async fn gone_in_queue(requester: &mut Option<&mut dyn Requester>) {
    poll_fn(|cx| match requester {
        Some(requester) => requester.poll_gone_in_queue(cx),
        None => Poll::Pending,
    })
    .await;
}

/// Waits until the requester has left and the call is to end with it.
pub async fn gone(requester: &mut Option<&mut dyn Requester>) {
    poll_fn(|cx| match requester {
        Some(requester) => requester.poll_gone(cx),
        None => Poll::Pending,
    })
    .await;
}
