//! Refusing: why no endpoint may take a request, for every one of them, and when to come back.

use super::pool::Pool;
use super::route::{Exclusion, NoRoute, RouteRequest};
use super::screen::Screen;
use crate::clock::Moment;
use crate::endpoint::Endpoint;
use crate::endpoint::Gate;
use std::sync::Arc;
use std::time::Duration;

/// The shortest time after which trying again makes sense.
const SOON: Duration = Duration::from_secs(1);

impl Pool {
    /// The transaction id names no endpoint that is known.
    pub(super) fn unknown(&self) -> NoRoute {
        NoRoute {
            unknown_token: true,
            retry_after: None,
            ..self.only(None, Exclusion::NotOwner)
        }
    }

    /// No route, because one endpoint alone would do and it is not to be had.
    pub(super) fn only(&self, owner: Option<&Arc<Endpoint>>, why: Exclusion) -> NoRoute {
        let reason = |endpoint: &Arc<Endpoint>| match owner {
            Some(owner) if owner.token == endpoint.token => why,
            _ => Exclusion::NotOwner,
        };
        let name = |endpoint: &Arc<Endpoint>| (endpoint.name.to_string(), reason(endpoint));
        let mut excluded: Vec<_> = self.endpoints.iter().map(name).collect();
        if let Some(owner) = owner.filter(|owner| self.find(&owner.token).is_none()) {
            excluded.push((owner.name.to_string(), why));
        }
        NoRoute {
            excluded,
            capable: usize::from(owner.is_some_and(|e| e.health().is_resolved())),
            with_capacity: usize::from(why != Exclusion::Full),
            online: usize::from(owner.is_some()),
            unknown_token: false,
            retry_after: Some(SOON),
        }
    }

    pub(super) fn no_route(&self, screen: &Screen<'_>, ask: &RouteRequest<'_>) -> NoRoute {
        let count =
            |is: &dyn Fn(&Endpoint) -> bool| self.endpoints.iter().filter(|e| is(e)).count();
        // One without an exclusion now had no place left a moment ago.
        let why = |(index, endpoint): (usize, &Arc<Endpoint>)| {
            let exclusion = screen.exclusion(index, endpoint);
            exclusion.unwrap_or(Exclusion::Full)
        };
        let reasons: Vec<Exclusion> = self.endpoints.iter().enumerate().map(why).collect();
        let each = || self.endpoints.iter().zip(reasons.iter().copied());
        NoRoute {
            excluded: each().map(|(e, why)| (e.name.to_string(), why)).collect(),
            capable: count(&|e| screen.is_capable(e)),
            with_capacity: count(&|e| e.state.in_flight() < e.max_connections),
            online: count(&|e| e.is_online(ask.now)),
            unknown_token: false,
            retry_after: each()
                .filter_map(|(e, why)| self.hint(e, why, ask.now))
                .min(),
        }
    }

    /// When an exclusion may be over.
    fn hint(&self, endpoint: &Endpoint, exclusion: Exclusion, now: Moment) -> Option<Duration> {
        let span = match exclusion {
            Exclusion::Full | Exclusion::TrialRunning | Exclusion::Role => SOON,
            Exclusion::Unresolved => self.resolve_every,
            Exclusion::Unhealthy => endpoint.rules.health.interval,
            Exclusion::BreakerOpen => match endpoint.health().gate(now) {
                Gate::Open(until) => until - now,
                _ => SOON,
            },
            _ => return None,
        };
        Some(span.max(SOON))
    }
}
