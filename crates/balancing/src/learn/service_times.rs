//! How long requests take, learned over all endpoints of a pool: a linear model of logarithms,
//!
//! `ln time = mean + slope * (ln cost - mean ln cost) + effect of the endpoint + noise`
//!
//! Logarithms keep a few very long requests from hiding all others. The slope is the guard of the cost estimate: where
//! estimates tell nothing, it is zero, and every request is expected to take the mean time. The effects of endpoints are
//! shrunk towards their mean by what of their spread is noise (empirical Bayes), so that like endpoints count as equal.

use super::effect::{Effect, OUTLIER};
use crate::Moment;

/// The share of a new sample in what holds for all endpoints.
const POOL_GAIN: f64 = 0.0005;
/// Where times hardly differ, to wait behind a few others must not seem impossible.
const LEAST_DEVIATION: f64 = 0.25;
/// Samples before which the slope is zero.
const ENOUGH: f64 = 50.0;
/// The model of a pool.
#[derive(Debug, Clone)]
pub struct ServiceTimes {
    samples: f64,
    mean_cost: f64,
    mean: f64,
    cost_variance: f64,
    covariance: f64,
    total_variance: f64,
    variance: f64,
    /// The mean of `exp(slope * (ln cost - mean))`, so that expectations have the right mean.
    inflation: f64,
    seconds: f64,
    endpoints: Vec<Effect>,
}

