//! The trials: pointsman in one process with three Qdrant-shaped replicas and a graph on real engines,
//! under concurrent readers and writers. They prove what is promised under concurrency: no stale
//! response, no failed read. `cargo test` runs them small, the example `trial` runs them in full.
//!
//! That the checker bites is held by `register/tests.rs`, and seen by breaking the cache: without the
//! raising of tags in `cache/write.rs` the small trial finds stale responses within its first hundred
//! operations, without the quarantine there it finds hits in quarantine in most runs.

pub mod aliases;
pub mod availability;
pub mod client;
pub mod environment;
pub mod fault_schedule;
pub mod figures;
pub mod freshness;
pub mod graph;
pub mod points;
pub mod register;
pub mod waiting;
pub mod worker;
