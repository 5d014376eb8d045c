//! Whether the process is ready for requests, and how its parts are.

use crate::admin::{Health, Readiness};
use crate::balance::RouteRequest;
use crate::clock::Moment;
use crate::dialect::CallFacts;
use crate::dialect::Placement;
use crate::plan::Plan;
use crate::shared::Shared;
use crate::snapshot::Service;

/// What keeps requests from being served; `stopping`: a stop is to come.
pub fn readiness(shared: &Shared, stopping: bool) -> Readiness {
    let mut reasons = Vec::new();
    if stopping {
        reasons.push("stopping".to_string());
    }
    reasons.extend(obstacles(shared));
    Readiness {
        ready: reasons.is_empty(),
        reasons,
    }
}

/// What keeps services from being served.
fn obstacles(shared: &Shared) -> Vec<String> {
    let snapshot = shared.snapshot();
    let obstacles = snapshot.services().filter_map(|one| obstacle(shared, one));
    obstacles.collect()
}

fn obstacle(shared: &Shared, service: &Service) -> Option<String> {
    let (pool, name) = (&service.pool, &service.name);
    let plan = Plan::unclassified();
    if !pool.is_available(&any(&plan, shared.clock.now())) {
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

/// A request that any endpoint can serve.
pub fn any(plan: &Plan, now: Moment) -> RouteRequest<'_> {
    RouteRequest {
        plan,
        shape: 0,
        facts: CallFacts {
            asks_data: true,
            is_read: true,
            ..CallFacts::default()
        },
        placement: &Placement::Any,
        key: "",
        excluded: &[],
        home: None,
        rules: None,
        affinity: None,
        ahead: 0.0,
        arrived: now,
        now,
        explain: false,
        may_wait: false,
    }
}

/// How each part is; a stop to come changes none.
pub fn health(shared: &Shared, last_reload_good: bool) -> Health {
    let served = obstacles(shared).is_empty();
    let mut components = Health::from([
        ("cache", shared.cache.is_healthy()),
        ("database", served),
        ("load_balancer", served),
        ("configuration", last_reload_good),
    ]);
    let config = shared.config();
    if let (true, Some(share)) = (config.memory.enabled, shared.load().memory) {
        components.insert("memory", share * 100.0 < config.thresholds.memory_usage);
    }
    components
}
