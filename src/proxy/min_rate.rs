//! The least rate at which a client must send, or take what is sent to it. A limit of each single read
//! or write is not enough, because it starts anew with each byte; an average over everything is too
//! much, because fast bytes would earn hours of silence. So a client has an allowance of waiting time:
//! waiting uses it up, each byte gives back the time that it takes at the least rate, and there is never
//! more of it than at the start.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// What the system may buffer of a response before it tells that the client took any of it.
pub const SEND_BUFFER: usize = 256 << 10;

/// One direction of a client's connection. Only the time spent on the client counts.
pub struct MinRate {
    bytes_per_second: f64,
    most: Duration,
    allowance: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl MinRate {
    /// `grace` is how long the client may be silent.
    pub fn new(grace: Duration, bytes_per_second: u64) -> Self {
        Self::with_buffer(grace, bytes_per_second, 0)
    }

    /// A client that reads: beside the grace, it may take the time that [`SEND_BUFFER`] takes at this rate.
    pub fn of_reader(grace: Duration, bytes_per_second: u64) -> Self {
        Self::with_buffer(grace, bytes_per_second, SEND_BUFFER)
    }

    fn with_buffer(grace: Duration, bytes_per_second: u64, buffer: usize) -> Self {
        let bytes_per_second = bytes_per_second.max(1) as f64;
        let most = grace.saturating_add(time_of(buffer, bytes_per_second));
        Self {
            bytes_per_second,
            most,
            allowance: most,
            waiting_since: None,
            timer: None,
        }
    }

    /// This many bytes were received from, or taken by, the client.
    pub fn moved(&mut self, bytes: usize) {
        self.pause();
        let earned = time_of(bytes, self.bytes_per_second);
        self.allowance = self.allowance.saturating_add(earned).min(self.most);
    }

    /// The client is not waited for any more, for now.
    pub fn pause(&mut self) {
        if let Some(since) = self.waiting_since.take() {
            self.allowance = self.allowance.saturating_sub(since.elapsed());
        }
    }

    /// Whether nothing of the allowance is used up, once the client is not waited for.
    pub fn is_refilled(&self) -> bool {
        self.allowance == self.most
    }

    /// The client is waited for, from now on.
    pub fn wait(&mut self) -> Instant {
        *self.waiting_since.get_or_insert_with(Instant::now)
    }

    /// The client is waited for; ready when it was too slow.
    pub fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = self.wait();
        // Beyond a year nothing is measured.
        let until = since + self.allowance.min(Duration::from_secs(365 * 86_400));
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        timer.as_mut().poll(cx)
    }
}

fn time_of(bytes: usize, bytes_per_second: f64) -> Duration {
    Duration::try_from_secs_f64(bytes as f64 / bytes_per_second).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::{MinRate, SEND_BUFFER};
    use std::future::poll_fn;
    use std::time::Duration;
    use tokio::time::{Instant, timeout};

    const GRACE: Duration = Duration::from_secs(60);

    /// How long a silence may be from now on.
    async fn patience(rate: &mut MinRate) -> Duration {
        let begun = Instant::now();
        poll_fn(|cx| rate.poll_too_slow(cx)).await;
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn fast_bytes_earn_no_silence() {
        let mut rate = MinRate::new(GRACE, 1024);
        rate.moved(1 << 30);
        assert_eq!(patience(&mut rate).await.as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_at_the_rate_is_never_too_slow_and_one_below_it_is_in_the_end() {
        let mut steady = MinRate::new(GRACE, 1024);
        for _ in 0..1_000 {
            let wait = poll_fn(|cx| steady.poll_too_slow(cx));
            assert!(timeout(Duration::from_secs(50), wait).await.is_err());
            steady.moved(50 * 1024);
        }
        let mut slow = MinRate::new(GRACE, 1024);
        let begun = Instant::now();
        let cut = async {
            loop {
                let wait = poll_fn(|cx| slow.poll_too_slow(cx));
                if timeout(Duration::from_secs(1), wait).await.is_ok() {
                    break;
                }
                slow.moved(512);
            }
        };
        cut.await;
        assert!((119..=122).contains(&begun.elapsed().as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_has_the_time_that_the_systems_buffer_takes() {
        let mut rate = MinRate::of_reader(GRACE, 1024);
        assert_eq!(
            patience(&mut rate).await.as_secs(),
            60 + SEND_BUFFER as u64 / 1024
        );
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_time_spent_on_the_client_counts() {
        let mut rate = MinRate::new(GRACE, 1024);
        let wait = poll_fn(|cx| rate.poll_too_slow(cx));
        assert!(timeout(Duration::from_secs(20), wait).await.is_err());
        rate.pause();
        tokio::time::sleep(Duration::from_secs(1_000)).await;
        assert_eq!(patience(&mut rate).await.as_secs(), 40);
    }
}
