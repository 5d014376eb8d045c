//! A way to ask the prober of a service for a round now.

use tokio::sync::Notify;

/// Shared by the prober of a service and all that may want it to look at once.
#[derive(Debug, Default)]
pub struct ProbeTrigger(Notify);

impl ProbeTrigger {
    /// Asks for a round of probes and metadata queries now. Many requests cause one round.
    pub fn fire(&self) {
        self.0.notify_one();
    }

    /// Waits until a round is asked for.
    pub async fn fired(&self) {
        self.0.notified().await;
    }
}
