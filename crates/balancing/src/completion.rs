//! What an endpoint's state and the policies learn from: the start and the end of a request at an endpoint.

use crate::{Ask, Fault, Moment};
use std::time::Duration;

/// A request that begins at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Start {
    /// Index of the endpoint in its pool; [`Start::OUTSIDE`] where it has left the pool.
    pub endpoint: usize,
    /// Requests in flight there, this one among them.
    pub in_flight: u32,
    pub ask: Ask,
    pub now: Moment,
}

impl Start {
    /// The index of an endpoint that its pool no longer has. No policy is told of it.
    pub const OUTSIDE: usize = usize::MAX;
}

/// A request that ended at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Completion {
    /// How it began.
    pub start: Start,
    /// When it ended.
    pub now: Moment,
    /// The endpoint's own time: from the sending of the request until the response was there or began to stream. The time
    /// that the client took is no part of it. Of an abandoned request it says nothing.
    pub service_time: Duration,
    /// Whose fault a failure was, or that there was none; `None`: abandoned, nothing is known.
    pub fault: Option<Fault>,
    /// Another attempt of the same request was faster, and this one was cancelled before it had a response: it would have taken
    /// at least this service time. Its fault is `None`, or the endpoint's where that hangs.
    pub outpaced: bool,
}
