//! The default policy is no worse than it was when the file was written.

use balancing_sim::baseline::{Figures, figures, worse};
use std::{fs, thread};

#[test]
fn no_figure_of_the_default_policy_is_worse_than_it_was() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.json");
    let before: Figures = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let now = figures(thread::available_parallelism().map_or(1, usize::from));
    let worse = worse(&before, &now);
    assert!(
        worse.is_empty(),
        "worse than benches/balancing/baseline.json (`cargo run --release -p balancing-sim -- baseline` writes it): {worse:#?}"
    );
    let unknown: Vec<_> = now
        .keys()
        .filter(|name| !before.contains_key(*name))
        .collect();
    assert!(
        unknown.is_empty(),
        "write the baseline anew: it lacks {unknown:?}"
    );
}
