//! Strategies compared by what each would have made of the same recorded requests.

use crate::config::{Config, StrategyName};
use balancing::policies::Strategy;
use balancing::replay::{Recorded, Replayed, ReplayedEndpoint, replay};
use serde_json::{Map, Value, json};

/// Recorded requests that a comparison needs.
pub const LEAST_RECORDS: usize = 100;
/// A strategy is better than the present one only by more than this share: less is a tie, which keeps the present one.
const TIE: f64 = 0.02;
/// The seed of every replay, so that the same records give the same report.
const SEED: u64 = 1;

/// What each strategy makes of the requests.
pub struct Comparison {
    endpoints: Vec<String>,
    all: Vec<(Strategy, Replayed)>,
}

impl Comparison {
    /// Replays the records, which are in the order of their arrival, through each strategy that is always there, but for an `adaptive` that stands for
    /// another one: what is best can be set.
    pub fn of(
        records: &[Recorded],
        endpoints: &[(String, ReplayedEndpoint)],
        config: &Config,
    ) -> Self {
        let names = endpoints.iter().map(|(name, _)| name.clone()).collect();
        let endpoints: Vec<ReplayedEndpoint> = endpoints.iter().map(|(_, one)| *one).collect();
        let is_reachable = |strategy: &&Strategy| {
            let name = StrategyName::from(**strategy);
            config.balance.adaptive.resolved(&name) == name
        };
        let reachable = Strategy::ALL.iter().filter(is_reachable);
        let all = reachable.filter_map(|strategy| {
            let policy = strategy.policy(endpoints.len());
            let slowest = config.planner.max_response_time.as_secs_f64();
            let replayed = replay(records, &endpoints, &*policy, slowest, SEED)?;
            Some((*strategy, replayed))
        });
        let all = all.collect();
        Self {
            endpoints: names,
            all,
        }
    }

    /// The strategy with the least time for each success; a tie keeps the current one, and so does one that was not replayed.
    pub fn best(&self, current: &StrategyName) -> StrategyName {
        let found = self
            .all
            .iter()
            .find(|(name, _)| StrategyName::from(*name) == *current);
        let Some((_, now)) = found else {
            return current.clone();
        };
        let least = self.all.iter();
        let least = least.min_by(|a, b| a.1.cost().total_cmp(&b.1.cost()));
        let better = least.filter(|(_, one)| one.cost() < now.cost() * (1.0 - TIE));
        better.map_or_else(|| current.clone(), |(name, _)| (*name).into())
    }

    /// A row for each strategy.
    pub fn rows(&self) -> Vec<Value> {
        self.all.iter().map(|one| self.row(one)).collect()
    }

    fn row(&self, (name, replayed): &(Strategy, Replayed)) -> Value {
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
            "shares": shares.collect::<Map<_, _>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AdaptiveMode;
    use balancing::{Ask, Moment};
    use std::time::Duration;

    fn replayed(mean: f64) -> Replayed {
        Replayed {
            mean,
            p50: mean,
            p99: mean,
            success_rate: 1.0,
            shares: Vec::new(),
        }
    }

    #[test]
    fn a_tie_keeps_the_current_strategy() {
        use Strategy::{Adaptive, LeastConnections, RoundRobin};
        let compared = |adaptive| Comparison {
            endpoints: Vec::new(),
            all: vec![
                (RoundRobin, replayed(1.0)),
                (LeastConnections, replayed(0.99)),
                (Adaptive, replayed(adaptive)),
            ],
        };
        let best = |compared: Comparison, now: Strategy| compared.best(&now.into());
        assert_eq!(best(compared(1.0), RoundRobin), RoundRobin.into());
        assert_eq!(best(compared(0.5), RoundRobin), Adaptive.into());
        assert_eq!(best(compared(0.5), Adaptive), Adaptive.into());
        let nothing = Comparison::of(&[], &[], &Config::default());
        assert_eq!(best(nothing, RoundRobin), RoundRobin.into());
        let own = StrategyName::of("own");
        assert_eq!(compared(0.5).best(&own), own, "one that was not replayed");
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
            let comparison = Comparison::of(&records, &[("a".to_owned(), endpoint)], &config);
            let names = comparison.all.iter().map(|(name, _)| *name);
            names
                .filter(|name| [Adaptive, History].contains(name))
                .collect::<Vec<_>>()
        };
        assert_eq!(compared(AdaptiveMode::LateBinding), [History, Adaptive]);
        assert_eq!(compared(AdaptiveMode::History), [History]);
    }
}
