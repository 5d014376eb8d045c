//! The one interface of all ways to choose. The path, the simulator, the shadow and the replay drive the same code.

use crate::view::EndpointView;
use crate::{Ask, Completion, Memory, Moment, PoolView, Random, RouteReason, Start};
use std::sync::Arc;
use std::time::Duration;

/// An endpoint of which responses are overdue, and that gave none for so long, hangs.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);
/// How many times as long a request takes at an endpoint that is far slower than another.
pub(crate) const FAR_SLOWER: f64 = 5.0;
/// How many times the mean of its peers an endpoint has in flight when it is full.
const CROWDED: f64 = 2.0;
/// An endpoint with fewer in flight is never full.
const FEW: f64 = 8.0;

/// A way to choose an endpoint. It sees plain values only and reads no clock; what it remembers is its own. All methods may
/// be called by many threads at once: `pick` takes no lock and allocates nothing.
pub trait Policy: Send + Sync {
    /// One of the endpoints of the view, or `None` where the request should rather wait until another one ends.
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick>;

    /// How long a request is expected to take, as a multiple of the mean one.
    fn work(&self, _ask: &Ask) -> f64 {
        1.0
    }

    /// How long it expects a request that begins now to take, where it has learned that.
    fn expected_time(&self, _start: &Start) -> Option<Duration> {
        None
    }

    /// How it rates each endpoint of the pool by its index, whatever its standing: lower is better. Empty where it compares
    /// nothing. For explanations, not for the path.
    fn scores(&self, _pool: &PoolView<'_>, _ask: &Ask) -> Vec<Option<f64>> {
        Vec::new()
    }

    /// How many requests the endpoint at an index works on at once, where it has learned that.
    fn places(&self, _index: usize, _now: Moment) -> Option<f64> {
        None
    }

    /// How many requests waited for their responses at the endpoint at an index lately, on average over a second or so, where
    /// it keeps that.
    fn lately_taken(&self, _index: usize, _now: Moment) -> Option<f64> {
        None
    }

    /// The policy of a pool of other endpoints that goes on from this one: for each of its endpoints the index in this policy's
    /// pool, or `None` for a new one. What was learned of an endpoint that stays is kept. `None`: nothing is learned that is
    /// worth it, and a fresh policy does.
    fn carried(&self, _from: &[Option<usize>]) -> Option<Arc<dyn Policy>> {
        None
    }

    /// What it has learned, to be kept beyond the process. `None`: nothing that is worth it.
    fn memory(&self) -> Option<Memory> {
        None
    }

    /// Goes on from what a policy of the same name had learned: for each endpoint its index in that memory, or `None` where it
    /// says nothing of it. `trust`, 0..=1, is how much of it still counts. What does not fit is ignored.
    fn recall(&self, _memory: &Memory, _from: &[Option<usize>], _trust: f64) {}

    /// The weights that it has learned, where it weighs other strategies; otherwise none.
    fn weights(&self) -> Vec<LearnedWeight> {
        Vec::new()
    }

    /// How much room there is at an endpoint that a request would rather have than others.
    fn room(&self, pool: &PoolView<'_>, index: usize) -> Room {
        Room::beside_peers(pool, index)
    }

    /// Whether a request takes many times as long at an endpoint as at another one that would take it.
    fn is_far_slower(&self, pool: &PoolView<'_>, index: usize) -> bool {
        Room::beside_peers(pool, index) == Room::Full && pool.is_far_slower(index)
    }

    /// A request begins at an endpoint; not always one that this policy picked.
    fn on_start(&self, _start: &Start) {}

    /// Its response is there, or begins to stream: how long it streams from now on is its client's matter as well.
    fn on_response(&self, _start: &Start, _now: Moment) {}

    /// A request ended.
    fn on_finish(&self, _completion: &Completion) {}
}

/// The weight of a strategy among those that vote.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearnedWeight {
    /// The class of complexity for which it was learned.
    pub class: u8,
    pub strategy: &'static str,
    /// 0..=1; the sum of a class is 1.
    pub weight: f64,
}

/// How much room there is at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    Free,
    /// It works on as many requests as it does at once.
    Full,
    /// It hangs.
    Silent,
}

impl Room {
    /// Where nothing more is known: an endpoint is full when it has twice as many requests in flight as its peers in the
    /// mean, and not few of them.
    pub fn beside_peers(pool: &PoolView<'_>, index: usize) -> Self {
        let in_flight = |view: &EndpointView| f64::from(view.load.in_flight);
        let all: f64 = pool.iter().map(|(_, view)| in_flight(view)).sum();
        let bound = (CROWDED * all / pool.len().max(1) as f64).max(FEW);
        match pool.get(index).is_some_and(|view| in_flight(view) < bound) {
            true => Self::Free,
            false => Self::Full,
        }
    }
}

/// What was picked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pick {
    /// Its index in the pool.
    pub index: usize,
    pub reason: RouteReason,
    /// The score by which it was picked; lower is better. 0 where there is none.
    pub score: f64,
}

impl Pick {
    /// A choice without a score.
    pub fn because(index: usize, reason: RouteReason) -> Self {
        Self {
            index,
            reason,
            score: 0.0,
        }
    }
}
