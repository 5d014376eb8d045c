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

use super::epoch::{Epoch, Sample, Table, add, zeros};
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
/// By how much more after one epoch, and by as many times less as there were more responses: the times that are expected, and how
/// much they vary, are not known well by then.
const YOUNG: f64 = 4.0;
/// The largest share of its requests that an endpoint is left with for half an epoch, to see whether fewer are served as fast.
const LEFT: f64 = 0.75;
/// Log-likelihood by which a candidate may be worse than the best one at most. What speaks against it was seen under other
/// circumstances, or by a model that did not fit.
const DOUBT: f64 = 60.0;
/// Levels that are no further apart, as a share, tell next to nothing of each other within an epoch.
const BESIDE: f64 = 0.25;
/// Responses at a level, or above it, that make it known.
const KNOWN: f64 = 4.0;
/// Responses that are due while none comes: the endpoint stands still (probability e^-8 otherwise), even if it has become so many
/// times slower since its speed was learned.
const OWED: f64 = 8.0;
const SLOWER: f64 = 4.0;

/// More responses at a level than are ever remembered.
const MOST_SEEN: f64 = 1e6;

/// What is learned of one endpoint.
#[derive(Debug)]
pub struct Concurrency {
    in_flight: u32,
    since: Moment,
    /// Seconds since the last response, times the requests that it surely worked on.
    worked: f64,
    /// When it last went on after it had stood still.
    resumed: Moment,
    /// Whether it did so at the last response.
    has_resumed: bool,
    epoch: Epoch,
    log_likelihood: Box<Table>,
    /// Responses by level, forgotten like the likelihood.
    seen: Box<Table>,
    /// Whether something speaks for a bound.
    is_bounded: bool,
    /// The number of requests that it is given at most in the first half of this epoch, to see how many are served as fast.
    trial: Option<u32>,
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

impl Default for Concurrency {
    fn default() -> Self {
        Self {
            in_flight: 0,
            since: Moment::default(),
            worked: 0.0,
            resumed: Moment::default(),
            has_resumed: false,
            epoch: Epoch::new(Moment::default()),
            log_likelihood: zeros(),
            seen: zeros(),
            is_bounded: false,
            trial: None,
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
            trial: self.trial,
            estimate: self.estimate,
            ..Self::default()
        }
    }

    /// All of it, for [`Concurrency::recall`]: whether something speaks for a bound, then the two tables.
    pub fn figures(&self) -> Vec<f64> {
        let tables = self.log_likelihood.iter().chain(self.seen.iter());
        let bounded = f64::from(u8::from(self.is_bounded));
        std::iter::once(bounded).chain(tables.copied()).collect()
    }

    /// Goes on from such figures, as far as they are trusted (0..=1); whether they can be some. What follows from them is
    /// worked out anew, so that less trust gives a wider bound.
    pub fn recall(&mut self, figures: &[f64], trust: f64) -> bool {
        let Some(([bounded], tables)) = figures.split_first_chunk::<1>() else {
            return false;
        };
        let Some((likelihood, seen)) = tables.split_at_checked(LEVELS) else {
            return false;
        };
        if seen.len() != LEVELS || !seen.iter().all(|one| (0.0..=MOST_SEEN).contains(one)) {
            return false;
        }
        let kept = self.log_likelihood.iter_mut().zip(likelihood);
        kept.for_each(|(one, figure)| *one = figure * trust);
        // What was tried stays tried: less of it would make the bound narrower.
        let kept = self.seen.iter_mut().zip(seen);
        kept.for_each(|(one, figure)| *one = *figure);
        forget_beyond_doubt(&mut self.log_likelihood);
        self.is_bounded = *bounded > 0.0;
        self.estimate = self.estimated(&Epoch::new(self.since));
        true
    }

    /// What is known by now.
    pub fn estimate(&self) -> Estimate {
        Estimate {
            limit: self.trial.or(self.estimate.limit),
            ..self.estimate
        }
    }

    /// A request begins; `in_flight` with it.
    pub fn start(&mut self, in_flight: u32, now: Moment) {
        self.pass(now);
        self.in_flight = in_flight;
    }

    /// So many are no work of the endpoint any more, without a response that tells anything.
    pub fn leave(&mut self, count: u32, now: Moment) {
        self.pass(now);
        self.in_flight = self.in_flight.saturating_sub(count);
    }

    /// A response came to a request that began at `begun`, where one takes `mean` seconds alone; 0: nobody knows. True when the
    /// estimate is new.
    pub fn respond(&mut self, sample: Sample, begun: Moment, mean: f64, now: Moment) -> bool {
        self.pass(now);
        let at = level(self.in_flight);
        self.in_flight = self.in_flight.saturating_sub(1);
        let worked = std::mem::take(&mut self.worked);
        if self.goes_on_after_a_pause(worked, mean, now) {
            self.epoch.forget_silence();
            return false;
        }
        self.epoch.respond(at, worked);
        if begun >= self.resumed {
            self.epoch.take(&sample);
        }
        let length = EPOCH.max(self.in_flight.saturating_mul(EPOCH_PER_REQUEST));
        let is_over = self.epoch.responses >= length || self.finds_bound();
        if is_over {
            self.close(now);
        }
        let is_half = self.epoch.responses * 2 >= length;
        is_over || (is_half && self.trial.take().is_some())
    }

