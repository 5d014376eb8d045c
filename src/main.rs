//! The program: reads the command line and hands over.

use clap::Parser;
use pointsman::cli::{Cli, Command, check, schema};
use std::process::ExitCode;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Schema(args) => schema::run(&args),
    }
}
