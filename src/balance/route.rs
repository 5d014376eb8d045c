//! What is asked of a pool, and where the request goes, with the reason.

use super::affinity_rules::MatchedRules;
use super::scored::Scored;
use super::spill::SpillCause;
use crate::clock::Moment;
use crate::dialect::{CallFacts, Placement};
use crate::endpoint::Endpoint;
use crate::endpoint::Permit;
use crate::plan::Plan;
use balancing::{Ask, Home, RouteReason};
use std::net::SocketAddr;
use std::sync::Arc;

/// A request for an endpoint.
#[derive(Clone, Copy)]
pub struct RouteRequest<'a> {
    pub plan: &'a Plan,
    /// The call without its literals, hashed.
    pub shape: u64,
    pub placement: &'a Placement,
    pub facts: CallFacts,
    /// What a call of `Placement::Local` belongs to; the same key goes to the same endpoint.
    pub key: &'a str,
    /// Endpoints that were tried for this request: never chosen again.
    pub excluded: &'a [Arc<Endpoint>],
    /// The token of the endpoint that acknowledged the last write of what is asked for, and how it stands to the others.
    pub home: Option<(&'a str, Home)>,
    /// The affinity rules that match it.
    pub rules: Option<&'a MatchedRules>,
    /// Hashed: requests of one key go to the same endpoint where they can.
    pub affinity: Option<u64>,
    /// The work of the requests of the service that wait before it, as the policy expects it.
    pub ahead: f64,
    /// When the request arrived.
    pub arrived: Moment,
    pub now: Moment,
    /// Whether the scores of all endpoints are wanted with the route.
    pub explain: bool,
    /// It waits where there is no room: that there is none is all that it wants to know.
    pub may_wait: bool,
}

impl RouteRequest<'_> {
    /// The request as the policy of its service sees it.
    pub fn plain(&self) -> Ask {
        Ask {
            shape: self.shape,
            class: self.plan.complexity.class(),
            cost: self.plan.cost,
            needs_writer: *self.placement == Placement::Writer,
            is_retry: !self.excluded.is_empty(),
            ahead: self.ahead,
            affinity: self.affinity,
            policy: 0,
            arrived: self.arrived,
            target: self.facts.target,
            needs_target: self.facts.needs_target,
            asks_data: self.facts.asks_data,
            is_change: self.facts.is_change,
            is_read: self.facts.is_read,
            may_be_trial: self.facts.asks_data
                && self.facts.is_read
                && *self.placement == Placement::Any,
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
    /// What was asked.
    pub ask: Ask,
    pub reason: RouteReason,
    /// What kept it from nearer endpoints; `None`: it is near, or may be no other one.
    pub spill: Option<SpillCause>,
    /// The score by which it was picked; lower is better.
    pub score: f64,
    /// Every endpoint as it stood, when that was asked for; empty otherwise.
    pub scores: Vec<Scored>,
}
