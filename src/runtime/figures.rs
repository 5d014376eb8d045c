//! Figures that others keep, read at each scrape of `/metrics`: endpoints, services, the cache.

use crate::balance::{InstanceStats, PoolStats};
use crate::cache::CacheFigures;
use crate::endpoint::{DrainingEndpoint, Endpoint, HealthStatus};
use crate::observe::metrics::process::resident_bytes;
use crate::observe::{
    CacheReading, DrainingReading, EndpointCounts, EndpointReading, MetricsSource, Name, Readings,
    ServiceReading, ShadowReading,
};
use crate::shared::Shared;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Reads the figures of a process.
///
/// It holds them weakly: the observer that asks it is one of their parts.
pub struct Figures(pub Weak<Shared>);

impl MetricsSource for Figures {
    fn read(&self, readings: &mut Readings) {
        let Some(shared) = self.0.upgrade() else {
            return;
        };
        let now = shared.clock.now();
        for service in shared.snapshot().services() {
            let stats = service.pool.stats(now);
            let label = &service.label;
            let found = shared.findings.of(&service.name);
            readings.services.push(ServiceReading {
                service: label.clone(),
                counts: counts(&stats),
                pending: stats.pending,
                skew: stats.skew,
                overloaded: found.as_ref().map(|found| found.overloaded.len()),
                imbalance: found.as_ref().map(|found| found.imbalance),
                pressure: found.as_ref().map(|found| found.pressure.value()),
                rung: found.map(|found| found.rung.number()),
                shadow: service.pool.shadow().map(|(_, figures)| ShadowReading {
                    agreed: figures.agreed,
                    differed: figures.differed,
                    waited: figures.waited,
                }),
            });
            let endpoints = service.pool.endpoints().iter().zip(&stats.instances);
            let rows = endpoints.map(|(endpoint, stats)| instance(label, endpoint, stats));
            readings.endpoints.extend(rows);
        }
        let leaving = shared.registry.leaving(now);
        readings.draining = leaving.iter().map(draining).collect();
        let stats = shared.cache.stats();
        readings.caches.extend(stats.levels().map(level));
        readings.ticks = shared.ticks.ages(now);
        let in_force = shared.findings.rules();
        let config = shared.config();
        let rules = config.balance.monitor.rules.iter();
        let rules = rules.map(|rule| (rule.name.clone(), in_force.contains(&rule.name)));
        readings.rules = rules.collect();
        readings.held_bodies = shared.bodies.held() as u64;
        if shared.config().memory.enabled {
            readings.resident = resident_bytes();
        }
    }
}

fn counts(stats: &PoolStats) -> EndpointCounts {
    // Which endpoints may take a write depends on the request; without an address none may take anything.
    let capable = |one: &&InstanceStats| !one.addresses.is_empty();
    let online = |one: &&InstanceStats| one.is_healthy;
    let room = |one: &&InstanceStats| one.has_place();
    EndpointCounts {
        capable: stats.instances.iter().filter(capable).count() as u32,
        with_capacity: stats.instances.iter().filter(room).count() as u32,
        online: stats.instances.iter().filter(online).count() as u32,
    }
}

fn instance(service: &Name, endpoint: &Endpoint, stats: &InstanceStats) -> EndpointReading {
    EndpointReading {
        service: service.clone(),
        endpoint: Name::from(Arc::clone(&endpoint.name)),
        status: state(stats),
        breaker: stats.breaker,
        in_flight: u64::from(stats.active_queries),
        stalled: endpoint.state.stalled.count() as u64,
        load_a: stats.load_score,
        load_b: stats.load_score_b,
        probe_age: stats.last_health_check_age.map(Duration::from_secs_f64),
    }
}

/// An ejection takes out what its probes do not: the status alone would read as that of an endpoint that serves.
fn state(stats: &InstanceStats) -> &'static str {
    match stats.status {
        HealthStatus::Healthy | HealthStatus::Degraded if stats.is_ejected => "ejected",
        status => status.label(),
    }
}

fn draining(one: &DrainingEndpoint) -> DrainingReading {
    let identity = one.endpoint.health().identity();
    DrainingReading {
        service: Name::from(Arc::clone(&identity.service)),
        endpoint: Name::from(Arc::clone(&identity.name)),
        in_flight: u64::from(one.in_flight),
    }
}

fn level((level, figures, limit_bytes): (&'static str, &CacheFigures, u64)) -> CacheReading {
    CacheReading {
        level,
        entries: figures.entry_count,
        bytes: figures.size_bytes,
        limit_bytes,
        stores: figures.stores,
        evictions: figures.evictions,
        expirations: figures.expired,
        invalidations: figures.invalidations,
        shared: figures.coalesced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::World;
    use crate::dialect::Fault;
    use balancing::policies::Strategy;

    /// An ejected endpoint read as healthy with a closed breaker.
    #[test]
    fn an_ejected_endpoint_is_in_the_state_ejected_until_its_time_is_over() {
        let world = World::equal(Strategy::RoundRobin, 2);
        let read = || state(&world.pool.stats(world.now()).instances[0]);
        world.responds("b", 100, 5);
        assert_eq!(read(), "healthy");
        for _ in 0..20 {
            world.complete("a", &world.done(Fault::Peer, 1));
        }
        assert_eq!(read(), "ejected");
        world.wait(600);
        assert_eq!(read(), "healthy");
    }
}
