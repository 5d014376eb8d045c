//! The one clock. It is handed in, so that every decision can be replayed in a test or a simulation.
//! Monotonic: a wall clock that jumps changes nothing here. It is the clock of tokio's timers too, so that where a test pauses
//! these it stands still with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

pub use balancing::Moment;

/// A shared clock: the machine's monotonic time, or one that a test moves by hand.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System(Instant),
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's monotonic clock, starting at zero now.
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// A clock that stands still until [`Clock::advance`] moves it.
    pub fn manual() -> Self {
        Self(Source::Manual(Arc::default()))
    }

    /// The present moment.
    pub fn now(&self) -> Moment {
        match &self.0 {
            Source::System(start) => {
                Moment(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
            }
            Source::Manual(nanos) => Moment(nanos.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward; the machine's clock moves by itself and ignores this.
    pub fn advance(&self, span: Duration) {
        if let Source::Manual(nanos) = &self.0 {
            nanos.fetch_add(
                u64::try_from(span.as_nanos()).unwrap_or(u64::MAX),
                Ordering::SeqCst,
            );
        }
    }
}
