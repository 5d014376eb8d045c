//! Why no endpoint may take a request: a reason for every one of them, and when to come back.

use crate::clock::Moment;
use crate::endpoint::{Endpoint, Gate};
use crate::rejection::{self, Rejection};
use balancing::{EndpointView, Exclusion, Screen};
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The shortest time after which trying again makes sense.
const SOON: Duration = Duration::from_secs(1);

/// No endpoint may take the request; each is listed with its reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoRoute {
    pub excluded: Vec<(String, Exclusion)>,
    /// Endpoints that could take such a request at all (role, resolution).
    pub capable: usize,
    /// Endpoints with a free permit.
    pub with_capacity: usize,
    /// Endpoints that serve: not in maintenance, healthy or degraded, breaker closed.
    pub online: usize,
    /// The transaction id names an endpoint that is not known.
    pub unknown_token: bool,
    /// An endpoint that may take the request lacks only room, or the policy would rather wait: to wait helps.
    #[serde(skip)]
    pub is_full: bool,
    /// An endpoint has room, and the policy would rather wait with this request: its work, as the policy expects it.
    #[serde(skip)]
    pub would_wait: Option<f64>,
    /// An endpoint lacks room only for this request: for its target or its cost.
    #[serde(skip)]
    pub is_own: bool,
    /// All that could take such a request have limits for it, which are reached.
    #[serde(skip)]
    pub is_limited: bool,
    /// When it makes sense to try again.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// Why a second attempt that was due is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoHedge {
    /// None of the others is as good, or there is no room for more.
    NoEndpoint,
    /// The budget is used up, or the service fails as a whole.
    NoBudget,
}

impl NoHedge {
    /// The word in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoEndpoint => "no_endpoint",
            Self::NoBudget => "no_budget",
        }
    }
}

impl NoRoute {
    /// The transaction id names no endpoint that is known.
    pub fn unknown_token(endpoints: &[Arc<Endpoint>], now: Moment) -> Self {
        Self {
            unknown_token: true,
            retry_after: None,
            ..Self::only(endpoints, None, Exclusion::NotOwner, now)
        }
    }

    /// Some endpoint lacks only room; nothing is told of the others.
    pub fn full() -> Self {
        Self {
            excluded: Vec::new(),
            capable: 0,
            with_capacity: 0,
            online: 0,
            unknown_token: false,
            is_full: true,
            would_wait: None,
            is_own: false,
            is_limited: false,
            retry_after: Some(SOON),
        }
    }

    /// Only one endpoint may take the request, and it is unavailable; none: the reason is that of all.
    pub fn only(
        endpoints: &[Arc<Endpoint>],
        owner: Option<&Arc<Endpoint>>,
        why: Exclusion,
        now: Moment,
    ) -> Self {
        let is_owner = |one: &Arc<Endpoint>| owner.is_none_or(|owner| owner.token == one.token);
        let reason = |one: &Arc<Endpoint>| match is_owner(one) {
            true => (one.name.to_string(), why),
            false => (one.name.to_string(), Exclusion::NotOwner),
        };
        let mut excluded: Vec<_> = endpoints.iter().map(reason).collect();
        if let Some(owner) = owner.filter(|_| !endpoints.iter().any(is_owner)) {
            excluded.push((owner.name.to_string(), why));
        }
        Self {
            excluded,
            capable: usize::from(owner.is_some_and(|one| one.server().is_resolved())),
            with_capacity: usize::from(owner.is_some() && why != Exclusion::Full),
            online: usize::from(owner.is_some_and(|one| one.is_online(now))),
            unknown_token: false,
            is_full: why == Exclusion::Full,
            would_wait: None,
            is_own: false,
            is_limited: false,
            retry_after: Some(SOON),
        }
    }

    /// None of these may take the request, as the screen saw them.
    pub fn screened(
        endpoints: &[Arc<Endpoint>],
        views: &[EndpointView],
        screen: &Screen,
        pauses: Pauses,
        now: Moment,
    ) -> Self {
        let count = |is: &dyn Fn(&EndpointView) -> bool| views.iter().filter(|v| is(v)).count();
        // One without an exclusion now had no permit left a moment ago.
        let why = |index| screen.exclusion(views, index).unwrap_or(Exclusion::Full);
        let named = endpoints.iter().enumerate();
        let hints = views.iter().enumerate();
        Self {
            excluded: named
                .map(|(index, endpoint)| (endpoint.name.to_string(), why(index)))
                .collect(),
            capable: count(&|view| screen.is_capable(view)),
            with_capacity: count(&|view| !view.is_full(0.0)),
            online: count(&|view| screen.is_online(view)),
            unknown_token: false,
            is_full: (0..views.len()).any(|index| why(index) == Exclusion::Full),
            would_wait: None,
            is_own: false,
            is_limited: is_limited(views, screen),
            retry_after: hints
                .filter_map(|(index, view)| pauses.hint(view, why(index), now))
                .min(),
        }
    }

    /// As a refusal to the client.
    pub fn rejection(&self) -> Rejection {
        let reason = match self.is_limited {
            _ if self.unknown_token => rejection::RejectionReason::TransactionNotFound,
            true => rejection::RejectionReason::RateLimited,
            false => rejection::RejectionReason::NoEndpoint,
        };
        let rejection = Rejection::new(reason, self.to_string());
        match self.retry_after {
            Some(span) => rejection.retry_after(span),
            None => rejection,
        }
    }
}

impl fmt::Display for NoRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unknown_token {
            return f.write_str("the transaction id names no endpoint that is known");
        }
        f.write_str("no endpoint may take the request")?;
        for (n, (name, exclusion)) in self.excluded.iter().enumerate() {
            let comma = if n == 0 { ": " } else { ", " };
            write!(f, "{comma}{name} {}", exclusion.label())?;
        }
        Ok(())
    }
}

/// Whether those that could take such a request all said that there are too many of them.
fn is_limited(views: &[EndpointView], screen: &Screen) -> bool {
    let mut capable = views
        .iter()
        .filter(|view| screen.is_capable(view))
        .peekable();
    let is_any = capable.peek().is_some();
    is_any && capable.all(|view| view.health.is_limited)
}

/// How long the causes of exclusions last.
#[derive(Debug, Clone, Copy)]
pub struct Pauses {
    /// Between two resolutions of a name.
    pub resolution: Duration,
    /// Between two probes.
    pub probe: Duration,
}

impl Pauses {
    /// When an exclusion may be over.
    fn hint(self, view: &EndpointView, exclusion: Exclusion, now: Moment) -> Option<Duration> {
        use Exclusion::{
            AntiAffinity, BreakerOpen, Capability, Draining, Ejected, Full, Maintenance, NotOwner,
            RetryAfter, Role, Starting, TargetMissing, TrialRunning, Tried, Unhealthy, Unresolved,
            WritesFail, ZeroWeight,
        };
        let span = match exclusion {
            Full | Starting | TrialRunning | Role | Ejected | WritesFail | TargetMissing => SOON,
            Unresolved => self.resolution,
            Unhealthy => self.probe,
            RetryAfter => view.health.waits_until.map_or(SOON, |until| until - now),
            BreakerOpen => match view.health.gate {
                Gate::Open(until) => until - now,
                _ => SOON,
            },
            Tried | AntiAffinity | Capability | ZeroWeight | Maintenance | Draining | NotOwner => {
                return None;
            }
        };
        Some(span.max(SOON))
    }
}
