//! The simulator simulates what is shipped.

use balancing_sim::shipped;
use pointsman::config::{Config, Endpoint};

#[test]
fn the_defaults_of_the_configuration_are_those_that_are_simulated() {
    let config = Config::default();
    let queue = &config.balance.queue;
    let endpoint = Endpoint::default();
    assert_eq!(endpoint.max_connections, shipped::MAX_CONNECTIONS);
    assert_eq!(config.health.interval, shipped::PROBE_INTERVAL);
    assert_eq!(queue.max_pending as usize, shipped::MAX_PENDING);
    let for_each = queue.max_pending_per_endpoint as usize;
    assert_eq!(for_each, shipped::MAX_PENDING_PER_ENDPOINT);
    assert_eq!(queue.max_wait, shipped::MAX_WAIT);
    assert_eq!(config.balance.max_retries, shipped::MAX_ATTEMPTS);
}
