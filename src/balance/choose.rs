//! Choosing: screen the endpoints, let the strategy pick among those that may, take the place at once;
//! where the place was lost to another request in between, look again. A call that belongs to one
//! endpoint goes there or nowhere.

use super::eligible::Eligible;
use super::pool::Pool;
use super::rendezvous;
use super::route::{Exclusion, NoRoute, Pick, Route, RouteReason, RouteRequest, Scored};
use super::screen::{Screen, Screened, least_recently_failed};
use crate::dialect::Placement;
use crate::endpoint::Endpoint;
use crate::endpoint::Permit;
use crate::endpoint::{Gate, HealthStatus};
use crate::random::Random;
use std::sync::Arc;

impl Pool {
    /// Finds an endpoint for a request and takes a place there.
    pub fn choose(&self, ask: &RouteRequest<'_>, random: &mut Random) -> Result<Route, NoRoute> {
        match ask.placement {
            Placement::Pinned(token) => self.pinned(token, ask),
            Placement::Local => self.local(ask),
            Placement::Any | Placement::Writer => self.balanced(ask, random),
        }
    }

    /// Every endpoint as it stands for this request.
    pub fn scores(&self, ask: &RouteRequest<'_>) -> Vec<Scored> {
        let screen = Screen::new(&self.endpoints, ask, self.enabled);
        let neutral = Eligible::new(&self.endpoints, u64::MAX, ask.now, self.slowest).mean_time();
        let scored = |(index, endpoint): (usize, &Arc<Endpoint>)| Scored {
            endpoint: endpoint.name.to_string(),
            load: endpoint.load().score(),
            score: endpoint.load().resource_score(neutral, self.slowest),
            parts: endpoint.load().parts(neutral, self.slowest),
            in_flight: endpoint.state.in_flight(),
            excluded: screen.exclusion(index, endpoint),
        };
        self.endpoints.iter().enumerate().map(scored).collect()
    }

    fn balanced(&self, ask: &RouteRequest<'_>, random: &mut Random) -> Result<Route, NoRoute> {
        let screen = Screen::new(&self.endpoints, ask, self.enabled);
        let mut lost = 0;
        // Each turn but the last loses a place or a trial to another request.
        for _ in 0..=2 * self.endpoints.len() {
            let Some(choice) = self.pick(&screen.sort(lost), ask, random) else {
                break;
            };
            let scores = self.explained(ask);
            let (index, reason) = (choice.index, choice.reason);
            match self.take(choice, ask, scores) {
                Some(route) => return Ok(route),
                // Its breaker tries another request: for this one it is now a last resort, not out.
                None if reason == RouteReason::Trial => {}
                None => lost |= 1 << index,
            }
        }
        Err(self.no_route(&screen, ask))
    }

    fn pick(&self, found: &Screened, ask: &RouteRequest<'_>, random: &mut Random) -> Option<Pick> {
        let serving = found.preferred | found.spare;
        // A trial may fail: it is made with a request that can go elsewhere, unless there is no choice.
        let may_fail = *ask.placement == Placement::Any && ask.excluded.is_empty();
        if found.trial != 0 && (may_fail || serving == 0) {
            let index = least_recently_failed(&self.endpoints, found.trial)?;
            return Some(Pick::because(index, RouteReason::Trial));
        }
        if serving == 0 {
            return self.last_resort(found);
        }
        let best = match found.preferred {
            0 => found.spare,
            preferred => preferred,
        };
        let view = Eligible::new(&self.endpoints, best, ask.now, self.slowest);
        self.home(&view, ask)
            .or_else(|| self.strategy.choose(&view, ask.plan, random))
    }

    fn home(&self, view: &Eligible<'_>, ask: &RouteRequest<'_>) -> Option<Pick> {
        let home = ask.home?;
        let (index, _) = view.iter().find(|(_, endpoint)| &*endpoint.token == home)?;
        Some(Pick::because(index, RouteReason::Home))
    }

    /// Where all are out by health or breaker, the least recently failed is better than nobody. While
    /// one that serves is only full, waiting for it is better.
    fn last_resort(&self, found: &Screened) -> Option<Pick> {
        if found.full != 0 {
            return None;
        }
        let index = least_recently_failed(&self.endpoints, found.desperate)?;
        Some(Pick::because(index, RouteReason::LastResort))
    }

    /// Takes the place; `None` when it was lost to another request.
    fn take(&self, choice: Pick, ask: &RouteRequest<'_>, scores: Vec<Scored>) -> Option<Route> {
        let endpoint = self.endpoints.get(choice.index)?;
        let limit = match self.enabled {
            true => endpoint.max_connections,
            false => u32::MAX,
        };
        let mut permit = Permit::claim(endpoint, limit)?;
        if endpoint.health().gate(ask.now) != Gate::Closed {
            let trial = permit.claim_trial();
            if choice.reason == RouteReason::Trial && !trial {
                return None;
            }
        }
        endpoint.state.times.chosen(ask.plan.complexity, ask.now);
        Some(Route {
            endpoint: endpoint.clone(),
            permit,
            address: endpoint.health().address()?,
            reason: choice.reason,
            score: choice.score,
            scores,
        })
    }

    /// The owner of the key, in whatever health; only it has what is asked for.
    fn local(&self, ask: &RouteRequest<'_>) -> Result<Route, NoRoute> {
        let owner = rendezvous::owner(&self.endpoints, ask.key);
        let nobody = || self.only(None, Exclusion::NotOwner);
        let (_, endpoint) = owner.ok_or_else(nobody)?;
        if endpoint.health().status() == HealthStatus::Maintenance {
            return Err(self.only(Some(endpoint), Exclusion::Maintenance));
        }
        self.direct(endpoint, endpoint.max_connections, RouteReason::Owner, ask)
    }

    /// The endpoint of a transaction, in whatever state; only it can answer.
    fn pinned(&self, token: &str, ask: &RouteRequest<'_>) -> Result<Route, NoRoute> {
        let known = self.endpoints.iter().find(|e| &*e.token == token).cloned();
        let known = known.or_else(|| self.registry.draining(&self.service, token, ask.now));
        let Some(endpoint) = known else {
            return Err(self.unknown());
        };
        self.direct(&endpoint, u32::MAX, RouteReason::Pinned, ask)
    }

    fn direct(
        &self,
        endpoint: &Arc<Endpoint>,
        limit: u32,
        reason: RouteReason,
        ask: &RouteRequest<'_>,
    ) -> Result<Route, NoRoute> {
        if ask.excluded.iter().any(|e| e.token == endpoint.token) {
            return Err(self.only(Some(endpoint), Exclusion::Tried));
        }
        let unresolved = || self.only(Some(endpoint), Exclusion::Unresolved);
        let address = endpoint.health().address().ok_or_else(unresolved)?;
        let full = || self.only(Some(endpoint), Exclusion::Full);
        let mut permit = Permit::claim(endpoint, limit).ok_or_else(full)?;
        permit.claim_trial();
        Ok(Route {
            endpoint: endpoint.clone(),
            permit,
            address,
            reason,
            score: 0.0,
            scores: self.explained(ask),
        })
    }

    fn explained(&self, ask: &RouteRequest<'_>) -> Vec<Scored> {
        match ask.explain {
            true => self.scores(ask),
            false => Vec::new(),
        }
    }
}
