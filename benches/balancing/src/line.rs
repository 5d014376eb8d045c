//! How requests wait in a proxy: in the queue of the crate, as in the path, or one after the other.

use crate::scenario::Scenario;
use crate::shipped::{MAX_PENDING, MAX_PENDING_PER_ENDPOINT, MAX_WAIT};
use balancing::{Moment, Newcomer, Offer, Overload, Places, Queue, QueueRules, Refusal};
use clap::ValueEnum;
use std::collections::VecDeque;
use std::time::Duration;

/// Ways to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Waiting {
    /// In the queue of the crate without a bound on those that wait, for as long as it takes; only who is foretold more than two
    /// seconds is refused.
    Patient,
    /// One after the other, without a bound and for as long as it takes: nobody is refused, nobody is passed, and whose client has
    /// left is served all the same.
    Fifo,
    /// As by default: who would begin too late is refused.
    PredictedWait,
    /// By controlled delay with adaptive LIFO.
    ControlledDelay,
}

impl Waiting {
    /// Those that are compared where more comes than can be served.
    pub const COMPARED: [Waiting; 3] = [
        Waiting::Fifo,
        Waiting::PredictedWait,
        Waiting::ControlledDelay,
    ];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Waiting::Patient => "for as long as it takes",
            Waiting::Fifo => "in order, no bound",
            Waiting::PredictedWait => "predicted wait",
            Waiting::ControlledDelay => "controlled delay",
        }
    }
}

/// The share of a client's deadline in which a request must begin, as in the path.
const BEGINS_WITHIN: f64 = 0.3;
/// For those that wait for as long as it takes, seconds.
const FOREVER: f64 = 1e6;

/// The requests that wait, by the numbers of their calls.
#[derive(Debug)]
pub enum Line {
    Fifo(VecDeque<usize>),
    Queue(RuledQueue),
}

/// The queue of the crate.
#[derive(Debug)]
pub struct RuledQueue {
    queue: Queue<usize>,
    rules: QueueRules,
    patience: Duration,
}

impl Line {
    /// An empty one.
    pub fn new(waiting: Waiting, scenario: &Scenario) -> Self {
        let overload = match waiting {
            Waiting::Fifo => return Self::away(),
            Waiting::Patient | Waiting::PredictedWait => Overload::PredictedWait,
            Waiting::ControlledDelay => Overload::ControlledDelay,
        };
        let told = scenario.clients.filter(|clients| clients.say_so);
        let deadline = told.map_or(FOREVER, |clients| clients.deadline);
        let (max_pending, patience) = match waiting {
            Waiting::Patient => (usize::MAX, FOREVER),
            _ => (
                MAX_PENDING.min(MAX_PENDING_PER_ENDPOINT * scenario.replica_count()),
                MAX_WAIT.as_secs_f64().min(deadline * BEGINS_WITHIN),
            ),
        };
        Self::Queue(RuledQueue {
            queue: Queue::default(),
            rules: QueueRules {
                max_pending,
                overload,
            },
            patience: Duration::from_secs_f64(patience),
        })
    }

    /// The place of a line that is elsewhere for a moment.
    pub fn away() -> Self {
        Self::Fifo(VecDeque::new())
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        match self {
            Line::Fifo(calls) => calls.is_empty(),
            Line::Queue(ruled) => ruled.queue.is_empty(),
        }
    }

    /// Lets a call wait; gives back who is refused for it.
    pub fn push(&mut self, call: usize, waiting: balancing::Waiting, now: Moment) -> Option<usize> {
        match self {
            Line::Fifo(calls) => {
                calls.push_back(call);
                None
            }
            Line::Queue(ruled) => ruled.push(call, waiting, now),
        }
    }

    /// Hands out what places there are.
    pub fn hand_out(&mut self, places: &mut impl Places<usize>, now: Moment) {
        match self {
            Line::Fifo(calls) => hand_out_in_order(calls, places),
            Line::Queue(ruled) => ruled.queue.hand_out(places, now),
        }
    }

    /// Takes out one that has waited too long.
    pub fn take_expired(&mut self, now: Moment) -> Option<usize> {
        match self {
            Line::Fifo(_) => None,
            Line::Queue(ruled) => Some(ruled.queue.expired(&ruled.rules, now)?.0),
        }
    }
}

impl RuledQueue {
    /// The deadline of a call counts from when it first came. As in the path the queue is asked before it knows what the call costs
    /// as well: a tenant of which nothing waits was once refused by that question alone.
    fn push(&mut self, call: usize, waiting: balancing::Waiting, now: Moment) -> Option<usize> {
        let waiting = balancing::Waiting {
            deadline: waiting.arrived + self.patience,
            ..waiting
        };
        let newcomer = Newcomer::from(&waiting);
        if self.queue.closed_to(&newcomer, &self.rules, now).is_some() {
            return Some(call);
        }
        match self.queue.push(waiting, call, &self.rules, now) {
            Ok(queued) => queued.displaced.map(|(gone, _)| gone),
            Err(Refusal { .. }) => Some(call),
        }
    }
}

/// To the first that waits, and to the next only when it has got a place.
fn hand_out_in_order<P: Places<usize>>(calls: &mut VecDeque<usize>, places: &mut P) {
    while let Some(call) = calls.front() {
        match places.offer(call, 0.0) {
            Offer::Placed(answer) | Offer::Hopeless(answer) => {
                places.answer(*call, answer);
                calls.pop_front();
            }
            Offer::Gone => {
                calls.pop_front();
            }
            Offer::WouldWait { .. } | Offer::NoRoom => return,
        }
    }
}
