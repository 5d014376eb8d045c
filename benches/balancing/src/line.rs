//! How requests wait in a proxy: in the queue of the crate, as in the path.

use crate::scenario::Scenario;
use crate::shipped::{MAX_PENDING, MAX_PENDING_PER_ENDPOINT, MAX_WAIT};
use balancing::{Moment, Overload, Places, Queue, QueueRules, Refusal};
use clap::ValueEnum;
use std::time::Duration;

/// Ways to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Waiting {
    /// Without a bound, for as long as it takes; whose client has left is served all the same.
    Fifo,
    /// As by default: who would begin too late is refused.
    PredictedWait,
    /// By controlled delay with adaptive LIFO.
    ControlledDelay,
}

impl Waiting {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Waiting::Fifo => "in order, no bound",
            Waiting::PredictedWait => "predicted wait",
            Waiting::ControlledDelay => "controlled delay",
        }
    }

    fn overload(self) -> Overload {
        match self {
            Waiting::Fifo | Waiting::PredictedWait => Overload::PredictedWait,
            Waiting::ControlledDelay => Overload::ControlledDelay,
        }
    }
}

/// The share of a client's deadline in which a request must begin, as in the path.
const BEGINS_WITHIN: f64 = 0.3;
/// For those that wait for as long as it takes, seconds.
const FOREVER: f64 = 1e6;

/// The requests that wait, by the numbers of their calls.
#[derive(Debug)]
pub struct Line {
    queue: Queue<usize>,
    rules: QueueRules,
    patience: Duration,
}

impl Line {
    /// An empty one.
    pub fn new(waiting: Waiting, scenario: &Scenario) -> Self {
        let told = scenario.clients.filter(|clients| clients.say_so);
        let deadline = told.map_or(FOREVER, |clients| clients.deadline);
        let (max_pending, patience) = match waiting {
            Waiting::Fifo => (usize::MAX, FOREVER),
            Waiting::PredictedWait | Waiting::ControlledDelay => (
                MAX_PENDING.min(MAX_PENDING_PER_ENDPOINT * scenario.replica_count()),
                MAX_WAIT.as_secs_f64().min(deadline * BEGINS_WITHIN),
            ),
        };
        Self {
            queue: Queue::default(),
            rules: QueueRules {
                max_pending,
                overload: waiting.overload(),
            },
            patience: Duration::from_secs_f64(patience),
        }
    }

    /// The place of a line that is elsewhere for a moment.
    pub fn away() -> Self {
        Self {
            queue: Queue::default(),
            rules: QueueRules {
                max_pending: 0,
                overload: Overload::PredictedWait,
            },
            patience: Duration::ZERO,
        }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Lets a call wait; gives back who is refused for it. Its deadline counts from when it first came.
    pub fn push(&mut self, call: usize, waiting: balancing::Waiting, now: Moment) -> Option<usize> {
        let waiting = balancing::Waiting {
            deadline: waiting.arrived + self.patience,
            ..waiting
        };
        match self.queue.push(waiting, call, &self.rules, now) {
            Ok(queued) => queued.displaced.map(|(gone, _)| gone),
            Err(Refusal { .. }) => Some(call),
        }
    }

    /// Hands out what places there are.
    pub fn hand_out(&mut self, places: &mut impl Places<usize>, now: Moment) {
        self.queue.hand_out(places, now);
    }

    /// Takes out one that has waited too long.
    pub fn take_expired(&mut self, now: Moment) -> Option<usize> {
        Some(self.queue.expired(&self.rules, now)?.0)
    }
}
