//! What is asked of a pool, and where the request goes, with the reason.

use super::scored::Scored;
use crate::clock::Moment;
use crate::dialect::Placement;
use crate::endpoint::Endpoint;
use crate::endpoint::Permit;
use crate::glossary::glossary;
use crate::plan::Plan;
use std::net::SocketAddr;
use std::sync::Arc;

/// A request for an endpoint.
#[derive(Clone, Copy)]
pub struct RouteRequest<'a> {
    pub plan: &'a Plan,
    pub placement: &'a Placement,
    /// What a call of `Placement::Local` belongs to; the same key goes to the same endpoint.
    pub key: &'a str,
    /// Endpoints that were tried for this request: never chosen again.
    pub excluded: &'a [Arc<Endpoint>],
    /// The token of the endpoint to prefer when it may take the request.
    pub home: Option<&'a str>,
    pub now: Moment,
    /// Whether the scores of all endpoints are wanted with the route.
    pub explain: bool,
}

glossary! {
    /// Why an endpoint was chosen.
    pub enum RouteReason {
        /// Its turn.
        Rotation = "rotation", "";
        /// Its turn by weight.
        Weight = "weight", "";
        /// The fewest requests in flight per weight.
        FewestInFlight = "fewest_in_flight", "";
        /// The lowest mix of load and time.
        LowestScore = "lowest_score", "`scores` of the attempt, or `GET /api/coordination/scores`, shows what it was compared with.";
        /// The lowest mean of the last times for this complexity.
        BestHistory = "best_history", "`scores` of the attempt shows what it was compared with.";
        /// Nothing recent is known of it for this complexity, so that its times are measured anew.
        Explored = "explored", "";
        /// It acknowledged the last write of what is asked for, so that it cannot lag behind it.
        Home = "home", "All reads of a collection or database that may be stored go there when they are not hits: expected.";
        /// Its breaker was open, and this request finds out whether it has recovered.
        Trial = "trial", "";
        /// All endpoints are out by breaker or health; it failed least recently.
        LastResort = "last_resort", "Look at the events: no endpoint of the service is well.";
        /// What is asked for is a server's own, and this server is always taken for it.
        Owner = "owner", "";
        /// The transaction lives on it.
        Pinned = "pinned", "";
    }
}

/// What a strategy picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// Its index in the pool.
    pub index: usize,
    pub reason: RouteReason,
    /// The score by which it was picked; lower is better. 0 where there is none.
    pub score: f64,
}

impl Pick {
    /// A choice without a score.
    pub fn because(index: usize, reason: RouteReason) -> Self {
        Self {
            index,
            reason,
            score: 0.0,
        }
    }
}

/// Where a request goes.
#[derive(Debug)]
pub struct Route {
    pub endpoint: Arc<Endpoint>,
    /// The right to use it; complete it when the exchange ends.
    pub permit: Permit,
    pub address: SocketAddr,
    pub reason: RouteReason,
    /// The score by which it was picked; lower is better.
    pub score: f64,
    /// Every endpoint as it stood, when that was asked for; empty otherwise.
    pub scores: Vec<Scored>,
}

glossary! {
    /// Why an endpoint may not take a request.
    pub enum Exclusion {
        /// It was tried for this request.
        Tried = "tried", "Look at the attempts before.";
        /// Its name has no address.
        Unresolved = "unresolved", "Check the name in `endpoints` and the resolver of this machine.";
        /// It does not take writes.
        Role = "role", "Where no endpoint takes writes: give `probe` a credential, or set `role: writer`.";
        /// Its weight is zero, and others have one.
        ZeroWeight = "zero_weight", "Give it a weight, if it shall take traffic.";
        /// The operator took it out.
        Maintenance = "maintenance", "Set its status to `active` when it shall come back.";
        /// Its probes fail.
        Unhealthy = "unhealthy", "Look at the server; the event `unhealthy` says what its probes found.";
        /// Its breaker is open.
        BreakerOpen = "breaker_open", "Look at the server; it is tried again after `breaker.open_for`.";
        /// Its breaker has let one request through, which still runs.
        TrialRunning = "trial_running", "";
        /// It has as many requests in flight as it may have.
        Full = "full", "Raise `max_connections`, if the server can take more; else add a replica.";
        /// The call belongs to another endpoint: to that of its transaction, or to the one that is always taken for it.
        NotOwner = "not_owner", "";
    }
}
