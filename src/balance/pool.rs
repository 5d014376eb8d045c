//! The pool of a service: its endpoints, its strategy, its retry budget. Choosing screens the endpoints,
//! lets the strategy pick among those that may, and takes the place at once; where the place was lost to
//! another request in between, it looks again.

use super::budget::RetryBudget;
use super::eligible::{Eligible, MAX_ENDPOINTS};
use super::endpoint::{self, Endpoint};
use super::permit::Permit;
use super::registry::Registry;
use super::rendezvous;
use super::route::{Ask, Choice, Exclusion, NoRoute, Reason, Route, Scored};
use super::screen::{Screen, Screened, least_recently_failed};
use super::strategies::{self, Strategy};
use crate::clock::{Dice, Moment};
use crate::config::{self, Config, StrategyName};
use crate::dialect::Placement;
use crate::health::{Condition, Gate, Pulse, Rules, Status};
use std::sync::Arc;
use std::time::Duration;

/// The shortest time after which trying again makes sense.
const SOON: Duration = Duration::from_secs(1);

/// A configuration that no pool can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    #[error("service {service}: endpoint {url:?} is not a plain http://host:port")]
    Url { service: String, url: String },
    #[error("service {service}: {count} endpoints; at most {MAX_ENDPOINTS} are possible")]
    TooMany { service: String, count: usize },
    #[error("service {service}: two endpoints are named {name}")]
    Twice { service: String, name: String },
}

/// The endpoints of one service.
pub struct Pool {
    service: Arc<str>,
    endpoints: Vec<Arc<Endpoint>>,
    strategy: Box<dyn Strategy>,
    name: StrategyName,
    enabled: bool,
    /// Seconds that count as 1.0 in scores.
    slowest: f64,
    resolve_every: Duration,
    budget: RetryBudget,
    registry: Arc<Registry>,
}

impl Pool {
    /// The pool of a service; endpoints that the registry knows keep their state.
    pub fn build(
        name: &str,
        service: &config::Service,
        config: &Config,
        registry: &Arc<Registry>,
    ) -> Result<Self, PoolError> {
        let balance = &config.balance;
        let strategy = match balance.enabled {
            true => service.strategy.unwrap_or(balance.strategy),
            false => StrategyName::RoundRobin,
        };
        Ok(Self {
            service: name.into(),
            endpoints: endpoints(name, service, config, registry)?,
            strategy: strategies::strategy(strategy),
            name: strategy,
            enabled: balance.enabled,
            slowest: config.planner.max_response_time.as_secs_f64().max(1e-3),
            resolve_every: config.upstream.resolve_every,
            budget: RetryBudget::new(
                balance.retry_budget,
                balance.retry_floor,
                registry.savings(name),
            ),
            registry: registry.clone(),
        })
    }

