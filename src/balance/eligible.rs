//! The endpoints that may take a request, as a strategy sees them: a view of the pool behind a bit mask.
//! Narrowing it copies one word, so that choosing allocates nothing.

use crate::clock::Moment;
use crate::endpoint::Endpoint;
use std::sync::Arc;

/// Endpoints of a pool at most: one bit each.
pub const MAX_ENDPOINTS: usize = 64;

/// A set of endpoints of one pool, at one moment.
#[derive(Clone, Copy)]
pub struct Eligible<'a> {
    endpoints: &'a [Arc<Endpoint>],
    mask: u64,
    /// The moment of the choice.
    pub now: Moment,
    /// Seconds that count as 1.0 in scores.
    pub slowest: f64,
}

impl<'a> Eligible<'a> {
    /// The endpoints whose bit is set.
    pub fn new(endpoints: &'a [Arc<Endpoint>], mask: u64, now: Moment, slowest: f64) -> Self {
        Self {
            endpoints,
            mask,
            now,
            slowest,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.mask.count_ones() as usize
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.mask == 0
    }

    /// All of them with their place in the pool, in the order of the configuration.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &'a Endpoint)> + use<'a> {
        let mask = self.mask;
        self.endpoints
            .iter()
            .enumerate()
            .take(MAX_ENDPOINTS)
            .filter(move |(index, _)| mask & (1 << index) != 0)
            .map(|(index, endpoint)| (index, &**endpoint))
    }

    /// Those that `keep` says.
    pub fn keep(&self, keep: impl Fn(&Endpoint) -> bool) -> Self {
        let mask = self
            .iter()
            .filter(|(_, endpoint)| keep(endpoint))
            .fold(0, |mask, (index, _)| mask | 1 << index);
        Self { mask, ..*self }
    }

    /// Whether the endpoint at this place of the pool is one of them.
    pub fn has(&self, index: usize) -> bool {
        index < MAX_ENDPOINTS && self.mask & (1 << index) != 0
    }

    /// The endpoint at this place of the pool, when it is one of them.
    pub fn get(&self, index: usize) -> Option<&'a Endpoint> {
        let endpoint = self.endpoints.get(index)?;
        self.has(index).then_some(&**endpoint)
    }

    /// The mean of their mean answer times, seconds; 0 when no time is known.
    pub fn mean_time(&self) -> f64 {
        let (sum, count) = self
            .iter()
            .filter_map(|(_, endpoint)| endpoint.state.times.mean())
            .fold((0.0, 0u32), |(sum, n), time| (sum + time, n + 1));
        sum / f64::from(count.max(1))
    }

    /// The lowest score, and those that have it or are within `margin` (a share) of it. Each score is read
    /// once: other requests change it meanwhile, and between two readings nobody might be the lowest.
    pub fn lowest(&self, margin: f64, score: impl Fn(&Endpoint) -> f64) -> Option<(f64, Self)> {
        let mut scores = [f64::INFINITY; MAX_ENDPOINTS];
        for (slot, (_, endpoint)) in scores.iter_mut().zip(self.iter()) {
            *slot = score(endpoint);
        }
        let known = scores.iter().take(self.len()).copied();
        let lowest = known.clone().min_by(f64::total_cmp)?;
        let bound = lowest + lowest.abs() * margin;
        let near = self
            .iter()
            .zip(known)
            .filter(|(_, score)| *score <= bound)
            .fold(0, |mask, ((index, _), _)| mask | 1 << index);
        Some((
            lowest,
            Self {
                mask: near,
                ..*self
            },
        ))
    }
}
