//! What is known of the mean endpoint, published for choices to read without a lock.

use crate::atomic::AtomicF64;
use crate::learn::{ByCost, ServiceTimes};

/// What choices read of the mean endpoint, and of how costs show in times.
#[derive(Debug)]
pub struct Typical {
    slope: AtomicF64,
    weight: AtomicF64,
    explained: AtomicF64,
    /// How long a request takes, seconds; 0: not known.
    pub seconds: AtomicF64,
    /// How many requests an endpoint of a known limit works on at once, on average; 0: no limit is known.
    pub places: AtomicF64,
    /// A time that next to no request takes, seconds.
    pub longest: AtomicF64,
    /// A time after which a response is late, seconds.
    pub late: AtomicF64,
    /// A time that no request takes at an endpoint that works as before, seconds.
    pub impossible: AtomicF64,
}

impl Default for Typical {
    fn default() -> Self {
        Self {
            slope: AtomicF64::default(),
            weight: AtomicF64::new(1.0),
            explained: AtomicF64::default(),
            seconds: AtomicF64::default(),
            places: AtomicF64::default(),
            longest: AtomicF64::new(f64::INFINITY),
            late: AtomicF64::new(f64::INFINITY),
            impossible: AtomicF64::new(f64::INFINITY),
        }
    }
}

impl Typical {
    /// The same for a pool of other endpoints.
    pub fn carried(&self) -> Self {
        let same = |figure: &AtomicF64| AtomicF64::new(figure.get());
        Self {
            slope: same(&self.slope),
            weight: same(&self.weight),
            explained: same(&self.explained),
            seconds: same(&self.seconds),
            places: same(&self.places),
            longest: same(&self.longest),
            late: same(&self.late),
            impossible: same(&self.impossible),
        }
    }

    /// How the cost of a request shows in its time.
    pub fn by_cost(&self) -> ByCost {
        ByCost {
            slope: self.slope.get(),
            weight: self.weight.get(),
            explained: self.explained.get(),
        }
    }

    /// These times are known now.
    pub fn take(&self, times: &ServiceTimes) {
        let by_cost = times.by_cost();
        self.slope.set(by_cost.slope);
        self.weight.set(by_cost.weight);
        self.explained.set(by_cost.explained);
        self.seconds.set(times.seconds());
        self.longest.set(times.longest());
        self.late.set(times.late());
        self.impossible.set(times.impossible());
    }
}
