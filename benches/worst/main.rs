//! The worst bodies per megabyte: what it costs to understand them, how much memory that takes, and
//! what other clients of the same worker feel meanwhile. Run it with
//! `cargo run --release -p benches --bin worst_bodies`; a number of megabytes may follow.

mod bodies;

use bodies::Nasty;
use peak_alloc::PeakAlloc;
use pointsman::dialect::Dialect;
use pointsman::dialect::neo4j::{Neo4j, Neo4jSettings};
use pointsman::dialect::qdrant::{Qdrant, QdrantSettings};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Counts what is held, and the most that ever was.
#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MEGABYTE: f64 = 1_048_576.0;

fn main() {
    let megabytes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let bytes = (megabytes.unwrap_or(1.0) * MEGABYTE) as usize;
    println!("dialect  body                                    MB   ms/MB  memory/byte  effect");
    for nasty in bodies::all(bytes) {
        row(&nasty);
    }
    let _ = bodies::small();
}

fn row(nasty: &Nasty) {
    let dialect = dialect(nasty.dialect);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let start = Instant::now();
    let call = black_box(dialect.understand(&nasty.request()));
    let took = start.elapsed().as_secs_f64() * 1000.0;
    let peak = ALLOCATOR.peak_usage().saturating_sub(before);
    let megabytes = nasty.body.len() as f64 / MEGABYTE;
    println!(
        "{:8} {:36} {megabytes:5.2} {:7.1} {:12.1}  {} ({})",
        nasty.dialect,
        nasty.name,
        took / megabytes,
        peak as f64 / nasty.body.len() as f64,
        call.effect.label(),
        call.reason,
    );
}

fn dialect(name: &str) -> Arc<dyn Dialect> {
    match name {
        "qdrant" => Arc::new(Qdrant::new("vectors", QdrantSettings::default())),
        _ => Arc::new(Neo4j::new(Neo4jSettings::new("graph"))),
    }
}
