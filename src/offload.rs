//! Calls the dialect on the worker where that is quick, and on a blocking thread where it may take long,
//! so that the worker's other requests do not wait. Only a few such steps run at a time, which bounds the
//! memory of all of them together.

use crate::dialect::{
    Body, Call, Dialect, Judgement, MAX_INLINE_BODY, Request, RequestEdits, Response,
};
use bytes::Bytes;
use http::{HeaderMap, Method};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How many long bodies are understood at the same time. Each takes some 10 MB for its values and
/// tokens, and copies of strings with escapes.
const MAX_AT_ONCE: usize = 2;

static UNDERSTANDING: Semaphore = Semaphore::const_new(MAX_AT_ONCE);
/// For steps over a body that is buffered anyway. A semaphore of its own, so that no statement delays a response.
static SCANNING: Semaphore = Semaphore::const_new(MAX_AT_ONCE);

/// A request that outlives the call it came with.
struct OwnedRequest {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: Bytes,
}

impl OwnedRequest {
    fn new(request: &Request<'_>, body: &Bytes) -> Self {
        Self {
            method: request.method.clone(),
            target: request.target.to_owned(),
            headers: request.headers.clone(),
            body: body.clone(),
        }
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            target: &self.target,
            headers: &self.headers,
            body: Body::Whole(&self.body),
        }
    }
}

/// Understands a request without delaying others of the worker.
pub async fn understand(dialect: &Arc<dyn Dialect>, request: &Request<'_>) -> Call {
    let owned = match request.body {
        Body::Whole(body) if dialect.takes_long(request) => OwnedRequest::new(request, body),
        _ => return dialect.understand(request),
    };
    let inner = Arc::clone(dialect);
    let understood = offload(&UNDERSTANDING, move || inner.understand(&owned.request())).await;
    // Only a panic gives none. A body that was not read makes the call a write.
    understood.unwrap_or_else(|| {
        dialect.understand(&Request {
            body: Body::Prefix(&[]),
            ..*request
        })
    })
}

/// What changes in a request on its way out; `None` when the dialect failed to say.
pub async fn outgoing(
    dialect: &Arc<dyn Dialect>,
    call: &Arc<Call>,
    request: &Request<'_>,
    after_write: bool,
) -> Option<RequestEdits> {
    let owned = match request.body {
        Body::Whole(body)
            if body.len() > MAX_INLINE_BODY && dialect.edits_body(call, after_write) =>
        {
            OwnedRequest::new(request, body)
        }
        _ => return Some(dialect.outgoing(call, request, after_write)),
    };
    let (dialect, call) = (Arc::clone(dialect), Arc::clone(call));
    offload(&SCANNING, move || {
        dialect.outgoing(&call, &owned.request(), after_write)
    })
    .await
}

/// A response, as far as it was buffered.
pub struct ReceivedResponse<'a> {
    pub status: u16,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    pub is_whole: bool,
}

impl ReceivedResponse<'_> {
    fn response(&self) -> Response<'_> {
        Response {
            status: self.status,
            headers: self.headers,
            body: match self.is_whole {
                true => Body::Whole(self.body),
                false => Body::Prefix(self.body),
            },
        }
    }
}

/// Judges a response without delaying others of the worker.
pub async fn judge(
    dialect: &Arc<dyn Dialect>,
    call: &Arc<Call>,
    received: &ReceivedResponse<'_>,
) -> Judgement {
    if received.body.len() <= MAX_INLINE_BODY || !dialect.reads_response(call) {
        return dialect.judge(call, &received.response());
    }
    let (inner, owned_call) = (Arc::clone(dialect), Arc::clone(call));
    let (headers, body) = (received.headers.clone(), received.body.clone());
    let (status, is_whole) = (received.status, received.is_whole);
    let judged = offload(&SCANNING, move || {
        let received = ReceivedResponse {
            status,
            headers: &headers,
            body: &body,
            is_whole,
        };
        inner.judge(&owned_call, &received.response())
    });
    // Only a panic gives none: nothing of the response was read.
    judged.await.unwrap_or_else(|| {
        let unread = ReceivedResponse {
            body: &Bytes::new(),
            is_whole: false,
            ..*received
        };
        dialect.judge(call, &unread.response())
    })
}

/// A hit's body, brought up to date; `None` when it is served as stored.
pub async fn refresh(dialect: &Arc<dyn Dialect>, call: &Arc<Call>, body: &Bytes) -> Option<Bytes> {
    if body.len() <= MAX_INLINE_BODY {
        return dialect.refresh(call, body);
    }
    let (dialect, call, body) = (Arc::clone(dialect), Arc::clone(call), body.clone());
    let fresh = offload(&SCANNING, move || dialect.refresh(&call, &body));
    fresh.await.flatten()
}

/// Runs a step on a blocking thread, once a permit is free; `None` if it panicked.
async fn offload<T: Send + 'static>(
    permits: &'static Semaphore,
    step: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    // The semaphore is never closed, so this only waits.
    let permit = permits.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        step()
    });
    done.await.ok()
}

#[cfg(test)]
mod tests;
