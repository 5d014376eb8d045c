//! The load of an endpoint as an agent reports it. Choosing reads it without a lock.

use super::gauge::Gauge;
use serde::Deserialize;

/// What an agent reports of an endpoint. What is absent stays as it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct LoadReport {
    /// Connections to the server, of all its clients.
    pub current_connections: Option<f64>,
    /// 0..=1.
    pub cpu_usage: Option<f64>,
    /// 0..=1.
    pub memory_usage: Option<f64>,
    pub queue_size: Option<f64>,
    pub requests_per_second: Option<f64>,
}

/// What was reported last; each figure is `None` until one was.
#[derive(Debug, Default)]
pub struct ReportedLoad {
    connections: Gauge,
    cpu: Gauge,
    memory: Gauge,
    queue: Gauge,
    rate: Gauge,
}

impl ReportedLoad {
    /// Connections that were reported.
    pub fn connections(&self) -> Option<f64> {
        self.connections.get()
    }

    /// CPU share that was reported.
    pub fn cpu(&self) -> Option<f64> {
        self.cpu.get()
    }

    /// Memory share that was reported.
    pub fn memory(&self) -> Option<f64> {
        self.memory.get()
    }

    /// Length of its own queue that was reported.
    pub fn queue(&self) -> Option<f64> {
        self.queue.get()
    }

    /// Requests per second that were reported.
    pub fn rate(&self) -> Option<f64> {
        self.rate.get()
    }

    /// Takes a report; values outside their range are brought to its edge.
    pub fn take(&self, report: &LoadReport) {
        let share = |value: f64| value.clamp(0.0, 1.0);
        let count = |value: f64| value.max(0.0);
        set(&self.connections, report.current_connections.map(count));
        set(&self.cpu, report.cpu_usage.map(share));
        set(&self.memory, report.memory_usage.map(share));
        set(&self.queue, report.queue_size.map(count));
        set(&self.rate, report.requests_per_second.map(count));
    }
}

fn set(gauge: &Gauge, value: Option<f64>) {
    if let Some(value) = value {
        gauge.set(value);
    }
}
