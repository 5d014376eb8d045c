//! The search for the endpoint of one request: read the views, select, take the permit at once; where
//! another request took it in between, look again. A call that belongs to one endpoint goes
//! there or nowhere.

use super::endpoint_set::EndpointSet;
use super::no_route::NoRoute;
use super::pool::Pool;
use super::reading;
use super::rendezvous;
use super::route::{Exclusion, Pick, Route, RouteReason, RouteRequest};
use super::scored::Scored;
use super::screen::Screen;
use super::selector::Needs;
use super::view::{EndpointViews, PoolView};
use crate::dialect::Placement;
use crate::endpoint::{Endpoint, Gate, HealthStatus, Permit};
use crate::random::Random;
use std::sync::Arc;

/// The search for one request.
pub struct RouteSearch<'a> {
    pool: &'a Pool,
    ask: &'a RouteRequest<'a>,
}

impl<'a> RouteSearch<'a> {
    /// A search in this pool.
    pub fn new(pool: &'a Pool, ask: &'a RouteRequest<'a>) -> Self {
        Self { pool, ask }
    }

    /// Finds an endpoint and takes a permit there.
    pub fn run(&self, random: &mut Random) -> Result<Route, NoRoute> {
        match self.ask.placement {
            Placement::Pinned(token) => self.pinned(token),
            Placement::Local => self.local(),
            Placement::Any | Placement::Writer => self.balanced(random),
        }
    }

    /// Whether an endpoint may take this request other than as a last resort, or could if it were not full.
    pub fn is_available(&self) -> bool {
        let mut views = EndpointViews::new();
        let found = self.screen(&mut views).sort();
        let [serving, soon] = [
            found.preferred.or(found.fallback),
            found.trial.or(found.full),
        ];
        !serving.or(soon).is_empty()
    }

    /// Every endpoint as it stands for this request.
    pub fn scores(&self) -> Vec<Scored> {
        let mut views = EndpointViews::new();
        let screen = self.screen(&mut views);
        Scored::all(self.pool.endpoints(), &screen)
    }

    fn balanced(&self, random: &mut Random) -> Result<Route, NoRoute> {
        let (mut views, mut lost) = (EndpointViews::new(), EndpointSet::default());
        // Each turn but the last loses a permit or a trial to another request.
        for _ in 0..=2 * self.pool.endpoints().len() {
            let pool = self.look(&mut views);
            let rest = pool.only(pool.set().without(lost));
            let Some(pick) = self.pool.selector.select(rest, self.needs(), random) else {
                break;
            };
            match self.take(pick, pool) {
                Some(route) => return Ok(route),
                // Its breaker tries another request: for this one it is now a last resort, not out.
                None if pick.reason == RouteReason::Trial => {}
                None => lost.insert(pick.index),
            }
        }
        let screen = self.screen(&mut views);
        let (endpoints, pauses) = (self.pool.endpoints(), self.pool.pauses);
        Err(NoRoute::screened(endpoints, &screen, pauses))
    }

    fn needs(&self) -> Needs {
        Needs {
            writer: *self.ask.placement == Placement::Writer,
            is_retry: !self.ask.excluded.is_empty(),
        }
    }

    fn look<'v>(&self, views: &'v mut EndpointViews) -> PoolView<'v> {
        reading::read(self.pool.endpoints(), self.ask, views);
        PoolView::new(views, self.ask.now, self.pool.slowest)
    }

    fn screen<'v>(&self, views: &'v mut EndpointViews) -> Screen<'v> {
        let pool = self.look(views);
        self.pool.selector.screen(pool, self.needs())
    }

    /// Takes the permit; `None` when another request took it first.
    fn take(&self, pick: Pick, pool: PoolView<'_>) -> Option<Route> {
        let endpoint = self.pool.endpoints().get(pick.index)?;
        let limit = match self.pool.is_enabled {
            true => endpoint.max_connections,
            false => u32::MAX,
        };
        let mut permit = Permit::claim(endpoint, limit)?;
        if endpoint.health().gate(self.ask.now) != Gate::Closed {
            let trial = permit.claim_trial();
            if pick.reason == RouteReason::Trial && !trial {
                return None;
            }
        }
        let times = &endpoint.state.times;
        times.chosen(self.ask.plan.complexity, self.ask.now);
        let screen = |pool| self.pool.selector.screen(pool, self.needs());
        Some(Route {
            endpoint: endpoint.clone(),
            permit,
            address: endpoint.server().address()?,
            reason: pick.reason,
            score: pick.score,
            scores: match self.ask.explain {
                true => Scored::all(self.pool.endpoints(), &screen(pool)),
                false => Vec::new(),
            },
        })
    }

    /// The owner of the key, in whatever health; it alone has what is asked for.
    fn local(&self) -> Result<Route, NoRoute> {
        let owner = rendezvous::owner(self.pool.endpoints(), self.ask.key);
        let Some(endpoint) = owner else {
            return Err(self.only(None, Exclusion::NotOwner));
        };
        let status = endpoint.health().status();
        if self.pool.is_enabled && status == HealthStatus::Maintenance {
            return Err(self.only(Some(endpoint), Exclusion::Maintenance));
        }
        self.direct(endpoint, endpoint.max_connections, RouteReason::Owner)
    }

    /// The endpoint of a transaction, in whatever state; no other knows it.
    fn pinned(&self, token: &str) -> Result<Route, NoRoute> {
        let pool = self.pool;
        let known = pool.endpoints().iter().find(|e| &*e.token == token);
        let leaving = || pool.registry.draining(pool.service(), token, self.ask.now);
        match known.cloned().or_else(leaving) {
            Some(endpoint) => self.direct(&endpoint, u32::MAX, RouteReason::Pinned),
            None => Err(NoRoute::unknown_token(pool.endpoints())),
        }
    }

    fn direct(
        &self,
        endpoint: &Arc<Endpoint>,
        limit: u32,
        reason: RouteReason,
    ) -> Result<Route, NoRoute> {
        if self.ask.excluded.iter().any(|e| e.token == endpoint.token) {
            return Err(self.only(Some(endpoint), Exclusion::Tried));
        }
        let unresolved = || self.only(Some(endpoint), Exclusion::Unresolved);
        let address = endpoint.server().address().ok_or_else(unresolved)?;
        let full = || self.only(Some(endpoint), Exclusion::Full);
        let mut permit = Permit::claim(endpoint, limit).ok_or_else(full)?;
        permit.claim_trial();
        Ok(Route {
            endpoint: endpoint.clone(),
            permit,
            address,
            reason,
            score: 0.0,
            scores: match self.ask.explain {
                true => self.scores(),
                false => Vec::new(),
            },
        })
    }

    fn only(&self, owner: Option<&Arc<Endpoint>>, why: Exclusion) -> NoRoute {
        NoRoute::only(self.pool.endpoints(), owner, why)
    }
}
