//! The search for the endpoint of one request: read the views, select, take the permit at once; where
//! another request took it in between, look again. A call that belongs to one endpoint goes
//! there or nowhere.

use super::affinity_rules::MatchedRules;
use super::no_route::{NoHedge, NoRoute};
use super::pool::Pool;
use super::reading;
use super::rendezvous;
use super::route::{Route, RouteRequest};
use super::scored::Scored;
use super::spill::SpillCause;
use crate::dialect::Placement;
use crate::endpoint::{Endpoint, Gate, HealthStatus, Permit, PermitLimits, PoolPlace};
use crate::random::Random;
use balancing::{
    Ask, Demotion, EndpointView, Exclusion, Pick, RouteReason, Screen, SlowAttempt, Standing, Wait,
};
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

    /// The request as a policy sees it, with the number of the one that chooses for it.
    pub fn plain(&self) -> Ask {
        let named = self.ask.rules.and_then(MatchedRules::strategy);
        Ask {
            policy: named.map_or(0, |name| self.pool.chooser().number(name)),
            ..self.ask.plain()
        }
    }

    /// Finds an endpoint and takes a permit there.
    pub fn run(&self, random: &mut Random) -> Result<Route, NoRoute> {
        match self.ask.placement {
            Placement::Pinned(token) => self.pinned(token),
            Placement::Local => self.local(),
            Placement::Any | Placement::Writer => self.balanced(random),
        }
    }

    /// Whether an endpoint would be selected for this request now. What belongs to one endpoint is taken to have a place.
    pub fn has_place(&self, random: &mut Random) -> bool {
        let (ask, now) = (self.plain(), self.ask.now);
        let selector = &self.pool.selector;
        match self.ask.placement {
            Placement::Pinned(_) | Placement::Local => true,
            Placement::Any | Placement::Writer => {
                reading::with_views(self.pool.endpoints(), self.ask, |views| {
                    selector.select(views, &ask, now, random).is_some()
                })
            }
        }
    }

    /// Whether an endpoint may take this request other than as a last resort, or could if it were not full.
    pub fn is_available(&self) -> bool {
        self.screened(|views, _| {
            let none = [Standing::Out, Standing::Candidate(Demotion::LastResort)];
            views.iter().any(|view| !none.contains(&view.standing))
        })
    }

    /// Every endpoint as it stands for this request.
    pub fn scores(&self) -> Vec<Scored> {
        self.screened(|views, screen| self.scored(views, screen))
    }

    /// Shows `look` the endpoints, each as it stands.
    fn screened<T>(&self, look: impl FnOnce(&[EndpointView], &Screen) -> T) -> T {
        reading::with_views(self.pool.endpoints(), self.ask, |views| {
            let screen = self.pool.selector.screen(views, &self.plain());
            screen.sort(views);
            look(views, &screen)
        })
    }

    fn scored(&self, views: &[EndpointView], screen: &Screen) -> Vec<Scored> {
        let of = (&self.pool.selector, &self.plain(), self.ask.now);
        Scored::all(self.pool.endpoints(), views, screen, of)
    }

    fn balanced(&self, random: &mut Random) -> Result<Route, NoRoute> {
        reading::with_views(self.pool.endpoints(), self.ask, |views| {
            self.among(views, random)
        })
    }

    fn among(&self, views: &mut [EndpointView], random: &mut Random) -> Result<Route, NoRoute> {
        let (ask, now) = (self.plain(), self.ask.now);
        let selector = &self.pool.selector;
        // Each turn but the last loses a permit or a trial to another request.
        for _ in 0..=2 * views.len() {
            let Some(pick) = selector.select(views, &ask, now, random) else {
                break;
            };
            if let Some(route) = self.take(pick, views) {
                return Ok(route);
            }
            if let Some(lost) = views.get_mut(pick.index) {
                match pick.reason {
                    // For this request it is now a last resort, not out.
                    RouteReason::Trial if lost.health.gate == Gate::HalfOpen => {
                        lost.health.gate = Gate::TrialRunning;
                    }
                    _ => lost.load.in_flight = lost.load.max_connections,
                }
            }
        }
        if self.ask.may_wait
            && let Some(wait) = selector.wait(views, &ask)
        {
            return Err(NoRoute {
                would_wait: match wait {
                    Wait::ForBetter { work } => Some(work),
                    Wait::ForRoom => None,
                },
                is_own: views.iter().any(|one| is_closed_to_it(one, ask.cost)),
                ..NoRoute::full()
            });
        }
        let screen = selector.screen(views, &ask);
        let (endpoints, pauses) = (self.pool.endpoints(), self.pool.pauses);
        Err(NoRoute::screened(endpoints, views, &screen, pauses, now))
    }

    /// Finds an endpoint for a second attempt. One that another request takes first is not looked for again.
    pub fn hedge(
        &self,
        attempt: SlowAttempt,
        random: &mut Random,
        spend: impl FnOnce() -> bool,
    ) -> Result<Route, NoHedge> {
        reading::with_views(self.pool.endpoints(), self.ask, |views| {
            let (ask, selector) = (self.plain(), &self.pool.selector);
            let pick = selector.select_hedge(views, &ask, attempt, self.ask.now, random);
            let pick = pick.ok_or(NoHedge::NoEndpoint)?;
            if !spend() {
                return Err(NoHedge::NoBudget);
            }
            self.take(pick, views).ok_or(NoHedge::NoEndpoint)
        })
    }

    /// Takes the permit; `None` when another request took it first.
    fn take(&self, pick: Pick, views: &[EndpointView]) -> Option<Route> {
        let endpoint = self.pool.endpoints().get(pick.index)?;
        let limits = match self.pool.is_enabled {
            true => PermitLimits {
                requests: views.get(pick.index)?.room(),
                capacity: endpoint.capacity,
            },
            false => PermitLimits::NONE,
        };
        let permit = Permit::claim(endpoint, self.ask.plan.cost, limits)?;
        let mut permit = permit.at(self.place(pick.index));
        if pick.reason == RouteReason::Trial && !permit.claim_trial(self.ask.now) {
            return None;
        }
        if pick.reason != RouteReason::Home {
            permit = permit.freely();
        }
        let times = &endpoint.state.times;
        times.chosen(self.ask.plan.complexity, self.ask.now);
        Some(Route {
            endpoint: endpoint.clone(),
            permit,
            address: endpoint.server().address()?,
            ask: self.plain(),
            reason: pick.reason,
            spill: SpillCause::of(views, pick.index),
            score: pick.score,
            scores: match self.ask.explain {
                true => {
                    let screen = self.pool.selector.screen(views, &self.plain());
                    self.scored(views, &screen)
                }
                false => Vec::new(),
            },
        })
    }

    /// The owner of the key among those that no rule excludes, in whatever health; it alone has what is asked for.
    pub fn owner(&self) -> Option<&'a Arc<Endpoint>> {
        let rules = self.ask.rules;
        let may = |one: &&Arc<Endpoint>| !rules.is_some_and(|rules| rules.avoid(&one.name));
        let endpoints = self.pool.endpoints().iter().filter(may);
        rendezvous::owner(endpoints, self.ask.key)
    }

    fn local(&self) -> Result<Route, NoRoute> {
        let Some(endpoint) = self.owner() else {
            return Err(self.only(None, Exclusion::AntiAffinity));
        };
        let status = endpoint.health().status();
        let why = match status {
            HealthStatus::Maintenance => Some(Exclusion::Maintenance),
            HealthStatus::Draining => Some(Exclusion::Draining),
            _ => None,
        };
        if let Some(why) = why.filter(|_| self.pool.is_enabled) {
            return Err(self.only(Some(endpoint), why));
        }
        let limits = PermitLimits {
            requests: endpoint.max_connections,
            capacity: None,
        };
        self.direct(endpoint, limits, RouteReason::Owner)
    }

    /// The endpoint of a transaction, in whatever state and whatever rules say: they counted where it began. No other knows it.
    fn pinned(&self, token: &str) -> Result<Route, NoRoute> {
        let pool = self.pool;
        let known = pool.endpoints().iter().find(|e| &*e.token == token);
        let leaving = || pool.registry.draining(pool.service(), token, self.ask.now);
        match known.cloned().or_else(leaving) {
            Some(endpoint) => self.direct(&endpoint, PermitLimits::NONE, RouteReason::Pinned),
            None => Err(NoRoute::unknown_token(pool.endpoints(), self.ask.now)),
        }
    }

    fn direct(
        &self,
        endpoint: &Arc<Endpoint>,
        limits: PermitLimits,
        reason: RouteReason,
    ) -> Result<Route, NoRoute> {
        if self.ask.excluded.iter().any(|e| e.token == endpoint.token) {
            return Err(self.only(Some(endpoint), Exclusion::Tried));
        }
        let unresolved = || self.only(Some(endpoint), Exclusion::Unresolved);
        let address = endpoint.server().address().ok_or_else(unresolved)?;
        let full = || self.only(Some(endpoint), Exclusion::Full);
        let cost = self.ask.plan.cost;
        let mut permit = Permit::claim(endpoint, cost, limits).ok_or_else(full)?;
        if let Some(index) = self.pool.index_of(endpoint) {
            permit = permit.at(self.place(index));
        }
        Ok(Route {
            endpoint: endpoint.clone(),
            permit,
            address,
            ask: self.plain(),
            reason,
            spill: None,
            score: 0.0,
            scores: match self.ask.explain {
                true => self.scores(),
                false => Vec::new(),
            },
        })
    }

    fn place(&self, index: usize) -> PoolPlace {
        // What is a server's own, as its metrics are, says nothing of how it fares with requests for data.
        let is_data = *self.ask.placement != Placement::Local;
        let policy = &self.pool.selector.policy;
        PoolPlace {
            index,
            policy: is_data.then(|| Arc::clone(policy)),
            room: self.pool.broker().clone(),
        }
    }

    fn only(&self, owner: Option<&Arc<Endpoint>>, why: Exclusion) -> NoRoute {
        NoRoute::only(self.pool.endpoints(), owner, why, self.ask.now)
    }
}

/// Whether an endpoint would take another request than this one, of another target or cost.
fn is_closed_to_it(view: &EndpointView, cost: f64) -> bool {
    let may_take = !view.is_tried && !view.is_avoided && view.is_capable;
    let has_place = may_take && view.load.in_flight < view.room();
    has_place && (view.health.waits_until.is_some() || view.load.exceeds_capacity(cost))
}
