//! How many requests an endpoint works on at once, learned from outside. Nobody tells how many workers or cores there are, and
//! a minimum of response times is noise where times vary. But two things change at that number, and only there:
//!
//! - Below it, responses come the faster the more requests are in flight; above it, they do not.
//! - Above it, a request takes longer than it would alone, since it waits for its turn or shares its core.
//!
//! Both are put as a likelihood over all candidates: the first as a multinomial of the levels at which responses came, given how
//! long each level lasted; the second as a normal one of the logarithms of times. Each is taken within a short epoch and
//! conditional on its number of responses and its mean, so that an endpoint whose speed changes from epoch to epoch
//! misleads neither.

use super::levels::{LEVELS, level, requests};
use crate::Moment;
use std::time::Duration;

/// Responses that make an epoch, and as a multiple of the requests in flight: so few that the speed is the same all along,
/// and enough for the level to change.
const EPOCH: u32 = 32;
const EPOCH_PER_REQUEST: u32 = 4;
/// How fast evidence is forgotten: by time, but no faster than this share with each epoch, so that an endpoint with few
/// requests is known at all.
const MEMORY: Duration = Duration::from_secs(20);
const KEPT: f64 = 0.97;
/// Log-likelihood by which a candidate may be worse than the best one and still be plausible.
const PLAUSIBLE: f64 = 2.0;
/// Responses that come after each other are not independent: their evidence counts half.
const DEPENDENCE: f64 = 2.0;
/// The share of its requests that an endpoint is left with for half an epoch, to see whether fewer are served as fast.
const LEFT: f64 = 0.75;
/// Standard deviations beyond which a residual counts as an outlier, and no further.
const OUTLIER: f64 = 3.0;
/// Responses at a level, or above it, that make it known.
const KNOWN: f64 = 4.0;

type Table = [f64; LEVELS];

/// What is learned of one endpoint.
#[derive(Debug)]
pub struct Concurrency {
    in_flight: u32,
    since: Moment,
    epoch: Epoch,
    log_likelihood: Box<Table>,
    /// Responses by level, forgotten like the likelihood.
    seen: Box<Table>,
    /// Whether something speaks for a bound.
    is_bounded: bool,
    /// The number of requests that it is left with in the first half of this epoch.
    left: Option<u32>,
    estimate: Estimate,
}

/// How many requests an endpoint works on at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The most likely number.
    pub likely: f64,
    /// The largest plausible number, at most one step above what was tried; `None`: nothing speaks for a bound.
    pub limit: Option<u32>,
    /// The largest number that was tried.
    pub tried: f64,
    /// The smallest plausible number.
    pub proven: f64,
}

/// The sums of one epoch, by level.
#[derive(Debug)]
struct Epoch {
    begun: Moment,
    responses: u32,
    /// Seconds that the level lasted.
    lasted: Box<Table>,
    /// Responses that came at the level.
    came: Box<Table>,
    /// Requests that began at the level, and the sum of their residuals.
    began: Box<Table>,
    residuals: Box<Table>,
    variance: f64,
}

/// How long a response took, as against what was expected of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Requests in flight when it began, itself among them.
    pub in_flight: u32,
    /// The logarithm of its time over the expected one.
    pub residual: f64,
    /// The variance of residuals.
    pub variance: f64,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            in_flight: 0,
            since: Moment::default(),
            epoch: Epoch::new(Moment::default()),
            log_likelihood: zeros(),
            seen: zeros(),
            is_bounded: false,
            left: None,
            estimate: Estimate {
                likely: requests(LEVELS - 1),
                limit: None,
                tried: 0.0,
                proven: 0.0,
            },
        }
    }
}

impl Concurrency {
    /// What is known, without requests in flight: their ends are told elsewhere.
    pub fn carried(&self) -> Self {
        Self {
            epoch: Epoch::new(self.epoch.begun),
            log_likelihood: self.log_likelihood.clone(),
            seen: self.seen.clone(),
            is_bounded: self.is_bounded,
            left: self.left,
            estimate: self.estimate,
            ..Self::default()
        }
    }

