//! The default policy is no worse than it was when the file was written.

use balancing::policies::Strategy;
use balancing_sim::baseline::{Figures, figures, worse};
use balancing_sim::contender::Contender;
use balancing_sim::engine::run;
use balancing_sim::scenarios::named;
use balancing_sim::settings::Settings;
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

/// Those that a pause held up once seemed to tell of a single worker: for eight seconds after 0.4 s a replica of eight was given two
/// at a time, and all others waited for the rest.
#[test]
fn a_replica_is_given_as_many_as_before_when_its_pause_is_over() {
    let settings = Settings {
        length: 0.1,
        ..Settings::default()
    };
    let pauses = named("S4").unwrap();
    for seed in [202, 203] {
        let outcome = run(pauses, Contender::Own(Strategy::Adaptive), &settings, seed);
        assert!(outcome.p50 < 17.0, "{seed}: {} ms", outcome.p50);
    }
}
