//! What a pool is made of, as the configuration says it.

use super::chooser::Chooser;
use super::pool::{MAX_ENDPOINTS, PoolError};
use crate::config::{self, Config};
use crate::endpoint::{self, Endpoint, HealthRules, Registry};
use balancing::{ExtraRules, Overload, QueueRules, ScreenRules, Selector};
use std::sync::Arc;

/// Who may wait.
pub fn queue_rules(queue: &config::Queue, endpoints: usize) -> QueueRules {
    let of_endpoints = (queue.max_pending_per_endpoint as usize).saturating_mul(endpoints);
    QueueRules {
        max_pending: of_endpoints.min(queue.max_pending as usize),
        overload: match queue.overload {
            config::OverloadRule::PredictedWait => Overload::PredictedWait,
            config::OverloadRule::ControlledDelay => Overload::ControlledDelay,
        },
    }
}

/// How endpoints are selected.
pub fn selector(chooser: &Chooser, service: &config::Service, config: &Config) -> Selector {
    Selector {
        policy: chooser.policy(),
        rules: ScreenRules {
            serving: endpoint::serving_rules(config),
            max_ejected: config.breaker.max_ejected,
        },
        load_factor: service.affinity(&config.balance).load_factor,
        slowest: config.planner.max_response_time.as_secs_f64().max(1e-3),
    }
}

/// How many extra attempts a service is given.
pub fn extra_rules(balance: &config::Balance) -> ExtraRules {
    ExtraRules {
        retry_share: balance.retry_budget,
        retry_floor: balance.retry_floor,
        hedging: balance.enabled && balance.hedging,
    }
}

/// Where each endpoint was in the pool before, by what names the server; `None`: it is new.
pub fn former_places(before: &[Arc<Endpoint>], now: &[Arc<Endpoint>]) -> Vec<Option<usize>> {
    let place = |one: &Arc<Endpoint>| before.iter().position(|other| other.token == one.token);
    now.iter().map(place).collect()
}

/// The endpoints, each on top of the state that the registry keeps of it.
pub fn endpoints(
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
    let balance = &config.balance;
    let strategy = settings.strategy(balance);
    let custom = balance.custom.get(strategy.word());
    let custom = custom.filter(|_| balance.enabled);
    let tags = custom.map_or([].as_slice(), |custom| &custom.tags);
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
        made.push(Arc::new(Endpoint {
            lacks_tag: !tags.iter().all(|tag| settings.tags.contains(tag)),
            ..Endpoint::new(settings, rules.clone(), state)
        }));
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;
    use balancing::policies::{PolicyRegistry, Strategy};

    #[test]
    fn what_the_crate_has_as_its_defaults_is_what_is_shipped() {
        let config = Config::default();
        let (name, none) = (config.balance.strategy.clone(), PolicyRegistry::default());
        let chooser = Chooser::new(name, &[], &config.balance, &none, 2, None);
        let shipped = selector(&chooser, &config::Service::default(), &config);
        let default = Selector::new(Strategy::Adaptive.policy(2));
        assert_eq!(shipped.rules, default.rules);
        assert_eq!(shipped.slowest, default.slowest);
        assert_eq!(shipped.load_factor, default.load_factor);
        assert_eq!(extra_rules(&config.balance), ExtraRules::default());
    }
}
