//! Refuses a request by its head alone, before its body is read, where the queue of its service would refuse it whatever the body
//! says. A read that may have a stored response is read on: to serve that costs no endpoint anything.

use super::call::ArrivedRequest;
use super::flow::Flow;
use crate::dialect::{Body, Call, Request};
use crate::http::RequestHeader;
use crate::rejection::Rejection;
use bytes::Bytes;

/// As much of a body is read and dropped that is there already, so that the connection can be kept.
pub const DROPPED: usize = 64 * 1024;

/// Why the request of this head is refused; `None`: it is read on.
pub fn refusal(flow: &Flow<'_>, head: &RequestHeader, target: &str) -> Option<Rejection> {
    let (service, snapshot) = (&*flow.service, &*flow.snapshot);
    if service.pool.broker().pending() == 0 {
        return None;
    }
    let nothing = Bytes::new();
    let is_whole = flow.client.request_ended();
    let request = Request {
        method: &head.method,
        target,
        headers: &head.headers,
        body: match is_whole {
            true => Body::Whole(&nothing),
            false => Body::Prefix(b""),
        },
    };
    let call = service.dialect.understand(&request);
    let decides = !is_whole && service.dialect.buffers_request(&call);
    if decides || may_be_stored(flow, &call) {
        return None;
    }
    let plan = snapshot.planner.best(snapshot.user(&head.headers));
    let arrival = ArrivedRequest {
        snapshot,
        service,
        request,
        call: &call,
        plan: &plan,
    };
    arrival.refusal(&flow.origin.proxy.shared)
}

/// Whether the cache may hold the response.
fn may_be_stored(flow: &Flow<'_>, call: &Call) -> bool {
    let is_on = flow.snapshot.config.cache.enabled && flow.service.settings.cache;
    is_on && call.effect.is_read()
}
