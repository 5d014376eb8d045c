//! Samples the machine's load from `/proc`: the processors, by which plans estimate times, the memory and the network, and the
//! load of the services: a plan fits or not by all of these. What cannot be read stays unknown.

use super::network::Network;
use crate::balance::PoolStats;
use crate::dialect::DialectName;
use crate::observe::metrics::process::resident_bytes;
use crate::observe::unix_ms;
use crate::plan::SystemLoad;
use crate::shared::{ResourceSample, Shared};

/// Reads one sample after the other; processor time and what goes over the network are differences between two.
#[derive(Default)]
pub struct Machine {
    last: Option<Ticks>,
    network: Network,
}

#[derive(Clone, Copy)]
struct Ticks {
    busy: u64,
    all: u64,
}

impl Machine {
    /// The resources at this moment.
    pub fn sample(&mut self, shared: &Shared) -> ResourceSample {
        let network = self.network.load(shared.clock.now());
        let memory_watched = shared.config().memory.enabled;
        ResourceSample {
            cpu_usage: self.cpu(),
            memory_usage: memory_watched.then(memory).flatten(),
            network_usage: network.usage,
            network_bytes_per_second: network.bytes_per_second,
            ..resources(shared)
        }
    }

    fn cpu(&mut self) -> Option<f64> {
        let now = ticks(&std::fs::read_to_string("/proc/stat").ok()?)?;
        let before = self.last.replace(now)?;
        let all = now.all.checked_sub(before.all).filter(|all| *all > 0)?;
        Some((now.busy.saturating_sub(before.busy) as f64 / all as f64).clamp(0.0, 1.0))
    }
}

/// The first line of `/proc/stat`: user nice system idle iowait irq softirq steal ...
fn ticks(stat: &str) -> Option<Ticks> {
    let numbers: Vec<u64> = stat
        .lines()
        .next()?
        .split_whitespace()
        .skip(1)
        .take(8)
        .filter_map(|word| word.parse().ok())
        .collect();
    let all = numbers.iter().sum();
    let idle: u64 = numbers.iter().skip(3).take(2).sum();
    Some(Ticks {
        busy: all - idle,
        all,
    })
}

/// Share of the machine's memory that is not available.
fn memory() -> Option<f64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let read = |key: &str| -> Option<f64> {
        let line = info.lines().find(|line| line.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse().ok()
    };
    let (total, free) = (read("MemTotal:")?, read("MemAvailable:")?);
    (total > 0.0).then(|| (1.0 - free / total).clamp(0.0, 1.0))
}

/// What plans are made against.
pub fn load(sample: &ResourceSample) -> SystemLoad {
    SystemLoad {
        cpu: sample.cpu_usage,
        memory: sample.memory_usage,
        network: sample.network_usage,
        databases: sample.services.clone(),
        wants_cache: false,
    }
}

/// The resources of the services and the process; nothing of the machine.
fn resources(shared: &Shared) -> ResourceSample {
    let (snapshot, now) = (shared.snapshot(), shared.clock.now());
    let pools = snapshot.services();
    let pools = pools.map(|service| (service.settings.dialect, service.pool.stats(now)));
    let pools: Vec<(DialectName, PoolStats)> = pools.collect();
    let of = |dialect: DialectName| {
        let own = pools.iter().filter(move |(own, _)| *own == dialect);
        own.map(|(_, pool)| pool).collect::<Vec<_>>()
    };
    let (vector, graph) = (of(DialectName::Qdrant), of(DialectName::Neo4j));
    let loads = pools.iter();
    let loads = loads.filter_map(|(_, pool)| Some((pool.service.to_string(), mean_load(&[pool])?)));
    let demands = snapshot.services().filter_map(|service| {
        let found = shared.findings.of(&service.name)?;
        Some((service.name.to_string(), found.demand?))
    });
    let brokers = || snapshot.services().map(|service| &service.pool);
    let most_pending: usize = brokers().map(|pool| pool.queue_rules().max_pending).sum();
    ResourceSample {
        timestamp: unix_ms(),
        process_memory: resident_bytes(),
        held_bodies: shared.bodies.held() as u64,
        vector_db_load: mean_load(&vector),
        vector_db_connections: vector.iter().map(|one| one.total_active_queries).sum(),
        max_vector_connections: limits(&vector),
        graph_db_load: mean_load(&graph),
        graph_db_connections: graph.iter().map(|one| one.total_active_queries).sum(),
        max_graph_connections: limits(&graph),
        pending_queries: brokers().map(|pool| pool.broker().pending()).sum(),
        max_queue_size: most_pending.min(snapshot.config.planner.max_queue_size as usize),
        services: loads.collect(),
        demand: demands.collect(),
        ..ResourceSample::default()
    }
}

fn mean_load(pools: &[&PoolStats]) -> Option<f64> {
    let scores = pools.iter().flat_map(|pool| &pool.instances);
    let (sum, count) = scores.fold((0.0, 0u32), |(sum, n), one| (sum + one.busy, n + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn limits(pools: &[&PoolStats]) -> u32 {
    let instances = pools.iter().flat_map(|pool| &pool.instances);
    instances.fold(0, |sum, one| sum.saturating_add(one.max_connections))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_disks_counts_as_idle() {
        let read = ticks("cpu  10 0 10 70 10 0 0 0 0 0\ncpu0 1 2 3\n").unwrap();
        assert_eq!((read.busy, read.all), (20, 100));
    }

    #[test]
    fn what_is_no_number_is_unknown_rather_than_zero() {
        assert!(ticks("").is_none());
    }
}
