//! What it costs to understand and plan a request, measured request by request: the planner alone,
//! and the dialect with it on whole bodies. Prints a table and a verdict, in less than ten seconds.
//! Run it with `cargo run --release -p benches --bin planning`, on a machine that does nothing else.

mod cases;
mod measure;

use cases::Case;
use measure::{Measured, measure};
use pointsman::config;
use pointsman::dialect::Dialect;
use pointsman::dialect::neo4j::{Neo4j, Neo4jSettings};
use pointsman::dialect::qdrant::{Qdrant, QdrantSettings};
use pointsman::plan::{ExecutionStrategy, Plan, PlanContext, PlanHistory, Planner, SystemLoad};
use std::process::ExitCode;
use std::time::Duration;

/// The allocator of the proxy.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 99 of 100 requests are understood and planned within this.
const WHOLE_LIMIT: Duration = Duration::from_micros(50);

/// 99 of 100 calls are planned within this.
const PLAN_LIMIT: Duration = Duration::from_micros(1);

/// The dialects that are measured.
fn dialects() -> Vec<Box<dyn Dialect>> {
    vec![
        Box::new(Qdrant::new("vectors", QdrantSettings::default())),
        Box::new(Neo4j::new(Neo4jSettings::new("graph"))),
    ]
}

fn main() -> ExitCode {
    let planner = planner();
    let dialects = dialects();
    println!("{}", measure::HEADER);
    let mut all_good = !dialects.is_empty();
    for case in cases::all() {
        let dialect = dialects
            .iter()
            .find(|dialect| dialect.name() == case.dialect);
        let Some(dialect) = dialect else { continue };
        for (step, limit, measured) in steps(&planner, dialect.as_ref(), &case) {
            let good = measured.p99() < limit;
            println!("{}", measured.row(&case.name, step, limit, good));
            all_good &= good;
        }
    }
    println!("verdict: {}", if all_good { "good" } else { "NOT GOOD" });
    if all_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The planner alone on an understood call, then both steps on the bytes.
fn steps(
    planner: &Planner,
    dialect: &dyn Dialect,
    case: &Case,
) -> [(&'static str, Duration, Measured); 2] {
    let call = dialect.understand(&case.request.as_request());
    let history = PlanHistory::default();
    let plan = |call: &_| -> Plan {
        let context = PlanContext {
            execution: ExecutionStrategy::of_store(dialect.store()),
            history: &history,
            load: &SystemLoad::default(),
            database: None,
            user: Some("ada"),
        };
        planner.plan(call, context)
    };
    [
        ("plan", PLAN_LIMIT, measure(|| plan(&call))),
        (
            "understand + plan",
            WHOLE_LIMIT,
            measure(|| {
                let call = dialect.understand(&case.request.as_request());
                let plan = plan(&call);
                (call, plan)
            }),
        ),
    ]
}

fn planner() -> Planner {
    Planner::new(&config::Planner::default(), &config::Cache::default())
}
