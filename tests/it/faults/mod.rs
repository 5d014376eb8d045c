//! The fault table: each fault is injected under load into the default configuration, and its figures are compared with
//! goals. `cargo run --release --example faults` measures all and prints `docs/faults.md`; `cargo test` runs a short one,
//! so that the table stays runnable.
//!
//! A fault is a row of `GROUPS`: its name, what is injected, and a function that builds a bench, runs a load and returns
//! figures.

pub mod bench;
pub mod database;
pub mod load;
pub mod page;
pub mod pointsman;
pub mod record;
pub mod report;
pub mod rows;
