//! A flow: the requests of one priority, tenant and need, by deadline and age.

use super::{QueueTicket, Waiting};
use crate::Moment;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

/// Which flow a request is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowKey {
    pub priority: u8,
    pub tenant: u64,
    pub need: u64,
}

/// The requests of one flow.
#[derive(Debug)]
pub struct Flow<W> {
    /// Since when one of it has been waiting at any time.
    since: Moment,
    waiting: BTreeMap<(Moment, u64), (Waiting, W)>,
}

impl<W> Flow<W> {
    /// One of which nothing has waited yet.
    pub fn new(now: Moment) -> Self {
        Self {
            since: now,
            waiting: BTreeMap::new(),
        }
    }

    /// Since when one of it has been waiting at any time.
    pub fn since(&self) -> Moment {
        self.since
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Those that wait.
    pub fn all(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.values().map(|(waiting, _)| waiting)
    }

    pub fn push(&mut self, ticket: QueueTicket, waiting: Waiting, owner: W) {
        let place = (ticket.deadline, ticket.number);
        self.waiting.insert(place, (waiting, owner));
    }

    pub fn get(&self, ticket: QueueTicket) -> Option<&W> {
        let place = (ticket.deadline, ticket.number);
        self.waiting.get(&place).map(|(_, owner)| owner)
    }

    /// A request with what its owner keeps of it.
    pub fn entry(&self, ticket: QueueTicket) -> Option<(Waiting, &W)> {
        let place = (ticket.deadline, ticket.number);
        let (waiting, owner) = self.waiting.get(&place)?;
        Some((*waiting, owner))
    }

    pub fn remove(&mut self, ticket: QueueTicket) -> Option<(Waiting, W)> {
        self.waiting.remove(&(ticket.deadline, ticket.number))
    }

    /// The virtual cost of one request.
    pub fn virtual_cost_of(&self, ticket: QueueTicket) -> Option<f64> {
        let place = (ticket.deadline, ticket.number);
        let (waiting, _) = self.waiting.get(&place)?;
        Some(waiting.virtual_cost())
    }

    /// Who of it is served next, `after` another one of it: the newest under congestion, otherwise who has the least time.
    pub fn next(
        &self,
        flow: FlowKey,
        after: Option<QueueTicket>,
        lifo: bool,
    ) -> Option<QueueTicket> {
        let end = after.map(|after| Bound::Excluded((after.deadline, after.number)));
        let end = end.unwrap_or(Bound::Unbounded);
        let (place, _) = match lifo {
            true => self.waiting.range((Bound::Unbounded, end)).next_back()?,
            false => self.waiting.range((end, Bound::Unbounded)).next()?,
        };
        Some(ticket(flow, place))
    }

    /// Who of it has the most time.
    pub fn last(&self, flow: FlowKey) -> Option<QueueTicket> {
        let (place, _) = self.waiting.last_key_value()?;
        Some(ticket(flow, place))
    }

    /// When the one with the least time arrived.
    pub fn arrived(&self) -> Option<Moment> {
        let (_, (waiting, _)) = self.waiting.first_key_value()?;
        Some(waiting.arrived)
    }

    /// One whose deadline is over, or that has waited for longer than `patience`.
    pub fn expired(
        &self,
        flow: FlowKey,
        patience: Option<Duration>,
        now: Moment,
    ) -> Option<QueueTicket> {
        let (place, (waiting, _)) = self.waiting.first_key_value()?;
        let too_long = patience.is_some_and(|patience| now - waiting.arrived > patience);
        (waiting.deadline <= now || too_long).then(|| ticket(flow, place))
    }
}

fn ticket(flow: FlowKey, (deadline, number): &(Moment, u64)) -> QueueTicket {
    QueueTicket {
        flow,
        deadline: *deadline,
        number: *number,
    }
}
