//! The fault table: injects each fault under load into pointsman with its default configuration, and prints
//! `docs/faults.md`. What it measures is this build itself, in a process of its own, or another program.

#[path = "../../tests/it/faults/mod.rs"]
mod faults;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use balancing::policies::PolicyRegistry;
use clap::Parser;
use faults::bench::Settings;
use faults::page::{Plan, page};
use faults::pointsman::Program;
use faults::rows::{Fault, GROUPS};

/// As in the program that is shipped.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Inject faults under load, and print the table of what they cost.
///
/// All of them take about nine minutes. The page goes to standard output, progress to standard error. Ends with 1 when a
/// goal is missed.
#[derive(Parser)]
#[command(name = "faults")]
struct Args {
    /// Measure only faults whose name holds this; may be repeated
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// List the faults and end
    #[arg(long)]
    list: bool,
    /// The seed of arrivals, service times and partial faults; the order of events is the machine's
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Tell how the requests of each load ended
    #[arg(long)]
    outcomes: bool,
    /// Measure this program in place of this build
    #[arg(long, value_name = "FILE")]
    pointsman: Option<PathBuf>,
    /// An earlier program, for the column of what once failed
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
}

fn main() -> ExitCode {
    // The process under test is this program again, with the words of `pointsman`.
    if matches!(std::env::args().nth(1).as_deref(), Some("run" | "check")) {
        return pointsman::cli::main(PolicyRegistry::default());
    }
    let args = Args::parse();
    if args.list {
        let all = GROUPS.iter().flat_map(|group| group.faults);
        all.for_each(|fault| println!("{:<20} {}", fault.name, fault.injected));
        return ExitCode::SUCCESS;
    }
    let mut all = GROUPS.iter().flat_map(|group| group.faults);
    if !args.only.is_empty() && !all.any(|fault| args.wants(fault)) {
        let names = args.only.join(", ");
        eprintln!("no fault has {names} in its name; --list names them");
        return ExitCode::from(2);
    }
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(measure(args))
}

impl Args {
    fn wants(&self, fault: &Fault) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| fault.name.contains(&**name))
    }
}

async fn measure(args: Args) -> ExitCode {
    let own = std::env::current_exe().expect("the path of this program");
    let settings = Settings {
        program: Program(args.pointsman.clone().unwrap_or(own)),
        seed: args.seed,
        outcomes: args.outcomes,
    };
    let wants = |fault: &Fault| args.wants(fault);
    let began = Instant::now();
    let progress = |line: &str| eprintln!("{:>5.0} s  {line}", began.elapsed().as_secs_f64());
    let plan = Plan {
        settings,
        before: args.before.clone().map(Program),
        wants: &wants,
        progress: &progress,
    };
    let (page, met) = page(plan).await;
    println!("{page}");
    match met {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
