//! Screening: which endpoints of a pool may take a request, which only if no other can, and why the
//! rest may not. It looks at views only; which of them it will be is the policy's matter.

use crate::{Exclusion, Gate, HealthStatus, ServingRules, WriteFitness, view::EndpointView};

/// The settings of screening.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenRules {
    pub serving: ServingRules,
    /// Share of the endpoints that breakers may take out at a time, 0..=1.
    pub max_ejected: f64,
}

/// How willingly an endpoint is given a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    #[default]
    Preferred,
    /// Degraded, overloaded, just back, or ejected beyond the share that may be.
    Fallback,
    /// Its breaker lets one request through.
    Trial,
    /// It only lacks room for one more.
    Full,
    /// Out by health or breaker alone: a last resort.
    Failing,
    /// Never this one.
    Out,
}

/// The screen for one request: what has to be known of the pool as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    rules: ScreenRules,
    /// The fitness that a write asks for.
    needed_fitness: Option<WriteFitness>,
    weighted: bool,
    /// Endpoints that their breakers really take out: those that failed after this one, and ties up to this index.
    ejected: Ejected,
}

/// The endpoints that breakers take out: of those that are open, the first of the order below.
#[derive(Debug, Clone, Copy)]
struct Ejected {
    /// How many there may be, and whether all that are open may go.
    allowed: usize,
    all: bool,
}

impl Screen {
    /// Looks at the pool as a whole. `for_write`: the request needs an endpoint that takes writes.
    pub fn new(pool: &[EndpointView], rules: ScreenRules, for_write: bool) -> Self {
        let fitness = pool.iter().map(|endpoint| endpoint.write_fitness);
        let open = pool.iter().filter(|one| is_open(one, rules)).count();
        let allowed = ((pool.len() as f64 * rules.max_ejected).floor() as usize)
            .max(1)
            .min(pool.len().saturating_sub(1));
        let mut screen = Self {
            rules,
            needed_fitness: fitness.max().filter(|_| for_write),
            weighted: false,
            ejected: Ejected {
                allowed,
                all: open <= allowed,
            },
        };
        screen.weighted = pool.iter().any(|e| screen.fits(e) && e.weight > 0.0);
        screen
    }

    /// Writes how each endpoint stands.
    pub fn sort(&self, pool: &mut [EndpointView]) {
        for index in 0..pool.len() {
            let standing = self.standing(pool, index);
            if let Some(endpoint) = pool.get_mut(index) {
                endpoint.standing = standing;
            }
        }
    }

    /// Why an endpoint may not take the request; `None` when it may.
    pub fn exclusion(&self, pool: &[EndpointView], index: usize) -> Option<Exclusion> {
        self.tier(pool, index).err()
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

    fn standing(&self, pool: &[EndpointView], index: usize) -> Standing {
        match self.tier(pool, index) {
            Ok(standing) => standing,
            Err(Exclusion::Full) => Standing::Full,
            Err(Exclusion::Unhealthy | Exclusion::BreakerOpen | Exclusion::TrialRunning) => {
                Standing::Failing
            }
            Err(_) => Standing::Out,
        }
    }

    fn fits(&self, endpoint: &EndpointView) -> bool {
        self.needed_fitness.is_none_or(|needed_fitness| {
            needed_fitness > WriteFitness::Never && endpoint.write_fitness == needed_fitness
        })
    }

    fn tier(&self, pool: &[EndpointView], index: usize) -> Result<Standing, Exclusion> {
        let endpoint = pool.get(index).ok_or(Exclusion::NotOwner)?;
        self.fixed_exclusion(endpoint).map_or(Ok(()), Err)?;
        let serving = self.rules.serving;
        if !serving.states {
            return Ok(Standing::Preferred);
        }
        if serving.is_out(endpoint.status) {
            return Err(match endpoint.status {
                HealthStatus::Maintenance => Exclusion::Maintenance,
                _ => Exclusion::Unhealthy,
            });
        }
        let gate = self.gate(pool, index, endpoint)?;
        if endpoint.is_full() {
            return Err(Exclusion::Full);
        }
        if gate == Gate::HalfOpen {
            return Ok(Standing::Trial);
        }
        let last = gate != Gate::Closed
            || endpoint.status != HealthStatus::Healthy
            || endpoint.is_overloaded
            || endpoint.is_slow_start_full;
        Ok(if last {
            Standing::Fallback
        } else {
            Standing::Preferred
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
    fn gate(
        &self,
        pool: &[EndpointView],
        index: usize,
        endpoint: &EndpointView,
    ) -> Result<Gate, Exclusion> {
        match self.rules.serving.gate(endpoint.gate) {
            Gate::Open(_) if self.is_ejected(pool, index, endpoint) => Err(Exclusion::BreakerOpen),
            Gate::TrialRunning if self.is_ejected(pool, index, endpoint) => {
                Err(Exclusion::TrialRunning)
            }
            gate => Ok(gate),
        }
    }

    /// Whether an open breaker takes the endpoint out. One may always go while another stays; the least recently failed
    /// stay first.
    fn is_ejected(&self, pool: &[EndpointView], index: usize, endpoint: &EndpointView) -> bool {
        let Ejected { allowed, all } = self.ejected;
        let later = |(other, one): &(usize, &EndpointView)| {
            is_open(one, self.rules) && (one.last_failure, *other) > (endpoint.last_failure, index)
        };
        all || pool.iter().enumerate().filter(later).count() < allowed
    }
}

fn is_open(endpoint: &EndpointView, rules: ScreenRules) -> bool {
    rules.serving.gate(endpoint.gate) != Gate::Closed
}
