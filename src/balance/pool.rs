//! The pool of a service: its endpoints, its strategy, its retry budget. It is built anew with each
//! reload, over states that the registry keeps. How it chooses stands in `choose`.

use super::budget::RetryBudget;
use super::eligible::MAX_ENDPOINTS;
use super::strategies::{self, Strategy};
use crate::config::{self, Config, StrategyName};
use crate::endpoint::Endpoint;
use crate::endpoint::Registry;
use crate::endpoint::{Condition, HealthRules, ProbeTrigger};
use std::sync::Arc;
use std::time::Duration;

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
    pub(super) service: Arc<str>,
    pub(super) endpoints: Vec<Arc<Endpoint>>,
    pub(super) strategy: Box<dyn Strategy>,
    name: StrategyName,
    pub(super) enabled: bool,
    /// Seconds that count as 1.0 in scores.
    pub(super) slowest: f64,
    pub(super) resolve_every: Duration,
    budget: RetryBudget,
    pub(super) registry: Arc<Registry>,
}

impl Pool {
    /// The pool of a service; endpoints that the registry knows keep their state, and the retries saved up
    /// by the pool before it stay.
    pub fn build(
        name: &str,
        service: &config::Service,
        config: &Config,
        registry: &Arc<Registry>,
        before: Option<&Self>,
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
                before.map_or_else(Arc::default, |before| before.budget.savings()),
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
    pub fn probe_trigger(&self) -> Arc<ProbeTrigger> {
        self.registry.probe_trigger(&self.service)
    }

    /// The strategy in use.
    pub fn strategy(&self) -> StrategyName {
        self.name
    }

    /// Retries that the service may still be given.
    pub fn budget(&self) -> &RetryBudget {
        &self.budget
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
    let rules = Arc::new(HealthRules::of(config));
    let mut made: Vec<Arc<Endpoint>> = Vec::with_capacity(count);
    for (position, settings) in settings.endpoints.iter().enumerate() {
        let url = || PoolError::Url {
            service: service.into(),
            position: position + 1,
        };
        let address = settings.address().ok_or_else(url)?;
        let name = settings.name_at(&address);
        if made.iter().any(|other| *other.name == *name) {
            let service = service.into();
            return Err(PoolError::Twice { service, name });
        }
        let state = registry.state(service, &name, &address);
        made.push(Arc::new(Endpoint::new(settings, rules.clone(), state)));
    }
    Ok(made)
}

#[cfg(test)]
mod tests;
