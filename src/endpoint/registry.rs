//! The endpoints of the process, present and leaving: what makes a state outlive a reload. An endpoint
//! that a reload removes or points at another server takes no new requests, but stays known by its token
//! until its transactions have been idle for longer than the database keeps them.

use super::draining::{DRAINING_KEPT, DrainLimits, Draining, DrainingEndpoint};
use super::state::EndpointState;
use super::{Condition, Endpoint, EventLog, Identity, ProbeTrigger, RoomSignal};
use crate::clock::Moment;
use crate::config::EndpointAddress;
use balancing::health::Peers;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// All endpoints of the process.
#[derive(Debug, Default)]
pub struct Registry {
    events: Arc<EventLog>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    live: Vec<Arc<Endpoint>>,
    draining: Vec<Draining>,
    services: HashMap<String, ServiceSignals>,
    limits: DrainLimits,
}

/// What the endpoints of one service share; the same over reloads.
#[derive(Debug, Default, Clone)]
struct ServiceSignals {
    probe_trigger: Arc<ProbeTrigger>,
    room: Arc<RoomSignal>,
    peers: Arc<Peers>,
}

impl Registry {
    /// What happened to endpoints lately.
    pub fn events(&self) -> &Arc<EventLog> {
        &self.events
    }

    /// The trigger of a service's prober; the same for the life of the process.
    pub fn probe_trigger(&self, service: &str) -> Arc<ProbeTrigger> {
        self.known.lock().signals(service).probe_trigger
    }

    /// Tells who gives out the places of a service when an endpoint of it changes; the same for the life of the process.
    pub fn room_signal(&self, service: &str) -> Arc<RoomSignal> {
        self.known.lock().signals(service).room
    }

    /// The state of an endpoint. A name that stands for another address than before is another server
    /// and gets a new state; the present one stays as it is until the reload is settled.
    pub fn state(
        &self,
        service: &str,
        name: &str,
        address: &EndpointAddress,
    ) -> Arc<EndpointState> {
        let mut known = self.known.lock();
        if let Some(state) = known.state(service, name, address) {
            return state;
        }
        let signals = known.signals(service);
        let identity = Identity {
            service: service.into(),
            name: name.into(),
            address: address.clone(),
        };
        let health = signals.peers.join(seed(&identity));
        let (events, trigger) = (self.events.clone(), signals.probe_trigger);
        let condition = Condition::new(identity, health, events, trigger, signals.room);
        let generation = known.next_generation(service, name);
        Arc::new(EndpointState::new(Arc::new(condition), generation))
    }

    /// A reload is done: these are the present endpoints. Former ones that are not among them begin to drain.
    pub fn settle(&self, live: Vec<Arc<Endpoint>>, limits: DrainLimits, now: Moment) {
        for endpoint in &live {
            let server = endpoint.server();
            server.configure_role(endpoint.role_choice, now);
            if !endpoint.rules.settings.breaker.enabled {
                endpoint.health().close_breaker();
            }
        }
        let mut known = self.known.lock();
        known.limits = limits;
        known.draining.retain(|one| !one.is_over(limits, now));
        let before = std::mem::replace(&mut known.live, live);
        known.drain(before, now);
        known.forget_services();
    }

    /// The endpoints that a reload removed and that may still have transactions, oldest first.
    pub fn leaving(&self, now: Moment) -> Vec<DrainingEndpoint> {
        let known = self.known.lock();
        let rows = known.draining.iter();
        rows.filter_map(|one| one.row(known.limits, now)).collect()
    }

    /// A leaving endpoint that still has transactions, by its token.
    pub fn draining(&self, service: &str, token: &str, now: Moment) -> Option<Arc<Endpoint>> {
        let mut known = self.known.lock();
        let limits = known.limits;
        let found = known
            .draining
            .iter_mut()
            .filter(|one| *one.endpoint.token == *token && service_of(&one.endpoint) == service)
            .find(|one| !one.is_over(limits, now))?;
        Some(found.used_at(now))
    }
}

impl Known {
    fn endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        let draining = self.draining.iter().map(|one| &one.endpoint);
        self.live.iter().chain(draining)
    }

    fn named<'a>(
        &'a self,
        service: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = &'a EndpointState> {
        let found = move |endpoint: &&Arc<Endpoint>| {
            &*endpoint.name == name && service_of(endpoint) == service
        };
        self.endpoints()
            .filter(found)
            .map(|endpoint| &*endpoint.state)
    }

    fn state(
        &self,
        service: &str,
        name: &str,
        address: &EndpointAddress,
    ) -> Option<Arc<EndpointState>> {
        let mut states = self.endpoints().map(|endpoint| &endpoint.state);
        states
            .find(|state| {
                let identity = state.health.identity();
                *identity.service == *service
                    && *identity.name == *name
                    && identity.address == *address
            })
            .cloned()
    }

    fn next_generation(&self, service: &str, name: &str) -> u64 {
        let last = self
            .named(service, name)
            .map(|state| state.generation)
            .max();
        last.map_or(0, |last| last + 1)
    }

    fn signals(&mut self, service: &str) -> ServiceSignals {
        self.services.entry(service.into()).or_default().clone()
    }

    /// Lets endpoints drain that were live and are not any more; one that is back drains no longer.
    fn drain(&mut self, before: Vec<Arc<Endpoint>>, now: Moment) {
        let live = &self.live;
        let is_live = |endpoint: &Endpoint| live.iter().any(|other| same(other, endpoint));
        self.draining.retain(|one| !is_live(&one.endpoint));
        let gone = before.into_iter().filter(|endpoint| !is_live(endpoint));
        self.draining
            .extend(gone.map(|endpoint| Draining::begin(endpoint, now)));
        let surplus = self.draining.len().saturating_sub(DRAINING_KEPT);
        self.draining.drain(..surplus);
    }

    /// An endpoint that drains may come back and then still has the signals of its service.
    fn forget_services(&mut self) {
        let mut services = std::mem::take(&mut self.services);
        services.retain(|service, _| self.endpoints().any(|one| service_of(one) == service));
        self.services = services;
    }
}

/// Spreads the pauses of endpoints.
fn seed(identity: &Identity) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&*identity.service, &*identity.name).hash(&mut hasher);
    hasher.finish()
}

fn service_of(endpoint: &Endpoint) -> &str {
    &endpoint.health().identity().service
}

fn same(one: &Endpoint, other: &Endpoint) -> bool {
    Arc::ptr_eq(&one.state, &other.state)
}

#[cfg(test)]
mod tests;
