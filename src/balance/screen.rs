//! Screening: which endpoints of a pool may take a request, which only if no other can, and why the
//! rest may not. It looks at views only; which of them it will be is the strategy's matter.

use super::endpoint_set::EndpointSet;
use super::route::Exclusion;
use super::view::{EndpointView, PoolView};
use crate::endpoint::{Gate, HealthStatus, ServingRules, WriteFitness};

/// The settings of screening.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenRules {
    pub serving: ServingRules,
    /// Share of the endpoints that breakers may take out at a time, 0..=1.
    pub max_ejected: f64,
}

/// How willingly an endpoint is given a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tier {
    Preferred,
    /// Degraded, overloaded, just back, or ejected beyond the share that may be.
    Fallback,
    /// Its breaker lets one request through.
    Trial,
}

/// The endpoints of a pool by how they may be used.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Screened {
    pub preferred: EndpointSet,
    pub fallback: EndpointSet,
    pub trial: EndpointSet,
    /// Out by health or breaker alone.
    pub failing: EndpointSet,
    /// Any that only lacks a free permit.
    pub full: EndpointSet,
}

/// The screen for one request: what has to be known of the pool as a whole, found once.
pub struct Screen<'a> {
    pool: PoolView<'a>,
    rules: ScreenRules,
    /// The fitness that a write asks for.
    needed_fitness: Option<WriteFitness>,
    weighted: bool,
    /// Endpoints that their breakers really take out.
    ejected: EndpointSet,
}

impl<'a> Screen<'a> {
    /// Looks at the pool as a whole. `for_write`: the request needs an endpoint that takes writes.
    pub fn new(pool: PoolView<'a>, rules: ScreenRules, for_write: bool) -> Self {
        let whole = pool.whole();
        let fitness = whole.iter().map(|(_, endpoint)| endpoint.write_fitness);
        let mut screen = Self {
            pool,
            rules,
            needed_fitness: fitness.max().filter(|_| for_write),
            weighted: false,
            ejected: ejected(whole, rules),
        };
        screen.weighted = whole.iter().any(|(_, e)| screen.fits(e) && e.weight > 0.0);
        screen
    }

    /// The endpoints that are screened.
    pub fn pool(&self) -> PoolView<'a> {
        self.pool
    }

    /// Sorts them.
    pub fn sort(&self) -> Screened {
        let mut sorted = Screened::default();
        for (index, endpoint) in self.pool.iter() {
            let group = match self.tier(index, endpoint) {
                Ok(Tier::Preferred) => &mut sorted.preferred,
                Ok(Tier::Fallback) => &mut sorted.fallback,
                Ok(Tier::Trial) => &mut sorted.trial,
                Err(Exclusion::Full) => &mut sorted.full,
                Err(reason) if is_failure(reason) => &mut sorted.failing,
                Err(_) => continue,
            };
            group.insert(index);
        }
        sorted
    }

    /// Why an endpoint may not take the request; `None` when it may.
    pub fn exclusion(&self, index: usize, endpoint: &EndpointView) -> Option<Exclusion> {
        self.tier(index, endpoint).err()
    }

    /// Whether the endpoint serves.
    pub fn is_online(&self, endpoint: &EndpointView) -> bool {
        let serving = self.rules.serving;
        serving.is_online(endpoint.is_resolved, endpoint.status, endpoint.gate)
    }

    /// Whether the endpoint could take such a request in its best days.
    pub fn is_capable(&self, endpoint: &EndpointView) -> bool {
        self.fits(endpoint) && endpoint.is_resolved
    }

    fn fits(&self, endpoint: &EndpointView) -> bool {
        self.needed_fitness.is_none_or(|needed_fitness| {
            needed_fitness > WriteFitness::Never && endpoint.write_fitness == needed_fitness
        })
    }

    fn tier(&self, index: usize, endpoint: &EndpointView) -> Result<Tier, Exclusion> {
        self.fixed_exclusion(endpoint).map_or(Ok(()), Err)?;
        let serving = self.rules.serving;
        if !serving.states {
            return Ok(Tier::Preferred);
        }
        if serving.is_out(endpoint.status) {
            return Err(match endpoint.status {
                HealthStatus::Maintenance => Exclusion::Maintenance,
                _ => Exclusion::Unhealthy,
            });
        }
        let gate = self.gate(index, endpoint)?;
        if endpoint.is_full() {
            return Err(Exclusion::Full);
        }
        if gate == Gate::HalfOpen {
            return Ok(Tier::Trial);
        }
        let last = gate != Gate::Closed
            || endpoint.status != HealthStatus::Healthy
            || endpoint.is_overloaded
            || endpoint.is_slow_start_full;
        Ok(if last {
            Tier::Fallback
        } else {
            Tier::Preferred
        })
    }

    /// What has nothing to do with how the endpoint is at the moment.
    fn fixed_exclusion(&self, endpoint: &EndpointView) -> Option<Exclusion> {
        let weightless = self.weighted && endpoint.weight <= 0.0;
        [
            (endpoint.is_tried, Exclusion::Tried),
            (!endpoint.is_resolved, Exclusion::Unresolved),
            (!self.fits(endpoint), Exclusion::Role),
            (weightless, Exclusion::ZeroWeight),
        ]
        .into_iter()
        .find_map(|(holds, exclusion)| holds.then_some(exclusion))
    }

    /// What the breaker says; one ejected beyond the permitted share comes last instead of being excluded.
    fn gate(&self, index: usize, endpoint: &EndpointView) -> Result<Gate, Exclusion> {
        let is_out = self.ejected.contains(index);
        match self.rules.serving.gate(endpoint.gate) {
            Gate::Open(_) if is_out => Err(Exclusion::BreakerOpen),
            Gate::TrialRunning if is_out => Err(Exclusion::TrialRunning),
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
/// may be. One may always go while another stays; the least recently failed stay first.
fn ejected(pool: PoolView<'_>, rules: ScreenRules) -> EndpointSet {
    let open = pool.keep(|endpoint| rules.serving.gate(endpoint.gate) != Gate::Closed);
    let mut out = open.set();
    let allowed = ((pool.len() as f64 * rules.max_ejected).floor() as usize)
        .max(1)
        .min(pool.len().saturating_sub(1));
    while out.len() > allowed {
        match pool.only(out).least_recently_failed() {
            Some(index) => out.remove(index),
            None => break,
        }
    }
    out
}
