//! Who was passed over in one look at the endpoints, so that the next in order is asked.

use super::flow::FlowKey;
use super::{Queue, QueueTicket};

/// Those that were passed over.
#[derive(Debug, Default)]
pub struct Passed {
    /// Needs for which no endpoint has room: nobody of these is asked.
    needs: Vec<u64>,
    /// Those that would rather wait, and the virtual cost of each, in the order in which they were asked.
    asked: Vec<(QueueTicket, f64)>,
    /// How long these are expected to take, in multiples of the mean request.
    work: f64,
}

impl Passed {
    /// So many at most wait though an endpoint has room; whoever is behind them is to take what is free. Otherwise many long
    /// requests that wait for fast endpoints could leave the others idle.
    pub const MAY_WAIT: usize = 24;

    /// No endpoint has room for what this one needs.
    pub fn pass_need(&mut self, ticket: QueueTicket) {
        self.needs.push(ticket.need());
    }

    /// This one would rather wait; another of its need may not. `work`: how long it is expected to take.
    pub fn pass_one<W>(&mut self, ticket: QueueTicket, work: f64, queue: &Queue<W>) {
        let cost = queue
            .flows
            .get(&ticket.flow)
            .and_then(|flow| flow.virtual_cost_of(ticket));
        self.asked.push((ticket, cost.unwrap_or_default()));
        self.work += work;
    }

    /// How many decisions to pass somebody over were made.
    pub fn count(&self) -> usize {
        self.needs.len() + self.asked.len()
    }

    /// The work before who is asked next; without a bound where so many would rather wait that this one should not.
    pub fn work(&self) -> f64 {
        match self.asked.len() < Self::MAY_WAIT {
            true => self.work,
            false => f64::INFINITY,
        }
    }

    pub(super) fn has_need(&self, need: u64) -> bool {
        self.needs.contains(&need)
    }

    /// The last one of a flow that was asked.
    pub(super) fn last_of(&self, flow: FlowKey) -> Option<QueueTicket> {
        let asked = self.asked.iter().rev();
        asked
            .map(|(ticket, _)| *ticket)
            .find(|ticket| ticket.flow == flow)
    }

    /// The virtual cost of those of a tenant that were asked: as if they had been served.
    pub(super) fn virtual_cost_of(&self, flow: FlowKey) -> f64 {
        let is_its =
            |other: FlowKey| other.tenant == flow.tenant && other.priority == flow.priority;
        let asked = self.asked.iter().filter(|(ticket, _)| is_its(ticket.flow));
        asked.map(|(_, cost)| cost).sum()
    }
}
