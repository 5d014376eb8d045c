//! Waiting for what gives no signal.

use std::time::{Duration, Instant};

/// How long something may take to become true: real servers on a busy machine take minutes.
const PATIENCE: Duration = Duration::from_secs(240);

/// Polls until a condition holds.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
