//! What waits, in sums that are kept up to date with each request that comes and goes: by priority, and in each by tenant.
//! Tenants are compared by virtual cost, which is cost over weight.

use super::Waiting;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

/// The estimated cost of all that waits.
#[derive(Debug, Default)]
pub struct Backlog {
    priorities: BTreeMap<u8, Tenants>,
}

/// What waits of one priority.
#[derive(Debug, Default)]
struct Tenants {
    all: BTreeMap<u64, Waits>,
    /// Each by virtual cost; of floats that are not negative, those with the larger bits are the larger.
    by_cost: BTreeSet<(u64, u64)>,
    cost: f64,
}

/// What waits of one tenant of a priority.
#[derive(Debug, Clone, Copy, Default)]
struct Waits {
    count: usize,
    cost: f64,
    virtual_cost: f64,
}

impl Backlog {
    /// A request waits.
    pub fn add(&mut self, waiting: &Waiting) {
        let tenants = self.priorities.entry(waiting.priority).or_default();
        tenants.change(waiting.tenant, |was| Waits {
            count: was.count + 1,
            cost: was.cost + waiting.cost,
            virtual_cost: was.virtual_cost + waiting.virtual_cost(),
        });
    }

    /// A request waits no more.
    pub fn remove(&mut self, waiting: &Waiting) {
        let Some(tenants) = self.priorities.get_mut(&waiting.priority) else {
            return;
        };
        tenants.change(waiting.tenant, |was| Waits {
            count: was.count.saturating_sub(1),
            cost: was.cost - waiting.cost,
            virtual_cost: was.virtual_cost - waiting.virtual_cost(),
        });
        if tenants.all.is_empty() {
            self.priorities.remove(&waiting.priority);
        }
    }

    /// The cost of all.
    pub fn cost(&self) -> f64 {
        self.priorities.values().map(|tenants| tenants.cost).sum()
    }

    /// The cost of all of higher priority.
    pub fn above(&self, priority: u8) -> f64 {
        let higher = self.priorities.iter().rev();
        let higher = higher.take_while(|(one, _)| **one > priority);
        higher.map(|(_, tenants)| tenants.cost).sum()
    }

    /// The virtual cost of what a tenant waits for in a priority.
    pub fn virtual_of(&self, priority: u8, tenant: u64) -> f64 {
        let tenants = self.priorities.get(&priority);
        let own = tenants.and_then(|tenants| tenants.all.get(&tenant));
        own.map_or(0.0, |own| own.virtual_cost)
    }

    /// The cost of what the tenants of a priority wait for, of each no more than this virtual cost. Takes as long as there are
    /// tenants that wait for more.
    pub fn shares(&self, priority: u8, most: f64) -> f64 {
        let Some(tenants) = self.priorities.get(&priority) else {
            return 0.0;
        };
        let most = most.max(0.0);
        let after = Bound::Excluded((most.to_bits(), u64::MAX));
        let over = tenants.by_cost.range((after, Bound::Unbounded));
        let beyond = over.map(|(_, tenant)| tenants.beyond(*tenant, most));
        // The sums are not exact: of tenants that all wait for more than nothing, a little less than nothing may be left.
        (tenants.cost - beyond.sum::<f64>()).max(0.0)
    }

    /// The lowest priority of which a request waits.
    pub fn lowest(&self) -> Option<u8> {
        self.priorities.keys().next().copied()
    }

    /// The tenant that waits for most in a priority, and for how much, in virtual cost.
    pub fn most(&self, priority: u8) -> Option<(u64, f64)> {
        let (bits, tenant) = *self.priorities.get(&priority)?.by_cost.last()?;
        Some((tenant, f64::from_bits(bits)))
    }

    /// How many tenants wait in a priority.
    pub fn tenants(&self, priority: u8) -> usize {
        let tenants = self.priorities.get(&priority);
        tenants.map_or(0, |tenants| tenants.all.len())
    }

