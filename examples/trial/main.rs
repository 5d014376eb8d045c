//! The trials in full: pointsman in one process with real engines behind it, under concurrency and
//! faults. Prints figures, and ends with 1 when a promise is broken.

#[path = "../../tests/it/trial/mod.rs"]
mod trial;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use trial::figures::Figures;
use trial::{availability, freshness};

/// Prove the promises under concurrency.
#[derive(Parser)]
#[command(name = "trial")]
struct Args {
    #[command(subcommand)]
    which: Which,
}

#[derive(Subcommand)]
enum Which {
    /// A write is seen by the very next read: readers and writers at once, with faults and lag
    Freshness {
        /// Reads and writes in all
        #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
        operations: u64,
        /// The seed of random choices; the order of events is the machine's
        #[arg(long)]
        seed: Option<u64>,
    },
    /// No read fails: reloads, a killed replica, a breaker that opens and closes
    Availability {
        /// Clients that read all the time
        #[arg(long, default_value_t = 32)]
        clients: usize,
        /// Reloads at least
        #[arg(long, default_value_t = 1_000)]
        reloads: u64,
        /// Seconds at least
        #[arg(long, default_value_t = 60)]
        seconds: u64,
        /// The seed of random choices
        #[arg(long)]
        seed: Option<u64>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let began = Instant::now();
    let (figures, held) = match Args::parse().which {
        Which::Freshness { operations, seed } => {
            let seed = seed.unwrap_or_else(rand::random);
            println!("freshness: {operations} operations, seed {seed}");
            let told = |done: u64| println!("  {:>8} of {operations}", done.min(operations));
            freshness::run(operations, seed, every(told)).await
        }
        Which::Availability {
            clients,
            reloads,
            seconds,
            seed,
        } => {
            let seed = seed.unwrap_or_else(rand::random);
            println!(
                "availability: {clients} clients, {reloads} reloads, {seconds} s, seed {seed}"
            );
            let settings = availability::Settings {
                clients,
                reloads,
                time: Duration::from_secs(seconds),
                seed,
            };
            let told = |done: u64| println!("  {done:>8} reloads of {reloads}");
            availability::run(settings, every(told)).await
        }
    };
    end(&figures, held, began.elapsed())
}

/// Says at most every five seconds how far it is.
fn every(tell: impl Fn(u64)) -> impl Fn(u64) {
    let last = std::cell::Cell::new(Instant::now());
    move |done| {
        if last.get().elapsed() >= Duration::from_secs(5) {
            last.set(Instant::now());
            tell(done);
        }
    }
}

fn end(figures: &Figures, held: bool, took: Duration) -> ExitCode {
    println!("\nafter {:.1} s:\n{}", took.as_secs_f64(), figures.table());
    for finding in figures.findings() {
        println!("{finding}\n");
    }
    match held {
        true => {
            println!("the promise held");
            ExitCode::SUCCESS
        }
        false => {
            println!("THE PROMISE IS BROKEN");
            ExitCode::FAILURE
        }
    }
}
