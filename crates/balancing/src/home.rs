//! The home of what a request asks for: the endpoint that acknowledged the last write of it. Only its responses may be stored, and
//! others may lag behind it. It is a wish with bounds: reads that all went to one endpoint would have its load as their latency.

use crate::health::{TargetStanding, WriteStanding};
use crate::hedge::{self, SlowAttempt, Slowness};
use crate::policy::{Pick, Policy, Room};
use crate::view::EndpointView;
use crate::{Ask, Moment, PoolView, RouteReason};

/// The share of their places that the others have taken at most while a home takes all reads that it has room for.
const IDLE: f64 = 0.125;

/// How the home stands to the other endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// Others may lack the last write yet.
    Ahead,
    /// The last write is so old that others have it as well.
    Level,
}

/// The home, if it is to take the request.
pub fn pick(pool: &PoolView<'_>, ask: &Ask, policy: &dyn Policy, load_factor: f64) -> Option<Pick> {
    let (index, view, home) = pool
        .iter()
        .find_map(|(index, one)| Some((index, one, one.home?)))?;
    let takes_it = match policy.room(pool, index) {
        // Whether it alone refuses credentials is told by requests that are free to go elsewhere.
        _ if view.health.is_denying => false,
        _ if view.health.target != TargetStanding::Held => false,
        Room::Silent => false,
        _ if view.health.writes != WriteStanding::Good => false,
        _ if policy.is_far_slower(pool, index) => false,
        // A write elsewhere is a change of home, which costs more than a short wait.
        _ if !ask.is_read => true,
        Room::Full => false,
        Room::Free if has_its_share(pool, view, load_factor) => {
            home == Home::Ahead && are_others_idle(pool, index, policy)
        }
        Room::Free => true,
    };
    takes_it.then_some(Pick::because(index, RouteReason::Home))
}

/// Whether with one more it has more than the factor of its share of the requests in flight. Its bound is not rounded up, as that of
/// a key is: all writes go there as well.
fn has_its_share(pool: &PoolView<'_>, view: &EndpointView, load_factor: f64) -> bool {
    let in_flight = f64::from(view.load.in_flight);
    view.load.in_flight > 0
        && in_flight + 1.0 > load_factor * pool.in_flight_per_share() * view.share()
}

/// Whether the others have next to nothing to do, so that reads lose little by going where the write is, and a home that is always
/// full costs nobody much. Where no places are known, nothing has shown that there is a bound.
fn are_others_idle(pool: &PoolView<'_>, home: usize, policy: &dyn Policy) -> bool {
    let Some(own) = policy.places(home, pool.now) else {
        return true;
    };
    let others = pool.iter().filter(|(index, _)| *index != home);
    let (taken, places) = others.fold((0.0, 0.0), |(taken, places), (index, one)| {
        let known = policy.places(index, pool.now).unwrap_or(own);
        (taken + f64::from(one.load.in_flight), places + known)
    });
    taken <= IDLE * places
}

/// Why a read is sent elsewhere as well that takes long at the endpoint that was tried; `None` where it is not. A home that is ahead
/// of the others is left only when it has not responded to anything for a while. The other's response is as consistent as the
/// database makes its replicas, and is not stored; but while the home responds, it will respond to this read.
pub fn reason_to_hedge(
    pool: &[EndpointView],
    attempt: SlowAttempt,
    now: Moment,
) -> Option<RouteReason> {
    let tried = || pool.iter().filter(|one| one.is_tried);
    let hangs = attempt.slowness == Slowness::Hanging;
    if hangs && tried().all(|one| hedge::is_silent(one, now)) {
        return Some(RouteReason::Silent);
    }
    let may_wait = attempt.others_wait || tried().any(|one| one.home == Some(Home::Ahead));
    (!may_wait).then_some(RouteReason::Hedge)
}

#[cfg(test)]
mod tests;
