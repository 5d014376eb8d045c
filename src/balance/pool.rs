//! The pool of a service: its endpoints, how one is selected, its extra attempts. It is rebuilt with each
//! reload, over states that the registry keeps.

use super::affinity_rules::{MatchedRules, PlacementRules};
use super::broker::Broker;
use super::chooser::{Chooser, Former};
use super::no_route::{NoHedge, NoRoute, Pauses};
use super::parts;
use super::route::{Route, RouteRequest};
use super::scored::Scored;
use super::search::RouteSearch;
use super::stats::{PlacesUsed, PoolStats};
use super::waiter::WaitTerms;
use crate::clock::Moment;
use crate::config::{self, Config, StrategyName};
use crate::dialect::Placement;
use crate::endpoint::{Condition, Endpoint, ProbeTrigger, Registry};
use crate::random::Random;
use balancing::policies::{PolicyRegistry, Strategy};
use balancing::{
    ExtraAttempts, LearnedWeight, QueueRules, Refusal, Rung, Selector, ShadowFigures, SlowAttempt,
    Slowness,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

/// The endpoints that a service has at most.
pub const MAX_ENDPOINTS: usize = 1024;

/// A configuration that no pool can be made of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The URL is not printed: it may hold a password.
    #[error("service {service}: the url of endpoint {position} is not a plain http://host:port")]
    Url { service: String, position: usize },
    #[error("service {service}: {count} endpoints; at most {MAX_ENDPOINTS} are possible")]
    TooMany { service: String, count: usize },
    #[error("service {service}: two endpoints are named {name}")]
    Twice { service: String, name: String },
}

/// The endpoints of one service.
pub struct Pool {
    service: Arc<str>,
    endpoints: Vec<Arc<Endpoint>>,
    chooser: Chooser,
    pub(super) selector: Selector,
    /// Whether limits count (`balance.enabled`).
    pub(super) is_enabled: bool,
    pub(super) pauses: Pauses,
    pub(super) registry: Arc<Registry>,
    rules: Option<Arc<PlacementRules>>,
    extra: ExtraAttempts,
    broker: Arc<Broker>,
    queue: QueueRules,
    /// How long a request may wait for an endpoint.
    max_wait: Duration,
    /// The number of the rung of the ladder of degradation on which the service is.
    rung: AtomicU8,
}

impl Pool {
    /// The pool of a service; endpoints that the registry knows keep their state, and the retries saved up
    /// in the pool before it stay.
    pub fn build(
        name: &str,
        service: &config::Service,
        config: &Config,
        (registry, policies): (&Arc<Registry>, &PolicyRegistry),
        broker: Arc<Broker>,
        before: Option<&Self>,
    ) -> Result<Self, PoolError> {
        let balance = &config.balance;
        let endpoints = parts::endpoints(name, service, config, registry)?;
        let room = Arc::downgrade(&broker);
        registry.room_signal(name).follow(room);
        let strategy = match balance.enabled {
            true => service.strategy(balance),
            false => Strategy::RoundRobin.into(),
        };
        let from = before.map(|before| parts::former_places(&before.endpoints, &endpoints));
        let former = before.zip(from.as_deref()).map(|(before, from)| Former {
            chooser: &before.chooser,
            from,
            endpoints: before.endpoints.len(),
        });
        let rules = PlacementRules::of(name, balance);
        let named = rules.as_ref().filter(|_| balance.enabled);
        let named = named.map(|rules| rules.strategies()).unwrap_or_default();
        let count = endpoints.len();
        let chooser = Chooser::new(strategy, &named, balance, policies, count, former);
        Ok(Self {
            service: name.into(),
            selector: parts::selector(&chooser, service, config),
            rules,
            chooser,
            queue: parts::queue_rules(&balance.queue, endpoints.len()),
            max_wait: balance.queue.max_wait,
            rung: AtomicU8::new(before.map_or(Rung::Normal, Self::rung).number()),
            broker,
            endpoints,
            is_enabled: balance.enabled,
            pauses: Pauses {
                resolution: config.upstream.resolve_every,
                probe: config.health.interval,
            },
            registry: registry.clone(),
            extra: ExtraAttempts::new(
                parts::extra_rules(balance),
                before.map(|before| &before.extra),
            ),
        })
    }

    /// Finds an endpoint for a request and takes a permit there.
    pub fn choose(&self, ask: &RouteRequest<'_>, random: &mut Random) -> Result<Route, NoRoute> {
        RouteSearch::new(self, ask).run(random)
    }

    /// Finds an endpoint for a second attempt of a read that has waited so long and is so slow at the one that was tried, and takes a
    /// permit there if `spend` grants the attempt.
    pub fn choose_hedge(
        &self,
        ask: &RouteRequest<'_>,
        waited: Duration,
        slowness: Slowness,
        random: &mut Random,
        spend: impl FnOnce() -> bool,
    ) -> Result<Route, NoHedge> {
        let attempt = SlowAttempt {
            waited,
            slowness,
            others_wait: self.broker.pending() > 0,
        };
        RouteSearch::new(self, ask).hedge(attempt, random, spend)
    }

    /// Finds an endpoint for a request, unless others wait that may be before it.
    pub fn choose_unless_awaited(
        &self,
        ask: &RouteRequest<'_>,
        random: &mut Random,
    ) -> Result<Route, NoRoute> {
        // What waits may wait for the very transaction that this request would end.
        let is_pinned = matches!(ask.placement, Placement::Pinned(_));
        match self.is_enabled && !is_pinned && self.broker.pending() > 0 {
            true => Err(NoRoute::full()),
            false => self.choose(ask, random),
        }
    }

