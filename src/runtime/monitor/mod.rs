//! The monitor: a pass over all services, again and again, that looks for overload and imbalance. It tells both as events, once
//! when they begin and once when they end, and leaves what it found for metrics and the admin API. It is not on the
//! request path, and a pass reads a few numbers of each endpoint.

mod watched;

use crate::endpoint::EventLog;
use crate::shared::{ServiceFindings, Shared};
use crate::snapshot::Service;
use std::collections::BTreeMap;
use std::sync::Arc;
use watched::{EndpointFigures, Watched};

/// What is remembered of each service from one pass to the next, by its name.
type Services = BTreeMap<Arc<str>, Watched>;

/// Passes over all services until the process ends.
pub async fn run(shared: Arc<Shared>) {
    let mut services = Services::new();
    loop {
        let config = shared.config();
        match config.balance.monitor.enabled {
            true => pass(&shared, &mut services).await,
            false => forget(&shared, &mut services),
        }
        shared.ticks.tick("monitor", shared.clock.now());
        tokio::time::sleep(config.balance.monitor.interval).await;
    }
}

async fn pass(shared: &Shared, services: &mut Services) {
    let snapshot = shared.snapshot();
    services.retain(|name, _| snapshot.service(name).is_some());
    let mut findings = BTreeMap::new();
    for service in snapshot.services() {
        let watched = services.entry(Arc::clone(&service.name)).or_default();
        let found = look(shared, service, watched);
        findings.insert(Arc::clone(&service.name), found);
        // Others of this thread go first: probes, the admin API.
        tokio::task::yield_now().await;
    }
    shared.findings.replace(findings);
}

fn look(shared: &Shared, service: &Service, watched: &mut Watched) -> ServiceFindings {
    let (config, now) = (shared.config(), shared.clock.now());
    let events: &EventLog = shared.registry.events();
    let endpoints = service.pool.endpoints().iter();
    let figures = endpoints.map(|endpoint| EndpointFigures {
        name: Arc::clone(&endpoint.name),
        load: endpoint.load(now).score(),
        serves: endpoint.is_online(now),
    });
    let figures: Vec<_> = figures.collect();
    let name = &service.name;
    watched.look(name, &figures, &config.balance.monitor, now, events)
}

/// Nothing is looked for any more.
fn forget(shared: &Shared, services: &mut Services) {
    if !services.is_empty() {
        services.clear();
        shared.findings.replace(BTreeMap::new());
    }
}
