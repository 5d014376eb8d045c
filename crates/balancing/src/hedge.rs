//! Hedging: a read that takes longer than nearly all of its shape is sent to a second server as well, and the first good
//! response counts. Here: after which time, and to which servers. After Dean and Barroso, "The Tail at Scale".

use crate::learn::Tail;
use crate::policy::SILENCE;
use crate::{EndpointView, Moment, Standing};
use std::time::Duration;

/// Above this share of all places taken, the servers have no room for a second attempt.
const BUSY: f64 = 0.8;
/// How much slower than the first one the second server may usually be: the means of a few times are noisy. One that usually
/// responds within the time already waited may be slower.
const MUCH_SLOWER: f64 = 2.0;
/// How many times as long as is usual at the most an attempt takes when a second server is looked for again.
const AGAIN: f64 = 1.5;
/// A server that takes so many times what is usual at the most, and this long, hangs.
const HANGS: u32 = 10;
const HANGS_AFTER: Duration = Duration::from_secs(1);

/// How much longer an attempt takes than is usual for its shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slowness {
    /// Longer than 95 % do: a second attempt is made where hedges are to spare.
    Slow,
    /// Longer than 99 % do: a second attempt is made where any are left.
    VerySlow,
    /// The server is taken to hang: a second attempt is made as a retry.
    Hanging,
}

/// A first attempt that waits for its response.
#[derive(Debug, Clone, Copy)]
pub struct SlowAttempt {
    /// For so long.
    pub waited: Duration,
    pub slowness: Slowness,
    /// Requests wait for a place at any server: the next one is theirs.
    pub others_wait: bool,
}

/// After which times an attempt is how slow, in order.
pub type HedgeStages = [(Duration, Slowness); 4];

/// After which times an attempt of such a tail is how slow. Where no server has a free place for one that is very slow, it is
/// looked for again.
pub fn stages(tail: Tail) -> HedgeStages {
    let hangs_after = (tail.p95 * HANGS).max(tail.p99).max(HANGS_AFTER);
    [
        (tail.p95, Slowness::Slow),
        (tail.p99, Slowness::VerySlow),
        (tail.p99.mul_f64(AGAIN).min(hangs_after), Slowness::VerySlow),
        (hangs_after, Slowness::Hanging),
    ]
}

/// What is known of the places of a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Places {
    /// How many requests it works on at once.
    pub learned: Option<f64>,
    /// How many waited for their responses lately, on average. A moment tells little: at nine tenths of what servers can do,
    /// more than a fifth of their places are free at many a moment.
    pub lately_taken: Option<f64>,
}

/// Leaves only those standing as preferred to which a second attempt may go, while the first one waits at those that were
/// tried, for so long now. The screen has sorted the pool. `places`: of the one at an index.
pub fn leave_candidates(
    pool: &mut [EndpointView],
    waited: Duration,
    places: impl Fn(usize) -> Places,
) {
    let first = First::of(pool, waited);
    let may_hedge = has_room(pool, &places);
    for (index, endpoint) in pool.iter_mut().enumerate() {
        if !(may_hedge && first.is_matched_by(endpoint, places(index))) {
            endpoint.standing = Standing::Out;
        }
    }
}

/// Leaves only those standing as preferred that respond: a read at a server that hangs is not late but lost there, so that it goes
/// elsewhere even where all are busy. Like all retries these have a budget.
pub fn leave_responding(pool: &mut [EndpointView], now: Moment) {
    for endpoint in pool {
        let responds = endpoint.load.in_flight == 0 || !is_silent(endpoint, now);
        if endpoint.is_tried || !responds {
            endpoint.standing = Standing::Out;
        }
    }
}

/// Whether it has responded to nothing for a while.
pub fn is_silent(endpoint: &EndpointView, now: Moment) -> bool {
    let last = endpoint.last_response;
    last.is_none_or(|last| now.since(last) >= SILENCE)
}

/// Whether there is room for second attempts: more than half of the servers are well, and places are free at the others than
/// where the first one waits, which may hang with all its places taken.
fn has_room(pool: &[EndpointView], known: impl Fn(usize) -> Places) -> bool {
    let (mut well, mut taken, mut places) = (0, 0.0, 0.0);
    for (index, one) in pool.iter().enumerate() {
        let is_well = matches!(one.standing, Standing::PREFERRED | Standing::Full);
        well += usize::from(one.is_tried || is_well);
        if is_well && !one.is_tried {
            let most = f64::from(one.load.max_connections);
            let known = known(index);
            let now = f64::from(one.load.in_flight);
            taken += known.lately_taken.unwrap_or(now);
            places += known.learned.map_or(most, |known| known.min(most));
        }
    }
    2 * well > pool.len() && taken <= BUSY * places
}

/// Those at which the first attempt waits.
struct First {
    in_flight_per_weight: f64,
    /// Seconds that another may usually take.
    acceptable: Option<f64>,
}

impl First {
    fn of(pool: &[EndpointView], waited: Duration) -> Self {
        let tried = || pool.iter().filter(|one| one.is_tried);
        Self {
            in_flight_per_weight: tried()
                .map(EndpointView::in_flight_per_weight)
                .fold(0.0, f64::max),
            acceptable: tried()
                .filter_map(|one| one.recent_mean)
                .reduce(f64::max)
                .map(|usual| (usual * MUCH_SLOWER).max(waited.as_secs_f64())),
        }
    }

    /// Whether another one is as good: preferred, no busier or with a place that is free, and not much slower. How many wait
    /// where the first one hangs says little: it is given no more.
    fn is_matched_by(&self, other: &EndpointView, places: Places) -> bool {
        let in_flight = f64::from(other.load.in_flight);
        let is_free = places
            .learned
            .is_some_and(|places| in_flight + 1.0 <= places);
        let is_slower = match (other.recent_mean, self.acceptable) {
            (Some(other), Some(acceptable)) => other > acceptable,
            _ => false,
        };
        other.standing == Standing::PREFERRED
            && (is_free || other.in_flight_per_weight() <= self.in_flight_per_weight)
            && !is_slower
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
