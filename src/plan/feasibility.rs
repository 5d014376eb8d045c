//! Whether a plan fits: what it needs of each resource, beside what is in use, must stay within the limit of that resource. What
//! is not measured speaks against no plan. Two more conditions are not sampled but asked when a request finds no endpoint
//! with room: a full pool lets it wait, and a full queue (`planner.max_queue_size`) refuses it.

use super::{Needs, SystemLoad};
use crate::config::{self, FeasibilityRule};
use serde::Serialize;

/// Sums of shares are compared with so much tolerance for rounding.
const ROUNDING: f64 = 1e-9;
/// No key limits the network: all of it may be used.
const WHOLE: f64 = 1.0;

/// A resource of which a plan may need more than is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    Cpu,
    Memory,
    Network,
    /// The endpoints of the service.
    Database,
}

impl Resource {
    /// The word in metrics and refusals.
    pub const fn label(self) -> &'static str {
        match self {
            Resource::Cpu => "cpu",
            Resource::Memory => "memory",
            Resource::Network => "network",
            Resource::Database => "database",
        }
    }
}

/// The limits, and what counts of a need.
#[derive(Debug, Clone, Copy)]
pub struct ResourceLimits {
    scale: f64,
    cpu: f64,
    memory: f64,
    database: f64,
}

impl ResourceLimits {
    /// The limits as configured.
    pub fn new(planner: &config::Planner) -> Self {
        Self {
            scale: match planner.feasibility {
                FeasibilityRule::Scaled => planner.requirement_scale,
                FeasibilityRule::Strict => 1.0,
            },
            cpu: planner.max_cpu_usage,
            memory: planner.max_memory_usage,
            database: planner.max_db_load,
        }
    }

    /// The resource of which most is lacking; `None`: the plan fits. `database`: the load of the service's endpoints.
    pub fn short_of(
        &self,
        needs: &Needs,
        load: &SystemLoad,
        database: Option<f64>,
    ) -> Option<Resource> {
        let rows = [
            (Resource::Cpu, load.cpu, needs.cpu, self.cpu),
            (Resource::Memory, load.memory, needs.memory, self.memory),
            (Resource::Network, load.network, needs.network, WHOLE),
            (
                Resource::Database,
                database,
                needs.database(),
                self.database,
            ),
        ];
        let lacking = rows
            .into_iter()
            .filter_map(|(resource, used, need, limit)| {
                let lacking = used? + need * self.scale - limit;
                (lacking > ROUNDING).then_some((resource, lacking))
            });
        let most = lacking.max_by(|one, other| one.1.total_cmp(&other.1));
        most.map(|(resource, _)| resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Complexity, ExecutionStrategy};
    use Complexity::{Simple, VeryComplex};

    fn limits(change: fn(&mut config::Planner)) -> ResourceLimits {
        let mut planner = config::Planner::default();
        change(&mut planner);
        ResourceLimits::new(&planner)
    }

    fn short_of(
        limits: ResourceLimits,
        level: Complexity,
        load: [Option<f64>; 4],
    ) -> Option<Resource> {
        let needs = Needs::of(level, ExecutionStrategy::VectorOnly);
        let [cpu, memory, network, database] = load;
        let load = SystemLoad {
            cpu,
            memory,
            network,
            ..SystemLoad::default()
        };
        limits.short_of(&needs, &load, database)
    }

    #[test]
    fn each_resource_has_its_limit_and_a_tenth_of_the_need_counts() {
        let scaled = |level, load| short_of(limits(|_| ()), level, load);
        let rows = [
            (Resource::Cpu, 0, 0.8 - 0.01, 0.8 - 0.1),
            (Resource::Memory, 1, 0.8 - 0.005, 0.8 - 0.05),
            (Resource::Network, 2, 1.0 - 0.002, 1.0 - 0.02),
            (Resource::Database, 3, 0.9 - 0.08, 0.9 - 0.08),
        ];
        for (resource, at, simple, very_complex) in rows {
            for (level, most) in [(Simple, simple), (VeryComplex, very_complex)] {
                let mut load = [Some(0.0); 4];
                load[at] = Some(most);
                assert_eq!(scaled(level, load), None, "{resource:?} {level:?}");
                load[at] = Some(most + 0.001);
                assert_eq!(scaled(level, load), Some(resource), "{level:?}");
            }
        }
    }

    #[test]
    fn literal_needs_fit_an_idle_machine_but_for_the_most_complex() {
        let strict = limits(|planner| planner.feasibility = FeasibilityRule::Strict);
        assert_eq!(short_of(strict, Simple, [Some(0.0); 4]), None);
        let found = short_of(strict, VeryComplex, [Some(0.0); 4]);
        assert_eq!(found, Some(Resource::Cpu));
        let found = short_of(strict, Simple, [None, None, None, Some(0.11)]);
        assert_eq!(found, Some(Resource::Database));
    }

    #[test]
    fn what_is_not_measured_speaks_against_no_plan() {
        let none = limits(|planner| planner.requirement_scale = 100.0);
        assert_eq!(short_of(none, VeryComplex, [None; 4]), None);
    }
}