    /// The name of the service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The configured endpoints, in order.
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }

    /// The endpoint of a name or token.
    pub fn find(&self, name: &str) -> Option<&Arc<Endpoint>> {
        self.endpoints
            .iter()
            .find(|endpoint| &*endpoint.name == name || &*endpoint.token == name)
    }

    /// What the prober and the resolver look after.
    pub fn conditions(&self) -> Vec<Arc<Condition>> {
        let condition = |endpoint: &Arc<Endpoint>| endpoint.state.health.clone();
        self.endpoints.iter().map(condition).collect()
    }

    /// The pulse of the service's prober.
    pub fn pulse(&self) -> Arc<Pulse> {
        self.registry.pulse(&self.service)
    }

    /// The strategy in use.
    pub fn strategy(&self) -> StrategyName {
        self.name
    }

    /// Retries that the service may still be given.
    pub fn budget(&self) -> &RetryBudget {
        &self.budget
    }

    /// Finds an endpoint for a request and takes a place there.
    pub fn choose(&self, ask: &Ask<'_>, dice: &mut Dice) -> Result<Route, NoRoute> {
        match ask.placement {
            Placement::Pinned(token) => self.pinned(token, ask),
            Placement::Local => self.local(ask),
            Placement::Any | Placement::Writer => self.balanced(ask, dice),
        }
    }

    /// Every endpoint as it stands for this request.
    pub fn scores(&self, ask: &Ask<'_>) -> Vec<Scored> {
        let screen = Screen::new(&self.endpoints, ask, self.enabled);
        let scored = |(index, endpoint): (usize, &Arc<Endpoint>)| Scored {
            endpoint: endpoint.name.to_string(),
            load: endpoint.load().score(),
            score: endpoint.load().resource_score(0.0, self.slowest),
            in_flight: endpoint.state.in_flight(),
            excluded: screen.exclusion(index, endpoint),
        };
        self.endpoints.iter().enumerate().map(scored).collect()
    }

    fn balanced(&self, ask: &Ask<'_>, dice: &mut Dice) -> Result<Route, NoRoute> {
        let screen = Screen::new(&self.endpoints, ask, self.enabled);
        let mut lost = 0;
        // Each turn but the last loses a place or a trial to another request.
        for _ in 0..=2 * self.endpoints.len() {
            let Some(choice) = self.pick(&screen.sort(lost), ask, dice) else {
                break;
            };
            let scores = self.explained(ask);
            let (index, reason) = (choice.index, choice.reason);
            match self.take(choice, ask, scores) {
                Some(route) => return Ok(route),
                // Its breaker tries another request: for this one it is now a last resort, not out.
                None if reason == Reason::Trial => {}
                None => lost |= 1 << index,
            }
        }
        Err(self.no_route(&screen, ask))
    }

    fn pick(&self, found: &Screened, ask: &Ask<'_>, dice: &mut Dice) -> Option<Choice> {
        let serving = found.preferred | found.spare;
        // A trial may fail: it is made with a request that can go elsewhere, unless there is no choice.
        let may_fail = *ask.placement == Placement::Any && ask.excluded.is_empty();
        if found.trial != 0 && (may_fail || serving == 0) {
            let index = least_recently_failed(&self.endpoints, found.trial)?;
            return Some(Choice::because(index, Reason::Trial));
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
            .or_else(|| self.strategy.choose(&view, ask.plan, dice))
    }

    fn home(&self, view: &Eligible<'_>, ask: &Ask<'_>) -> Option<Choice> {
        let home = ask.home?;
        let (index, _) = view.iter().find(|(_, endpoint)| &*endpoint.token == home)?;
        Some(Choice::because(index, Reason::Home))
    }

    /// Where all are out by health or breaker, the least recently failed is better than nobody. While
    /// one that serves is only full, waiting for it is better.
    fn last_resort(&self, found: &Screened) -> Option<Choice> {
        if found.full != 0 {
            return None;
        }
        let index = least_recently_failed(&self.endpoints, found.desperate)?;
        Some(Choice::because(index, Reason::LastResort))
    }

    /// Takes the place; `None` when it was lost to another request.
    fn take(&self, choice: Choice, ask: &Ask<'_>, scores: Vec<Scored>) -> Option<Route> {
        let endpoint = self.endpoints.get(choice.index)?;
        let limit = match self.enabled {
            true => endpoint.max_connections,
            false => u32::MAX,
        };
        let mut permit = Permit::claim(endpoint, limit)?;
        if endpoint.health().gate(ask.now) != Gate::Closed {
            let trial = permit.claim_trial();
            if choice.reason == Reason::Trial && !trial {
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
    fn local(&self, ask: &Ask<'_>) -> Result<Route, NoRoute> {
        let owner = rendezvous::owner(&self.endpoints, ask.key);
        let nobody = || self.only(None, Exclusion::NotOwner);
        let (_, endpoint) = owner.ok_or_else(nobody)?;
        if endpoint.health().status() == Status::Maintenance {
            return Err(self.only(Some(endpoint), Exclusion::Maintenance));
        }
        self.direct(endpoint, endpoint.max_connections, Reason::Owner, ask)
    }

    /// The endpoint of a transaction, in whatever state; only it can answer.
    fn pinned(&self, token: &str, ask: &Ask<'_>) -> Result<Route, NoRoute> {
        let known = self.endpoints.iter().find(|e| &*e.token == token).cloned();
        let known = known.or_else(|| self.registry.draining(&self.service, token, ask.now));
        let Some(endpoint) = known else {
            return Err(NoRoute {
                unknown_token: true,
                retry_after: None,
                ..self.only(None, Exclusion::NotOwner)
            });
        };
        self.direct(&endpoint, u32::MAX, Reason::Pinned, ask)
    }

    fn direct(
        &self,
        endpoint: &Arc<Endpoint>,
        limit: u32,
        reason: Reason,
        ask: &Ask<'_>,
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

    fn explained(&self, ask: &Ask<'_>) -> Vec<Scored> {
        match ask.explain {
            true => self.scores(ask),
            false => Vec::new(),
        }
    }

    /// No route, because one endpoint alone would do and it is not to be had.
    fn only(&self, owner: Option<&Arc<Endpoint>>, why: Exclusion) -> NoRoute {
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

    fn no_route(&self, screen: &Screen<'_>, ask: &Ask<'_>) -> NoRoute {
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

fn endpoints(
    service: &str,
    settings: &config::Service,
    config: &Config,
    registry: &Arc<Registry>,
) -> Result<Vec<Arc<Endpoint>>, PoolError> {
    let count = settings.endpoints.len();
    if count > MAX_ENDPOINTS {
        let service = service.into();
        return Err(PoolError::TooMany { service, count });
    }
    let rules = Arc::new(Rules::of(config));
    let mut made: Vec<Arc<Endpoint>> = Vec::with_capacity(count);
    for settings in &settings.endpoints {
        let url = || PoolError::Url {
            service: service.into(),
            url: settings.url.clone(),
        };
        let (host, port) = endpoint::authority(&settings.url).ok_or_else(url)?;
        let name = endpoint::name(settings, &host, port);
        if made.iter().any(|other| *other.name == *name) {
            let service = service.into();
            return Err(PoolError::Twice { service, name });
        }
        let state = registry.state(service, &name, &host, port);
        made.push(Arc::new(Endpoint::new(settings, rules.clone(), state)));
    }
    Ok(made)
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
