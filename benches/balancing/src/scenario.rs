//! A scenario as data: replicas, sizes, load, and what happens to the replicas.

use crate::draw::Size;
use balancing::Fault;

/// What is simulated.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// Short, for the command line.
    pub id: &'static str,
    /// For people.
    pub name: &'static str,
    pub kind: Kind,
    pub about: &'static str,
    pub replicas: &'static [Group],
    pub size: Size,
    pub rate: Rate,
    /// Requests arrive for so many seconds.
    pub seconds: f64,
    /// Those that arrive in the first of them are not counted.
    pub warm_up: f64,
    /// Proxies that know nothing of each other; each request comes to one of them at random.
    pub proxies: usize,
    pub changes: &'static [Change],
    pub measure: Measure,
}

/// The figure by which policies are compared in a scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// p99 over that of the better oracle.
    TimesOracle,
    /// Requests that succeed within a second, percent.
    WithinASecond,
    /// Requests that fail, percent.
    Errors,
    /// From this second on, the time until each replica has served some requests, seconds.
    SecondsToServe { from: f64 },
}

/// Why a scenario is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One by which balancers are commonly compared.
    Common,
    /// Balancing failed in it once.
    Finding,
    /// Nothing is tuned by it.
    Check,
}

/// Replicas that are alike.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    pub count: usize,
    pub workers: u32,
    pub speed: f64,
}

/// Workers of a replica that works on all of its requests at once.
pub const UNLIMITED: u32 = u32::MAX;

/// How many requests arrive.
#[derive(Debug, Clone, Copy)]
pub enum Rate {
    PerSecond(f64),
    /// So many at the first moment that is counted, and no more.
    AtOnce(usize),
    /// As a share of what the replicas can do on average.
    Load(f64),
}

/// What happens to replicas. Times are in seconds.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// One replica has this share of its speed for a while.
    Slowed {
        replica: usize,
        from: f64,
        until: f64,
        share: f64,
    },
    /// Each replica stops for `length`; from the end of one pause to the next it is exponential with the mean `between`.
    Pauses { length: f64, between: f64 },
    /// Each replica has `share` of its speed for an exponential time, then all of it.
    Wavers { share: f64, slow: f64, fast: f64 },
    /// One replica answers each new request with a failure, `after` so many seconds.
    Failing {
        replica: usize,
        from: f64,
        until: f64,
        after: f64,
        fault: Fault,
    },
    /// One replica is not there before; it comes with a share of its speed, which rises to all of it in `ramp` seconds.
    Joins {
        replica: usize,
        at: f64,
        share: f64,
        ramp: f64,
    },
    /// One replica takes no more requests.
    Leaves { replica: usize, at: f64 },
}

impl Scenario {
    /// Requests per second.
    pub fn per_second(&self) -> f64 {
        match self.rate {
            Rate::PerSecond(rate) => rate,
            Rate::AtOnce(count) => count as f64 / self.seconds,
            Rate::Load(load) => load * self.capacity(),
        }
    }

    /// Requests per second that the replicas can do on average.
    pub fn capacity(&self) -> f64 {
        let worker_speeds = self
            .replicas
            .iter()
            .map(|group| group.count as f64 * f64::from(group.workers) * group.speed);
        worker_speeds.sum::<f64>() * self.mean_share() / (self.size.mean() / 1000.0)
    }

    /// How many replicas there are.
    pub fn replica_count(&self) -> usize {
        self.replicas.iter().map(|group| group.count).sum()
    }

    /// Each replica's group, in order.
    pub fn each_replica(&self) -> impl Iterator<Item = Group> + use<> {
        let groups = self.replicas.iter();
        groups.flat_map(|group| std::iter::repeat_n(*group, group.count))
    }

    /// The share of their speed that wavering replicas have on average. Pauses are not counted in: load is relative
    /// to the speed outside of them.
    fn mean_share(&self) -> f64 {
        let of = |change: &Change| match *change {
            Change::Wavers { share, slow, fast } => (share * slow + fast) / (slow + fast),
            _ => 1.0,
        };
        self.changes.iter().map(of).product()
    }
}
