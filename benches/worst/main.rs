//! The worst bodies per megabyte: what it costs to understand them, how much memory that takes, and
//! what other clients of the same worker feel meanwhile. Run it with
//! `cargo run --release -p benches --bin worst_bodies`; a number of megabytes may follow.

mod beside;
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

/// The columns of the table. The last three are of small requests every millisecond, in ms.
const HEADER: &str = "dialect  body                                     MB     ms  ms/MB  peak MB  MB/MB | p99 alone, in its way, as served | effect";

fn main() {
    let megabytes = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let bytes = (megabytes.unwrap_or(1.0) * MEGABYTE) as usize;
    let small = bodies::small();
    println!("{HEADER}");
    for nasty in bodies::all(bytes) {
        println!("{}", row(&nasty, &small));
    }
}

fn row(nasty: &Nasty, small: &Nasty) -> String {
    let dialect = dialect(nasty.dialect);
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let start = Instant::now();
    let call = black_box(dialect.understand(&nasty.request.as_request()));
    let took = start.elapsed().as_secs_f64() * 1000.0;
    let peak = ALLOCATOR.peak_usage().saturating_sub(before) as f64 / MEGABYTE;
    let megabytes = nasty.request.body.len() as f64 / MEGABYTE;
    let [alone, in_its_way, served] = beside::p99(&dialect, nasty, small);
    format!(
        "{:8} {:37} {megabytes:5.2} {took:6.1} {:6.1} {peak:8.2} {:6.1} | {alone:9.2} {in_its_way:12.2} {served:10.2} | {} ({})",
        nasty.dialect,
        nasty.name,
        took / megabytes,
        peak / megabytes,
        call.effect.label(),
        call.reason,
    )
}

fn dialect(name: &str) -> Arc<dyn Dialect> {
    match name {
        "qdrant" => Arc::new(Qdrant::new("vectors", QdrantSettings::default())),
        _ => Arc::new(Neo4j::new(Neo4jSettings::new("graph"))),
    }
}
