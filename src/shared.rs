//! What lives as long as the process and survives every reload: the clock, the cache, the observer,
//! endpoint states, histories, and the pointer to the present snapshot.

mod bodies;
mod findings;
mod known_targets;
mod resources;
mod ticks;

pub use bodies::{Bodies, Share};
pub use findings::{Findings, ServiceFindings};
pub use known_targets::KnownTargets;
pub use resources::{ResourceHistory, ResourceSample};
pub use ticks::Ticks;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::endpoint::Registry;
use crate::observe::Observer;
use crate::plan::SystemLoad;
use crate::random::{Random, RandomSource};
use crate::snapshot::{Carried, Snapshot};
use arc_swap::ArcSwap;
use balancing::policies::PolicyRegistry;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;

/// The long-lived parts.
pub struct Shared {
    pub clock: Clock,
    pub cache: Arc<Cache>,
    pub observer: Arc<Observer>,
    pub registry: Arc<Registry>,
    /// Policies that the program registers.
    pub policies: PolicyRegistry,
    pub random_source: RandomSource,
    pub bodies: Arc<Bodies>,
    pub known_targets: KnownTargets,
    pub resources: ResourceHistory,
    pub findings: Findings,
    pub ticks: Ticks,
    current: ArcSwap<Snapshot>,
    load: ArcSwap<SystemLoad>,
    busy: AtomicUsize,
    idle: Notify,
}

/// The parts, before they are put together.
pub struct SharedParts {
    pub clock: Clock,
    pub cache: Arc<Cache>,
    pub observer: Arc<Observer>,
    pub registry: Arc<Registry>,
    /// Policies that the program registers.
    pub policies: PolicyRegistry,
}

impl Shared {
    /// Puts the parts together around their first snapshot.
    pub fn new(parts: SharedParts, first: Snapshot, mut random: Random) -> Arc<Self> {
        Arc::new(Self {
            clock: parts.clock,
            cache: parts.cache,
            observer: parts.observer,
            registry: parts.registry,
            policies: parts.policies,
            random_source: RandomSource::seeded(random.bits()),
            bodies: bodies(&first.config.path),
            known_targets: KnownTargets::default(),
            resources: ResourceHistory::default(),
            findings: Findings::default(),
            ticks: Ticks::default(),
            current: ArcSwap::from_pointee(first),
            load: ArcSwap::default(),
            busy: AtomicUsize::new(0),
            idle: Notify::new(),
        })
    }

    /// The present snapshot. A request takes it once and keeps it to its end.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.load_full()
    }

    /// What a new snapshot carries on.
    pub fn carried(&self) -> Carried<'_> {
        Carried {
            clock: &self.clock,
            registry: &self.registry,
            policies: &self.policies,
        }
    }

    /// The present configuration.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.current.load().config)
    }

    /// Puts a new snapshot in place; requests in flight keep theirs.
    pub fn swap(&self, next: Snapshot) {
        self.cache.reconfigure(&next.config.cache);
        self.observer
            .apply(&next.config.observe, &next.config.queries);
        let path = &next.config.path;
        self.bodies
            .set_limit(path.held_bodies.bytes(), path.client_share);
        let services = next.services().cloned().collect::<Vec<_>>();
        let (before, now) = (self.current.load(), self.clock.now());
        for service in &services {
            let kept = next.config.planner.history as usize;
            service.history.resize(kept);
            if let Some(before) = before.service(&service.name) {
                service.pool.begin_beside(&before.pool, now);
            }
        }
        self.current.store(Arc::new(next));
        // Who waits goes to the endpoints of the new snapshot.
        for service in services {
            service.pool.broker().follow(&service.pool);
        }
    }

    /// The load that plans are made against, as it was last sampled.
    pub fn load(&self) -> Arc<SystemLoad> {
        self.load.load_full()
    }

    /// Takes a new sample of the load.
    pub fn sampled(&self, load: SystemLoad) {
        self.load.store(Arc::new(load));
    }

    /// Counts a request in flight until the guard is dropped.
    pub fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(self)
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> usize {
        self.busy.load(Ordering::Acquire)
    }

    /// Waits until no request is in flight.
    pub async fn drained(&self) {
        loop {
            let idle = self.idle.notified();
            if self.in_flight() == 0 {
                return;
            }
            idle.await;
        }
    }
}

fn bodies(path: &config::Path) -> Arc<Bodies> {
    Bodies::new(path.held_bodies.bytes(), path.client_share)
}

/// One request in flight.
pub struct Busy<'a>(&'a Shared);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}
