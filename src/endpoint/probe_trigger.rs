//! The pulse of a service's probing: when it last went round, and a way to ask for a round now.

use super::stamp::Stamp;
use crate::clock::Moment;
use tokio::sync::Notify;

/// Shared by the prober of a service and all that may want it to look at once.
#[derive(Debug, Default)]
pub struct ProbeTrigger {
    ticked: Stamp,
    wanted: Notify,
}

impl ProbeTrigger {
    /// Asks for a round of probes and inquiries now. Many askers cause one round.
    pub fn nudge(&self) {
        self.wanted.notify_one();
    }

    /// When the prober last showed that it lives; `None` before its first turn.
    pub fn last_tick(&self) -> Option<Moment> {
        self.ticked.get()
    }

    /// Waits until a round is wanted.
    pub async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// The prober lives.
    pub fn tick(&self, now: Moment) {
        self.ticked.mark(now);
    }
}
