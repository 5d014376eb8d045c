//! Figures of an independent simulator, to compare ours with: it was thrown away, and only its results were kept. They are
//! the judged figure of each scenario: p99 over the better oracle's; for the stall, requests that succeed within a second, and
//! for the fast failure, requests that fail without ejection, percent.

/// The policies of the columns below, by their names here.
const POLICIES: [&str; 10] = [
    "round_robin",
    "least_connections",
    "two_choices",
    "peak_ewma",
    "peak_ewma_scan",
    "hot_cold",
    "cubic_told",
    "late_told",
    "cost_0.3",
    "cost_0.7",
];

/// It did not settle.
const UNSTABLE: f64 = f64::INFINITY;
/// It was not simulated.
const NONE: f64 = f64::NAN;

const ROWS: &[(&str, [f64; 10])] = &[
    (
        "S1.7",
        [1.05, 1.00, 1.01, 1.02, 1.00, 1.00, 1.01, 1.00, 1.01, 1.03],
    ),
    (
        "S1.9",
        [1.61, 1.01, 1.06, 1.08, 1.03, 1.05, 1.02, 1.00, 1.01, 1.04],
    ),
    (
        "S2.5",
        [
            UNSTABLE, 2.12, 2.30, 2.05, 1.70, 2.00, 1.17, 1.20, 1.00, 1.01,
        ],
    ),
    (
        "S2.7",
        [
            UNSTABLE, 1.91, 2.17, 1.92, 1.59, 1.83, 1.30, 1.43, 0.97, 1.00,
        ],
    ),
    (
        "S2.9",
        [
            UNSTABLE, 1.68, 2.58, 1.98, 1.49, 1.64, 1.48, 1.50, 0.96, 1.01,
        ],
    ),
    (
        "S3",
        [
            95.58, 99.55, 99.51, 99.95, 99.96, 99.58, 99.99, 99.99, 99.82, 99.28,
        ],
    ),
    (
        "S4",
        [4.32, 1.06, 1.17, 1.28, 1.12, 1.07, 1.17, 1.03, 1.20, 1.23],
    ),
    (
        "S5",
        [9.1, 35.0, 17.0, 18.0, 84.0, 45.0, 88.0, 78.0, 62.0, 10.0],
    ),
    (
        "S6.8",
        [3.25, 1.00, 1.01, 1.02, 1.01, 1.00, 1.03, 1.00, 1.00, 1.01],
    ),
    (
        "S7.7",
        [76.0, 1.42, 1.98, 1.93, 1.33, 1.31, 1.17, 1.15, 1.06, 1.12],
    ),
    (
        "S7.9",
        [33.0, 1.25, 1.43, 1.25, 1.16, 1.45, 1.11, 1.01, 1.01, 1.14],
    ),
    (
        "S8.1",
        [
            UNSTABLE, 1.35, 1.47, 1.34, 1.25, 1.32, 1.21, 1.24, 0.98, 1.02,
        ],
    ),
    (
        "S8.8",
        [
            UNSTABLE, 1.53, 1.88, 1.45, 1.23, 1.26, 1.24, NONE, 2.64, 2.05,
        ],
    ),
    (
        "S8.32",
        [
            UNSTABLE, 2.43, 2.91, 1.49, 1.32, 1.30, 1.29, NONE, 2.31, 2.08,
        ],
    ),
];

/// The figure of a policy in a scenario.
pub fn figure(scenario: &str, policy: &str) -> Option<f64> {
    let (_, figures) = ROWS.iter().find(|(id, _)| *id == scenario)?;
    let column = POLICIES.iter().position(|name| *name == policy)?;
    Some(figures[column]).filter(|figure| !figure.is_nan())
}
