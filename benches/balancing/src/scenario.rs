//! A scenario as data: replicas, sizes, load, and what happens to the replicas.

use crate::draw::Size;
use balancing::{Fault, Random};

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
    /// Share of writes, 0..=1. All are of one collection, as all reads are.
    pub writes: f64,
    pub rate: Rate,
    /// Requests arrive for so many seconds.
    pub seconds: f64,
    /// Those that arrive in the first of them are not counted.
    pub warm_up: f64,
    /// Proxies that know nothing of each other; each request comes to one of them at random.
    pub proxies: usize,
    pub changes: &'static [Change],
    /// How long clients wait; without, they wait forever.
    pub clients: Option<Clients>,
    /// Who sends, where that makes a difference; their shares of the load are as these.
    pub senders: &'static [Sender],
    pub measure: Measure,
    /// What a policy should reach that knows nothing of costs: at most, or at least of `WithinASecond`.
    pub goal: Option<f64>,
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
    /// The work of requests that are answered in time, of the work that came or that the replicas can do, percent. Of the
    /// answers to requests that came between these seconds those count that come by the last of them.
    Goodput { from: f64, until: f64 },
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
    /// More comes than can be served.
    Overload,
    /// For a goal of its own, which says what is measured.
    Goal,
}

/// One who sends requests.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    /// How much, as a share of what the replicas can do.
    pub load: f64,
    pub tenant: u64,
    /// Larger goes first.
    pub priority: u8,
}

/// One who sends all there is.
const ALONE: Sender = Sender {
    load: 1.0,
    tenant: 0,
    priority: 5,
};

/// Clients that give up.
#[derive(Debug, Clone, Copy)]
pub struct Clients {
    /// After so many seconds.
    pub deadline: f64,
    /// Whether the proxy is told; otherwise requests wait for as long as it lets them.
    pub say_so: bool,
    /// And try again so many times; after a refusal they wait a little before.
    pub retries: u32,
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
    /// Such loads, each from a second on.
    Steps(&'static [(f64, f64)]),
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
    /// From then on each replica has so many workers.
    Workers { at: f64, workers: u32 },
}

impl Scenario {
    /// Requests per second.
    pub fn per_second(&self) -> f64 {
        self.per_second_at(0.0)
    }

    /// Requests per second at a time.
    pub fn per_second_at(&self, seconds: f64) -> f64 {
        match self.rate {
            Rate::PerSecond(rate) => rate,
            Rate::AtOnce(count) => count as f64 / self.seconds,
            Rate::Load(load) => load * self.capacity(),
            Rate::Steps(steps) => {
                let step = steps.iter().rev().find(|(from, _)| *from <= seconds);
                step.map_or(0.0, |(_, load)| load * self.capacity())
            }
        }
    }

    /// Requests per second that the replicas can do on average.
    pub fn capacity(&self) -> f64 {
        self.work_per_second() / (self.size.mean() / 1000.0)
    }

    /// Seconds of work at speed 1 that the replicas can do in a second on average.
    pub fn work_per_second(&self) -> f64 {
        let worker_speeds = self
            .replicas
            .iter()
            .map(|group| group.count as f64 * f64::from(group.workers) * group.speed);
        worker_speeds.sum::<f64>() * self.mean_share()
    }

    /// Who sends a request.
    pub fn sender(&self, random: &mut Random) -> (usize, Sender) {
        let all: f64 = self.senders.iter().map(|sender| sender.load).sum();
        if self.senders.is_empty() {
            return (0, ALONE);
        }
        let mut left = random.fraction() * all;
        let chosen = self.senders.iter().position(|sender| {
            left -= sender.load;
            left < 0.0
        });
        let index = chosen.unwrap_or(0);
        (index, self.senders[index])
    }

    /// Whether a shorter run would be another scenario: something happens at a certain second, or a queue grows with time.
    pub fn has_fixed_times(&self) -> bool {
        let drawn =
            |change: &Change| matches!(change, Change::Pauses { .. } | Change::Wavers { .. });
        !self.changes.iter().all(drawn)
            || matches!(self.rate, Rate::Steps(_))
            || matches!(self.measure, Measure::Goodput { .. })
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
