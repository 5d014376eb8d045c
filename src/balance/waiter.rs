//! A request that waits for an endpoint, as it is kept while it waits.

use super::affinity_rules::MatchedRules;
use super::no_route::NoRoute;
use super::pool::Pool;
use super::route::{Route, RouteRequest};
use crate::clock::Moment;
use crate::dialect::{CallFacts, Placement};
use crate::endpoint::Endpoint;
use crate::plan::{Complexity, Plan};
use balancing::{Home, Refusal, Waiting};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Why a request has no permit.
#[derive(Debug)]
pub enum NoPermit {
    /// No endpoint may take it, and to wait would not help.
    NoRoute(NoRoute),
    /// The queue is full, or the wait would be or was too long.
    Refused(Refusal),
}

/// On which terms a request waits.
#[derive(Debug, Clone, Copy)]
pub struct WaitTerms {
    /// Whose request it is, hashed.
    pub tenant: u64,
    /// How much its tenant is given, over what one of weight 1 is.
    pub weight: f64,
    /// When it must have found an endpoint.
    pub deadline: Moment,
    /// How many requests of its service may wait, as others wait for other services.
    pub at_most: usize,
}

/// What a waiter is told.
pub type Answer = Result<Route, NoPermit>;

/// A request that waits.
pub struct Waiter {
    kept: KeptRequest,
    /// The pool that it asked, where no newer one is known.
    pool: Arc<Pool>,
    answer: oneshot::Sender<Answer>,
}

/// What is asked of the pool, with nothing borrowed.
#[derive(Clone)]
pub struct KeptRequest {
    plan: Plan,
    shape: u64,
    facts: CallFacts,
    placement: Placement,
    key: String,
    excluded: Vec<Arc<Endpoint>>,
    home: Option<(String, Home)>,
    rules: Option<MatchedRules>,
    affinity: Option<u64>,
    arrived: Moment,
    explain: bool,
}

impl Waiter {
    /// A request that waits, and where it hears of its permit.
    pub fn new(pool: &Arc<Pool>, ask: &RouteRequest<'_>) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, heard) = oneshot::channel();
        let waiter = Self {
            kept: KeptRequest {
                plan: ask.plan.clone(),
                shape: ask.shape,
                facts: ask.facts,
                placement: ask.placement.clone(),
                key: ask.key.into(),
                excluded: ask.excluded.to_vec(),
                home: ask.home.map(|(token, home)| (token.into(), home)),
                rules: ask.rules.cloned(),
                affinity: ask.affinity,
                arrived: ask.arrived,
                explain: ask.explain,
            },
            pool: Arc::clone(pool),
            answer,
        };
        (waiter, heard)
    }

    /// What it asks of the pool.
    pub fn kept(&self) -> &KeptRequest {
        &self.kept
    }

    /// The pool that it asked.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Whether nobody waits for the answer any more.
    pub fn is_gone(&self) -> bool {
        self.answer.is_closed()
    }

    /// Tells it. A route that nobody takes any more is given back.
    pub fn tell(self, answer: Answer) {
        let _ = self.answer.send(answer);
    }
}

impl KeptRequest {
    /// What it asks of the pool now, with so much work before it.
    pub fn ask(&self, ahead: f64, now: Moment) -> RouteRequest<'_> {
        RouteRequest {
            plan: &self.plan,
            shape: self.shape,
            facts: self.facts,
            placement: &self.placement,
            key: &self.key,
            excluded: &self.excluded,
            home: self.home.as_ref().map(|(token, home)| (&**token, *home)),
            rules: self.rules.as_ref(),
            affinity: self.affinity,
            ahead,
            arrived: self.arrived,
            now,
            explain: self.explain,
            may_wait: true,
        }
    }

    /// How complex it is.
    pub fn complexity(&self) -> Complexity {
        self.plan.complexity
    }
}

/// What the queue knows of a request.
pub fn waiting(pool: &Pool, ask: &RouteRequest<'_>, terms: &WaitTerms) -> Waiting {
    Waiting {
        priority: ask.plan.priority,
        cost: ask.plan.cost,
        tenant: terms.tenant,
        weight: terms.weight,
        need: need(pool, ask),
        arrived: ask.arrived,
        deadline: terms.deadline,
    }
}

/// What a request needs of an endpoint: where one finds none, no other of the same need does. A home is a wish of reads, which
/// is no need; a write waits for it. Which endpoints tags and rules leave counts, not what is asked for: of that there is no end.
fn need(pool: &Pool, ask: &RouteRequest<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    let plain = ask.plain();
    match ask.placement {
        Placement::Any => 0u8.hash(&mut hasher),
        Placement::Writer => 1u8.hash(&mut hasher),
        Placement::Local => (2u8, ask.key).hash(&mut hasher),
        Placement::Pinned(token) => (3u8, token).hash(&mut hasher),
    }
    (plain.is_read, plain.may_be_trial).hash(&mut hasher);
    let home = ask.home.filter(|_| !plain.is_read);
    home.map(|(token, _)| token).hash(&mut hasher);
    ask.excluded
        .iter()
        .for_each(|endpoint| endpoint.token.hash(&mut hasher));
    for endpoint in pool.endpoints() {
        let health = endpoint.health().health();
        let health = health.view(&plain, &endpoint.rules.settings, ask.now);
        let is_avoided = ask.rules.is_some_and(|rules| rules.avoid(&endpoint.name));
        let may_take = endpoint.tags.take(&ask.facts) && !is_avoided;
        let takes_it = may_take && health.waits_until.is_none();
        let cost = endpoint.capacity.map(|_| ask.plan.cost.to_bits());
        (takes_it, cost).hash(&mut hasher);
    }
    hasher.finish()
}
