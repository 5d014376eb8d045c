//! The pace of a client: how long it may be waited for. A limit of each single read or write is not
//! enough, because it starts anew with each byte; so the whole is held to an average.

use crate::config;
use std::time::{Duration, Instant};

/// One body on its way from a client, or to it. Only the time spent on the client counts.
pub struct Pace {
    /// What a client may take before its average counts.
    grace: Duration,
    bytes_per_second: f64,
    spent: Duration,
    moved: u64,
}

/// The client was slower than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSlow;

impl Pace {
    /// The pace of a body that a client sends.
    pub fn of_upload(limits: &config::Path) -> Self {
        Self::new(limits.client_read_timeout, limits.client_rate.0)
    }

    /// The pace at which a client takes an answer.
    pub fn of_answer(limits: &config::Path) -> Self {
        Self::new(limits.client_write_timeout, limits.client_rate.0)
    }

    fn new(grace: Duration, bytes_per_second: u64) -> Self {
        Self {
            grace,
            bytes_per_second: bytes_per_second.max(1) as f64,
            spent: Duration::ZERO,
            moved: 0,
        }
    }

    /// Waits for one step of the client.
    pub async fn wait<T>(&mut self, step: impl Future<Output = T>) -> Result<T, TooSlow> {
        let began = Instant::now();
        let done = tokio::time::timeout(self.left(), step).await;
        self.spent += began.elapsed();
        done.map_err(|_| TooSlow)
    }

    /// So many bytes more are on their way, or have come.
    pub fn moved(&mut self, bytes: usize) {
        self.moved += bytes as u64;
    }

    /// How long the next step may take: the grace, and the time that the bytes so far may have taken, less what was spent.
    fn left(&self) -> Duration {
        let earned = Duration::try_from_secs_f64(self.moved as f64 / self.bytes_per_second);
        let allowed = self.grace.saturating_add(earned.unwrap_or(Duration::MAX));
        allowed.saturating_sub(self.spent)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, TooSlow};
    use std::time::Duration;

    #[test]
    fn each_byte_earns_time_and_each_wait_spends_it() {
        let mut pace = Pace::new(Duration::from_secs(10), 100);
        assert_eq!(pace.left(), Duration::from_secs(10));
        pace.moved(500);
        assert_eq!(pace.left(), Duration::from_secs(15));
        pace.spent = Duration::from_secs(14);
        assert_eq!(pace.left(), Duration::from_secs(1));
        pace.spent = Duration::from_secs(20);
        assert_eq!(pace.left(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_trickles_is_too_slow_in_the_end() {
        let mut pace = Pace::new(Duration::ZERO, 1);
        pace.moved(3);
        assert_eq!(pace.wait(std::future::ready(1)).await, Ok(1));
        assert_eq!(pace.wait(std::future::pending::<()>()).await, Err(TooSlow));
    }
}