    /// Whether this epoch speaks for a bound where none is known. While none is, an endpoint may be given all that come, and an
    /// epoch that lasts the longer the more these are would tell of it when there is a backlog of as many.
    fn finds_bound(&self) -> bool {
        if self.is_bounded || !self.epoch.responses.is_multiple_of(EPOCH) {
            return false;
        }
        let (mut log_likelihood, mut seen) = (*self.log_likelihood, *self.seen);
        self.epoch.weigh(&mut log_likelihood);
        self.epoch.show(&mut seen);
        let plausible = highest_plausible(&log_likelihood, &seen);
        plausible.is_some_and(|plausible| plausible < highest_known(&seen))
    }

    fn pass(&mut self, now: Moment) {
        if self.in_flight > 0 {
            let lasted = now.since(self.since).as_secs_f64();
            add(&mut self.epoch.lasted, level(self.in_flight), lasted);
            let surely = self.estimate.proven.max(1.0);
            self.worked += lasted * f64::from(self.in_flight).min(surely);
        }
        self.since = now;
    }

    /// Whether it stood still until this response: a collection of garbage, a lock, a page that is not cached. That says nothing of
    /// how many it works on while it works, nor do the times of those that it held up. It is no pause when it comes right after
    /// another one: then the mean is not true any more.
    fn goes_on_after_a_pause(&mut self, worked: f64, mean: f64, now: Moment) -> bool {
        self.has_resumed = !self.has_resumed && mean > 0.0 && worked > SLOWER * OWED * mean;
        if self.has_resumed {
            self.resumed = now;
        }
        self.has_resumed
    }

    fn close(&mut self, now: Moment) {
        let epoch = std::mem::replace(&mut self.epoch, Epoch::new(now));
        let age = now.since(epoch.begun).as_secs_f64() / MEMORY.as_secs_f64();
        let kept = (-age).exp().max(KEPT);
        for sums in [&mut self.log_likelihood, &mut self.seen] {
            sums.iter_mut().for_each(|sum| *sum *= kept);
        }
        epoch.show(&mut self.seen);
        epoch.weigh(&mut self.log_likelihood);
        forget_beyond_doubt(&mut self.log_likelihood);
        self.estimate = self.estimated(&epoch);
    }

    fn estimated(&mut self, epoch: &Epoch) -> Estimate {
        let likely = lowest_within(&self.log_likelihood, 1e-9);
        let lowest = lowest_within(&self.log_likelihood, PLAUSIBLE);
        let plausible = highest_plausible(&self.log_likelihood, &self.seen).unwrap_or(likely);
        let tried = highest_known(&self.seen);
        self.is_bounded |= plausible < tried;
        let highest = plausible.min(tried + 1).min(LEVELS - 1);
        self.is_bounded &= highest < LEVELS - 1;
        // At about one level all the time nothing can be learned: it is left with fewer for a while, or given one more where it
        // surely works on nearly as many, or there are no fewer to be left with.
        let is_crowded = |at: &usize| {
            let (surely, has) = (requests(lowest), requests(*at));
            surely < LEFT * has && f64::from(fewer(surely, has)) < has
        };
        let crowded = epoch.constant(BESIDE).filter(is_crowded);
        let highest = crowded.map_or(highest, |at| highest.min(at));
        self.trial = match crowded {
            Some(at) => Some(fewer(requests(lowest), requests(at))),
            None => {
                let full = epoch.constant(0.0).filter(|at| *at >= highest);
                full.filter(|_| self.is_bounded)
                    .map(|at| requests(at).ceil() as u32 + 1)
            }
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
}

/// The lowest candidate that is worse than the best one by no more than this.
fn lowest_within(log_likelihood: &Table, worse: f64) -> usize {
    let least = best_of(log_likelihood) - worse;
    let mut candidates = log_likelihood.iter().enumerate().skip(1);
    candidates
        .find(|(_, one)| **one >= least)
        .map_or(1, |(at, _)| at)
}

/// The highest plausible candidate by what was seen.
fn highest_plausible(log_likelihood: &Table, seen: &Table) -> Option<usize> {
    let epochs = seen.iter().sum::<f64>() / f64::from(EPOCH);
    let least = best_of(log_likelihood) - PLAUSIBLE - YOUNG / epochs.max(1.0);
    let candidates = log_likelihood.iter().enumerate().skip(1);
    let plausible = candidates.rev().find(|(_, one)| **one >= least);
    plausible.map(|(at, _)| at)
}

fn best_of(log_likelihood: &Table) -> f64 {
    let candidates = log_likelihood.iter().skip(1).copied();
    candidates.fold(f64::MIN, f64::max)
}

/// The highest level of which enough is known.
fn highest_known(seen: &Table) -> usize {
    let mut above = 0.0;
    let levels = seen.iter().enumerate().rev();
    let known = levels.map(|(at, seen)| {
        above += seen;
        (at, above)
    });
    let mut known = known.filter(|(_, above)| *above >= KNOWN);
    known.next().map_or(1, |(at, _)| at.max(1))
}

/// However much speaks against a candidate, as much speaks for it again soon.
fn forget_beyond_doubt(log_likelihood: &mut Table) {
    let least = best_of(log_likelihood) - DOUBT;
    let candidates = log_likelihood.iter_mut().skip(1);
    candidates.for_each(|one| *one = one.max(least));
}

/// How many an endpoint is left with that surely works on so few, of as many as it has: the ratio of the two is halved, so that
/// few trials tell even where it has many times as many as it works on.
fn fewer(surely: f64, has: f64) -> u32 {
    (surely * has).sqrt().min(LEFT * has).ceil() as u32
}

#[cfg(test)]
mod tests;
