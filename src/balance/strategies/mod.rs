//! Strategies: which of the endpoints that may takes a request. One file each. All that a strategy may
//! look at is in its arguments and its own rotation, so a replay gives the same choice.

mod adaptive;
mod least_connections;
mod resource_aware;
mod rotation;
mod round_robin;
mod weighted_round_robin;

use super::route::Pick;
use super::view::PoolView;
use crate::config::StrategyName;
use crate::random::Random;

/// Times and scores within this share of the lowest are taken as equal: noise must not send all
/// traffic to one of several like endpoints.
const NEAR: f64 = 0.1;

/// A way to choose an endpoint.
pub trait Strategy: Send + Sync {
    /// The choice among those that may; `None` only when there are none.
    fn choose(&self, pool: &PoolView<'_>, random: &mut Random) -> Option<Pick>;
}

/// A fresh strategy of this name.
pub fn strategy(name: StrategyName) -> Box<dyn Strategy> {
    match name {
        StrategyName::RoundRobin => Box::<round_robin::RoundRobin>::default(),
        StrategyName::WeightedRoundRobin => {
            Box::<weighted_round_robin::WeightedRoundRobin>::default()
        }
        StrategyName::LeastConnections => Box::<least_connections::LeastConnections>::default(),
        StrategyName::ResourceAware => Box::<resource_aware::ResourceAware>::default(),
        StrategyName::Adaptive => Box::<adaptive::Adaptive>::default(),
    }
}

#[cfg(test)]
mod tests;
