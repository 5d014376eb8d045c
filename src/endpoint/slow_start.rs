//! Slow start: an endpoint that is back is given one request, and with each success room for one more,
//! so the room doubles with each round of responses. Lock-free.

use std::sync::atomic::{AtomicU32, Ordering};

/// Requests in flight that a returned endpoint may hold before it comes last; 0 when it may hold any number.
#[derive(Debug, Default)]
pub struct SlowStart(AtomicU32);

impl SlowStart {
    /// The endpoint is back.
    pub fn begin(&self) {
        self.0.store(1, Ordering::Relaxed);
    }

    /// Whether the endpoint holds as many requests as it should for now.
    pub fn is_full(&self, in_flight: u32) -> bool {
        match self.0.load(Ordering::Relaxed) {
            0 => false,
            room => in_flight >= room,
        }
    }

    /// A request succeeded. `limit` is where the slow start ends.
    pub fn succeeded(&self, limit: u32) {
        if self.0.load(Ordering::Relaxed) == 0 {
            return;
        }
        let wider = |room: u32| match room {
            0 => None,
            room if room >= limit => Some(0),
            room => Some(room + 1),
        };
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, wider);
    }
}
