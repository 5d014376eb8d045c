//! Which side an exchange waits for, and for how long. Every step forward restarts the wait; the call's deadline ends all
//! waits.

use super::limits::CallLimits;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};

/// The longest wait for a response after sending the request failed.
const LAST_WORD: Duration = Duration::from_millis(250);

/// Which side is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitFor {
    EndpointReads,
    EndpointResponds,
    /// An endpoint that took no more of the request may have said why.
    LastWord,
    Requester,
}

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUp {
    Wait(WaitFor),
    Deadline,
}

/// The waits of one exchange.
pub struct Wait {
    limits: CallLimits,
    deadline: Instant,
    timer: Pin<Box<Sleep>>,
    current: Option<WaitFor>,
    /// When the present wait began.
    begun: Instant,
    /// The waits for the requester that are over.
    requester_time: Duration,
}

impl Wait {
    /// No wait has begun.
    pub fn new(limits: CallLimits, deadline: Instant) -> Self {
        Self {
            limits,
            deadline,
            timer: Box::pin(tokio::time::sleep_until(deadline)),
            current: None,
            begun: Instant::now(),
            requester_time: Duration::ZERO,
        }
    }

    /// A step forward was made: the wait is over.
    pub fn end(&mut self) {
        self.requester_time = self.requester_time();
        self.current = None;
    }

    /// How long the requester was waited for, in all.
    pub fn requester_time(&self) -> Duration {
        match self.current {
            Some(WaitFor::Requester) => self.requester_time + self.begun.elapsed(),
            _ => self.requester_time,
        }
    }

    /// This one is not waited for any more.
    pub fn end_of(&mut self, who: WaitFor) {
        if self.current == Some(who) {
            self.end();
        }
    }

    /// This one is waited for from now on, if it is not already.
    pub fn begin(&mut self, who: WaitFor) {
        if self.current == Some(who) {
            return;
        }
        self.end();
        self.begun = Instant::now();
        let until = match who {
            WaitFor::EndpointReads => self.begun + self.limits.send,
            WaitFor::EndpointResponds => self.begun + self.limits.read,
            WaitFor::LastWord => self.begun + LAST_WORD,
            WaitFor::Requester => self.deadline,
        };
        self.current = Some(who);
        self.timer.as_mut().reset(until.min(self.deadline));
    }

    /// Ready when the wait was too long; `otherwise` is waited for where nobody is yet.
    pub fn poll(&mut self, otherwise: WaitFor, cx: &mut Context<'_>) -> Poll<TimeUp> {
        let who = self.current.unwrap_or(otherwise);
        self.begin(who);
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(match who {
            WaitFor::LastWord => TimeUp::Wait(who),
            _ if Instant::now() >= self.deadline => TimeUp::Deadline,
            who => TimeUp::Wait(who),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait() -> Wait {
        let call = crate::dialect::Call::unknown("test");
        let limits = CallLimits::of(&call, &crate::config::Upstream::default());
        Wait::new(limits, Instant::now() + Duration::from_secs(3600))
    }

    async fn seconds(count: u64) {
        tokio::time::advance(Duration::from_secs(count)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_the_requester_let_others_wait_is_the_requesters_time() {
        let mut wait = wait();
        wait.begin(WaitFor::EndpointReads);
        seconds(1).await;
        wait.begin(WaitFor::Requester);
        seconds(2).await;
        wait.end();
        seconds(4).await;
        wait.begin(WaitFor::Requester);
        seconds(8).await;
        assert_eq!(wait.requester_time(), Duration::from_secs(10));
        wait.begin(WaitFor::EndpointResponds);
        seconds(16).await;
        assert_eq!(wait.requester_time(), Duration::from_secs(10));
    }
}
