//! The registry of endpoint states, by service and name: what makes a state outlive a reload (W11).
//! An endpoint that a reload removes takes no new requests, but stays known by its token until its
//! transactions are idle or a limit has passed (W9).

use super::Endpoint;
use super::state::EndpointState;
use super::{Condition, EndpointEvents, Identity, ProbeTrigger};
use crate::clock::Moment;
use crate::config::EndpointAddress;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A removed endpoint is forgotten when none of its transactions spoke for so long: Neo4j ends idle ones after 30 s.
const IDLE: Duration = Duration::from_secs(30);
/// A removed endpoint is forgotten after so long at the latest.
const AT_MOST: Duration = Duration::from_secs(900);
/// Removed endpoints kept; the oldest go first.
const DRAINING_KEPT: usize = 256;

/// All endpoint states of the process.
#[derive(Debug, Default)]
pub struct Registry {
    events: Arc<EndpointEvents>,
    known: Mutex<Known>,
}

type Key = (String, String);

#[derive(Debug, Default)]
struct Known {
    states: HashMap<Key, Arc<EndpointState>>,
    live: Vec<Arc<Endpoint>>,
    draining: Vec<Draining>,
    pulses: HashMap<String, Arc<ProbeTrigger>>,
}

#[derive(Debug)]
struct Draining {
    endpoint: Arc<Endpoint>,
    since: Moment,
    used: Moment,
}

impl Registry {
    /// What happened to endpoints lately.
    pub fn events(&self) -> &Arc<EndpointEvents> {
        &self.events
    }

    /// The pulse of a service's prober; the same for the life of the process.
    pub fn probe_trigger(&self, service: &str) -> Arc<ProbeTrigger> {
        let mut known = self.known.lock();
        known.pulses.entry(service.into()).or_default().clone()
    }

    /// The state of an endpoint. A name that stands for another address than before is another server:
    /// it gets a new state, which replaces the old one when the reload is settled.
    pub fn state(
        &self,
        service: &str,
        name: &str,
        address: &EndpointAddress,
    ) -> Arc<EndpointState> {
        let probe_trigger = self.probe_trigger(service);
        let mut known = self.known.lock();
        let key = (service.to_owned(), name.to_owned());
        let before = known.states.get(&key);
        if let Some(state) = before.filter(|state| state.health.identity().address == *address) {
            return state.clone();
        }
        let generation = before.map_or(0, |state| state.generation + 1);
        let identity = Identity {
            service: service.into(),
            name: name.into(),
            address: address.clone(),
        };
        let condition = Condition::new(identity, self.events.clone(), probe_trigger);
        let state = Arc::new(EndpointState::new(Arc::new(condition), generation));
        known.states.entry(key).or_insert_with(|| state.clone());
        state
    }

    /// A reload is done: these are the present endpoints. Those of before that are not among them begin to drain.
    pub fn settle(&self, live: Vec<Arc<Endpoint>>, now: Moment) {
        let mut known = self.known.lock();
        let known = &mut *known;
        let before = std::mem::replace(&mut known.live, live);
        known.draining.retain(|d| !d.is_over(now));
        known.drain(before, now);
        known.forget();
    }

    /// A removed endpoint that still has transactions, by its token.
    pub fn draining(&self, service: &str, token: &str, now: Moment) -> Option<Arc<Endpoint>> {
        let mut known = self.known.lock();
        let found = known
            .draining
            .iter_mut()
            .filter(|d| *d.endpoint.token == *token && service_of(&d.endpoint) == service)
            .find(|d| !d.is_over(now))?;
        found.used = found.used.max(now);
        Some(found.endpoint.clone())
    }
}

impl Known {
    /// Lets endpoints drain that were live and are not any more; one that is back drains no longer.
    fn drain(&mut self, before: Vec<Arc<Endpoint>>, now: Moment) {
        let live = &self.live;
        let is_live = |endpoint: &Endpoint| live.iter().any(|other| same(other, endpoint));
        self.draining.retain(|d| !is_live(&d.endpoint));
        let gone = before.into_iter().filter(|endpoint| !is_live(endpoint));
        self.draining.extend(gone.map(|endpoint| Draining {
            endpoint,
            since: now,
            used: now,
        }));
        let surplus = self.draining.len().saturating_sub(DRAINING_KEPT);
        self.draining.drain(..surplus);
    }

    /// Keeps the states of live and draining endpoints only; the live ones' win.
    fn forget(&mut self) {
        let draining = self.draining.iter().map(|d| &d.endpoint);
        self.states = draining
            .chain(&self.live)
            .map(|endpoint| (key(endpoint), endpoint.state.clone()))
            .collect();
        let live = &self.live;
        let is_live = |service: &str| live.iter().any(|e| service_of(e) == service);
        self.pulses.retain(|service, _| is_live(service));
    }
}

impl Draining {
    fn is_over(&self, now: Moment) -> bool {
        let idle = self.endpoint.state.in_flight() == 0 && now - self.used >= IDLE;
        idle || now - self.since >= AT_MOST
    }
}

fn service_of(endpoint: &Endpoint) -> &str {
    &endpoint.health().identity().service
}

fn key(endpoint: &Endpoint) -> Key {
    (service_of(endpoint).to_owned(), endpoint.name.to_string())
}

fn same(one: &Endpoint, other: &Endpoint) -> bool {
    Arc::ptr_eq(&one.state, &other.state)
}

#[cfg(test)]
mod tests;