    /// What is known by now.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            limit: self.left.or(self.estimate.limit),
            ..self.estimate
        }
    }

    /// A request begins; `in_flight` with it.
    pub fn start(&mut self, in_flight: u32, now: Moment) {
        self.pass(now);
        self.in_flight = in_flight;
    }

    /// A request ended without a response that tells anything.
    pub fn abandon(&mut self, now: Moment) {
        self.pass(now);
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// A response came. True when the estimate is new.
    pub fn respond(&mut self, sample: Option<Sample>, now: Moment) -> bool {
        self.pass(now);
        add(&mut self.epoch.came, level(self.in_flight), 1.0);
        self.in_flight = self.in_flight.saturating_sub(1);
        self.epoch.responses += 1;
        if let Some(sample) = sample {
            self.epoch.take(&sample);
        }
        let length = EPOCH.max(self.in_flight.saturating_mul(EPOCH_PER_REQUEST));
        let is_over = self.epoch.responses >= length;
        if is_over {
            self.close(now);
        }
        let is_half = self.epoch.responses * 2 >= length;
        is_over || (is_half && self.left.take().is_some())
    }

    fn pass(&mut self, now: Moment) {
        if self.in_flight > 0 {
            let lasted = now.since(self.since).as_secs_f64();
            add(&mut self.epoch.lasted, level(self.in_flight), lasted);
        }
        self.since = now;
    }

    fn close(&mut self, now: Moment) {
        let epoch = std::mem::replace(&mut self.epoch, Epoch::new(now));
        let age = now.since(epoch.begun).as_secs_f64() / MEMORY.as_secs_f64();
        let kept = (-age).exp().max(KEPT);
        for sums in [&mut self.log_likelihood, &mut self.seen] {
            sums.iter_mut().for_each(|sum| *sum *= kept);
        }
        for (at, seen) in self.seen.iter_mut().enumerate() {
            *seen += get(&epoch.came, at) + get(&epoch.began, at);
        }
        epoch.weigh(&mut self.log_likelihood);
        self.estimate = self.estimated(epoch.constant());
    }

    /// `constant`: the level at which the endpoint was all the time, if it was at one.
    fn estimated(&mut self, constant: Option<usize>) -> Estimate {
        let candidates = || self.log_likelihood.iter().enumerate().skip(1);
        let best = candidates().map(|(_, one)| *one).fold(f64::MIN, f64::max);
        let worst_of = |worse: f64| move |(_, one): &(usize, &f64)| **one >= best - worse;
        let likely = candidates().find(worst_of(1e-9)).map_or(1, |(at, _)| at);
        let lowest = candidates()
            .find(worst_of(PLAUSIBLE))
            .map_or(1, |(at, _)| at);
        let plausible = candidates().rev().find(worst_of(PLAUSIBLE));
        let plausible = plausible.map_or(likely, |(at, _)| at);
        let tried = self.highest_known();
        self.is_bounded |= plausible < tried;
        let highest = plausible.min(tried + 1).min(LEVELS - 1);
        self.is_bounded &= highest < LEVELS - 1;
        // At one level all the time nothing can be learned: it is left with fewer for a while, unless it surely serves more.
        let crowded = constant.filter(|at| requests(lowest) < LEFT * requests(*at));
        self.left = crowded.map(|at| (LEFT * requests(at)).ceil() as u32);
        let highest = match crowded {
            Some(at) => highest.min(at),
            None => highest,
        };
        Estimate {
            likely: requests(likely),
            tried: requests(tried),
            proven: requests(lowest),
            limit: self
                .is_bounded
                .then_some((requests(highest).ceil() as u32).max(1)),
        }
    }

    /// The highest level of which enough is known.
    fn highest_known(&self) -> usize {
        let mut above = 0.0;
        let levels = self.seen.iter().enumerate().rev();
        let known = levels.map(|(at, seen)| {
            above += seen;
            (at, above)
        });
        let mut known = known.filter(|(_, above)| *above >= KNOWN);
        known.next().map_or(1, |(at, _)| at.max(1))
    }
}

impl Epoch {
    fn new(begun: Moment) -> Self {
        Self {
            begun,
            responses: 0,
            lasted: zeros(),
            came: zeros(),
            began: zeros(),
            residuals: zeros(),
            variance: 1.0,
        }
    }

    fn take(&mut self, sample: &Sample) {
        self.variance = sample.variance.max(0.02);
        let most = OUTLIER * self.variance.sqrt();
        let at = level(sample.in_flight);
        add(&mut self.began, at, 1.0);
        add(&mut self.residuals, at, sample.residual.clamp(-most, most));
    }

    /// The level at which the endpoint was nearly all the time.
    fn constant(&self) -> Option<usize> {
        let total: f64 = self.lasted.iter().sum();
        let (at, longest) = self
            .lasted
            .iter()
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(b.1))?;
        (at > 1 && *longest > 0.8 * total).then_some(at)
    }

    /// Adds what this epoch says of each candidate.
    fn weigh(&self, log_likelihood: &mut Table) {
        let top = (1..LEVELS)
            .rev()
            .find(|at| get(&self.came, *at) + get(&self.began, *at) > 0.0);
        let top = top.unwrap_or(1);
        for (candidate, sum) in log_likelihood.iter_mut().enumerate().skip(1) {
            *sum += (self.by_rate(candidate, top) + self.by_times(candidate, top)) / DEPENDENCE;
        }
    }

    /// Responses come in proportion to min(level, candidate): their log-likelihood given how many came.
    fn by_rate(&self, candidate: usize, top: usize) -> f64 {
        let (mut work, mut logs, mut came) = (0.0, 0.0, 0.0);
        for at in 1..=top {
            let busy = requests(at.min(candidate));
            work += get(&self.lasted, at) * busy;
            logs += get(&self.came, at) * busy.ln();
            came += get(&self.came, at);
        }
        logs - came * work.max(1e-12).ln()
    }

    /// Above the candidate a request takes level/candidate times as long: the normal log-likelihood of the residuals, with
    /// the mean of the epoch taken out.
    fn by_times(&self, candidate: usize, top: usize) -> f64 {
        let (mut count, mut sum) = (0.0, 0.0);
        let (mut shift, mut squares, mut products) = (0.0, 0.0, 0.0);
        for at in 1..=top {
            let (began, residual) = (get(&self.began, at), get(&self.residuals, at));
            count += began;
            sum += residual;
            if at > candidate {
                let longer = (requests(at) / requests(candidate)).ln();
                shift += began * longer;
                squares += began * longer * longer;
                products += residual * longer;
            }
        }
        let of_mean = ((sum - shift).powi(2) - sum * sum) / f64::max(count, 1.0);
        -(squares - 2.0 * products - of_mean) / (2.0 * self.variance)
    }
}

fn zeros() -> Box<Table> {
    Box::new([0.0; LEVELS])
}

fn get(table: &Table, at: usize) -> f64 {
    table.get(at).copied().unwrap_or(0.0)
}

fn add(table: &mut Table, at: usize, what: f64) {
    if let Some(sum) = table.get_mut(at) {
        *sum += what;
    }
}

#[cfg(test)]
mod tests;
