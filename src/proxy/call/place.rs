//! Finds the place of a call at an endpoint: at once where there is room, otherwise it waits in the queue of the service.
//! Nothing is sent meanwhile, so a write may wait as well, and one whose client leaves is not sent.

use super::caller::Caller;
use super::outbound::Outbound;
use super::progress::Progress;
use super::requester::{self, Requester};
use crate::balance::{NoPermit, NoRoute, Route, RouteRequest, WaitTerms};
use crate::clock::Moment;
use crate::config::{AffinityKey, WhenInfeasible};
use crate::dialect::Placement;
use crate::plan::Resource;
use balancing::{QueueRefusal, Refusal};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;
use tokio::time::Instant;

/// Why a call has no place.
pub enum Unplaced {
    NoRoute(NoRoute),
    Refused(Refusal),
    /// Too little is left of a resource, and nothing was sent yet.
    Infeasible(Resource),
    RequesterGone,
}

impl From<NoPermit> for Unplaced {
    fn from(none: NoPermit) -> Self {
        match none {
            NoPermit::NoRoute(none) => Self::NoRoute(none),
            NoPermit::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// Finds the endpoint of the next attempt.
pub async fn find(
    caller: &Caller,
    outbound: &Outbound,
    progress: &mut Progress<'_>,
    requester: &mut Option<&mut dyn Requester>,
) -> Result<Route, Unplaced> {
    if let Some(resource) = short_of(outbound).filter(|_| progress.is_first()) {
        return Err(Unplaced::Infeasible(resource));
    }
    let begun = caller.shared.clock.now();
    let placement = match progress.to_writer && outbound.is_movable() {
        true => &Placement::Writer,
        false => &outbound.call.placement,
    };
    let rules = outbound.arrival().rules();
    let excluded = std::mem::take(&mut progress.excluded);
    let request = RouteRequest {
        plan: &outbound.plan,
        shape: outbound.call.shape,
        facts: outbound.call.facts(),
        placement,
        key: outbound.local_key(),
        excluded: &excluded,
        home: outbound.preferred(),
        rules: rules.as_ref(),
        affinity: affinity(outbound),
        ahead: 0.0,
        arrived: begun,
        now: begun,
        explain: outbound.explain,
        may_wait: true,
    };
    let mut random = caller.shared.random_source.random();
    let pool = &outbound.service.pool;
    let found = pool.choose_unless_awaited(&request, &mut random);
    progress.trace.routing += caller.shared.clock.now() - begun;
    let route = match found {
        Err(none) if none.is_full => {
            let longest = longest_wait(outbound, progress);
            let route = wait(outbound, &request, longest, requester).await;
            let waited = caller.shared.clock.now() - begun;
            *progress.trace.queued.get_or_insert_default() += waited;
            route
        }
        found => found.map_err(Unplaced::NoRoute),
    };
    progress.excluded = excluded;
    let route = route?;
    forget_lost_home(caller, outbound, &route, begun);
    Ok(route)
}

/// Waits until an endpoint has room, and at most so long.
async fn wait(
    outbound: &Outbound,
    request: &RouteRequest<'_>,
    longest: Duration,
    requester: &mut Option<&mut dyn Requester>,
) -> Result<Route, Unplaced> {
    let pool = &outbound.service.pool;
    if is_shed(outbound) {
        return Err(Unplaced::Refused(pool.broker().refuse(QueueRefusal::Shed)));
    }
    let terms = WaitTerms {
        deadline: request.now + longest,
        ..outbound.arrival().terms(request.now)
    };
    let pending = pool.broker().wait(pool, request, &terms);
    let pending = pending.map_err(Unplaced::Refused)?;
    tokio::select! {
        biased;
        answer = pending.answer() => Ok(answer?),
        () = requester::gone_in_queue(requester) => Err(Unplaced::RequesterGone),
    }
}

/// The resource for which the call is refused. An open transaction holds what it has, and goes on; to say that a server runs
/// needs nothing.
fn short_of(outbound: &Outbound) -> Option<Resource> {
    let (rule, call) = (
        outbound.snapshot.config.planner.when_infeasible,
        &outbound.call,
    );
    let is_pinned = matches!(call.placement, Placement::Pinned(_));
    let may_refuse = rule == WhenInfeasible::Refuse && !is_pinned && call.facts().asks_data;
    outbound.plan.short_of.filter(|_| may_refuse)
}

/// Whether requests of its priority do not wait for the moment. What is part of a transaction does: refused, the transaction
/// and all its work would be lost. What goes after others as it does not fit is to be served, and so judged by what its priority would be.
fn is_shed(outbound: &Outbound) -> bool {
    let is_pinned = matches!(outbound.call.placement, Placement::Pinned(_));
    let shed_below = outbound.snapshot.config.balance.degradation.shed_below;
    let rung = outbound.service.pool.rung();
    let own_priority = outbound.plan.priority + outbound.plan.lowered_by;
    !is_pinned && !rung.lets_wait(own_priority, shed_below)
}

/// How long the call may wait now: its waits for earlier attempts count.
fn longest_wait(outbound: &Outbound, progress: &Progress<'_>) -> Duration {
    let longest = outbound.arrival().patience();
    let left = progress.deadline.saturating_duration_since(Instant::now());
    let waited = progress.trace.queued.unwrap_or_default();
    longest.saturating_sub(waited).min(left)
}

/// What it has in common with others that go to the same endpoint, hashed.
fn affinity(outbound: &Outbound) -> Option<u64> {
    let balance = &outbound.snapshot.config.balance;
    let rules = outbound.service.settings.affinity(balance);
    let facts = outbound.call.facts();
    let key = match rules.by.filter(|_| facts.asks_data)? {
        AffinityKey::Target => Some(facts.target),
        AffinityKey::Tenant => Some(outbound.arrival().tenant()),
        AffinityKey::Header => {
            let header = rules.header.as_ref()?;
            let fields = &outbound.request.head.headers;
            fields.get(header.as_str()).map(hash)
        }
    };
    key.filter(|key| *key != 0)
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The preferred endpoint is gone: the next fetch chooses another one.
fn forget_lost_home(caller: &Caller, outbound: &Outbound, route: &Route, now: Moment) {
    if let Some(home) = outbound.home
        && route.endpoint.id != home.endpoint
        && !outbound.service.serves(home.endpoint, now)
    {
        caller.shared.cache.forget_home(home.endpoint);
    }
}
