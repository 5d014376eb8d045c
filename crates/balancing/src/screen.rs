//! Screening: how willingly each endpoint of a pool is given a request, and why some are not. It looks at views only; which
//! of them it will be is the policy's matter.

use crate::health::{TargetStanding, WriteStanding};
use crate::view::EndpointView;
use crate::{Ask, Exclusion, Gate, HealthStatus, Moment, ServingRules, WriteFitness};
use std::cell::Cell;

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
    /// Of another region, where a third one responds faster.
    FartherRegion,
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
    may_be_trial: bool,
    cost: f64,
    weighted: bool,
    ejected: Ejected,
}

/// How recently an endpoint failed, and its index: no two have the same.
type Failed = (Option<Moment>, usize);

/// Which of the endpoints that are open breakers and ejections really take out: the most recently failed.
#[derive(Debug, Clone, Copy)]
enum Ejected {
    None,
    /// That one and those that failed later.
    From(Failed),
    All,
}

thread_local! {
    /// The open endpoints of a pool that is looked at, kept so that no look allocates.
    static OPEN: Cell<Vec<Failed>> = const { Cell::new(Vec::new()) };
}

/// What a choice needs to know of a pool whose endpoints stand as the screen says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sorted {
    /// The least that speaks against a candidate; `None` where there is none.
    pub lowest: Option<Demotion>,
    pub has_trial: bool,
    pub has_home: bool,
    pub has_preferred: bool,
}

impl Screen {
    /// Looks at the pool as a whole.
    pub fn new(pool: &[EndpointView], rules: ScreenRules, ask: &Ask) -> Self {
        let fittest = || {
            let capable = pool.iter().filter(|endpoint| endpoint.is_capable);
            capable.map(|endpoint| endpoint.write_fitness).max()
        };
        let mut screen = Self {
            rules,
            needed_fitness: ask.needs_writer.then(fittest).flatten(),
            may_be_trial: ask.may_be_trial && !ask.is_retry && !ask.needs_writer,
            cost: ask.cost,
            weighted: false,
            ejected: Ejected::of(pool, rules),
        };
        screen.weighted = pool
            .iter()
            .any(|e| screen.fits(e) && e.is_capable && !e.is_avoided && e.weight > 0.0);
        screen
    }

    /// Writes how each endpoint stands.
    pub fn sort(&self, pool: &mut [EndpointView]) -> Sorted {
        let mut sorted = Sorted {
            lowest: None,
            has_trial: false,
            has_home: false,
            has_preferred: false,
        };
        for (index, endpoint) in pool.iter_mut().enumerate() {
            endpoint.standing = self.standing(endpoint, index);
            sorted.has_home |= endpoint.home.is_some();
            sorted.has_preferred |= endpoint.is_preferred;
            match endpoint.standing {
                Standing::Candidate(demotion) => {
                    let lowest = sorted.lowest.unwrap_or(demotion);
                    sorted.lowest = Some(lowest.min(demotion));
                }
                Standing::Trial => sorted.has_trial = true,
                Standing::Full | Standing::Out => {}
            }
        }
        if sorted.lowest == Some(Demotion::OtherRegion) {
            demote_farther_regions(pool);
        }
        sorted
    }

    /// Why an endpoint may not take the request; `None` when it may.
    pub fn exclusion(&self, pool: &[EndpointView], index: usize) -> Option<Exclusion> {
        let tier = |endpoint| self.tier(endpoint, index).err();
        pool.get(index).map_or(Some(Exclusion::NotOwner), tier)
    }

    /// What speaks against an endpoint that may take the request; `None` when nothing does, or it may not.
    pub fn demotion(&self, pool: &[EndpointView], index: usize) -> Option<Demotion> {
        let endpoint = pool.get(index)?;
        match self.tier(endpoint, index) {
            // The pool as a whole says that.
            _ if endpoint.standing == FARTHER => Some(Demotion::FartherRegion),
            Ok(Standing::Candidate(demotion)) if demotion > Demotion::None => Some(demotion),
            _ => None,
        }
    }

    /// Whether the endpoint serves.
    pub fn is_online(&self, endpoint: &EndpointView) -> bool {
        let (serving, health) = (self.rules.serving, &endpoint.health);
        let (gate, is_ejected) = (health.gate, health.is_ejected);
        serving.is_online(endpoint.is_resolved, health.status, (gate, is_ejected))
    }

    /// Whether the endpoint could take such a request in its best days.
    pub fn is_capable(&self, endpoint: &EndpointView) -> bool {
        self.fits(endpoint) && endpoint.is_capable && !endpoint.is_avoided && endpoint.is_resolved
    }

    fn standing(&self, endpoint: &EndpointView, index: usize) -> Standing {
        use Exclusion::{
            AntiAffinity, BreakerOpen, Capability, Draining, Ejected, Full, Maintenance, NotOwner,
            RetryAfter, Role, Starting, TargetMissing, TrialRunning, Tried, Unhealthy, Unresolved,
            WritesFail, ZeroWeight,
        };
        match self.tier(endpoint, index) {
            Ok(standing) => standing,
            Err(Full | Starting) => Standing::Full,
            Err(Unhealthy | BreakerOpen | TrialRunning | Ejected | WritesFail | TargetMissing) => {
                Standing::Candidate(Demotion::LastResort)
            }
            Err(
                Tried | AntiAffinity | Unresolved | Role | Capability | ZeroWeight | Maintenance
                | Draining | RetryAfter | NotOwner,
            ) => Standing::Out,
        }
    }

