//! Whose turn it is: priorities with a floor, and in each priority the tenants by their share.

use super::backlog::Backlog;
use super::flow::FlowKey;
use super::{Passed, QueueTicket, Waiting};
use crate::Moment;
use std::collections::BTreeMap;

/// Of so many turns one is the lowest priority's, and one is the longest waiting's.
const FLOOR: u64 = 20;

/// Counts turns and what each tenant was given.
#[derive(Debug, Default)]
pub struct Turns {
    /// Requests served.
    served: u64,
    priorities: BTreeMap<u8, Shares>,
}

/// What the tenants of a priority were given, as virtual time: a tenant is at the cost of what it was served, over its weight.
#[derive(Debug, Default)]
struct Shares {
    /// Where the tenant was that was served last.
    now: f64,
    /// Where each tenant that waits has come to; one without an entry is at `now`.
    tenants: BTreeMap<u64, f64>,
}

impl Shares {
    fn of(&self, tenant: u64) -> f64 {
        let reached = self.tenants.get(&tenant).copied();
        reached.map_or(self.now, |reached| reached.max(self.now))
    }
}

impl Turns {
    /// Whose turn it is after so many `more` turns, of the first ones of the flows. Each with when the flow's oldest arrived, the lowest priority first.
    pub fn next(
        &self,
        firsts: impl Iterator<Item = (QueueTicket, Moment)> + Clone,
        passed: &Passed,
        more: u64,
    ) -> Option<QueueTicket> {
        let priority = self.priority(firsts.clone(), more)?;
        let shares = self.priorities.get(&priority);
        let rank = |ticket: &QueueTicket| {
            let reached = shares.map_or(0.0, |shares| shares.of(ticket.flow.tenant));
            reached + passed.virtual_cost_of(ticket.flow)
        };
        let tickets = firsts.map(|(ticket, _)| ticket);
        let of_it = tickets.filter(|ticket| ticket.flow.priority == priority);
        of_it.min_by(|one, other| {
            let by_age = (one.deadline, one.number).cmp(&(other.deadline, other.number));
            rank(one).total_cmp(&rank(other)).then(by_age)
        })
    }

    fn priority(
        &self,
        mut firsts: impl Iterator<Item = (QueueTicket, Moment)>,
        more: u64,
    ) -> Option<u8> {
        let (ticket, _) = match (self.served + more) % FLOOR {
            9 => firsts.min_by_key(|(_, arrived)| *arrived),
            19 => firsts.next(),
            _ => firsts.last(),
        }?;
        Some(ticket.flow.priority)
    }

    /// A request was served.
    pub fn served(&mut self, waiting: &Waiting) {
        self.served += 1;
        let shares = self.priorities.entry(waiting.priority).or_default();
        let begun = shares.of(waiting.tenant);
        let reached = begun + waiting.virtual_cost();
        shares.now = begun;
        shares.tenants.insert(waiting.tenant, reached);
    }

    /// A request of a flow waits no more; this is what still waits.
    pub fn left(&mut self, gone: FlowKey, backlog: &Backlog) {
        if backlog.tenants(gone.priority) == 0 {
            self.priorities.remove(&gone.priority);
        } else if !backlog.has(gone.priority, gone.tenant)
            && let Some(shares) = self.priorities.get_mut(&gone.priority)
        {
            shares.tenants.remove(&gone.tenant);
        }
    }
}
