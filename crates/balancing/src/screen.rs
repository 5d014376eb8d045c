//! Screening: how willingly each endpoint of a pool is given a request, and why some are not. It looks at views only; which
//! of them it will be is the policy's matter.

use crate::{Ask, Exclusion, Gate, HealthStatus, ServingRules, WriteFitness, view::EndpointView};

/// The settings of screening.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScreenRules {
    pub serving: ServingRules,
    /// Share of the endpoints that breakers and ejections may take out at a time, 0..=1; one may always go, and one stays.
    pub max_ejected: f64,
}

impl Default for ScreenRules {
    fn default() -> Self {
        Self {
            serving: ServingRules::default(),
            max_ejected: 1.0,
        }
    }
}

/// How willingly an endpoint is given a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may take it; the lowest demotion does.
    Candidate(Demotion),
    /// Its breaker lets this one request through.
    Trial,
    /// It only lacks room for one more.
    Full,
    /// Never this one.
    Out,
}

/// What speaks against an endpoint that may take a request: the worst that does. In this order endpoints are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Demotion {
    #[default]
    None,
    /// Of another zone than is preferred.
    OtherZone,
    /// Of another region than is preferred.
    OtherRegion,
    /// Its last requests failed a moment ago.
    Failing,
    /// It said a moment ago that it has too much to do.
    Overloaded,
    /// Its probes fail now and then.
    Degraded,
    /// Ejected or open, beyond the share that may be.
    Surplus,
    /// Out by health, breaker or ejection: where all are, the least recently failed.
    LastResort,
}

impl Standing {
    /// Nothing speaks against it.
    pub const PREFERRED: Self = Standing::Candidate(Demotion::None);
}

impl Default for Standing {
    fn default() -> Self {
        Self::PREFERRED
    }
}

/// The screen for one request: what has to be known of the pool as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    rules: ScreenRules,
    /// The fitness that a write asks for.
    needed_fitness: Option<WriteFitness>,
    may_try: bool,
    cost: f64,
    weighted: bool,
    ejected: Ejected,
}

/// How many endpoints breakers and ejections take out: of those that are open, the most recently failed.
#[derive(Debug, Clone, Copy)]
struct Ejected {
    /// How many there may be, and whether all that are open may go.
    allowed: usize,
    all: bool,
}

impl Screen {
    /// Looks at the pool as a whole.
    pub fn new(pool: &[EndpointView], rules: ScreenRules, ask: &Ask) -> Self {
        let capable = pool.iter().filter(|endpoint| endpoint.is_capable);
        let fitness = capable.map(|endpoint| endpoint.write_fitness);
        let mut screen = Self {
            rules,
            needed_fitness: fitness.max().filter(|_| ask.needs_writer),
            may_try: ask.may_try && !ask.is_retry && !ask.needs_writer,
            cost: ask.cost,
            weighted: false,
            ejected: Ejected::of(pool, rules),
        };
        screen.weighted = pool
            .iter()
            .any(|e| screen.fits(e) && e.is_capable && e.weight > 0.0);
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
        let (serving, health) = (self.rules.serving, &endpoint.health);
        serving.is_online(endpoint.is_resolved, health.status, health.gate)
            && !serving.is_ejected(health.is_ejected)
    }

    /// Whether the endpoint could take such a request in its best days.
    pub fn is_capable(&self, endpoint: &EndpointView) -> bool {
        self.fits(endpoint) && endpoint.is_capable && endpoint.is_resolved
    }

