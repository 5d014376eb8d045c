//! Whether an endpoint has ever responded. A status needs several failed probes; this tells earlier
//! that an endpoint which was never heard of is not there.

use std::sync::atomic::{AtomicU8, Ordering};

const UNKNOWN: u8 = 0;
const MISSED: u8 = 1;
const CAME: u8 = 2;

/// The first response of an endpoint, to a probe or a request.
#[derive(Debug, Default)]
pub struct FirstResponse(AtomicU8);

impl FirstResponse {
    /// It responded.
    pub fn came(&self) {
        self.0.store(CAME, Ordering::Relaxed);
    }

    /// It did not respond; true when nothing was known of it before.
    pub fn missed(&self) -> bool {
        let known = self
            .0
            .compare_exchange(UNKNOWN, MISSED, Ordering::Relaxed, Ordering::Relaxed);
        known.is_ok()
    }

    /// Whether it has ever responded.
    pub fn has_come(&self) -> bool {
        self.0.load(Ordering::Relaxed) == CAME
    }
}
