//! Whose turn it is: priorities with a floor, and in each priority the tenants by their share.

use super::backlog::Backlog;
use super::flow::FlowKey;
use super::{Passed, QueueTicket, Waiting};
use crate::Moment;
use std::collections::{BTreeMap, BTreeSet};

/// Of so many turns one is the lowest priority's, and one is the longest waiting's.
const FLOOR: u64 = 20;
/// Tenants of which nothing waits and that are remembered at most, in a priority.
const REMEMBERED: usize = 4096;

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
    /// Where each tenant has come to; one without an entry is at `now`.
    tenants: BTreeMap<u64, f64>,
    /// Those that had nothing waiting any more when they were beyond `now`, the nearest first. They are remembered until the
    /// others have come as far: who has one request waiting at a time would otherwise always be the next.
    gone: BTreeSet<(u64, u64)>,
}

impl Shares {
    fn of(&self, tenant: u64) -> f64 {
        let reached = self.tenants.get(&tenant).copied();
        reached.map_or(self.now, |reached| reached.max(self.now))
    }

    fn served(&mut self, tenant: u64, virtual_cost: f64) {
        let begun = self.of(tenant);
        self.now = begun;
        let before = self.tenants.insert(tenant, begun + virtual_cost);
        before.map(|before| self.gone.remove(&(before.to_bits(), tenant)));
        while self
            .gone
            .first()
            .is_some_and(|(to, _)| f64::from_bits(*to) <= begun)
        {
            self.forget_first();
        }
    }

    /// Nothing of a tenant waits any more.
    fn left(&mut self, tenant: u64) {
        match self.tenants.get(&tenant).copied() {
            Some(reached) if reached > self.now => {
                self.gone.insert((reached.to_bits(), tenant));
            }
            _ => {
                self.tenants.remove(&tenant);
            }
        }
        if self.gone.len() > REMEMBERED {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, tenant)) = self.gone.pop_first() {
            self.tenants.remove(&tenant);
        }
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
        shares.served(waiting.tenant, waiting.virtual_cost());
    }

    /// How much farther a tenant has come than who was served last, in virtual cost: as much of the others goes before it.
    pub fn lead(&self, priority: u8, tenant: u64) -> f64 {
        let shares = self.priorities.get(&priority);
        shares.map_or(0.0, |shares| shares.of(tenant) - shares.now)
    }

    /// A request of a flow waits no more; this is what still waits.
    pub fn left(&mut self, gone: FlowKey, backlog: &Backlog) {
        if backlog.tenants(gone.priority) == 0 {
            self.priorities.remove(&gone.priority);
        } else if !backlog.has(gone.priority, gone.tenant)
            && let Some(shares) = self.priorities.get_mut(&gone.priority)
        {
            shares.left(gone.tenant);
        }
    }
}