impl ServiceTimes {
    /// The model of a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            samples: 0.0,
            mean_cost: 0.0,
            mean: 0.0,
            cost_variance: 0.0,
            covariance: 0.0,
            total_variance: 1.0,
            variance: 1.0,
            inflation: 1.0,
            seconds: 0.0,
            endpoints: vec![Effect::default(); endpoints],
        }
    }

    /// The model of a pool whose endpoints were at these indices of this one, or are new.
    pub fn carried(&self, from: &[Option<usize>]) -> Self {
        let effect = |at: &Option<usize>| self.endpoints.get((*at)?).copied();
        let effects = from.iter().map(|at| effect(at).unwrap_or_default());
        Self {
            endpoints: effects.collect(),
            ..self.clone()
        }
    }

    /// What holds for all endpoints, for [`ServiceTimes::recall`].
    pub fn figures(&self) -> Vec<f64> {
        vec![
            self.samples,
            self.mean_cost,
            self.mean,
            self.cost_variance,
            self.covariance,
            self.total_variance,
            self.variance,
            self.inflation,
            self.seconds,
        ]
    }

    /// What is known of an endpoint alone, for [`ServiceTimes::recall_endpoint`].
    pub fn endpoint_figures(&self, endpoint: usize) -> [f64; 4] {
        let own = self.endpoints.get(endpoint);
        own.map(Effect::figures).unwrap_or_default()
    }

    /// Goes on from such figures, as far as they are trusted (0..=1); whether they can be some. They count as few samples: where
    /// times are others by now, as behind a cold cache, that is learned within as many.
    pub fn recall(&mut self, figures: &[f64], trust: f64) -> bool {
        let &[
            samples,
            mean_cost,
            mean,
            cost_variance,
            covariance,
            total_variance,
            variance,
            inflation,
            seconds,
        ] = figures
        else {
            return false;
        };
        let spreads = [samples, cost_variance, total_variance, variance, seconds];
        if spreads.iter().any(|one| *one < 0.0) || inflation <= 0.0 {
            return false;
        }
        let endpoints = std::mem::take(&mut self.endpoints);
        *self = Self {
            samples: samples.min(ENOUGH) * trust,
            mean_cost,
            mean,
            cost_variance,
            covariance,
            total_variance,
            variance,
            inflation,
            seconds,
            endpoints,
        };
        true
    }

    /// Goes on from such figures of an endpoint.
    pub fn recall_endpoint(&mut self, endpoint: usize, figures: [f64; 4], trust: f64) {
        if let Some(own) = self.endpoints.get_mut(endpoint) {
            own.recall(figures, trust);
        }
    }

    /// Learns from a response that took `seconds`, none of it in a queue; its logarithm is known to lie `bend` above the line.
    /// Returns how far above that it lay.
    pub fn observe(
        &mut self,
        endpoint: usize,
        cost: f64,
        seconds: f64,
        bend: f64,
        now: Moment,
    ) -> f64 {
        let Some(own) = self.endpoints.get(endpoint).copied() else {
            return 0.0;
        };
        let (x, y) = (log(cost), log(seconds));
        self.samples += 1.0;
        let gain = POOL_GAIN.max(1.0 / self.samples);
        let like_others = y - own.shrunk;
        self.mean_cost += gain * (x - self.mean_cost);
        self.mean += gain * (like_others - self.mean);
        let (dx, dy) = (x - self.mean_cost, like_others - self.mean);
        self.cost_variance += gain * (dx * dx - self.cost_variance);
        self.covariance += gain * (dx * dy - self.covariance);
        self.total_variance += gain * (dy * dy - self.total_variance);
        let by_cost = self.slope() * dx;
        let residual = y - self.mean - by_cost - bend;
        let noise = (residual - own.quick)
            .powi(2)
            .min(16.0 * self.variance.max(0.01));
        self.variance += gain * (noise - self.variance);
        self.inflation += gain * ((by_cost + bend).exp() - self.inflation);
        self.seconds += gain * (seconds * (-own.shrunk).exp() - self.seconds);
        let deviation = self.variance.sqrt();
        if let Some(own) = self.endpoints.get_mut(endpoint) {
            own.learn(residual, deviation, seconds, now);
        }
        residual - own.shrunk
    }

    /// The logarithm of a time over the expected one at this endpoint.
    pub fn residual(&self, endpoint: usize, cost: f64, seconds: f64) -> f64 {
        let effect = self.endpoints.get(endpoint).map_or(0.0, |own| own.slow);
        log(seconds) - self.mean - self.slope() * (log(cost) - self.mean_cost) - effect
    }

    /// The variance of residuals.
    pub fn variance(&self) -> f64 {
        self.cautious(self.variance)
    }

    /// A variance as [`ENOUGH`] samples of a variance of one would have it together with those that were seen: the first few differ
    /// less than all will, and next to them each later one would seem to tell of the endpoint.
    fn cautious(&self, variance: f64) -> f64 {
        (variance * self.samples + ENOUGH) / (self.samples + ENOUGH)
    }

    /// A time that next to no response of an average endpoint takes, whatever its cost, seconds.
    pub fn longest(&self) -> f64 {
        (self.mean + OUTLIER * self.total_variance.sqrt().max(0.05)).exp()
    }

    /// A time after which a response of an average endpoint is late, seconds: not even the wait behind a few others is as long.
    pub fn late(&self) -> f64 {
        let deviation = self.cautious(self.total_variance).sqrt();
        (self.mean + OUTLIER * deviation.max(LEAST_DEVIATION)).exp()
    }

    /// A time that no response of an average endpoint takes while that one works as it did, seconds.
    pub fn impossible(&self) -> f64 {
        let deviation = self.total_variance.sqrt().max(LEAST_DEVIATION);
        (self.mean + 2.0 * OUTLIER * deviation).exp()
    }

    /// The mean time at an average endpoint, seconds; 0 before the first sample.
    pub fn seconds(&self) -> f64 {
        self.seconds
    }

    /// By how much the time of a request of this cost differs from the mean one, as a factor: `weight * cost^slope`.
    pub fn by_cost(&self) -> ByCost {
        let slope = self.slope();
        ByCost {
            slope,
            weight: (-slope * self.mean_cost).exp() / self.inflation.max(1e-9),
            explained: self.explained(),
        }
    }

    /// The effect of an endpoint as the logarithm of a factor, and when it was last measured.
    pub fn effect(&self, endpoint: usize) -> (f64, Moment) {
        let own = self.endpoints.get(endpoint);
        own.map_or((0.0, Moment::default()), |own| (own.shrunk, own.last))
    }

    fn slope(&self) -> f64 {
        match self.samples < ENOUGH || self.cost_variance < 1e-9 {
            true => 0.0,
            false => (self.covariance / self.cost_variance).clamp(0.0, 1.0),
        }
    }

    /// Share of the variance of times that costs explain.
    fn explained(&self) -> f64 {
        (1.0 - self.variance / self.total_variance.max(1e-9)).clamp(0.0, 1.0)
    }

    /// Shrinks the effects towards their mean, by the share of their spread that is noise. In proportion to the endpoints.
    pub fn shrink(&mut self) {
        let known = || self.endpoints.iter().filter(|one| one.samples > 0.0);
        let count = known().count().max(1) as f64;
        let mean = known().map(|one| one.slow).sum::<f64>() / count;
        let spread: f64 = known()
            .map(|one| (one.slow - mean).powi(2) - one.error(self.variance))
            .sum();
        let spread = (spread / count).max(0.0);
        let variance = self.variance;
        for one in self.endpoints.iter_mut().filter(|one| one.samples > 0.0) {
            let trust = spread / (spread + one.error(variance) + 1e-12);
            one.shrunk = (one.slow - mean) * trust;
        }
    }
}

/// How the cost of a request shows in its time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ByCost {
    pub slope: f64,
    pub weight: f64,
    /// Share of the variance of times that costs explain, 0..=1.
    pub explained: f64,
}

impl ByCost {
    /// The factor on the mean time.
    pub fn factor(&self, cost: f64, bend: f64) -> f64 {
        self.weight * (self.slope * log(cost) + bend).exp()
    }
}

fn log(value: f64) -> f64 {
    value.max(1e-9).ln()
}

#[cfg(test)]
mod tests;
