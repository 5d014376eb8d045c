//! A point in time. Nothing here reads a clock: every decision is told when it is.

use std::ops::{Add, Sub};
use std::time::Duration;

/// A point in monotonic time: nanoseconds since the clock was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// The time that has passed since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// So many seconds ago; the first moment of all where that is longer ago.
    pub fn before(self, seconds: f64) -> Moment {
        // A float that is too large, or none, becomes the nearest number.
        Moment(self.0.saturating_sub((seconds * 1e9) as u64))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, span: Duration) -> Moment {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Moment(self.0.saturating_add(nanos))
    }
}

impl Sub for Moment {
    type Output = Duration;

    fn sub(self, earlier: Moment) -> Duration {
        self.since(earlier)
    }
}
