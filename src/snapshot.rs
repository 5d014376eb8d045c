//! A snapshot: the checked configuration, compiled into what the path needs. It never changes; a
//! reload builds the next one beside it and swaps a pointer. What is learned is not in it but is
//! carried from one to the next as the same `Arc`.

use crate::balance::{Broker, Pool, PoolError};
use crate::clock::{Clock, Moment};
use crate::config::{self, Config};
use crate::dialect::Dialect;
use crate::dialect::registry::ServiceSettings;
use crate::endpoint::{Endpoint, Registry};
use crate::endpoint_id::EndpointId;
use crate::listen::ListenAddress;
use crate::observe::Name;
use crate::plan::{ExecutionStrategy, PlanHistory, Planner};
use crate::random::Random;
use balancing::policies::PolicyRegistry;
use http::HeaderMap;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

/// The compiled configuration.
pub struct Snapshot {
    /// Counts up with each configuration that was put in place; the first is 1.
    pub generation: u64,
    pub config: Arc<Config>,
    pub planner: Planner,
    services: BTreeMap<Box<str>, Arc<Service>>,
    /// By [`listener`].
    listeners: BTreeMap<String, Arc<Service>>,
}

/// One service, compiled.
pub struct Service {
    pub name: Arc<str>,
    pub label: Name,
    pub listener: Name,
    pub dialect: Arc<dyn Dialect>,
    pub execution: ExecutionStrategy,
    pub pool: Arc<Pool>,
    /// What became of its plans.
    pub history: Arc<PlanHistory>,
    pub settings: config::Service,
    /// What the cache calls it: another name where it came to stand for other servers.
    pub cache_name: Arc<str>,
    idempotent: BTreeSet<String>,
}

/// What the listener of a service is called: its address, so that connections stay with it when services
/// are renamed or change places; with port 0, which is another one each time, the service.
pub fn listener(name: &str, settings: &config::Service) -> String {
    let address = settings.listen_address();
    match address.is_chosen_by_system() {
        true => name.to_owned(),
        false => address.to_string(),
    }
}

/// What is carried from one snapshot to the next, apart from the dialects.
#[derive(Clone, Copy)]
pub struct Carried<'a> {
    pub clock: &'a Clock,
    pub registry: &'a Arc<Registry>,
    /// Policies that the program registers.
    pub policies: &'a PolicyRegistry,
}

/// Why a checked configuration cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error("service {0}: the probe credential holds characters that a header field cannot carry")]
    Credential(String),
}

impl Snapshot {
    /// Compiles a configuration. `before` is the snapshot that it follows, whose dialects keep what they have learned.
    ///
    /// # Errors
    /// A configuration that no pool or dialect can be made of.
    pub fn compile(
        config: Arc<Config>,
        generation: u64,
        carried: Carried<'_>,
        before: Option<&Snapshot>,
    ) -> Result<Self, CompileError> {
        let mut services = BTreeMap::new();
        for (name, settings) in &config.services {
            let before = before.and_then(|before| before.service(name));
            let service = Service::compile(
                name,
                settings,
                (&config, generation),
                carried,
                before.as_deref(),
            )?;
            services.insert(name.as_str().into(), Arc::new(service));
        }
        let heard =
            |service: &Arc<Service>| (listener(&service.name, &service.settings), service.clone());
        Ok(Self {
            generation,
            listeners: services.values().map(heard).collect(),
            planner: Planner::new(&config.planner, &config.cache),
            config,
            services,
        })
    }

    /// A service by name.
    pub fn service(&self, name: &str) -> Option<Arc<Service>> {
        self.services.get(name).map(Arc::clone)
    }

    /// The service of a listener, by what [`listener`] calls it. Connections of a listener that a wider one has taken
    /// over (`0.0.0.0` after `127.0.0.1`) belong to that one.
    pub fn at(&self, listener: &str) -> Option<Arc<Service>> {
        let exact = self.listeners.get(listener).map(Arc::clone);
        exact.or_else(|| {
            let before = ListenAddress::from(listener.parse::<SocketAddr>().ok()?);
            let covers =
                |service: &&Arc<Service>| service.settings.listen_address().covers(&before);
            self.listeners.values().find(covers).map(Arc::clone)
        })
    }

    /// All services, by name.
    pub fn services(&self) -> impl Iterator<Item = &Arc<Service>> {
        self.services.values()
    }

