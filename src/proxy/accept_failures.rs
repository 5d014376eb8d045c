//! Failures to accept a connection, nearly always for lack of file descriptors. They are counted and logged at intervals,
//! and accepting pauses for a moment instead of spinning.

use crate::observe::Observer;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// How long accepting pauses.
const REST: Duration = Duration::from_millis(100);
/// How often it is logged.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The failures of one listener.
#[derive(Default)]
pub struct AcceptFailures {
    logged: Option<Instant>,
}

impl AcceptFailures {
    /// Records a failure and pauses.
    pub async fn rest(&mut self, error: &io::Error, listener: &str, observer: &Observer) {
        observer.metrics().accept_failed();
        let now = Instant::now();
        if self.logged.is_none_or(|last| now - last >= LOG_EVERY) {
            self.logged = Some(now);
            tracing::warn!(%error, listener, "connections cannot be accepted");
        }
        tokio::time::sleep(REST).await;
    }
}
