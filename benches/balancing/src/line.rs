//! How requests wait in a proxy while its policy picks no replica for them.

use crate::arrivals::Arrival;
use crate::scenario::Scenario;
use balancing::{Moment, Overload, Passed, Queue, QueueRules};
use clap::ValueEnum;
use std::collections::VecDeque;
use std::time::Duration;

/// Ways to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Waiting {
    /// In order, without a bound; whose client has left is served all the same.
    Fifo,
    /// In the queue of the crate, which refuses who would begin too late.
    PredictedWait,
    /// In the queue of the crate, by controlled delay with adaptive LIFO.
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
}

/// Requests that wait in the queue of the crate at most, as by default.
const MAX_PENDING: usize = 1000;
/// The share of a client's deadline in which a request must begin.
const BEGINS_WITHIN: f64 = 0.3;
/// For clients that wait forever, seconds.
const FOREVER: f64 = 1e6;

/// The requests that wait.
#[derive(Debug)]
pub enum Line {
    Fifo {
        waiting: VecDeque<(Arrival, f64)>,
        /// The work of all of them.
        work: f64,
    },
    Queue {
        queue: Box<Queue<Arrival>>,
        rules: QueueRules,
        patience: Duration,
    },
}

impl Line {
    /// An empty one.
    pub fn new(waiting: Waiting, scenario: &Scenario) -> Self {
        let overload = match waiting {
            Waiting::Fifo => {
                return Line::Fifo {
                    waiting: VecDeque::new(),
                    work: 0.0,
                };
            }
            Waiting::PredictedWait => Overload::PredictedWait,
            Waiting::ControlledDelay => Overload::ControlledDelay,
        };
        let deadline = scenario.clients.map_or(FOREVER, |clients| clients.deadline);
        Line::Queue {
            queue: Box::default(),
            rules: QueueRules {
                max_pending: MAX_PENDING,
                overload,
            },
            patience: Duration::from_secs_f64(deadline * BEGINS_WITHIN),
        }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        match self {
            Line::Fifo { waiting, .. } => waiting.is_empty(),
            Line::Queue { queue, .. } => queue.is_empty(),
        }
    }

    /// The work of all that wait, as far as the line tells.
    pub fn work(&self) -> f64 {
        match self {
            Line::Fifo { work, .. } => *work,
            Line::Queue { .. } => 0.0,
        }
    }

    /// Lets a request of so much work wait; gives back who is refused for it.
    pub fn push(&mut self, arrival: Arrival, of: f64, now: Moment) -> Option<Arrival> {
        let (queue, rules, patience) = match self {
            Line::Fifo { waiting, work } => {
                *work += of;
                waiting.push_back((arrival, of));
                return None;
            }
            Line::Queue {
                queue,
                rules,
                patience,
            } => (queue, rules, patience),
        };
        let waiting = balancing::Waiting {
            priority: 0,
            cost: arrival.ask.cost,
            tenant: 0,
            need: 0,
            arrived: now,
            deadline: now + *patience,
        };
        match queue.push(waiting, arrival, rules, now) {
            Ok(queued) => queued.displaced.map(|(arrival, _)| arrival),
            Err(_) => Some(arrival),
        }
    }

    /// The place in line of who came last, as far as the line tells.
    pub fn last(&self) -> usize {
        match self {
            Line::Fifo { waiting, .. } => waiting.len().saturating_sub(1),
            Line::Queue { .. } => 0,
        }
    }

    /// Who is served when so many before it are passed over. The queue of the crate passes over none.
    pub fn nth(&self, passed: usize, now: Moment) -> Option<Arrival> {
        match self {
            Line::Fifo { waiting, .. } => waiting.get(passed).map(|(arrival, _)| *arrival),
            Line::Queue { queue, .. } if passed == 0 => {
                queue.get(queue.next(&Passed::default(), now)?).copied()
            }
            Line::Queue { .. } => None,
        }
    }

    /// Takes out who is served when so many before it are passed over.
    pub fn take_nth(&mut self, passed: usize, now: Moment) {
        match self {
            Line::Fifo { waiting, work } => {
                if let Some((_, of)) = waiting.remove(passed) {
                    *work = if waiting.is_empty() { 0.0 } else { *work - of };
                }
            }
            Line::Queue { queue, .. } => {
                if let Some(ticket) = queue.next(&Passed::default(), now).filter(|_| passed == 0) {
                    queue.serve(ticket, now);
                }
            }
        }
    }

    /// Takes out one that has waited too long.
    pub fn take_expired(&mut self, now: Moment) -> Option<Arrival> {
        match self {
            Line::Fifo { .. } => None,
            Line::Queue { queue, rules, .. } => Some(queue.expired(rules, now)?.0),
        }
    }
}
