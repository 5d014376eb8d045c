//! The policies of other proxies, as they are published, for comparison. Where a rival would have to learn or to be
//! configured what a replica can do, it is told the truth: weights are workers times speed. None has a bound of requests in flight,
//! and none knows where writes went.

mod cost;
mod cubic;
mod envoy;
mod hot_cold;
mod late;
mod peak_ewma;
mod two_choices;
mod weighted_least;

use crate::proxy::Equipped;
use crate::scenario::{Scenario, UNLIMITED};
use balancing::policies::WeightedRoundRobin;
use balancing::{EndpointView, Pick, PoolView, Random, RouteReason};
use std::sync::Arc;

/// A rival.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rival {
    /// Each in turn by what it can do.
    Weighted,
    /// The fewest requests in flight by what it can do.
    WeightedLeast,
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
    /// Envoy's least request.
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
    /// What each replica can do: its workers times their speed.
    weights: Vec<f64>,
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
        Rival::WeightedLeast,
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
            Rival::WeightedLeast => "weighted_least_told",
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
        let weighted = |policy| Equipped {
            weights: told.weights.clone(),
            ..Equipped::rival(policy, replicas)
        };
        match self {
            Rival::Weighted => weighted(Arc::new(WeightedRoundRobin::new(replicas))),
            Rival::WeightedLeast => weighted(Arc::new(weighted_least::WeightedLeast)),
            Rival::Envoy => weighted(envoy::least_request(&told.weights)),
            Rival::TwoChoices => Equipped::rival(Arc::new(two_choices::TwoChoices), replicas),
            Rival::PeakEwma => {
                let policy = peak_ewma::PeakEwma::of_two(&told);
                Equipped::rival(Arc::new(policy), replicas)
            }
            Rival::PeakEwmaScan => {
                let policy = peak_ewma::PeakEwma::of_all(&told);
                Equipped::rival(Arc::new(policy), replicas)
            }
            Rival::HotCold => {
                let policy = hot_cold::HotCold::new(&told);
                Equipped::rival(Arc::new(policy), replicas)
            }
            Rival::Late => Equipped::rival(Arc::new(late::Late::new(&told)), replicas),
            Rival::Cost { .. } => Equipped::rival(Arc::new(cost::Cost::new(&told)), replicas),
            Rival::Cubic => {
                let cubic = Arc::new(cubic::Cubic::new(&told));
                Equipped {
                    feedback: Some(cubic.clone()),
                    ..Equipped::rival(cubic, replicas)
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
        let weights = scenario.each_replica().map(|group| match group.workers {
            UNLIMITED => group.speed,
            workers => f64::from(workers) * group.speed,
        });
        Self {
            workers: workers.collect(),
            weights: weights.collect(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenarios::named;

    #[test]
    fn rivals_are_told_what_a_replica_can_do() {
        let weights = |id: &str| Told::of(named(id).unwrap()).weights;
        assert_eq!(weights("check.workers"), [2.0, 2.0, 4.0, 4.0, 16.0, 16.0]);
        assert_eq!(weights("check.three"), [8.0, 8.0, 8.0 * 0.6]);
        assert_eq!(weights("S3"), [1.0; 11]);
    }

    #[test]
    fn rivals_know_nothing_of_where_writes_went() {
        let scenario = named("herd.written").unwrap();
        for rival in Rival::ALL {
            assert!(!rival.equipped(scenario).has_home, "{}", rival.name());
        }
    }
}
