//! Whether the process is ready for requests, and how its parts are.

use crate::admin::{Health, Readiness};
use crate::shared::Shared;
use crate::snapshot::Service;

/// What keeps requests from being served; `stopping`: a stop is to come.
pub fn readiness(shared: &Shared, stopping: bool) -> Readiness {
    let mut reasons = Vec::new();
    if stopping {
        reasons.push("stopping".to_string());
    }
    let snapshot = shared.snapshot();
    reasons.extend(snapshot.services().filter_map(|one| obstacle(shared, one)));
    Readiness {
        ready: reasons.is_empty(),
        reasons,
    }
}

fn obstacle(shared: &Shared, service: &Service) -> Option<String> {
    let (pool, name) = (&service.pool, &service.name);
    if pool.stats(shared.clock.now()).healthy_instances == 0 {
        return Some(format!("service {name}: no endpoint serves"));
    }
    let responded = || {
        pool.endpoints()
            .iter()
            .any(|one| one.server().has_responded())
    };
    let is_probed = shared.config().health.enabled;
    (is_probed && !responded()).then(|| format!("service {name}: no endpoint has answered yet"))
}

/// How each part is.
pub fn health(shared: &Shared, ready: bool, last_reload_good: bool) -> Health {
    let mut components = Health::from([
        ("cache", shared.cache.is_healthy()),
        ("database", ready),
        ("load_balancer", ready),
        ("configuration", last_reload_good),
    ]);
    let config = shared.config();
    if let (true, Some(share)) = (config.memory.enabled, shared.load().memory) {
        components.insert("memory", share * 100.0 < config.thresholds.memory_usage);
    }
    components
}
