//! The program: pointsman with the strategies that it brings.

use balancing::policies::PolicyRegistry;
use std::process::ExitCode;

/// Memory that a burst took is given back sooner than by the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    pointsman::cli::main(PolicyRegistry::default())
}
