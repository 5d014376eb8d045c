//! How long requests take, learned over all endpoints of a pool: a linear model of logarithms,
//!
//! `ln time = mean + slope * (ln cost - mean ln cost) + effect of the endpoint + noise`
//!
//! Logarithms keep a few very long requests from hiding all others. The slope is the guard of the cost estimate: where
//! estimates tell nothing, it is zero, and every request is expected to take the mean time. The effects of endpoints are
//! shrunk towards their mean by what of their spread is noise (empirical Bayes), so that like endpoints count as equal.

use crate::Moment;
use std::time::Duration;

/// The share of a new sample in what holds for all endpoints.
const POOL_GAIN: f64 = 0.0005;
/// The share of a new sample in an endpoint's effect: quick to notice a change, and slow to be exact.
const QUICK: f64 = 0.05;
const SLOW: f64 = 0.004;
/// Standard errors between the two that are a change: the slow one goes on from the quick one.
const CHANGE: f64 = 4.0;
/// Standard deviations beyond which a residual counts as an outlier, and no further.
const OUTLIER: f64 = 4.0;
/// Outliers to one side, each of a request that began after the one before had ended, that are a change: what was known no
/// longer holds. Those in flight together may be late by one and the same pause.
const OUTLIERS: f64 = 2.0;
/// Times that hardly differ must not make a response that is somewhat later than usual a sign.
const LEAST_DEVIATION: f64 = 0.25;
/// Samples before which the slope is zero.
const ENOUGH: f64 = 50.0;
/// How fast an endpoint's effect is forgotten when it is given no requests: it may have recovered.
const STALE: Duration = Duration::from_secs(5);

/// The model of a pool.
#[derive(Debug)]
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

/// The effect of one endpoint.
#[derive(Debug, Clone, Copy, Default)]
struct Effect {
    samples: f64,
    quick: f64,
    slow: f64,
    shrunk: f64,
    last: Moment,
    /// Outliers one after the other, less than zero where they were quick, and the sum of their residuals.
    outliers: f64,
    outlying: f64,
    /// When the last one ended.
    outlier: Moment,
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

    /// Learns from a response that took `seconds`, none of it in a queue.
    pub fn observe(&mut self, endpoint: usize, cost: f64, seconds: f64, now: Moment) {
        let Some(own) = self.endpoints.get(endpoint).copied() else {
            return;
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
        let residual = y - self.mean - by_cost;
        let noise = (residual - own.quick)
            .powi(2)
            .min(16.0 * self.variance.max(0.01));
        self.variance += gain * (noise - self.variance);
        self.inflation += gain * (by_cost.exp() - self.inflation);
        self.seconds += gain * (seconds * (-own.shrunk).exp() - self.seconds);
        let deviation = self.variance.sqrt();
        if let Some(own) = self.endpoints.get_mut(endpoint) {
            own.learn(residual, deviation, seconds, now);
        }
    }

    /// The logarithm of a time over the expected one at this endpoint.
    pub fn residual(&self, endpoint: usize, cost: f64, seconds: f64) -> f64 {
        let effect = self.endpoints.get(endpoint).map_or(0.0, |own| own.slow);
        log(seconds) - self.mean - self.slope() * (log(cost) - self.mean_cost) - effect
    }

    /// The variance of residuals.
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// A time that next to no response of an average endpoint takes, whatever its cost, seconds.
    pub fn longest(&self) -> f64 {
        (self.mean + OUTLIER * self.total_variance.sqrt().max(0.05)).exp()
    }

    /// Whether a response took as long as was to be expected, or less, outliers aside.
    pub fn is_usual(&self, residual: f64) -> bool {
        residual <= OUTLIER * self.variance.sqrt().max(LEAST_DEVIATION)
    }

    /// Whether a response took so long that the endpoint must have become slow.
    pub fn is_impossible(&self, residual: f64) -> bool {
        residual > 2.0 * OUTLIER * self.variance.sqrt().max(LEAST_DEVIATION)
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
        (self.slope() * self.covariance / self.total_variance.max(1e-9)).clamp(0.0, 1.0)
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
    pub fn factor(&self, cost: f64) -> f64 {
        match self.slope {
            0.0 => 1.0,
            slope => self.weight * (slope * log(cost)).exp(),
        }
    }
}

impl Effect {
    fn learn(&mut self, residual: f64, deviation: f64, seconds: f64, now: Moment) {
        let most = OUTLIER * deviation;
        self.last = now;
        self.note_outlier(residual, most, seconds, now);
        if self.outliers.abs() >= OUTLIERS {
            self.slow = self.outlying / self.outliers.abs();
            self.quick = self.slow;
            self.samples = OUTLIERS;
            (self.outliers, self.outlying) = (0.0, 0.0);
            return;
        }
        self.samples += 1.0;
        let gain = |least: f64| least.max(1.0 / self.samples);
        let (slow, quick) = (gain(SLOW), gain(QUICK));
        self.slow += slow * (residual - self.slow).clamp(-most, most);
        self.quick += quick * (residual - self.quick).clamp(-most, most);
        let error = deviation * (QUICK / 2.0).sqrt();
        if (self.quick - self.slow).abs() > CHANGE * error {
            self.slow = self.quick;
            self.samples = self.samples.min(1.0 / QUICK);
        }
    }

    fn note_outlier(&mut self, residual: f64, most: f64, seconds: f64, now: Moment) {
        let off = residual - self.slow;
        let is_outlier = off.abs() > most;
        if !is_outlier || self.outliers * off < 0.0 {
            (self.outliers, self.outlying) = (0.0, 0.0);
        }
        let is_apart = self.outliers == 0.0 || now.since(self.outlier).as_secs_f64() >= seconds;
        if is_outlier && is_apart {
            self.outliers += off.signum();
            self.outlying += residual;
            self.outlier = now;
        }
    }

    /// The variance of `slow` as an estimate.
    fn error(&self, variance: f64) -> f64 {
        variance * (1.0 / self.samples).max(SLOW / (2.0 - SLOW))
    }
}

/// How much of an endpoint's effect still counts after so long without a request.
pub fn freshness(idle: Duration) -> f64 {
    (-idle.as_secs_f64() / STALE.as_secs_f64()).exp()
}

fn log(value: f64) -> f64 {
    value.max(1e-9).ln()
}

#[cfg(test)]
mod tests;
