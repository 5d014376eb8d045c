//! Figures that are read at each scrape: endpoints, services, stores. The families are
//! cleared and filled again each time, so that an endpoint that was removed is gone.

use super::families::Families;
use crate::observe::Name;
use crate::observe::notes::EndpointCounts;
use std::time::Duration;

/// States of an endpoint.
const STATES: [&str; 6] = [
    "healthy",
    "degraded",
    "unhealthy",
    "ejected",
    "maintenance",
    DRAINING,
];
/// The state of an endpoint that a reload removed or moved, and that finishes its transactions.
const DRAINING: &str = "draining";
/// States of a breaker.
const BREAKERS: [&str; 3] = ["closed", "open", "half_open"];

/// A component that keeps figures of its own.
pub trait MetricsSource: Send + Sync {
    /// Adds its figures. Called at each scrape: it must not wait.
    fn read(&self, readings: &mut Readings);
}

impl<F: Fn(&mut Readings) + Send + Sync> MetricsSource for F {
    fn read(&self, readings: &mut Readings) {
        self(readings);
    }
}

/// All figures of one scrape.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    pub endpoints: Vec<EndpointReading>,
    /// Endpoints that a reload removed or moved. A name may be here and among `endpoints`, with another address.
    pub draining: Vec<DrainingReading>,
    pub services: Vec<ServiceReading>,
    pub caches: Vec<CacheReading>,
    /// The time since each background task last did its work.
    pub ticks: Vec<(&'static str, Duration)>,
    /// The rules about resources, and whether each is in force.
    pub rules: Vec<(String, bool)>,
    /// Bytes of bodies that are buffered, of requests and responses.
    pub held_bodies: u64,
    /// Bytes of memory of the process; `None` when they are not watched or cannot be read.
    pub resident: Option<u64>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointReading {
    pub service: Name,
    pub endpoint: Name,
    /// healthy, degraded, unhealthy, ejected, maintenance or draining.
    pub status: &'static str,
    /// closed, open or half_open.
    pub breaker: &'static str,
    pub in_flight: u64,
    pub stalled: u64,
    /// The load score, 0..=1; higher is busier.
    pub load_a: f64,
    /// The score of time, load and errors, 0..=100; lower is better.
    pub load_b: f64,
    /// `None`: never probed.
    pub probe_age: Option<Duration>,
}

/// One endpoint that drains.
#[derive(Debug, Clone, PartialEq)]
pub struct DrainingReading {
    pub service: Name,
    pub endpoint: Name,
    pub in_flight: u64,
}

/// One service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceReading {
    pub service: Name,
    pub counts: EndpointCounts,
    /// Requests that wait for an endpoint with room.
    pub pending: usize,
    /// The largest share of responses over the share by weight; `None` without responses.
    pub skew: Option<f64>,
    /// Endpoints that are overloaded; `None` while nobody looks, here and below.
    pub overloaded: Option<usize>,
    /// How far the load of the busiest endpoint is above the mean.
    pub imbalance: Option<f64>,
    /// How hard the service is pressed, 0..=1.
    pub pressure: Option<f64>,
    /// The number of its rung of the ladder of degradation.
    pub rung: Option<u8>,
    pub shadow: Option<ShadowReading>,
}

/// The choices of a shadow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ShadowReading {
    pub agreed: u64,
    pub differed: u64,
    pub waited: u64,
}

/// One store. Totals count from the start of the process and never fall.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CacheReading {
    /// `l1`, `l2`.
    pub level: &'static str,
    pub entries: u64,
    pub bytes: u64,
    pub limit_bytes: u64,
    pub stores: u64,
    pub evictions: u64,
    pub expirations: u64,
    pub invalidations: u64,
    pub shared: u64,
}

/// Replaces all figures that are read at a scrape.
pub fn take(families: &Families, readings: &Readings) {
    forget_readings(families);
    readings
        .endpoints
        .iter()
        .for_each(|one| take_endpoint(families, one));
    // After the endpoints of the configuration: a name that serves at another address has the state that it has there.
    for one in &readings.draining {
        let lives = |other: &EndpointReading| {
            (&other.service, &other.endpoint) == (&one.service, &one.endpoint)
        };
        take_draining(families, one, readings.endpoints.iter().any(lives));
    }
    readings
        .services
        .iter()
        .for_each(|one| take_service(families, one));
    readings
        .caches
        .iter()
        .for_each(|one| take_cache(families, one));
    for (task, age) in &readings.ticks {
        families
            .task_age
            .with([task], |gauge| gauge.set(age.as_secs_f64()));
    }
    for (rule, in_force) in &readings.rules {
        let value = f64::from(u8::from(*in_force));
        families.rules.with([rule], |gauge| gauge.set(value));
    }
    families
        .held_bodies
        .with([], |gauge| gauge.set(readings.held_bodies as f64));
    if let Some(bytes) = readings.resident {
        families.resident.with([], |gauge| gauge.set(bytes as f64));
    }
}