    fn standing(&self, pool: &[EndpointView], index: usize) -> Standing {
        use Exclusion::{BreakerOpen, Ejected, Full, Starting, TrialRunning, Unhealthy};
        match self.tier(pool, index) {
            Ok(standing) => standing,
            Err(Full | Starting) => Standing::Full,
            Err(Unhealthy | BreakerOpen | TrialRunning | Ejected) => {
                Standing::Candidate(Demotion::LastResort)
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
        if !self.rules.serving.states {
            return Ok(Standing::default());
        }
        self.status_exclusion(endpoint).map_or(Ok(()), Err)?;
        let is_surplus = self.is_surplus(pool, index, endpoint)?;
        if endpoint.is_full(self.cost) {
            return Err(match endpoint.is_starting() {
                true => Exclusion::Starting,
                false => Exclusion::Full,
            });
        }
        if self.may_try && self.rules.serving.gate(endpoint.health.gate) == Gate::HalfOpen {
            return Ok(Standing::Trial);
        }
        let demotion = match is_surplus {
            true => Demotion::Surplus,
            false => endpoint.demotion(),
        };
        Ok(Standing::Candidate(demotion))
    }

    /// What has nothing to do with how the endpoint is at the moment.
    fn fixed_exclusion(&self, endpoint: &EndpointView) -> Option<Exclusion> {
        let weightless = self.weighted && endpoint.weight <= 0.0;
        [
            (endpoint.is_tried, Exclusion::Tried),
            (!endpoint.is_resolved, Exclusion::Unresolved),
            (!self.fits(endpoint), Exclusion::Role),
            (!endpoint.is_capable, Exclusion::Capability),
            (weightless, Exclusion::ZeroWeight),
        ]
        .into_iter()
        .find_map(|(holds, exclusion)| holds.then_some(exclusion))
    }

    /// What probes, the operator and the endpoint itself say.
    fn status_exclusion(&self, endpoint: &EndpointView) -> Option<Exclusion> {
        let (serving, health) = (self.rules.serving, &endpoint.health);
        match health.status {
            HealthStatus::Maintenance | HealthStatus::Draining if serving.is_out(health.status) => {
                Some(Exclusion::Maintenance)
            }
            _ if health.waits_until.is_some() => Some(Exclusion::RetryAfter),
            status if serving.is_out(status) => Some(Exclusion::Unhealthy),
            _ => None,
        }
    }

    /// Whether breaker or ejection would take the endpoint out if it were not beyond the share that may be; the exclusion
    /// where they do. A request that may try is let through a half-open breaker.
    fn is_surplus(
        &self,
        pool: &[EndpointView],
        index: usize,
        endpoint: &EndpointView,
    ) -> Result<bool, Exclusion> {
        if !is_open(endpoint, self.rules) {
            return Ok(false);
        }
        let exclusion = match self.rules.serving.gate(endpoint.health.gate) {
            Gate::HalfOpen if self.may_try => return Ok(false),
            Gate::Closed => Exclusion::Ejected,
            Gate::TrialRunning => Exclusion::TrialRunning,
            Gate::Open(_) | Gate::HalfOpen => Exclusion::BreakerOpen,
        };
        match self.is_ejected(pool, index, endpoint) {
            true => Err(exclusion),
            false => Ok(true),
        }
    }

    /// Whether an open endpoint is really taken out. One may always go while another stays; the least recently failed
    /// stay first.
    fn is_ejected(&self, pool: &[EndpointView], index: usize, endpoint: &EndpointView) -> bool {
        let Ejected { allowed, all } = self.ejected;
        let failed = |one: &EndpointView, index: usize| (one.health.last_failure, index);
        let later = |(other, one): &(usize, &EndpointView)| {
            is_ejectable(one, self.rules) && failed(one, *other) > failed(endpoint, index)
        };
        all || pool.iter().enumerate().filter(later).count() < allowed
    }
}

impl Ejected {
    fn of(pool: &[EndpointView], rules: ScreenRules) -> Self {
        let present = pool.iter().filter(|one| is_present(one, rules)).count();
        let open = pool.iter().filter(|one| is_ejectable(one, rules));
        let allowed = ((present as f64 * rules.max_ejected).floor() as usize)
            .max(1)
            .min(present.saturating_sub(1));
        Self {
            allowed,
            all: open.count() <= allowed,
        }
    }
}

fn is_open(endpoint: &EndpointView, rules: ScreenRules) -> bool {
    let (serving, health) = (rules.serving, &endpoint.health);
    serving.gate(health.gate) != Gate::Closed || serving.is_ejected(health.is_ejected)
}

/// Whether it would serve if nothing were known of its traffic.
fn is_present(endpoint: &EndpointView, rules: ScreenRules) -> bool {
    endpoint.is_resolved && !rules.serving.is_out(endpoint.health.status)
}

fn is_ejectable(endpoint: &EndpointView, rules: ScreenRules) -> bool {
    is_present(endpoint, rules) && is_open(endpoint, rules)
}
