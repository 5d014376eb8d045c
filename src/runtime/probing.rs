//! Probing in a running process: a prober and a resolver for each service of the present snapshot, on
//! the background runtime. A new snapshot ends the old ones; what they found stays with the endpoints.

use crate::dialect::Dialect;
use crate::endpoint::{DrainLimits, HealthRules, Identity};
use crate::observe::Name;
use crate::probe::{
    HttpProbeClient, ProbeObserver, ProbeParts, Prober, Questions, Resolver, RunningTask,
    SystemLookup,
};
use crate::shared::Shared;
use crate::snapshot::{Service, Snapshot};
use parking_lot::Mutex;
use std::hash::RandomState;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// The tasks of the present snapshot.
pub struct Probing {
    shared: Arc<Shared>,
    background: Handle,
    running: Mutex<Vec<RunningTask>>,
    fingerprint_key: RandomState,
}

impl Probing {
    /// Nothing runs yet.
    pub fn new(shared: Arc<Shared>, background: Handle) -> Self {
        Self {
            shared,
            background,
            running: Mutex::default(),
            fingerprint_key: RandomState::new(),
        }
    }

    /// Looks after the endpoints of this snapshot from now on.
    pub fn follow(&self, snapshot: &Snapshot) {
        let with = ProbeParts {
            client: Arc::new(HttpProbeClient::new(snapshot.config.health.timeout)),
            observer: Arc::new(ProbeMetrics(Arc::clone(&self.shared))),
            rules: Arc::new(HealthRules::of(&snapshot.config)),
            clock: self.shared.clock.clone(),
            fingerprint_key: self.fingerprint_key.clone(),
        };
        let live = snapshot.services().flat_map(|one| one.pool.endpoints());
        let limits = DrainLimits::from(&snapshot.config.upstream);
        let now = self.shared.clock.now();
        self.shared
            .registry
            .settle(live.cloned().collect(), limits, now);
        let every = snapshot.config.upstream.resolve_every;
        let _inside = self.background.enter();
        let mut running = Vec::new();
        for service in snapshot.services() {
            running.push(self.resolver(service).start(every));
            let prober = prober(service, with.clone());
            running.push(prober.start(self.shared.random_source.random()));
        }
        *self.running.lock() = running;
    }

    fn resolver(&self, service: &Service) -> Resolver {
        let clock = self.shared.clock.clone();
        Resolver::new(&service.pool.conditions(), Arc::new(SystemLookup), clock)
    }
}

fn prober(service: &Service, with: ProbeParts) -> Prober {
    let dialect: Arc<dyn Dialect> = Arc::clone(&service.dialect);
    let questions: Arc<dyn Questions> = Arc::new(dialect);
    let pool = &service.pool;
    Prober::new(pool.conditions(), pool.probe_trigger(), questions, with)
}

/// Counts probes in the metrics.
struct ProbeMetrics(Arc<Shared>);

impl ProbeObserver for ProbeMetrics {
    fn probed(&self, endpoint: &Identity, result: &'static str, took: Duration) {
        let service = Name::from(Arc::clone(&endpoint.service));
        let name = Name::from(Arc::clone(&endpoint.name));
        let metrics = self.0.observer.metrics();
        metrics.probed(&service, &name, result, took);
    }
}