    /// Whether a request of a tenant waits in a priority.
    pub fn has(&self, priority: u8, tenant: u64) -> bool {
        let tenants = self.priorities.get(&priority);
        tenants.is_some_and(|tenants| tenants.all.contains_key(&tenant))
    }
}

impl Tenants {
    /// The cost of what a tenant waits for beyond this virtual cost.
    fn beyond(&self, tenant: u64, most: f64) -> f64 {
        self.all.get(&tenant).map_or(0.0, |own| {
            own.cost * (1.0 - most / own.virtual_cost).max(0.0)
        })
    }

    fn change(&mut self, tenant: u64, change: impl FnOnce(Waits) -> Waits) {
        let before = self.all.remove(&tenant).unwrap_or_default();
        self.by_cost
            .remove(&(before.virtual_cost.to_bits(), tenant));
        let after = change(before).clamped();
        self.cost = (self.cost - before.cost + after.cost).max(0.0);
        if after.count > 0 {
            self.all.insert(tenant, after);
            self.by_cost.insert((after.virtual_cost.to_bits(), tenant));
        }
    }
}

impl Waits {
    /// Sums of floats that were added and taken away again are not exact: none is negative, and without requests there is no cost.
    fn clamped(self) -> Self {
        match self.count {
            0 => Self::default(),
            _ => Self {
                cost: self.cost.max(0.0),
                virtual_cost: self.virtual_cost.max(0.0),
                ..self
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Moment;
    use proptest::prelude::*;

    fn waiting(priority: u8, tenant: u64, cost: f64) -> Waiting {
        Waiting {
            priority,
            cost,
            tenant,
            weight: weight(tenant),
            need: 0,
            arrived: Moment(0),
            deadline: Moment(1),
        }
    }

    fn weight(tenant: u64) -> f64 {
        [1.0, 2.0, 0.5, 4.0][tenant as usize % 4]
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-6
    }

    proptest! {
        #[test]
        fn the_sums_are_those_of_what_waits(
            steps in prop::collection::vec((0..3u8, 0..4u64, 0.1..5.0f64, any::<bool>()), 1..200),
            most in 0.0..20.0f64,
        ) {
            let (mut backlog, mut all) = (Backlog::default(), Vec::<Waiting>::new());
            for (priority, tenant, cost, leaves) in steps {
                if leaves && !all.is_empty() {
                    let gone = all.remove(tenant as usize % all.len());
                    backlog.remove(&gone);
                } else {
                    let one = waiting(priority, tenant, cost);
                    backlog.add(&one);
                    all.push(one);
                }
                let sum = |is: &dyn Fn(&&Waiting) -> bool| all.iter().filter(is).map(|one| one.cost).sum::<f64>();
                prop_assert!(near(backlog.cost(), sum(&|_| true)));
                prop_assert_eq!(backlog.lowest(), all.iter().map(|one| one.priority).min());
                for priority in 0..3 {
                    prop_assert!(near(backlog.above(priority), sum(&|one| one.priority > priority)));
                    let of = |tenant| sum(&|one| one.priority == priority && one.tenant == tenant);
                    let shares: f64 = (0..4).map(|tenant| of(tenant).min(most * weight(tenant))).sum();
                    prop_assert!(near(backlog.shares(priority, most), shares));
                    prop_assert!(backlog.shares(priority, 0.0) >= 0.0);
                    let virtual_of = |tenant| of(tenant) / weight(tenant);
                    prop_assert!((0..4).all(|tenant| near(backlog.virtual_of(priority, tenant), virtual_of(tenant))));
                    let largest = (0..4).map(virtual_of).fold(0.0, f64::max);
                    prop_assert!(near(backlog.most(priority).map_or(0.0, |most| most.1), largest));
                }
                let has = |priority, tenant| all.iter().any(|one| (one.priority, one.tenant) == (priority, tenant));
                let pairs = || (0..3).flat_map(|priority| (0..4).map(move |tenant| (priority, tenant)));
                prop_assert!(pairs().all(|(priority, tenant)| backlog.has(priority, tenant) == has(priority, tenant)));
            }
        }
    }
}
