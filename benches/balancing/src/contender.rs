//! Who can be simulated, by name.

use crate::balancer::Balancer;
use crate::draw::Stream;
use crate::oracle::{CentralQueue, ShortestCompletion};
use crate::proxy::{Equipped, Proxy};
use crate::rivals::Rival;
use crate::scenario::Scenario;
use crate::settings::Settings;
use balancing::policies::Strategy;

/// Someone who balances.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Contender {
    ShortestCompletion,
    CentralQueue,
    /// A policy of the crate.
    Own(Strategy),
    /// The same with estimates of this error.
    Informed {
        strategy: Strategy,
        error: f64,
        name: &'static str,
    },
    /// A policy of other proxies.
    Rival(Rival),
}

/// The oracles.
pub const ORACLES: [Contender; 2] = [Contender::ShortestCompletion, Contender::CentralQueue];

/// The default policy where estimated costs say nothing, and where they are good.
pub const INFORMED: [Contender; 2] = [
    Contender::Informed {
        strategy: Strategy::Adaptive,
        error: f64::INFINITY,
        name: "adaptive_blind",
    },
    Contender::Informed {
        strategy: Strategy::Adaptive,
        error: 0.3,
        name: "adaptive_0.3",
    },
];

impl Contender {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Contender> {
        let own = Strategy::ALL.iter().copied().map(Contender::Own);
        let rivals = Rival::ALL.iter().copied().map(Contender::Rival);
        ORACLES.into_iter().chain(own).chain(INFORMED).chain(rivals)
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Contender> {
        Self::all().find(|contender| contender.name() == name)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Contender::ShortestCompletion => "oracle_shortest_completion",
            Contender::CentralQueue => "oracle_central_queue",
            Contender::Own(strategy) => strategy.word(),
            Contender::Informed { name, .. } => name,
            Contender::Rival(rival) => rival.name(),
        }
    }

    /// The error of its cost estimates, where it has one of its own.
    pub fn cost_error(self) -> Option<f64> {
        match self {
            Contender::Informed { error, .. } | Contender::Rival(Rival::Cost { error, .. }) => {
                Some(error)
            }
            _ => None,
        }
    }

    /// Those that balance in a scenario: one for each proxy. An oracle sees all requests.
    pub fn balancers(
        self,
        scenario: &Scenario,
        settings: &Settings,
        seed: u64,
    ) -> Vec<Box<dyn Balancer>> {
        let proxies = |equipped: &dyn Fn() -> Equipped, max_connections| {
            let settings = Settings {
                max_connections,
                ..*settings
            };
            let proxy = |index: usize| -> Box<dyn Balancer> {
                let random = Stream::Proxy(index).of(seed);
                Box::new(Proxy::new(equipped(), &settings, random))
            };
            (0..scenario.proxies).map(proxy).collect()
        };
        match self {
            Contender::ShortestCompletion => vec![Box::new(ShortestCompletion)],
            Contender::CentralQueue => vec![Box::new(CentralQueue)],
            Contender::Own(strategy) | Contender::Informed { strategy, .. } => {
                let replicas = scenario.replica_count();
                let equipped = || Equipped::own(strategy.policy(replicas), replicas);
                proxies(&equipped, settings.max_connections)
            }
            // As others set them up: no bound of ours and no home of writes, but the same health.
            Contender::Rival(rival) => proxies(&|| rival.equipped(scenario), u32::MAX),
        }
    }
}
