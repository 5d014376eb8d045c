//! The sections of operation: logs and metrics, alert thresholds, admin API, process.

use super::super::forms::FILTER;
use super::secs;
use config_table::{ANY, Secret, choice, count, formed, percent, section, time, ttl, within};
use std::net::SocketAddr;
use std::time::Duration;

choice! {
    /// How log lines look.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

section! {
    /// Logs, metrics and history.
    Observe {
        /// Off: `/metrics` is empty.
        metrics: bool = true,
        /// Log filter: `info`, `debug`, `pointsman::cache=trace`, ... It counts for pointsman; the libraries below it log warnings and errors only, so that no credential is printed.
        log: String = "info".into() => formed(&FILTER),
        /// The form of log lines. A change needs a restart.
        log_format: LogFormat = LogFormat::Text => ANY.restart(),
        /// One line for each request.
        log_requests: bool = false,
        /// Explanations kept for the admin API.
        history: u32 = 1000 => count(),
        /// Requests that were sent to endpoints, kept as plain values for the balancer's records and for replays.
        arrivals: u32 = 4096 => within(100.0, 100_000.0),
        /// A file to which they are written as well, one JSON object a line, for `pointsman replay`. It is bounded: at 64 MiB it becomes `FILE.1`, in place of an older one. Where the disk cannot keep up, some are left out.
        arrivals_file: Option<String> = None,
        /// Time between two samples of the figures that the dashboard draws. Not used yet.
        collection_interval: Duration = secs(60) => time().not_used_yet(),
        /// Days that samples are kept. Not used yet.
        retention_days: u32 = 30 => within(1.0, 3650.0).not_used_yet(),
        /// Samples written at a time. Not used yet.
        batch_size: u32 = 100 => count().not_used_yet(),
    }
}

section! {
    /// What is learned of endpoints and plans, kept beyond the process: response times, learned limits, speeds and weights, outcomes of plans. Nothing of what is stored or asked for.
    State {
        /// The folder of its file, for one process alone; it is made if it is not there. None: what is learned ends with the process. What the file says is taken at the start.
        dir: Option<String> = None,
        /// Time between two writes; it is written at a stop as well.
        interval: Duration = secs(60) => time(),
        /// A file that is older is not gone on from.
        max_age: Duration = secs(86_400) => ttl(),
    }
}

section! {
    /// Alert thresholds.
    Thresholds {
        /// Mean response time. Not used yet.
        response_time: Duration = secs(1) => time().not_used_yet(),
        /// CPU, percent. Not used yet.
        cpu_usage: f64 = 80.0 => percent().not_used_yet(),
        /// Memory, percent: at or above it the admin API calls the process degraded.
        memory_usage: f64 = 85.0 => percent(),
        /// Errors, percent. Not used yet.
        error_rate: f64 = 5.0 => percent().not_used_yet(),
    }
}

section! {
    /// The admin API: health, metrics, explanations, reload.
    Admin {
        /// Its address. Not a loopback address: a token is needed. A change needs a restart.
        listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 9600)) => ANY.restart(),
        /// Bearer token that may read and operate. None: loopback only, no token needed.
        operate_token: Option<Secret> = None,
        /// Bearer token that may only read.
        read_token: Option<Secret> = None,
    }
}

section! {
    /// The process itself.
    Process {
        /// Worker threads of the path; 0: one per core. A change needs a restart.
        workers: u32 = 0 => within(0.0, 1024.0).restart(),
        /// How long SIGTERM leaves the listeners open while `/readyz` already fails, so that load balancers stop sending first. Requests are served as before. SIGINT does not wait.
        drain_delay: Duration = secs(5) => time(),
        /// How long a stop waits for requests in flight, once the listeners are closed.
        drain_limit: Duration = secs(25) => time(),
        /// How long a changed file must be quiet before it is read.
        reload_delay: Duration = Duration::from_millis(200) => time(),
    }
}