fn forget_readings(families: &Families) {
    [&families.in_flight, &families.stalled, &families.probe_age]
        .iter()
        .for_each(|family| family.clear());
    [
        &families.endpoint_status,
        &families.breaker_state,
        &families.load_score,
    ]
    .iter()
    .for_each(|family| family.clear());
    families.selectable.clear();
    families.skew.clear();
    families.overloaded.clear();
    families.imbalance.clear();
    families.pressure.clear();
    families.rung.clear();
    families.rules.clear();
    families.shadow_choices.clear();
    families.resident.clear();
}

fn take_endpoint(families: &Families, one: &EndpointReading) {
    let (service, endpoint) = (&*one.service, &*one.endpoint);
    families
        .in_flight
        .with([service, endpoint], |gauge| gauge.set(one.in_flight as f64));
    families
        .stalled
        .with([service, endpoint], |gauge| gauge.set(one.stalled as f64));
    for state in STATES {
        let value = f64::from(u8::from(state == one.status));
        families
            .endpoint_status
            .with([service, endpoint, state], |gauge| gauge.set(value));
    }
    for state in BREAKERS {
        let value = f64::from(u8::from(state == one.breaker));
        families
            .breaker_state
            .with([service, endpoint, state], |gauge| gauge.set(value));
    }
    for (score, value) in [("a", one.load_a), ("b", one.load_b)] {
        families
            .load_score
            .with([service, endpoint, score], |gauge| gauge.set(value));
    }
    if let Some(age) = one.probe_age {
        families
            .probe_age
            .with([service, endpoint], |gauge| gauge.set(age.as_secs_f64()));
    }
}

fn take_draining(families: &Families, one: &DrainingReading, lives: bool) {
    let (service, endpoint) = (&*one.service, &*one.endpoint);
    families
        .in_flight
        .with([service, endpoint], |gauge| gauge.add(one.in_flight as f64));
    if !lives {
        families
            .endpoint_status
            .with([service, endpoint, DRAINING], |gauge| gauge.set(1.0));
    }
}

fn take_service(families: &Families, one: &ServiceReading) {
    families
        .pending
        .with([&one.service], |gauge| gauge.set(one.pending as f64));
    let counts = [
        ("capable", one.counts.capable),
        ("with_capacity", one.counts.with_capacity),
        ("online", one.counts.online),
    ];
    for (count, value) in counts {
        families
            .selectable
            .with([&one.service, count], |gauge| gauge.set(f64::from(value)));
    }
    if let Some(skew) = one.skew {
        families.skew.with([&one.service], |gauge| gauge.set(skew));
    }
    if let Some(overloaded) = one.overloaded {
        families
            .overloaded
            .with([&one.service], |gauge| gauge.set(overloaded as f64));
    }
    if let Some(imbalance) = one.imbalance {
        families
            .imbalance
            .with([&one.service], |gauge| gauge.set(imbalance));
    }
    if let Some(pressure) = one.pressure {
        families
            .pressure
            .with([&one.service], |gauge| gauge.set(pressure));
    }
    if let Some(rung) = one.rung {
        families
            .rung
            .with([&one.service], |gauge| gauge.set(f64::from(rung)));
    }
    if let Some(shadow) = one.shadow {
        let counts = [
            ("agreed", shadow.agreed),
            ("differed", shadow.differed),
            ("waited", shadow.waited),
        ];
        for (result, count) in counts {
            families
                .shadow_choices
                .with([&one.service, result], |gauge| gauge.set(count as f64));
        }
    }
}

fn take_cache(families: &Families, one: &CacheReading) {
    let gauges = [
        (&families.cache_entries, one.entries),
        (&families.cache_bytes, one.bytes),
        (&families.cache_limit_bytes, one.limit_bytes),
    ];
    for (family, value) in gauges {
        family.with([one.level], |gauge| gauge.set(value as f64));
    }
    let totals = [
        (&families.cache_stores, one.stores),
        (&families.cache_evictions, one.evictions),
        (&families.cache_expirations, one.expirations),
        (&families.cache_invalidations, one.invalidations),
        (&families.cache_shared, one.shared),
    ];
    for (family, total) in totals {
        family.replace([one.level], total);
    }
}
