//! How much slower one endpoint is than the others, as the logarithm of a factor: a mean over few samples notices a change, one
//! over many is exact.

use crate::Moment;
use std::time::Duration;

/// The share of a new sample in an endpoint's effect: quick to notice a change, and slow to be exact.
const QUICK: f64 = 0.05;
const SLOW: f64 = 0.004;
/// Standard errors between the two that are a change: the slow one goes on from the quick one.
const CHANGE: f64 = 4.0;
/// Standard deviations beyond which a residual counts as an outlier, and no further.
pub const OUTLIER: f64 = 4.0;
/// Outliers to one side, each of a request that began after the one before had ended, that are a change: what was known no
/// longer holds. Those in flight together may be late by one and the same pause.
const OUTLIERS: f64 = 2.0;
/// How fast an endpoint's effect is forgotten when it is given no requests: it may have recovered.
const STALE: Duration = Duration::from_secs(5);

/// The effect of one endpoint.
#[derive(Debug, Clone, Copy, Default)]
pub struct Effect {
    pub samples: f64,
    pub quick: f64,
    pub slow: f64,
    pub shrunk: f64,
    pub last: Moment,
    /// Outliers one after the other, less than zero where they were quick, and the sum of their residuals.
    outliers: f64,
    outlying: f64,
    /// When the last one ended.
    outlier: Moment,
}

impl Effect {
    /// What is known, for [`Effect::recall`].
    pub fn figures(&self) -> [f64; 4] {
        [self.samples, self.quick, self.slow, self.shrunk]
    }

    /// Goes on from such figures, as far as they are trusted (0..=1): as from few samples, so that others soon outweigh them.
    pub fn recall(&mut self, [samples, quick, slow, shrunk]: [f64; 4], trust: f64) {
        if samples > 0.0 {
            self.samples = samples.min(1.0 / QUICK) * trust;
            (self.quick, self.slow) = (quick * trust, slow * trust);
            self.shrunk = shrunk * trust;
        }
    }

    /// Learns from what is left of a response's time without what holds for all endpoints, and from when it came.
    pub fn learn(&mut self, residual: f64, deviation: f64, seconds: f64, now: Moment) {
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
    pub fn error(&self, variance: f64) -> f64 {
        variance * (1.0 / self.samples).max(SLOW / (2.0 - SLOW))
    }
}

/// How much of an endpoint's effect still counts after so long without a request.
pub fn freshness(idle: Duration) -> f64 {
    (-idle.as_secs_f64() / STALE.as_secs_f64()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_measured_again_is_forgotten() {
        assert!(freshness(Duration::ZERO) == 1.0);
        assert!(freshness(Duration::from_secs(15)) < 0.06);
    }
}
