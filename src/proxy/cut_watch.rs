//! Checks periodically whether a client has left while its body cannot be sent on. Reading would not show it: the end of
//! its side comes after bytes that are not read yet, and reading them would mean holding them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The time between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// When to look next.
#[derive(Default)]
pub struct CutWatch(Option<Pin<Box<Sleep>>>);

impl CutWatch {
    /// Ready when a look found that the client has left.
    pub fn poll(&mut self, cx: &mut Context<'_>, is_cut: impl Fn() -> bool) -> Poll<()> {
        let begin = || Box::pin(tokio::time::sleep(EVERY));
        let timer = self.0.get_or_insert_with(begin);
        loop {
            ready!(timer.as_mut().poll(cx));
            if is_cut() {
                return Poll::Ready(());
            }
            timer.as_mut().reset(Instant::now() + EVERY);
        }
    }
}
