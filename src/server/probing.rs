//! Probing: runs a prober and a resolver for each service of the present snapshot, on the runtime
//! beside the path. A new snapshot ends the old ones; what they found stays with the endpoints.

use crate::dialect::Dialect;
use crate::health::prober::Running;
use crate::health::{Ask, HttpAsker, Prober, Questions, Resolver, Rules, SystemLookup};
use crate::shared::Shared;
use crate::snapshot::{Service, Snapshot};
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The tasks of the present snapshot.
pub struct Probing {
    shared: Arc<Shared>,
    aside: Handle,
    running: Mutex<Vec<Running>>,
}

impl Probing {
    /// Nothing runs yet.
    pub fn new(shared: Arc<Shared>, aside: Handle) -> Self {
        Self {
            shared,
            aside,
            running: Mutex::default(),
        }
    }
}

impl Probing {
    /// Looks after the endpoints of this snapshot from now on.
    pub fn follow(&self, snapshot: &Snapshot) {
        let ask: Arc<dyn Ask> = Arc::new(HttpAsker::new(snapshot.config.health.timeout));
        let rules = Arc::new(Rules::of(&snapshot.config));
        let every = snapshot.config.upstream.resolve_every;
        let _inside = self.aside.enter();
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
            running.push(prober.start(self.shared.cup.dice()));
        }
        let pools: Vec<_> = snapshot.services().map(|service| &service.pool).collect();
        self.shared.registry.settle(&pools, self.shared.clock.now());
        *self.running.lock() = running;
    }

    fn prober(&self, service: &Service, ask: Arc<dyn Ask>, rules: Arc<Rules>) -> Prober {
        let dialect: Arc<dyn Dialect> = Arc::clone(&service.dialect);
        let questions: Arc<dyn Questions> = Arc::new(dialect);
        Prober::new(
            service.pool.conditions(),
            ask,
            questions,
            rules,
            self.shared.clock.clone(),
            service.pool.pulse(),
        )
    }
}
