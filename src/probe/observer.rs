//! The receiver of probe results.

use crate::endpoint::Identity;
use std::time::Duration;

/// Takes the result of each probe, a word of a closed set, and the time that it took.
pub trait ProbeObserver: Send + Sync {
    /// One probe of one endpoint is done.
    fn probed(&self, endpoint: &Identity, result: &'static str, took: Duration);
}