    /// The user that a request names, for its priority.
    pub fn user<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        headers
            .get(self.config.planner.user_header.as_str())?
            .to_str()
            .ok()
    }
}

impl Service {
    fn compile(
        name: &str,
        settings: &config::Service,
        (config, generation): (&Config, u64),
        carried: Carried<'_>,
        before: Option<&Service>,
    ) -> Result<Self, CompileError> {
        let same = before.filter(|before| is_successor(&before.settings, settings));
        let broker = same.map_or_else(
            || Arc::new(broker(carried.clock)),
            |same| Arc::clone(same.pool.broker()),
        );
        let history = same.map_or_else(
            || Arc::new(PlanHistory::new(config.planner.history as usize)),
            |same| Arc::clone(&same.history),
        );
        let before = before.map(|before| &*before.pool);
        let known = (carried.registry, carried.policies);
        let pool = Pool::build(name, settings, config, known, broker, before)?;
        let dialect = dialect(name, settings, &pool, same)?;
        Ok(Self {
            name: name.into(),
            label: Name::from(name),
            listener: Name::from(&*settings.listen_address().to_string()),
            execution: ExecutionStrategy::of_store(dialect.store()),
            dialect,
            idempotent: settings.idempotent.iter().cloned().collect(),
            pool: Arc::new(pool),
            history,
            settings: settings.clone(),
            cache_name: same.map_or_else(
                || format!("{name}@{generation}").into(),
                |same| Arc::clone(&same.cache_name),
            ),
        })
    }

    /// Whether the operator says that repeating this operation is harmless.
    pub fn is_idempotent(&self, operation: &str) -> bool {
        self.idempotent.contains(operation)
    }

    /// The token of the endpoint that the cache calls so.
    pub fn token_of(&self, id: EndpointId) -> Option<&str> {
        self.called(id).map(|endpoint| &*endpoint.token)
    }

    /// Whether the endpoint that the cache calls so is there and serves.
    pub fn serves(&self, id: EndpointId, now: Moment) -> bool {
        self.called(id)
            .is_some_and(|endpoint| endpoint.is_online(now))
    }

    fn called(&self, id: EndpointId) -> Option<&Arc<Endpoint>> {
        let mut endpoints = self.pool.endpoints().iter();
        endpoints.find(|endpoint| endpoint.id == id)
    }
}

/// A broker in whose queue nobody waits.
fn broker(clock: &Clock) -> Broker {
    Broker::new(clock.clone(), Random::seeded(clock.now().0))
}

/// The dialect of a service; the one `before` where nothing that it depends on has changed, otherwise a
/// new one that knows what that one knew.
fn dialect(
    name: &str,
    settings: &config::Service,
    pool: &Pool,
    before: Option<&Service>,
) -> Result<Arc<dyn Dialect>, CompileError> {
    let own = dialect_settings(name, settings, pool);
    if let Some(before) = before
        && before.settings.dialect == settings.dialect
        && dialect_settings(&before.name, &before.settings, &before.pool) == own
    {
        return Ok(Arc::clone(&before.dialect));
    }
    let learned = before.and_then(|before| before.dialect.learned());
    (settings.dialect.row().build)(&own, learned).map_err(|_| CompileError::Credential(name.into()))
}

fn dialect_settings<'s>(
    name: &'s str,
    settings: &'s config::Service,
    pool: &Pool,
) -> ServiceSettings<'s> {
    let probe = &settings.probe;
    let tokens = pool
        .endpoints()
        .iter()
        .map(|endpoint| endpoint.token.to_string());
    ServiceSettings {
        name,
        endpoints: tokens.collect(),
        cluster: settings.cluster,
        pure: &settings.pure,
        probe_path: &probe.path,
        expected: probe.expected(),
        api_key: probe.api_key.as_ref().map(|key| key.0.as_str()),
        user: probe.user.as_deref(),
        password: probe.password.as_ref().map(|word| word.0.as_str()),
    }
}

/// Whether a service still stands for the same servers: at least one of them is the same. What was
/// learned and stored of others is of no use.
fn is_successor(before: &config::Service, after: &config::Service) -> bool {
    let had = |url: &str| before.endpoints.iter().any(|endpoint| endpoint.url == url);
    before.dialect == after.dialect && after.endpoints.iter().any(|endpoint| had(&endpoint.url))
}

#[cfg(test)]
mod tests;
