//! The fault table runs: one short row of it, with the program that was built for the tests.

use std::path::PathBuf;

use crate::faults::bench::Settings;
use crate::faults::page::{Plan, page};
use crate::faults::pointsman::Program;
use crate::faults::rows::Fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_one_of_three_replicas_refusing_connections_no_request_fails() {
    let program = Program(PathBuf::from(env!("CARGO_BIN_EXE_pointsman")));
    let plan = Plan {
        settings: Settings {
            program,
            seed: 1,
            outcomes: false,
        },
        before: None,
        wants: &|fault: &Fault| fault.name == "refused",
        progress: &|_| {},
    };
    let (page, met) = page(plan).await;
    assert!(met, "{page}");
    assert!(page.contains("| `refused` |"), "{page}");
}
