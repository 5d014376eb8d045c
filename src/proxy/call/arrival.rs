//! A request on its arrival: on which terms it may wait for an endpoint, and whether it is refused before anything is done for
//! it. That is where the queue of its service would refuse it whatever else it turns out to be: nobody pays for work whose end
//! is known, least of all while there is too much of it.

use crate::balance::{MatchedRules, RouteRequest, WaitTerms};
use crate::clock::Moment;
use crate::config;
use crate::dialect::{Call, Request};
use crate::plan::Plan;
use crate::rejection::{self, Rejection};
use crate::shared::Shared;
use crate::snapshot::{Service, Snapshot};
use http::HeaderValue;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// The share of its own time limit that a call waits at most: the rest is the database's. In the simulation of the queue at
/// up to 1.7 times what its workers can do, 99 in 100 responses then come within half of the limit.
const WAIT_SHARE: f64 = 0.3;

/// A request, as far as it is known.
#[derive(Clone, Copy)]
pub struct ArrivedRequest<'a> {
    pub snapshot: &'a Snapshot,
    pub service: &'a Service,
    pub request: Request<'a>,
    pub call: &'a Call,
    /// Its plan; before it is planned, one of the highest priority and the lowest cost that it may have.
    pub plan: &'a Plan,
}

impl ArrivedRequest<'_> {
    /// Why it is refused without more ado; `None`: it may find a place, or wait for one.
    pub fn refusal(&self, shared: &Shared) -> Option<Rejection> {
        let now = shared.clock.now();
        let rules = self.rules();
        let ask = RouteRequest {
            rules: rules.as_ref(),
            plan: self.plan,
            shape: self.call.shape,
            facts: self.call.facts(),
            placement: &self.call.placement,
            key: "",
            excluded: &[],
            home: None,
            affinity: None,
            ahead: 0.0,
            arrived: now,
            now,
            explain: false,
            may_wait: true,
        };
        let mut random = shared.random_source.random();
        let pool = &self.service.pool;
        let refusal = pool.sheds(&ask, &self.terms(now), &mut random)?;
        Some(rejection::of_queue(&refusal))
    }

    /// The affinity rules that match it.
    pub fn rules(&self) -> Option<MatchedRules> {
        let rules = self.service.pool.rules()?;
        rules.matched(self.call.operation, self.call.facts(), self.request.headers)
    }

    /// On which terms it waits from now on.
    pub fn terms(&self, now: Moment) -> WaitTerms {
        WaitTerms {
            tenant: self.tenant(),
            weight: self.weight(),
            deadline: now + self.patience(),
            at_most: self.at_most(),
        }
    }

    /// How long it may wait, in all its waits.
    pub fn patience(&self) -> Duration {
        let own = self.call.time_limit.filter(|_| self.call.gives_up_in_time);
        let own = own.map_or(Duration::MAX, |own| own.mul_f64(WAIT_SHARE));
        self.service.pool.max_wait().min(own)
    }

    /// Whose request it is, hashed: as the configured header says, otherwise whose credential it carries.
    pub fn tenant(&self) -> u64 {
        match self.named_tenant() {
            Some(name) => {
                let mut hasher = DefaultHasher::new();
                name.hash(&mut hasher);
                hasher.finish()
            }
            None => {
                let credential = self.service.dialect.credential(&self.request);
                credential.unwrap_or_default()
            }
        }
    }

    /// How much its tenant is given, over what one of weight 1 is.
    fn weight(&self) -> f64 {
        let name = self.named_tenant().and_then(|name| name.to_str().ok());
        name.map_or(1.0, |name| self.queue().weight_of(name))
    }

    /// The tenant that the configured header names.
    fn named_tenant(&self) -> Option<&HeaderValue> {
        let header = self.queue().tenant_header.as_ref()?;
        self.request.headers.get(header.as_str())
    }

    fn queue(&self) -> &config::Queue {
        &self.snapshot.config.balance.queue
    }

    /// How many requests of its service may wait, as so many of other services do.
    fn at_most(&self) -> usize {
        let planner = &self.snapshot.config.planner;
        if !planner.enabled {
            return usize::MAX;
        }
        let services = self.snapshot.services();
        let others = services.filter(|one| one.name != self.service.name);
        let waiting: usize = others.map(|one| one.pool.broker().pending()).sum();
        (planner.max_queue_size as usize).saturating_sub(waiting)
    }
}
