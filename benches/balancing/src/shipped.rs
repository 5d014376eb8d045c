//! What the proxy does by default where the crate has no default of its own. `tests/it/simulator_defaults.rs` of the proxy
//! holds that its configuration says the same.

use std::time::Duration;

/// Requests in flight at an endpoint at most.
pub const MAX_CONNECTIONS: u32 = 100;
/// Between two rounds of probes.
pub const PROBE_INTERVAL: Duration = Duration::from_secs(30);
/// Requests that wait at most, in all.
pub const MAX_PENDING: usize = 1000;
/// And for each endpoint.
pub const MAX_PENDING_PER_ENDPOINT: usize = 500;
/// How long a request waits at most.
pub const MAX_WAIT: Duration = Duration::from_secs(10);
/// Attempts for a call.
pub const MAX_ATTEMPTS: u32 = 3;
