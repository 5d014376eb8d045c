//! The policies of other proxies, as they are published, for comparison. Where a rival would have to learn or to be
//! configured what a replica can do, it is told the truth.

mod cost;
mod cubic;
mod envoy;
mod hot_cold;
mod late;
mod peak_ewma;
mod two_choices;

use crate::proxy::Equipped;
use crate::scenario::{Scenario, UNLIMITED};
use balancing::policies::WeightedRoundRobin;
use balancing::{EndpointView, Pick, PoolView, Random, RouteReason};
use std::sync::Arc;

/// A rival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rival {
    /// Each in turn by its true speed.
    Weighted,
    /// The better of two at random by requests in flight.
    TwoChoices,
    /// Linkerd's: the better of two by the peak-sensitive mean latency times the requests in flight.
    PeakEwma,
    /// The same, the best of all.
    PeakEwmaScan,
    /// Prequal's hot-cold rule on the proxy's own signals.
    HotCold,
    /// Cubic replica selection, of Cassandra and Elasticsearch.
    Cubic,
    /// Envoy's weighted least request.
    Envoy,
    /// Late binding: requests wait in the proxy until a replica has an idle worker.
    Late,
    /// The shortest expected completion by estimated costs with this error.
    Cost { error: f64, name: &'static str },
}

/// What a rival is told of the replicas.
#[derive(Debug, Clone)]
struct Told {
    /// Workers of each replica.
    workers: Vec<f64>,
    /// The mean time of a request at speed 1, seconds.
    mean_time: f64,
    /// Proxies that share the replicas.
    proxies: f64,
}

/// What rivals take for the workers of a replica that has no bound.
const MANY: u32 = 1_000_000;

impl Rival {
    /// All of them.
    pub const ALL: &'static [Rival] = &[
        Rival::Weighted,
        Rival::TwoChoices,
        Rival::PeakEwma,
        Rival::PeakEwmaScan,
        Rival::HotCold,
        Rival::Cubic,
        Rival::Envoy,
        Rival::Late,
        Rival::Cost {
            error: 0.3,
            name: "cost_0.3",
        },
        Rival::Cost {
            error: 0.7,
            name: "cost_0.7",
        },
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Rival::Weighted => "weighted_told",
            Rival::TwoChoices => "two_choices",
            Rival::PeakEwma => "peak_ewma",
            Rival::PeakEwmaScan => "peak_ewma_scan",
            Rival::HotCold => "hot_cold",
            Rival::Cubic => "cubic_told",
            Rival::Envoy => "envoy_least_request_told",
            Rival::Late => "late_told",
            Rival::Cost { name, .. } => name,
        }
    }

    /// The rival for the replicas of a scenario.
    pub fn equipped(self, scenario: &Scenario) -> Equipped {
        let told = Told::of(scenario);
        let replicas = scenario.replica_count();
        let weights = || scenario.each_replica().map(|group| group.speed).collect();
        match self {
            Rival::Weighted => Equipped {
                policy: Arc::new(WeightedRoundRobin::new(replicas)),
                feedback: None,
                weights: weights(),
            },
            Rival::Envoy => Equipped {
                policy: Arc::new(envoy::LeastRequest::new(replicas)),
                feedback: None,
                weights: weights(),
            },
            Rival::TwoChoices => Equipped::unweighted(Arc::new(two_choices::TwoChoices), replicas),
            Rival::PeakEwma => {
                let policy = peak_ewma::PeakEwma::of_two(&told);
                Equipped::unweighted(Arc::new(policy), replicas)
            }
            Rival::PeakEwmaScan => {
                let policy = peak_ewma::PeakEwma::of_all(&told);
                Equipped::unweighted(Arc::new(policy), replicas)
            }
            Rival::HotCold => {
                let policy = hot_cold::HotCold::new(&told);
                Equipped::unweighted(Arc::new(policy), replicas)
            }
            Rival::Late => Equipped::unweighted(Arc::new(late::Late::new(&told)), replicas),
            Rival::Cost { .. } => Equipped::unweighted(Arc::new(cost::Cost::new(&told)), replicas),
            Rival::Cubic => {
                let cubic = Arc::new(cubic::Cubic::new(&told));
                Equipped {
                    feedback: Some(cubic.clone()),
                    ..Equipped::unweighted(cubic, replicas)
                }
            }
        }
    }
}

impl Told {
    fn of(scenario: &Scenario) -> Self {
        let workers = scenario.each_replica().map(|group| match group.workers {
            UNLIMITED => f64::from(MANY),
            workers => f64::from(workers),
        });
        Self {
            workers: workers.collect(),
            mean_time: scenario.size.mean() / 1000.0,
            proxies: scenario.proxies as f64,
        }
    }

    fn replicas(&self) -> usize {
        self.workers.len()
    }
}

/// The endpoint with the lowest score, one of them at random where several have it. An infinite score is none.
fn lowest(
    pool: &PoolView<'_>,
    random: &mut Random,
    score: impl Fn(usize, &EndpointView) -> f64,
) -> Option<Pick> {
    let mut best: Option<(f64, usize)> = None;
    let mut alike = 0;
    for (index, view) in pool.iter() {
        let score = score(index, view);
        match best {
            _ if score == f64::INFINITY => {}
            Some((lowest, _)) if score > lowest => {}
            Some((lowest, _)) if score == lowest => {
                alike += 1;
                if random.below(alike) == 0 {
                    best = Some((score, index));
                }
            }
            _ => {
                best = Some((score, index));
                alike = 1;
            }
        }
    }
    let (score, index) = best?;
    Some(Pick {
        index,
        reason: RouteReason::LowestScore,
        score,
    })
}

/// The better of two at random.
fn better_of_two(
    pool: &PoolView<'_>,
    random: &mut Random,
    score: impl Fn(usize, &EndpointView) -> f64,
) -> Option<Pick> {
    let count = pool.len();
    let first = random.below(count);
    let second = (first + 1 + random.below(count.saturating_sub(1))) % count.max(1);
    let scored = |at: usize| {
        let (index, view) = pool.iter().nth(at)?;
        Some((score(index, view), index))
    };
    let (a, b) = (scored(first)?, scored(second)?);
    let (score, index) = if b.0 < a.0 { b } else { a };
    Some(Pick {
        index,
        reason: RouteReason::LowestScore,
        score,
    })
}
