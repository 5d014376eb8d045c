//! Strategies compared by what each would have made of the same recorded requests.

use super::chooser;
use super::incidents::without_common_failures;
use crate::config::{Config, StrategyName, available_strategies};
use balancing::policies::PolicyRegistry;
use balancing::replay::{Recorded, Replayed, ReplayedEndpoint, replay};
use serde_json::{Map, Value, json};

/// Recorded requests that a comparison needs.
pub const LEAST_RECORDS: usize = 100;
/// A strategy is better than the present one only by more than this share: less is a tie, which keeps the present one.
const TIE: f64 = 0.02;
/// Replays of each strategy: each has another seed and leaves another part of the records out. The same records give the
/// same report.
const RUNS: usize = 5;

/// What each strategy makes of the requests.
pub struct Comparison {
    endpoints: Vec<String>,
    all: Vec<Compared>,
    /// Failures that were common to all endpoints; they are not replayed.
    left_out: usize,
}

/// What a strategy makes of them.
struct Compared {
    strategy: StrategyName,
    /// Of all records.
    replayed: Replayed,
    /// The cost of each run.
    runs: Vec<f64>,
}

impl Comparison {
    /// Replays the records, which are in the order of their arrival, through each strategy that may be named, but for an `adaptive` that
    /// stands for another one: what is best can be set. Records carry no tags: those that a strategy asks of endpoints do not count.
    pub fn of(
        records: &[Recorded],
        endpoints: &[(String, ReplayedEndpoint)],
        config: &Config,
        policies: &PolicyRegistry,
    ) -> Self {
        let names = endpoints.iter().map(|(name, _)| name.clone()).collect();
        let endpoints: Vec<ReplayedEndpoint> = endpoints.iter().map(|(_, one)| *one).collect();
        let named = available_strategies(config, policies).into_iter();
        let is_reachable = |name: &StrategyName| config.balance.adaptive.resolved(name) == *name;
        let reachable = named.map(StrategyName::of).filter(is_reachable);
        let (records, left_out) = without_common_failures(records);
        let slowest = config.planner.max_response_time.as_secs_f64();
        let run = |strategy: &StrategyName, records: &[Recorded], seed| {
            let (balance, count) = (&config.balance, endpoints.len());
            let policy = chooser::fresh(strategy.clone(), balance, policies, count);
            replay(records, &endpoints, &*policy, slowest, seed)
        };
        let all = reachable.filter_map(|strategy| {
            let parts = (0..RUNS).filter_map(|number| {
                let seed = number as u64 + 1;
                Some(run(&strategy, &part(&records, number), seed)?.cost())
            });
            let runs = parts.collect();
            Some(Compared {
                replayed: run(&strategy, &records, 1)?,
                runs,
                strategy,
            })
        });
        let all = all.collect();
        Self {
            endpoints: names,
            all,
            left_out,
        }
    }

    /// The strategy with the least time for each success, of those that win by more than a tie in every run. Where there is
    /// none the current one stays, and so does one that was not replayed.
    pub fn best(&self, current: &StrategyName) -> StrategyName {
        let wins = |one: &&Compared| self.least_gain(one, current) > Some(TIE);
        let winners = self.all.iter().filter(wins);
        let best = winners.min_by(|a, b| a.replayed.cost().total_cmp(&b.replayed.cost()));
        best.map_or_else(|| current, |one| &one.strategy).clone()
    }

    /// How the comparison was made, for its report.
    pub fn method(&self) -> [(&'static str, Value); 3] {
        [
            ("runs", RUNS.into()),
            ("margin", TIE.into()),
            ("left_out", self.left_out.into()),
        ]
    }

    /// A row for each strategy.
    pub fn rows(&self, current: &StrategyName) -> Vec<Value> {
        self.all.iter().map(|one| self.row(one, current)).collect()
    }

    /// The share by which its cost is lower than that of the current strategy, in the run in which it is least.
    fn least_gain(&self, one: &Compared, current: &StrategyName) -> Option<f64> {
        let is_current = |one: &&Compared| one.strategy == *current;
        let now = self.all.iter().find(is_current)?;
        let gains = one.runs.iter().zip(&now.runs);
        let gains = gains.map(|(cost, now)| 1.0 - cost / now);
        gains.min_by(f64::total_cmp)
    }

    fn row(&self, one: &Compared, current: &StrategyName) -> Value {
        let (name, replayed) = (&one.strategy, &one.replayed);
        let shares = replayed.shares.iter().map(|share| Value::from(*share));
        let shares = self.endpoints.iter().cloned().zip(shares);
        json!({
            "strategy": name.word(),
            "mean": replayed.mean,
            "p50": replayed.p50,
            "p99": replayed.p99,
            "success_rate": replayed.success_rate,
            "score": replayed.score(),
            "cost": replayed.cost(),
            "least_gain": self.least_gain(one, current),
            "shares": shares.collect::<Map<_, _>>(),
        })
    }
}

/// The records without one part of them.
fn part(records: &[Recorded], number: usize) -> Vec<Recorded> {
    let length = records.len().div_ceil(RUNS).max(1);
    let parts = records.chunks(length).enumerate();
    let kept = parts.filter(|(other, _)| *other != number);
    kept.flat_map(|(_, part)| part).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AdaptiveMode, CustomRules, FigureName};
    use balancing::Figure;
    use balancing::policies::Strategy;
    use balancing::{Ask, Moment};
    use std::time::Duration;

