//! The program: reads the command line and runs the command.

use clap::Parser;
use pointsman::cli::{Cli, Command, check, explain, replay, run, schema};
use pointsman::config::Config;
use pointsman::dialect::registry;
use std::io::{stdin, stdout};
use std::process::ExitCode;

/// Memory that a burst took is given back sooner than by the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Schema(args) => schema::run(&args),
    }
}

fn explain(args: &explain::ExplainArgs) -> ExitCode {
    explain::run(
        args,
        &Config::default(),
        &registry::offline,
        stdin().lock(),
        stdout().lock(),
    )
}
