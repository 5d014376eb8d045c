//! The monitor: a pass over all services, again and again. It looks for overload and imbalance, moves the ladder of
//! degradation of each service, and evaluates the rules about resources. What begins and ends is told as an event, once; what it
//! found is left for metrics and the admin API. It is not on the request path, and a pass reads a few numbers of each endpoint.

mod degradation;
mod rules;
mod watched;

use crate::config::Config;
use crate::shared::{ServiceFindings, Shared};
use crate::snapshot::Service;
use balancing::Rung;
use rules::Rules;
pub use rules::{figure, wants_cache};
use std::collections::BTreeMap;
use std::sync::Arc;
use watched::{EndpointFigures, Watched, demand};

/// What is remembered from one pass to the next.
#[derive(Default)]
pub(super) struct Remembered {
    services: BTreeMap<Arc<str>, Watched>,
    rules: Rules,
}

/// Passes over all services until the process ends.
pub async fn run(shared: Arc<Shared>) {
    let mut memory = Remembered::default();
    loop {
        let config = shared.config();
        match config.balance.monitor.enabled {
            true => pass(&shared, &mut memory).await,
            false => forget(&shared, &mut memory),
        }
        shared.ticks.tick("monitor", shared.clock.now());
        tokio::time::sleep(config.balance.monitor.interval).await;
    }
}

/// Looks at all services once.
pub(super) async fn pass(shared: &Shared, memory: &mut Remembered) {
    let snapshot = shared.snapshot();
    let least = memory.rules.look(shared, &snapshot.config);
    memory
        .services
        .retain(|name, _| snapshot.service(name).is_some());
    let mut findings = BTreeMap::new();
    for service in snapshot.services() {
        let watched = memory.services.entry(Arc::clone(&service.name));
        let watched = watched.or_default();
        let found = look(shared, &snapshot.config, service, watched, least);
        findings.insert(Arc::clone(&service.name), found);
        // Others of this thread go first: probes, the admin API.
        tokio::task::yield_now().await;
    }
    shared.findings.replace(findings);
}

/// Looks at a service, which gives up as much as the rung `least` at least.
fn look(
    shared: &Shared,
    config: &Config,
    service: &Service,
    watched: &mut Watched,
    least: Rung,
) -> ServiceFindings {
    let (now, events) = (shared.clock.now(), shared.registry.events());
    let stats = service.pool.stats(now);
    let endpoints = service.pool.endpoints().iter().zip(&stats.instances);
    let figures = endpoints.map(|(endpoint, stats)| EndpointFigures {
        name: Arc::clone(&endpoint.name),
        load: stats.load_score,
        busy: stats.busy,
        serves: stats.is_healthy,
    });
    let figures: Vec<_> = figures.collect();
    let name = &service.name;
    let found = watched.look(name, &figures, &config.balance.monitor, now, events);
    let refused = degradation::refused_share(service, watched);
    let pressure = degradation::pressure(service, refused, now);
    let rung = degradation::climb(name, watched, &pressure, config, now, events).max(least);
    service.pool.set_rung(rung);
    ServiceFindings {
        demand: demand(&figures, refused),
        pressure,
        rung,
        since: watched.moved,
        ..found
    }
}

/// Nothing is looked for any more, and nothing given up.
fn forget(shared: &Shared, memory: &mut Remembered) {
    for service in shared.snapshot().services() {
        service.pool.set_rung(Rung::Normal);
    }
    if !memory.services.is_empty() {
        *memory = Remembered::default();
        shared.findings.replace(BTreeMap::new());
        shared.findings.set_rules(Default::default());
    }
}
