//! Probing: runs a prober and a resolver for each service of the present snapshot, on the runtime
//! beside the path. A new snapshot ends the old ones; what they found stays with the endpoints.

use crate::dialect::Dialect;
use crate::endpoint::HealthRules;
use crate::probe::{
    HttpProbeClient, ProbeClient, Prober, Questions, Resolver, Running, SystemLookup,
};
use crate::shared::Shared;
use crate::snapshot::{Service, Snapshot};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The tasks of the present snapshot.
pub struct Probing {
    shared: Arc<Shared>,
    background: Handle,
    running: Mutex<Vec<Running>>,
}

impl Probing {
    /// Nothing runs yet.
    pub fn new(shared: Arc<Shared>, background: Handle) -> Self {
        Self {
            shared,
            background,
            running: Mutex::default(),
        }
    }
}

impl Probing {
    /// Looks after the endpoints of this snapshot from now on.
    pub fn follow(&self, snapshot: &Snapshot) {
        let ask: Arc<dyn ProbeClient> =
            Arc::new(HttpProbeClient::new(snapshot.config.health.timeout));
        let rules = Arc::new(HealthRules::of(&snapshot.config));
        let every = snapshot.config.upstream.resolve_every;
        let _inside = self.background.enter();
        let mut running = Vec::new();
        for service in snapshot.services() {
            let conditions = service.pool.conditions();
            let resolver = Resolver::new(
                &conditions,
                Arc::new(SystemLookup),
                self.shared.clock.clone(),
            );
            running.push(resolver.start(every));
            let prober = self.prober(service, Arc::clone(&ask), Arc::clone(&rules));
            running.push(prober.start(self.shared.random_source.random()));
        }
        let live = snapshot.services().flat_map(|s| s.pool.endpoints());
        self.shared
            .registry
            .settle(live.cloned().collect(), self.shared.clock.now());
        *self.running.lock() = running;
    }

    fn prober(
        &self,
        service: &Service,
        ask: Arc<dyn ProbeClient>,
        rules: Arc<HealthRules>,
    ) -> Prober {
        let dialect: Arc<dyn Dialect> = Arc::clone(&service.dialect);
        let questions: Arc<dyn Questions> = Arc::new(dialect);
        Prober::new(
            service.pool.conditions(),
            ask,
            questions,
            rules,
            self.shared.clock.clone(),
            service.pool.probe_trigger(),
        )
    }
}
