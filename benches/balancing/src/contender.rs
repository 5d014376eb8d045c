//! Who can be simulated, by name.

use crate::balancer::Balancer;
use crate::draw::Stream;
use crate::oracle::{CentralQueue, ShortestCompletion};
use crate::proxy::Proxy;
use crate::scenario::Scenario;
use crate::settings::Settings;
use balancing::policies::Strategy;

/// Someone who balances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    ShortestCompletion,
    CentralQueue,
    /// A policy of the crate.
    Own(Strategy),
}

/// The oracles.
pub const ORACLES: [Contender; 2] = [Contender::ShortestCompletion, Contender::CentralQueue];

impl Contender {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Contender> {
        let own = Strategy::ALL.iter().copied().map(Contender::Own);
        ORACLES.into_iter().chain(own)
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
        }
    }

    /// Those that balance in a scenario: one for each proxy. An oracle sees all requests.
    pub fn balancers(
        self,
        scenario: &Scenario,
        settings: &Settings,
        seed: u64,
    ) -> Vec<Box<dyn Balancer>> {
        match self {
            Contender::ShortestCompletion => vec![Box::new(ShortestCompletion)],
            Contender::CentralQueue => vec![Box::new(CentralQueue)],
            Contender::Own(strategy) => (0..scenario.proxies)
                .map(|proxy| -> Box<dyn Balancer> {
                    let replicas = scenario.each_replica().count();
                    let random = Stream::Proxy(proxy).of(seed);
                    Box::new(Proxy::new(
                        strategy.policy(replicas),
                        replicas,
                        settings,
                        random,
                    ))
                })
                .collect(),
        }
    }
}
