//! An endpoint that a reload removed or pointed at another server: it takes no new requests, and is kept
//! until its transactions have been idle for longer than the database keeps them.

use super::Endpoint;
use crate::clock::Moment;
use crate::config;
use std::sync::Arc;
use std::time::Duration;

/// Leaving endpoints kept; the oldest go first.
pub const DRAINING_KEPT: usize = 256;

/// How long a leaving endpoint is kept.
#[derive(Debug, Default, Clone, Copy)]
pub struct DrainLimits {
    /// After the last request of one of its transactions.
    pub idle: Duration,
    /// After it left, whatever its transactions do.
    pub at_most: Duration,
}

impl From<&config::Upstream> for DrainLimits {
    fn from(upstream: &config::Upstream) -> Self {
        Self {
            idle: upstream.drain_idle,
            at_most: upstream.drain_at_most,
        }
    }
}

/// An endpoint that drains, as operators see it.
#[derive(Debug, Clone)]
pub struct DrainingEndpoint {
    pub endpoint: Arc<Endpoint>,
    /// Requests that run there, and responses that slow readers hold up.
    pub in_flight: u32,
    /// Since it left.
    pub for_so_long: Duration,
    /// Until it is forgotten if no further request of its transactions comes; `None` while one runs.
    pub idle_ends_in: Option<Duration>,
    /// Until it is forgotten whatever its transactions do.
    pub ends_in: Duration,
}

/// An endpoint that drains.
#[derive(Debug)]
pub struct Draining {
    pub endpoint: Arc<Endpoint>,
    since: Moment,
    used: Moment,
}

impl Draining {
    /// It left.
    pub fn begin(endpoint: Arc<Endpoint>, now: Moment) -> Self {
        Self {
            endpoint,
            since: now,
            used: now,
        }
    }

    /// Notes a request of one of its transactions; gives the endpoint.
    pub fn used_at(&mut self, now: Moment) -> Arc<Endpoint> {
        self.used = self.used.max(now);
        self.endpoint.clone()
    }

    /// Whether it is forgotten.
    pub fn is_over(&self, limits: DrainLimits, now: Moment) -> bool {
        let idle = self.idle_end(limits).is_some_and(|end| end <= now);
        idle || now - self.since >= limits.at_most
    }

    /// How it stands; `None` when it is forgotten.
    pub fn row(&self, limits: DrainLimits, now: Moment) -> Option<DrainingEndpoint> {
        let ends = self.since + limits.at_most;
        (!self.is_over(limits, now)).then(|| DrainingEndpoint {
            endpoint: self.endpoint.clone(),
            in_flight: self.endpoint.state.unfinished(),
            for_so_long: now - self.since,
            idle_ends_in: self.idle_end(limits).map(|end| end.min(ends) - now),
            ends_in: ends - now,
        })
    }

    /// When its transactions count as idle; `None` while a request runs.
    fn idle_end(&self, limits: DrainLimits) -> Option<Moment> {
        let state = &self.endpoint.state;
        let completed = state.last_completed().unwrap_or_default();
        (state.unfinished() == 0).then(|| completed.max(self.used) + limits.idle)
    }
}
