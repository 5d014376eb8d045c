//! Resolves the names of a service's endpoints in the background (B6), so that no request ever waits
//! for it. A name that stops resolving keeps its last good addresses; a literal address needs none of this.

use super::prober::RunningTask;
use crate::clock::Clock;
use crate::config::EndpointAddress;
use crate::endpoint::Condition;
use crate::endpoint::EventKind;
use async_trait::async_trait;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
    names: Vec<Arc<Name>>,
    lookup: Arc<dyn NameLookup>,
    clock: Clock,
}

struct Name {
    condition: Arc<Condition>,
    /// Whether its present failure was told already.
    told: AtomicBool,
}

impl Resolver {
    /// A resolver of those subjects that are names.
    pub fn new(subjects: &[Arc<Condition>], lookup: Arc<dyn NameLookup>, clock: Clock) -> Self {
        let is_name = |c: &&Arc<Condition>| c.identity().address.host.parse::<IpAddr>().is_err();
        let name = |condition: &Arc<Condition>| {
            Arc::new(Name {
                condition: condition.clone(),
                told: AtomicBool::new(false),
            })
        };
        Self {
            names: subjects.iter().filter(is_name).map(name).collect(),
            lookup,
            clock,
        }
    }

    /// Looks all names up once, side by side; a name that fails keeps what it has.
    pub async fn round(&self) {
        let mut running = JoinSet::new();
        for name in &self.names {
            let (name, lookup, clock) = (name.clone(), self.lookup.clone(), self.clock.clone());
            running.spawn(async move { name.resolve(&*lookup, &clock).await });
        }
        while running.join_next().await.is_some() {}
    }

    /// Runs until the answer is dropped.
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

impl Name {
    async fn resolve(&self, lookup: &dyn NameLookup, clock: &Clock) {
        let EndpointAddress { host, port } = &self.condition.identity().address;
        let found = lookup.lookup(host, *port);
        let first = !self.condition.is_resolved();
        match tokio::time::timeout(LOOKUP_WITHIN, found).await {
            Ok(Ok(addresses)) if !addresses.is_empty() => {
                self.told.store(false, Ordering::Relaxed);
                self.condition.resolved(addresses, clock.now());
                if first {
                    self.condition.probe_trigger().nudge();
                }
            }
            _ => self.complain(),
        }
    }

    fn complain(&self) {
        if !self.told.swap(true, Ordering::Relaxed) {
            let why = format!("{} has no address", self.condition.identity().address.host);
            self.condition.tell(EventKind::ResolutionFailed, why);
        }
    }
}

#[cfg(test)]
mod tests;
