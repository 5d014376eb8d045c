//! The queue of a service: who waits for an endpoint, in which order, and who is refused. It is plain data with the clock
//! handed in; whoever owns it wakes the waiters.
//!
//! Order: priority, larger first, with a floor for the others; inside a priority the tenants share by weighted fair queueing
//! on cost (start-time fair queueing, Goyal 1996: a request is as long as its cost over the weight of its tenant); of one tenant the earliest deadline, then the oldest. Refused is who
//! would wait for longer than its deadline leaves, and when the queue is full, the tenant of the lowest priority that waits
//! for most.

mod admission;
mod backlog;
mod drain;
mod flow;
mod hand_out;
mod order;
mod overload;
mod passed;
mod summary;

pub use admission::{Newcomer, QueueRefusal, Queued, Refusal};
pub use hand_out::{Offer, Places};
pub use overload::Overload;
pub use passed::Passed;
pub use summary::QueueSummary;

use crate::Moment;
use backlog::Backlog;
use drain::DrainRate;
use flow::{Flow, FlowKey};
use order::Turns;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the queue knows of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Waiting {
    /// Larger goes first.
    pub priority: u8,
    /// Estimated cost, more than 0; tenants share by it.
    pub cost: f64,
    /// Whose request it is, hashed.
    pub tenant: u64,
    /// How much its tenant is given, over what one of weight 1 is; more than 0.
    pub weight: f64,
    /// What it needs of an endpoint, hashed: where one request finds no place, no other of the same need does.
    pub need: u64,
    pub arrived: Moment,
    /// When it must have found a place.
    pub deadline: Moment,
}

impl Waiting {
    /// How far its tenant comes in virtual time when it is served.
    fn virtual_cost(&self) -> f64 {
        self.cost / self.weight
    }
}

/// The bounds of a queue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueueRules {
    /// Requests that wait at most.
    pub max_pending: usize,
    pub overload: Overload,
}

/// The place of a request in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueTicket {
    flow: FlowKey,
    deadline: Moment,
    number: u64,
}

impl QueueTicket {
    /// What the request needs of an endpoint.
    pub fn need(self) -> u64 {
        self.flow.need
    }
}

/// The requests of a service that wait, each with what its owner keeps of it.
#[derive(Debug)]
pub struct Queue<W> {
    flows: BTreeMap<FlowKey, Flow<W>>,
    len: usize,
    backlog: Backlog,
    /// Numbers the requests in the order of their arrival.
    number: u64,
    turns: Turns,
    drain: DrainRate,
    /// As the rules said last.
    overload: Overload,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        Self {
            flows: BTreeMap::new(),
            len: 0,
            backlog: Backlog::default(),
            number: 0,
            turns: Turns::default(),
            drain: DrainRate::default(),
            overload: Overload::PredictedWait,
        }
    }
}

impl<W> Queue<W> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Why the queue takes no request of this tenant whose priority is this or lower, whatever it costs and needs, that waits until
    /// this deadline at most; `None` where one may wait.
    pub fn closed_to(&self, who: &Newcomer, rules: &QueueRules, now: Moment) -> Option<Refusal> {
        let why = admission::closed_to(self, who, rules, now)?;
        Some(admission::refusal(self, why, now))
    }

    /// Lets a request wait, unless there is no room or its deadline would be over first.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn push(
        &mut self,
        waiting: Waiting,
        owner: W,
        rules: &QueueRules,
        now: Moment,
    ) -> Result<Queued<W>, Refusal> {
        admission::push(self, waiting, owner, rules, now)
    }

    /// Who is served next, of those that were not passed over.
    pub fn next(&self, passed: &Passed, now: Moment) -> Option<QueueTicket> {
        self.next_after(passed, 0, now)
    }

    /// The first ones in the order in which they are served if nobody comes or goes meanwhile; so many at most.
    pub fn first(&self, count: usize, now: Moment) -> Vec<(Waiting, &W)> {
        let (mut passed, mut first) = (Passed::default(), Vec::new());
        while first.len() < count
            && let Some(ticket) = self.next_after(&passed, first.len() as u64, now)
            && let Some(entry) = self
                .flows
                .get(&ticket.flow)
                .and_then(|flow| flow.entry(ticket))
        {
            passed.pass_one(ticket, 0.0, self);
            first.push(entry);
        }
        first
    }

    fn next_after(&self, passed: &Passed, more: u64, now: Moment) -> Option<QueueTicket> {
        let flows = self
            .flows
            .iter()
            .filter(|(key, _)| !passed.has_need(key.need));
        let firsts = flows.filter_map(|(key, flow)| {
            let is_lifo = self.overload.is_lifo(flow.since(), now);
            let first = flow.next(*key, passed.last_of(*key), is_lifo)?;
            Some((first, flow.arrived()?))
        });
        self.turns.next(firsts, passed, more)
    }

    /// Whether a request of this need waits.
    pub fn awaits(&self, need: u64) -> bool {
        self.flows.keys().any(|flow| flow.need == need)
    }

    /// What the owner keeps of a request that waits.
    pub fn get(&self, ticket: QueueTicket) -> Option<&W> {
        self.flows.get(&ticket.flow)?.get(ticket)
    }

    /// The request was given a place: it waits no more.
    pub fn serve(&mut self, ticket: QueueTicket, now: Moment) -> Option<W> {
        let (waiting, owner) = self.remove(ticket, now)?;
        self.turns.served(&waiting);
        self.drain.served(waiting.cost, now);
        Some(owner)
    }

    /// The request waits no more, and was given nothing.
    pub fn cancel(&mut self, ticket: QueueTicket, now: Moment) -> Option<W> {
        Some(self.remove(ticket, now)?.1)
    }

    /// Takes out one that has waited too long; to be called until there is none. Each with why.
    pub fn expired(&mut self, rules: &QueueRules, now: Moment) -> Option<(W, Refusal)> {
        self.overload = rules.overload;
        let mut flows = self.flows.iter();
        let ticket = flows.find_map(|(key, flow)| {
            let patience = rules.overload.patience(flow.since(), now);
            flow.expired(*key, patience, now)
        })?;
        let refusal = admission::refusal(self, QueueRefusal::QueueTimeout, now);
        Some((self.cancel(ticket, now)?, refusal))
    }

    /// How long all that wait now take to be served; `None` where that is not known.
    pub fn predicted_wait(&self, now: Moment) -> Option<Duration> {
        self.drain.time_for(self.backlog.cost(), now)
    }

    /// A refusal, with the time after which those that wait now will have been served.
    pub fn refuse(&self, why: QueueRefusal, now: Moment) -> Refusal {
        admission::refusal(self, why, now)
    }

    /// Hands out what places there are.
    pub fn hand_out<P: Places<W>>(&mut self, places: &mut P, now: Moment) {
        hand_out::all(self, places, now);
    }

    /// Who waits, in numbers.
    pub fn summary(&self, now: Moment) -> QueueSummary {
        summary::of(self, now)
    }

    fn remove(&mut self, ticket: QueueTicket, now: Moment) -> Option<(Waiting, W)> {
        let flow = self.flows.get_mut(&ticket.flow)?;
        let removed = flow.remove(ticket)?;
        self.backlog.remove(&removed.0);
        if flow.is_empty() {
            self.flows.remove(&ticket.flow);
            self.turns.left(ticket.flow, &self.backlog);
        }
        self.len -= 1;
        if self.len == 0 {
            self.drain.ended(now);
        }
        Some(removed)
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