    fn compared(strategy: Strategy, runs: &[f64]) -> Compared {
        let mean = runs.iter().sum::<f64>() / runs.len() as f64;
        Compared {
            strategy: strategy.into(),
            replayed: Replayed {
                mean,
                p50: mean,
                p99: mean,
                success_rate: 1.0,
                shares: Vec::new(),
            },
            runs: runs.to_vec(),
        }
    }

    #[test]
    fn a_tie_keeps_the_current_strategy() {
        use Strategy::{Adaptive, LeastConnections, RoundRobin};
        let compared = |adaptive| Comparison {
            endpoints: Vec::new(),
            all: vec![
                compared(RoundRobin, &[1.0, 1.0]),
                // Better on the whole, and not always.
                compared(LeastConnections, &[0.2, 0.99]),
                compared(Adaptive, &[adaptive, adaptive]),
            ],
            left_out: 0,
        };
        let best = |compared: Comparison, now: Strategy| compared.best(&now.into());
        assert_eq!(best(compared(1.0), RoundRobin), RoundRobin.into());
        assert_eq!(best(compared(0.5), RoundRobin), Adaptive.into());
        assert_eq!(best(compared(0.5), Adaptive), Adaptive.into());
        let nothing = Comparison::of(&[], &[], &Config::default(), &PolicyRegistry::default());
        assert_eq!(best(nothing, RoundRobin), RoundRobin.into());
        let own = StrategyName::of("own");
        assert_eq!(compared(0.5).best(&own), own, "one that was not replayed");
    }

    /// On like endpoints another strategy was recommended by chance, and after an incident that hit all endpoints one that
    /// sent nearly all to one of them.
    #[test]
    fn on_like_endpoints_no_strategy_is_recommended_for_the_noise_or_for_a_common_incident() {
        let like = ReplayedEndpoint {
            weight: 1.0,
            max_connections: 100,
        };
        let endpoints = ["a", "b", "c"].map(|name| (name.to_owned(), like));
        for seed in 1..=4 {
            let mut random = balancing::Random::seeded(seed);
            let record = |n: u64| {
                let seconds = -0.01 * (1.0 - random.fraction()).ln();
                let in_incident = (400..600).contains(&n);
                Recorded {
                    ask: Ask::read(1, 0, 1.0, Moment(n * 50_000_000)),
                    endpoint: (n % 3) as usize,
                    service_time: Duration::from_secs_f64(seconds),
                    failed: in_incident && random.fraction() < [0.9, 0.8, 0.3][(n % 3) as usize],
                }
            };
            let records: Vec<Recorded> = (0..1000).map(record).collect();
            let comparison = Comparison::of(
                &records,
                &endpoints,
                &Config::default(),
                &PolicyRegistry::default(),
            );
            let now = Strategy::LeastConnections.into();
            assert_eq!(comparison.best(&now), now, "{:?}", comparison.rows(&now));
            assert!(comparison.left_out > 100);
        }
    }

    /// `adaptive` was recommended, and applied as the strategy that it stands for.
    #[test]
    fn an_adaptive_that_stands_for_another_strategy_is_not_compared() {
        use Strategy::{Adaptive, History};
        let record = |n: u64| Recorded {
            ask: Ask::read(1, 0, 1.0, Moment(n * 1_000_000_000)),
            endpoint: 0,
            service_time: Duration::from_millis(10),
            failed: false,
        };
        let records: Vec<_> = (0..10).map(record).collect();
        let endpoint = ReplayedEndpoint {
            weight: 1.0,
            max_connections: 10,
        };
        let compared = |mode| {
            let mut config = Config::default();
            config.balance.adaptive.mode = mode;
            let comparison = Comparison::of(
                &records,
                &[("a".to_owned(), endpoint)],
                &config,
                &PolicyRegistry::default(),
            );
            let names = comparison.all.into_iter().map(|one| one.strategy);
            let asked = [Adaptive, History].map(StrategyName::from);
            names
                .filter(|name| asked.contains(name))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            compared(AdaptiveMode::LateBinding),
            [History, Adaptive].map(StrategyName::from)
        );
        assert_eq!(
            compared(AdaptiveMode::History),
            [StrategyName::from(History)]
        );
    }

    /// A strategy of `balance.custom` could be the current one, and nothing was recommended while it was.
    #[test]
    fn strategies_of_the_configuration_and_of_the_program_are_compared_too() {
        let record = |n: u64| Recorded {
            ask: Ask::read(1, 0, 1.0, Moment(n * 20_000_000)),
            endpoint: (n % 2) as usize,
            service_time: Duration::from_millis([10, 200][(n % 2) as usize]),
            failed: false,
        };
        let records: Vec<_> = (0..200).map(record).collect();
        let endpoint = ReplayedEndpoint {
            weight: 1.0,
            max_connections: 100,
        };
        let endpoints = ["fast", "slow"].map(|name| (name.to_owned(), endpoint));
        let mut config = Config::default();
        let rules = CustomRules {
            keys: vec![FigureName(Figure::Load)],
            ..CustomRules::default()
        };
        config.balance.custom.insert("least_busy".into(), rules);
        let policies = PolicyRegistry::default();
        let policies = policies.with("in_turn", |_| balancing::policies::RoundRobin::default());
        let compared = Comparison::of(&records, &endpoints, &config, &policies.unwrap());
        let own = StrategyName::of("in_turn");
        let names: Vec<_> = compared.all.iter().map(|one| one.strategy.word()).collect();
        assert!(
            names.contains(&"least_busy") && names.contains(&"in_turn"),
            "{names:?}"
        );
        assert_ne!(compared.best(&own), own);
    }
}
