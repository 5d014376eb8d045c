//! An errand: everything that is needed to get an answer for one call, owned, so that it can run in
//! a task of its own. It asks endpoint after endpoint as the judge and the limits allow, and gives
//! the answer that the client will see.

use super::exchange::{self, Answered, Failure, Hold, Parcel};
use super::outgoing;
use super::peek::Peeked;
use super::upstream::{Broken, Limits, Stage};
use crate::balance::{Completion, NoRoute, Route, Want};
use crate::dialect::{self, Again, Answer, Body, Call, Execution, Fault, Judgement, Placement};
use crate::observe::Attempt;
use crate::plan::Plan;
use crate::rejection::{Reason, Rejection};
use crate::shared::Shared;
use crate::snapshot::{Service, Snapshot};
use pingora_core::protocols::http::ServerSession;
use pingora_http::RequestHeader;
use std::sync::Arc;
use std::time::Duration;

/// A call on its way.
#[derive(Clone)]
pub struct Errand {
    pub shared: Arc<Shared>,
    pub snapshot: Arc<Snapshot>,
    pub service: Arc<Service>,
    /// The client's head, without the fields of its hop.
    pub head: Arc<RequestHeader>,
    pub target: Arc<str>,
    pub body: Peeked,
    pub call: Arc<Call>,
    pub plan: Arc<Plan>,
    /// The endpoint from which alone an answer may be stored.
    pub home: Option<u64>,
}

/// The answer that the client will see.
pub struct Fetched {
    pub answered: Answered,
    pub judgement: Judgement,
    pub route: Route,
}

/// How an errand ended.
pub enum Ended {
    Answered(Box<Fetched>),
    Refused(Rejection),
    /// The client's upload broke; what the endpoint made of it is unknown.
    ClientGone,
}

/// An errand's end, and the way to it.
pub struct Report {
    pub ended: Ended,
    pub attempts: Vec<Attempt>,
    /// Whether a byte of the request was sent to any endpoint.
    pub sent: bool,
}

/// One attempt's end.
enum Tried {
    Answered(Box<Fetched>),
    Broken(Broken, Route),
    ClientGone,
    NoRoute(NoRoute),
    Unsendable,
}