    /// Why the queue would refuse such a request, whatever else it turns out to be: of no higher priority, and at no lower cost.
    /// `None` where it may find a place or wait.
    pub fn sheds(
        self: &Arc<Self>,
        ask: &RouteRequest<'_>,
        terms: &WaitTerms,
        random: &mut Random,
    ) -> Option<Refusal> {
        // A transaction goes to its endpoint in any case.
        let is_pinned = matches!(ask.placement, Placement::Pinned(_));
        if !self.is_enabled || is_pinned || self.broker.pending() == 0 {
            return None;
        }
        let refusal = self.broker.closed_to(self, ask.plan.priority, terms)?;
        // Those that wait may all wait for something else.
        if RouteSearch::new(self, ask).has_place(random) {
            return None;
        }
        self.broker.refused(&refusal);
        Some(refusal)
    }

    /// Whether such a request has an endpoint other than as a last resort. An endpoint whose trial is due has one,
    /// and so has one that its breaker may not take out: if nobody sent requests there, it would never come back.
    pub fn is_available(&self, ask: &RouteRequest<'_>) -> bool {
        RouteSearch::new(self, ask).is_available()
    }

    /// Endpoints that were not in the pool `before` begin slowly beside those that were.
    pub fn begin_beside(&self, before: &Self, now: Moment) {
        let stays = |one: &&Arc<Endpoint>| before.index_of(one).is_some();
        if !self.endpoints.iter().any(|one| stays(&one)) {
            return;
        }
        for added in self.endpoints.iter().filter(|one| !stays(one)) {
            added.health().health().begin_slow_start(now);
        }
    }

    /// How long it is until time alone may give an endpoint room.
    pub fn next_change(&self, now: Moment) -> Option<Duration> {
        let moments = self.endpoints.iter().filter_map(|one| {
            let (health, settings) = (one.health().health(), &one.rules.settings);
            health.next_change(one.max_connections, settings, now)
        });
        moments.min().map(|at| at - now)
    }

    /// Every endpoint as it stands for this request.
    pub fn scores(&self, ask: &RouteRequest<'_>) -> Vec<Scored> {
        RouteSearch::new(self, ask).scores()
    }

    /// The affinity rules of the service.
    pub fn rules(&self) -> Option<&Arc<PlacementRules>> {
        self.rules.as_ref()
    }

    /// The broker of the permits.
    pub fn broker(&self) -> &Arc<Broker> {
        &self.broker
    }

    /// Who may wait.
    pub fn queue_rules(&self) -> &QueueRules {
        &self.queue
    }

    /// How long a request may wait for an endpoint.
    pub fn max_wait(&self) -> Duration {
        self.max_wait
    }

    /// How many requests the endpoint at this index works on at once, as far as its strategy knows.
    pub(super) fn use_of(&self, index: usize, now: Moment) -> PlacesUsed {
        let policy = &self.selector.policy;
        PlacesUsed {
            places: policy.places(index, now),
            lately_taken: policy.lately_taken(index, now),
        }
    }

    /// The pool as it stands.
    pub fn stats(&self, now: Moment) -> PoolStats {
        PoolStats::of(self, now)
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

    /// The index of an endpoint; `None` when it has left the pool.
    pub(super) fn index_of(&self, endpoint: &Arc<Endpoint>) -> Option<usize> {
        let is_it = |other: &Arc<Endpoint>| Arc::ptr_eq(&other.state, &endpoint.state);
        self.endpoints.iter().position(is_it)
    }

    /// The endpoints that are probed and resolved.
    pub fn conditions(&self) -> Vec<Arc<Condition>> {
        let condition = |endpoint: &Arc<Endpoint>| endpoint.state.health.clone();
        self.endpoints.iter().map(condition).collect()
    }

    /// Asks the service's prober for a round.
    pub fn probe_trigger(&self) -> Arc<ProbeTrigger> {
        self.registry.probe_trigger(&self.service)
    }

    /// The strategy in use, where no rule names another one.
    pub fn strategy(&self) -> &StrategyName {
        self.chooser.strategy()
    }

    /// The weights that it has learned, where it weighs other strategies.
    pub fn weights(&self) -> Vec<LearnedWeight> {
        self.selector.policy.weights()
    }

    /// The strategies and what they have learned.
    pub fn chooser(&self) -> &Chooser {
        &self.chooser
    }

    /// The strategy that chooses for a request that these rules match.
    pub fn strategy_under<'s>(&'s self, rules: Option<&'s MatchedRules>) -> &'s StrategyName {
        let named = rules.and_then(MatchedRules::strategy);
        let named = named.filter(|name| self.chooser.number(name) > 0);
        named.unwrap_or(self.strategy())
    }

    /// The strategy that is asked beside it, and what was counted of that.
    pub fn shadow(&self) -> Option<(&StrategyName, ShadowFigures)> {
        self.chooser.shadow()
    }

    /// What the service gives up for the moment.
    pub fn rung(&self) -> Rung {
        Rung::of(self.rung.load(Ordering::Relaxed))
    }

    /// Sets it.
    pub fn set_rung(&self, rung: Rung) {
        self.rung.store(rung.number(), Ordering::Relaxed);
    }

    /// What the service may still be given beyond one attempt for each request.
    pub fn extra(&self) -> &ExtraAttempts {
        &self.extra
    }
}

#[cfg(test)]
mod feedback_tests;
#[cfg(test)]
mod tests;
