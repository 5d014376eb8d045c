//! What is asked of a pool, and where the request goes, with the reason.

use super::scored::Scored;
use crate::clock::Moment;
use crate::dialect::Placement;
use crate::endpoint::Endpoint;
use crate::endpoint::Permit;
use crate::plan::Plan;
use serde::Serialize;
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

/// Why an endpoint was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RouteReason {
    /// Its turn.
    Rotation,
    /// Its turn by weight.
    Weight,
    /// The fewest requests in flight per weight.
    FewestInFlight,
    /// The lowest mix of load and time.
    LowestScore,
    /// The lowest mean of the last times for this complexity.
    BestHistory,
    /// Nothing recent is known of it for this complexity.
    Explored,
    /// The endpoint that the caller prefers.
    Home,
    /// Its breaker is due for a trial.
    Trial,
    /// All are out by breaker or health; it failed least recently.
    LastResort,
    /// The key belongs to it.
    Owner,
    /// The transaction lives on it.
    Pinned,
}

impl RouteReason {
    /// The name in metrics, logs and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            RouteReason::Rotation => "rotation",
            RouteReason::Weight => "weight",
            RouteReason::FewestInFlight => "fewest_in_flight",
            RouteReason::LowestScore => "lowest_score",
            RouteReason::BestHistory => "best_history",
            RouteReason::Explored => "explored",
            RouteReason::Home => "home",
            RouteReason::Trial => "trial",
            RouteReason::LastResort => "last_resort",
            RouteReason::Owner => "owner",
            RouteReason::Pinned => "pinned",
        }
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

/// Why an endpoint may not take a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exclusion {
    /// It was tried for this request.
    Tried,
    /// Its name has no address.
    Unresolved,
    /// It does not take writes.
    Role,
    /// Its weight is zero, and others have one.
    ZeroWeight,
    /// The operator took it out.
    Maintenance,
    /// Its probes fail.
    Unhealthy,
    /// Its breaker is open.
    BreakerOpen,
    /// Its breaker has let one request through, which still runs.
    TrialRunning,
    /// As many requests in flight as it may have.
    Full,
    /// The call belongs to another endpoint.
    NotOwner,
}

impl Exclusion {
    /// The name in errors, metrics and explanations.
    pub const fn label(self) -> &'static str {
        match self {
            Exclusion::Tried => "tried",
            Exclusion::Unresolved => "unresolved",
            Exclusion::Role => "role",
            Exclusion::ZeroWeight => "zero_weight",
            Exclusion::Maintenance => "maintenance",
            Exclusion::Unhealthy => "unhealthy",
            Exclusion::BreakerOpen => "breaker_open",
            Exclusion::TrialRunning => "trial_running",
            Exclusion::Full => "full",
            Exclusion::NotOwner => "not_owner",
        }
    }
}
