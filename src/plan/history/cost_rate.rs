//! How long a cost unit takes in a service. Estimated costs are relative: what a request took becomes a cost only by what
//! others took and were estimated to cost.

/// About so many of the last requests count.
const MEMORY: f64 = 1000.0;

/// Mean time over mean estimated cost.
#[derive(Debug, Default)]
pub struct CostRate {
    samples: f64,
    seconds: f64,
    cost: f64,
}

impl CostRate {
    /// Seconds of a cost unit; `None` before anything was measured.
    pub fn seconds(&self) -> Option<f64> {
        let rate = self.seconds / self.cost;
        (rate.is_finite() && rate > 0.0).then_some(rate)
    }

    /// The cost of what took so long.
    pub fn cost_of(&self, seconds: f64) -> Option<f64> {
        self.seconds().map(|rate| seconds / rate)
    }

    /// A request of this estimated cost took so long.
    pub fn learn(&mut self, cost: f64, seconds: f64) {
        self.samples = (self.samples + 1.0).min(MEMORY);
        self.seconds += (seconds - self.seconds) / self.samples;
        self.cost += (cost - self.cost) / self.samples;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_unit_takes_what_requests_took_over_what_they_were_estimated_to_cost() {
        let mut rate = CostRate::default();
        assert_eq!((rate.seconds(), rate.cost_of(1.0)), (None, None));
        rate.learn(1.0, 0.010);
        rate.learn(3.0, 0.050);
        assert!((rate.seconds().unwrap() - 0.015).abs() < 1e-12);
        assert!((rate.cost_of(0.030).unwrap() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn it_follows_a_database_that_became_slower() {
        let mut rate = CostRate::default();
        (0..100_000).for_each(|_| rate.learn(2.0, 0.010));
        (0..10_000).for_each(|_| rate.learn(2.0, 0.040));
        assert!((rate.seconds().unwrap() - 0.020).abs() < 1e-4);
    }
}
