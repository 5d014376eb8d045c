//! Whose turn it is: priorities with a floor, and in each priority the tenants by their share.

use super::Waiting;
use super::flow::{Flow, FlowKey};
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

/// What the tenants of a priority were given, as virtual time: a tenant is at the cost of what it was served.
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
    /// The flow whose turn it is.
    pub fn next<'a, W: 'a>(
        &self,
        flows: impl Iterator<Item = (&'a FlowKey, &'a Flow<W>)> + Clone,
    ) -> Option<(&'a FlowKey, &'a Flow<W>)> {
        let priority = self.priority(flows.clone())?;
        let of_it = flows.filter(|(key, _)| key.priority == priority);
        let rank = |(key, flow): &(&FlowKey, &Flow<W>)| {
            let reached = self.priorities.get(&priority);
            let share = reached.map_or(0.0, |shares| shares.of(key.tenant));
            (
                share,
                flow.first(**key, false)
                    .map(|first| (first.deadline, first.number)),
            )
        };
        of_it.min_by(|one, other| {
            let (one, other) = (rank(one), rank(other));
            one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))
        })
    }

    fn priority<'a, W: 'a>(
        &self,
        mut flows: impl Iterator<Item = (&'a FlowKey, &'a Flow<W>)>,
    ) -> Option<u8> {
        // The flows are in the order of their priorities, the lowest first.
        let (key, _) = match self.served % FLOOR {
            9 => flows.min_by_key(|(_, flow)| flow.arrived()),
            19 => flows.next(),
            _ => flows.last(),
        }?;
        Some(key.priority)
    }

    /// A request was served.
    pub fn served(&mut self, waiting: &Waiting) {
        self.served += 1;
        let shares = self.priorities.entry(waiting.priority).or_default();
        let begun = shares.of(waiting.tenant);
        shares.now = begun;
        shares.tenants.insert(waiting.tenant, begun + waiting.cost);
    }

    /// No request of a flow waits any more; these flows are left.
    pub fn left<'a>(
        &mut self,
        gone: FlowKey,
        mut flows: impl Iterator<Item = &'a FlowKey> + Clone,
    ) {
        let priority_waits = flows.clone().any(|key| key.priority == gone.priority);
        if !priority_waits {
            self.priorities.remove(&gone.priority);
        } else if !flows.any(|key| key.priority == gone.priority && key.tenant == gone.tenant)
            && let Some(shares) = self.priorities.get_mut(&gone.priority)
        {
            shares.tenants.remove(&gone.tenant);
        }
    }
}
