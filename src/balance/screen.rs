//! Screening: which endpoints of a pool may take a request, which only if nobody else can, and why the
//! others may not. It looks at states only; which of them it will be is the strategy's matter.

use super::eligible::MAX_ENDPOINTS;
use super::route::{Exclusion, RouteRequest};
use crate::clock::Moment;
use crate::dialect::Placement;
use crate::endpoint::{Endpoint, WriteFitness};
use crate::endpoint::{Gate, HealthStatus};
use std::sync::Arc;

/// How willingly an endpoint is given a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tier {
    Preferred,
    /// Degraded, pressed, just back, or ejected beyond the share that may be.
    Spare,
    /// Its breaker lets one request through.
    Trial,
}

/// The endpoints of a pool by how they may be used, one bit each.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Screened {
    pub preferred: u64,
    pub spare: u64,
    pub trial: u64,
    /// Out by health or breaker alone.
    pub desperate: u64,
    /// Any that only lacks a free place.
    pub full: u64,
}

/// The screen for one request: what has to be known of the pool as a whole, looked up once.
pub struct Screen<'a> {
    endpoints: &'a [Arc<Endpoint>],
    ask: &'a RouteRequest<'a>,
    fittest: Option<WriteFitness>,
    weighted: bool,
    /// Endpoints that their breakers may really take out.
    ejected: u64,
    /// Whether states count at all (`balance.enabled`).
    strict: bool,
}

impl<'a> Screen<'a> {
    /// Looks at the pool as a whole.
    pub fn new(endpoints: &'a [Arc<Endpoint>], ask: &'a RouteRequest<'a>, strict: bool) -> Self {
        let fittest = match ask.placement {
            Placement::Writer => endpoints.iter().map(|e| e.write_fitness(ask.now)).max(),
            _ => None,
        };
        let mut screen = Self {
            endpoints,
            ask,
            fittest,
            weighted: false,
            ejected: ejected(endpoints, ask.now),
            strict,
        };
        screen.weighted = endpoints.iter().any(|e| screen.fits(e) && e.weight > 0.0);
        screen
    }

    /// Sorts all endpoints. `without` are left out: they filled up a moment ago.
    pub fn sort(&self, without: u64) -> Screened {
        let mut sorted = Screened::default();
        for (index, endpoint) in self.endpoints.iter().enumerate().take(MAX_ENDPOINTS) {
            let bit = 1 << index;
            let place = match self.tier(index, endpoint) {
                _ if without & bit != 0 => continue,
                Ok(Tier::Preferred) => &mut sorted.preferred,
                Ok(Tier::Spare) => &mut sorted.spare,
                Ok(Tier::Trial) => &mut sorted.trial,
                Err(Exclusion::Full) => &mut sorted.full,
                Err(reason) if is_failure(reason) => &mut sorted.desperate,
                Err(_) => continue,
            };
            *place |= bit;
        }
        sorted
    }

    /// Why an endpoint may not take the request; `None` when it may.
    pub fn exclusion(&self, index: usize, endpoint: &Endpoint) -> Option<Exclusion> {
        self.tier(index, endpoint).err()
    }

    /// Whether the endpoint could take such a request in its best days.
    pub fn is_capable(&self, endpoint: &Endpoint) -> bool {
        self.fits(endpoint) && endpoint.health().is_resolved()
    }

    fn fits(&self, endpoint: &Endpoint) -> bool {
        self.fittest.is_none_or(|fittest| {
            fittest > WriteFitness::Never && endpoint.write_fitness(self.ask.now) == fittest
        })
    }

