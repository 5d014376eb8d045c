//! Resolves the names of a service's endpoints in the background, so that no request ever waits
//! for it. A name that stops resolving keeps its last good addresses; a literal address needs none of this.

use super::prober::RunningTask;
use crate::clock::Clock;
use crate::config::EndpointAddress;
use crate::endpoint::Condition;
use async_trait::async_trait;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Time for one look-up.
const LOOKUP_WITHIN: Duration = Duration::from_secs(5);
/// The shortest time between two rounds, whatever is configured.
const AT_MOST_EVERY: Duration = Duration::from_millis(100);

/// Looks a name up.
#[async_trait]
pub trait NameLookup: Send + Sync {
    /// The addresses of a name, in order of preference.
    async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's own resolver.
pub struct SystemLookup;

#[async_trait]
impl NameLookup for SystemLookup {
    async fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// The resolver of one service, for the life of one configuration.
pub struct Resolver {
    names: Vec<Arc<Condition>>,
    lookup: Arc<dyn NameLookup>,
    clock: Clock,
}

impl Resolver {
    /// A resolver of those endpoints whose host is a name.
    pub fn new(endpoints: &[Arc<Condition>], lookup: Arc<dyn NameLookup>, clock: Clock) -> Self {
        let is_name = |c: &&Arc<Condition>| c.identity().address.host.parse::<IpAddr>().is_err();
        Self {
            names: endpoints.iter().filter(is_name).cloned().collect(),
            lookup,
            clock,
        }
    }

    /// Looks all names up once, side by side; a name that fails keeps what it has.
    pub async fn round(&self) {
        let mut running = JoinSet::new();
        for name in &self.names {
            let (name, lookup, clock) = (name.clone(), self.lookup.clone(), self.clock.clone());
            running.spawn(async move { resolve(&name, &*lookup, &clock).await });
        }
        while running.join_next().await.is_some() {}
    }

    /// Runs until the result is dropped.
    pub fn start(self, every: Duration) -> RunningTask {
        RunningTask::spawn(async move {
            let mut ticks = tokio::time::interval(every.max(AT_MOST_EVERY));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            while !self.names.is_empty() {
                ticks.tick().await;
                self.round().await;
            }
        })
    }
}

async fn resolve(name: &Condition, lookup: &dyn NameLookup, clock: &Clock) {
    let EndpointAddress { host, port } = &name.identity().address;
    let first = !name.server().is_resolved();
    match tokio::time::timeout(LOOKUP_WITHIN, lookup.lookup(host, *port)).await {
        Ok(Ok(addresses)) if !addresses.is_empty() => {
            name.resolved(addresses, clock.now());
            if first {
                name.probe_trigger().fire();
            }
        }
        _ => name.server().not_resolved(),
    }
}

#[cfg(test)]
mod tests;