    fn fits(&self, endpoint: &EndpointView) -> bool {
        self.needed_fitness.is_none_or(|needed_fitness| {
            needed_fitness > WriteFitness::Never && endpoint.write_fitness == needed_fitness
        })
    }

    fn tier(&self, endpoint: &EndpointView, index: usize) -> Result<Standing, Exclusion> {
        self.fixed_exclusion(endpoint).map_or(Ok(()), Err)?;
        if !self.rules.serving.states {
            return Ok(Standing::default());
        }
        self.status_exclusion(endpoint).map_or(Ok(()), Err)?;
        let is_surplus = self.is_surplus(endpoint, index)?;
        if endpoint.is_full(self.cost) {
            return Err(match endpoint.is_starting() {
                true => Exclusion::Starting,
                false => Exclusion::Full,
            });
        }
        if self.may_be_trial && self.rules.serving.gate(endpoint.health.gate) == Gate::HalfOpen {
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
        match endpoint {
            one if one.is_tried => Some(Exclusion::Tried),
            one if one.is_avoided => Some(Exclusion::AntiAffinity),
            one if !one.is_resolved => Some(Exclusion::Unresolved),
            one if !self.fits(one) => Some(Exclusion::Role),
            one if !one.is_capable => Some(Exclusion::Capability),
            one if self.weighted && one.weight <= 0.0 => Some(Exclusion::ZeroWeight),
            _ => None,
        }
    }

    /// What probes, the operator and the endpoint itself say.
    fn status_exclusion(&self, endpoint: &EndpointView) -> Option<Exclusion> {
        let (serving, health) = (self.rules.serving, &endpoint.health);
        match health.status {
            HealthStatus::Maintenance if serving.is_out(health.status) => {
                Some(Exclusion::Maintenance)
            }
            HealthStatus::Draining if serving.is_out(health.status) => Some(Exclusion::Draining),
            _ if health.waits_until.is_some() => Some(Exclusion::RetryAfter),
            status if serving.is_out(status) => Some(Exclusion::Unhealthy),
            _ if serving.is_ejected(health.writes == WriteStanding::Avoided) => {
                Some(Exclusion::WritesFail)
            }
            _ if serving.is_ejected(health.target == TargetStanding::Missing) => {
                Some(Exclusion::TargetMissing)
            }
            _ => None,
        }
    }

    /// Whether breaker or ejection would take the endpoint out if it were not beyond the share that may be; the exclusion
    /// where they do. A request that may try is let through a half-open breaker.
    fn is_surplus(&self, endpoint: &EndpointView, index: usize) -> Result<bool, Exclusion> {
        if !is_open(endpoint, self.rules) {
            return Ok(false);
        }
        let exclusion = match self.rules.serving.gate(endpoint.health.gate) {
            Gate::HalfOpen if self.may_be_trial => return Ok(false),
            Gate::Closed => Exclusion::Ejected,
            Gate::TrialRunning => Exclusion::TrialRunning,
            Gate::Open(_) | Gate::HalfOpen => Exclusion::BreakerOpen,
        };
        match self.is_ejected(endpoint, index) {
            true => Err(exclusion),
            false => Ok(true),
        }
    }

    /// Whether an open endpoint is really taken out. One may always go while another stays; the least recently failed
    /// stay first.
    fn is_ejected(&self, endpoint: &EndpointView, index: usize) -> bool {
        match self.ejected {
            Ejected::None => false,
            Ejected::From(first) => (endpoint.health.last_failure, index) >= first,
            Ejected::All => true,
        }
    }
}

const FARTHER: Standing = Standing::Candidate(Demotion::FartherRegion);

/// Of other regions the nearest comes first: that of the endpoint with the shortest mean time.
fn demote_farther_regions(pool: &mut [EndpointView]) {
    const ELSEWHERE: Standing = Standing::Candidate(Demotion::OtherRegion);
    let time = |one: &EndpointView| one.load.mean_time.unwrap_or(f64::INFINITY);
    let elsewhere = pool.iter().filter(|one| one.standing == ELSEWHERE);
    let nearest = elsewhere.min_by(|one, other| time(one).total_cmp(&time(other)));
    let Some(nearest) = nearest
        .filter(|one| time(one).is_finite())
        .map(|one| one.region)
    else {
        return;
    };
    let farther = |one: &&mut EndpointView| one.standing == ELSEWHERE && one.region != nearest;
    for one in pool.iter_mut().filter(farther) {
        one.standing = FARTHER;
    }
}

impl Ejected {
    fn of(pool: &[EndpointView], rules: ScreenRules) -> Self {
        if !pool.iter().any(|one| is_open(one, rules)) {
            return Self::All;
        }
        let present = pool.iter().filter(|one| is_present(one, rules)).count();
        let allowed = ((present as f64 * rules.max_ejected).floor() as usize)
            .max(1)
            .min(present.saturating_sub(1));
        let mut open = OPEN.take();
        let all = pool.iter().enumerate();
        let ejectable = all.filter(|(_, one)| is_present(one, rules) && is_open(one, rules));
        open.clear();
        open.extend(ejectable.map(|(index, one)| (one.health.last_failure, index)));
        let ejected = Self::the_latest(allowed, &mut open);
        OPEN.set(open);
        ejected
    }

    /// So many of those that are open.
    fn the_latest(allowed: usize, open: &mut [Failed]) -> Self {
        match open.len().checked_sub(allowed) {
            None | Some(0) => Self::All,
            Some(_) if allowed == 0 => Self::None,
            Some(stay) => Self::From(*open.select_nth_unstable(stay).1),
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
