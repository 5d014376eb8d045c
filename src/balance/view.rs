//! What a choice sees: the endpoints of a pool as plain values at one moment. Each value is read once, so
//! all steps of a choice agree, whatever other requests change at the same time; and a view can be made of
//! literals, by a test or a simulator.

use super::endpoint_set::{EndpointSet, MAX_ENDPOINTS};
use crate::clock::Moment;
use crate::endpoint::{EndpointLoad, Gate, HealthStatus, WriteFitness};
use arrayvec::ArrayVec;

/// The endpoints of a pool, in the order of the configuration.
pub type EndpointViews = ArrayVec<EndpointView, MAX_ENDPOINTS>;

/// One endpoint, as it stands for one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EndpointView {
    /// Whether it was tried for this request.
    pub is_tried: bool,
    /// Whether the caller prefers it.
    pub is_home: bool,
    /// Whether there is an address to go to.
    pub is_resolved: bool,
    /// Share of traffic relative to the others; 0 takes none while others have one.
    pub weight: f64,
    pub write_fitness: WriteFitness,
    /// By probes.
    pub status: HealthStatus,
    /// By traffic.
    pub gate: Gate,
    /// Whether it said a moment ago that it has too much to do.
    pub is_overloaded: bool,
    /// Whether it came back recently and holds as many requests as slow start allows now.
    pub is_slow_start_full: bool,
    /// When a probe or a request last failed there.
    pub last_failure: Option<Moment>,
    pub load: EndpointLoad,
    /// The mean of its last response times for requests as complex as this one, seconds.
    pub recent_mean: Option<f64>,
    /// When it was last given a request as complex as this one.
    pub last_chosen: Option<Moment>,
}

impl EndpointView {
    /// Whether it has as many requests in flight as it may have.
    pub fn is_full(&self) -> bool {
        self.load.in_flight >= self.load.max_connections
    }

    /// Requests in flight per unit of weight. A weight of zero counts as one here: it only comes to
    /// this when all are zero.
    pub fn in_flight_per_weight(&self) -> f64 {
        let weight = if self.weight > 0.0 { self.weight } else { 1.0 };
        f64::from(self.load.in_flight) / weight
    }
}

/// Some endpoints of a pool at one moment. Narrowing it copies one word.
#[derive(Debug, Clone, Copy)]
pub struct PoolView<'a> {
    all: &'a [EndpointView],
    set: EndpointSet,
    /// The moment of the choice.
    pub now: Moment,
    /// Seconds that count as 1.0 in scores.
    pub slowest: f64,
}

impl<'a> PoolView<'a> {
    /// All of them.
    pub fn new(all: &'a [EndpointView], now: Moment, slowest: f64) -> Self {
        Self {
            all,
            set: EndpointSet::first(all.len()),
            now,
            slowest,
        }
    }

    /// The whole pool that these are part of.
    pub fn whole(&self) -> Self {
        Self::new(self.all, self.now, self.slowest)
    }

    /// These of the pool.
    pub fn only(&self, set: EndpointSet) -> Self {
        Self { set, ..*self }
    }

    /// Those that `keep` says.
    pub fn keep(&self, keep: impl Fn(&EndpointView) -> bool) -> Self {
        let kept = self.iter().filter(|(_, endpoint)| keep(endpoint));
        self.only(kept.map(|(index, _)| index).collect())
    }

    /// Their indexes in the pool.
    pub fn set(&self) -> EndpointSet {
        self.set
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.set.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// Whether the endpoint at this index of the pool is one of them.
    pub fn has(&self, index: usize) -> bool {
        self.set.contains(index)
    }

    /// The endpoint at this index of the pool, when it is one of them.
    pub fn get(&self, index: usize) -> Option<&'a EndpointView> {
        self.all.get(index).filter(|_| self.has(index))
    }

    /// All of them with their index in the pool, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &'a EndpointView)> + use<'a> {
        let all = self.all;
        let indexes = self.set.iter();
        indexes.filter_map(move |index| Some((index, all.get(index)?)))
    }

    /// The mean of their mean response times, seconds; 0 when no time is known.
    pub fn mean_time(&self) -> f64 {
        let (sum, count) = self
            .iter()
            .filter_map(|(_, endpoint)| endpoint.load.mean_time)
            .fold((0.0, 0u32), |(sum, n), time| (sum + time, n + 1));
        sum / f64::from(count.max(1))
    }

    /// The lowest score, and those that have it or are within `margin` (a share).
    pub fn lowest(&self, margin: f64, score: impl Fn(&EndpointView) -> f64) -> Option<(f64, Self)> {
        let scores = self.iter().map(|(_, endpoint)| score(endpoint));
        let lowest = scores.min_by(f64::total_cmp)?;
        let bound = lowest + lowest.abs() * margin;
        Some((lowest, self.keep(|endpoint| score(endpoint) <= bound)))
    }

    /// The one whose last failure is the longest ago.
    pub fn least_recently_failed(&self) -> Option<usize> {
        let failed = self.iter();
        let (index, _) = failed.min_by_key(|(_, endpoint)| endpoint.last_failure)?;
        Some(index)
    }
}
