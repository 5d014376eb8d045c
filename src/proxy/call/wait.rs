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
}

impl Wait {
    /// No wait has begun.
    pub fn new(limits: CallLimits, deadline: Instant) -> Self {
        Self {
            limits,
            deadline,
            timer: Box::pin(tokio::time::sleep_until(deadline)),
            current: None,
        }
    }

    /// A step forward was made: the wait is over.
    pub fn end(&mut self) {
        self.current = None;
    }

    /// This one is not waited for any more.
    pub fn end_of(&mut self, who: WaitFor) {
        if self.current == Some(who) {
            self.current = None;
        }
    }

    /// This one is waited for from now on, if it is not already.
    pub fn begin(&mut self, who: WaitFor) {
        if self.current == Some(who) {
            return;
        }
        let until = match who {
            WaitFor::EndpointReads => Instant::now() + self.limits.send,
            WaitFor::EndpointResponds => Instant::now() + self.limits.read,
            WaitFor::LastWord => Instant::now() + LAST_WORD,
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