    fn tier(&self, index: usize, endpoint: &Endpoint) -> Result<Tier, Exclusion> {
        self.standing_exclusion(endpoint).map_or(Ok(()), Err)?;
        if !self.strict {
            return Ok(Tier::Preferred);
        }
        let health = endpoint.health();
        let status = health.status();
        match status {
            HealthStatus::Maintenance => return Err(Exclusion::Maintenance),
            HealthStatus::Unhealthy if endpoint.rules.health.enabled => {
                return Err(Exclusion::Unhealthy);
            }
            _ => {}
        }
        let gate = self.gate(index, endpoint)?;
        let in_flight = endpoint.state.in_flight();
        if in_flight >= endpoint.max_connections {
            return Err(Exclusion::Full);
        }
        if gate == Gate::Due {
            return Ok(Tier::Trial);
        }
        let last = gate != Gate::Closed
            || status != HealthStatus::Healthy
            || health.pressed(self.ask.now)
            || health.ramping(in_flight);
        Ok(if last { Tier::Spare } else { Tier::Preferred })
    }

    /// What has nothing to do with how the endpoint is at the moment.
    fn standing_exclusion(&self, endpoint: &Endpoint) -> Option<Exclusion> {
        let tried = |other: &Arc<Endpoint>| other.token == endpoint.token;
        [
            (self.ask.excluded.iter().any(tried), Exclusion::Tried),
            (!endpoint.health().is_resolved(), Exclusion::Unresolved),
            (!self.fits(endpoint), Exclusion::Role),
            (
                self.weighted && endpoint.weight <= 0.0,
                Exclusion::ZeroWeight,
            ),
        ]
        .into_iter()
        .find_map(|(holds, exclusion)| holds.then_some(exclusion))
    }

    /// What the breaker says; one that is ejected beyond the share comes last instead of not at all.
    fn gate(&self, index: usize, endpoint: &Endpoint) -> Result<Gate, Exclusion> {
        if !endpoint.rules.breaker.enabled {
            return Ok(Gate::Closed);
        }
        let gate = endpoint.health().gate(self.ask.now);
        let spared = self.ejected & (1 << index) == 0;
        match gate {
            Gate::Open(_) if !spared => Err(Exclusion::BreakerOpen),
            Gate::Trial if !spared => Err(Exclusion::TrialRunning),
            gate => Ok(gate),
        }
    }
}

fn is_failure(reason: Exclusion) -> bool {
    matches!(
        reason,
        Exclusion::Unhealthy | Exclusion::BreakerOpen | Exclusion::TrialRunning
    )
}

/// The endpoints that breakers take out: those with an open breaker, but no more than the share that
/// may be. One may always go while another stays; the least recently failed are spared first.
fn ejected(endpoints: &[Arc<Endpoint>], now: Moment) -> u64 {
    let open = |endpoint: &Endpoint| {
        endpoint.rules.breaker.enabled && endpoint.health().gate(now) != Gate::Closed
    };
    let mut out = endpoints
        .iter()
        .enumerate()
        .take(MAX_ENDPOINTS)
        .filter(|(_, endpoint)| open(endpoint))
        .fold(0u64, |mask, (index, _)| mask | 1 << index);
    let allowed = allowed(endpoints);
    while out.count_ones() as usize > allowed {
        match least_recently_failed(endpoints, out) {
            Some(index) => out &= !(1 << index),
            None => break,
        }
    }
    out
}

fn allowed(endpoints: &[Arc<Endpoint>]) -> usize {
    let share = endpoints
        .first()
        .map_or(0.0, |endpoint| endpoint.rules.breaker.max_ejected);
    let all = endpoints.len();
    ((all as f64 * share).floor() as usize)
        .max(1)
        .min(all.saturating_sub(1))
}

/// The endpoint of a mask whose last failure is the longest ago.
pub fn least_recently_failed(endpoints: &[Arc<Endpoint>], mask: u64) -> Option<usize> {
    endpoints
        .iter()
        .enumerate()
        .take(MAX_ENDPOINTS)
        .filter(|(index, _)| mask & (1 << index) != 0)
        .min_by_key(|(_, endpoint)| endpoint.health().last_failure())
        .map(|(index, _)| index)
}
