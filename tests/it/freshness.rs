//! The trials, small: the same engine as `cargo run --release --example trial`.

use std::time::Duration;

use crate::trial::{availability, freshness};

/// Where a failing run can be run again from.
fn seed() -> u64 {
    std::env::var("TRIAL_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(rand::random)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_response_is_older_than_the_last_acknowledged_write() {
    let seed = seed();
    let (figures, held) = freshness::run(4_000, seed, |_| ()).await;
    assert!(
        held,
        "TRIAL_SEED={seed}\n{}\n{}",
        figures.findings().join("\n"),
        figures.table()
    );
    for row in ["hits of points", "hits of aliases", "hits of nodes"] {
        assert!(figures.get(row) > 20, "{}", figures.table());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_fails_over_reloads_a_killed_replica_and_a_failing_one() {
    let settings = availability::Settings {
        clients: 8,
        reloads: 40,
        time: Duration::from_secs(4),
        seed: seed(),
    };
    let (figures, held) = availability::run(settings, |_| ()).await;
    assert!(
        held,
        "{settings:?}\n{}\n{}",
        figures.findings().join("\n"),
        figures.table()
    );
    assert!(figures.get("hits") > 20, "{}", figures.table());
}
