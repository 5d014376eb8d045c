//! What came of a second attempt beside another one.

use super::name::Name;
use super::observer::Observer;
use std::sync::Arc;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HedgeResult {
    /// Its response was given.
    Won,
    /// The first attempt was faster.
    Lost,
    /// It had no good response.
    Failed,
    /// Nobody waited for either.
    Abandoned,
}

impl HedgeResult {
    /// The word in metrics.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Failed => "failed",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Counts a second attempt once, by its result; dropped without one, it was abandoned.
pub struct HedgeCount {
    observer: Arc<Observer>,
    service: Name,
    result: HedgeResult,
}

impl HedgeCount {
    /// A second attempt is sent.
    pub fn sent(observer: &Arc<Observer>, service: &Name) -> Self {
        Self {
            observer: Arc::clone(observer),
            service: service.clone(),
            result: HedgeResult::Abandoned,
        }
    }

    /// It came to this.
    pub fn end(mut self, result: HedgeResult) {
        self.result = result;
    }
}

impl Drop for HedgeCount {
    fn drop(&mut self) {
        if self.observer.counts() {
            let result = self.result.label();
            self.observer.metrics().hedge(&self.service, result);
        }
    }
}
