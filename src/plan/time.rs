//! The expected duration (PL-16): what the level takes, drawn half-way to what was measured, and
//! stretched by a busy processor.

use super::{Complexity, SystemLoad};
use std::time::Duration;

/// Seconds of a level without any history.
pub const fn base(complexity: Complexity) -> f64 {
    match complexity {
        Complexity::Simple => 0.1,
        Complexity::Moderate => 0.3,
        Complexity::Complex => 0.8,
        Complexity::VeryComplex => 2.0,
    }
}

/// The estimate; `measured` is the mean in seconds of this type and strategy, when there is one.
/// `None` when the load holds a value that no duration can express.
pub fn estimate(
    complexity: Complexity,
    measured: Option<f64>,
    load: &SystemLoad,
) -> Option<Duration> {
    let base = match measured {
        Some(mean) if mean > 0.0 => (base(complexity) + mean) / 2.0,
        _ => base(complexity),
    };
    let busy = 1.0 + load.cpu.unwrap_or(0.0) * 0.5;
    Duration::try_from_secs_f64(base * busy).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(complexity: Complexity, measured: Option<f64>, cpu: Option<f64>) -> f64 {
        let load = SystemLoad {
            cpu,
            ..SystemLoad::default()
        };
        estimate(complexity, measured, &load).unwrap().as_secs_f64()
    }

    #[test]
    fn each_level_has_its_time() {
        let times = [
            (Complexity::Simple, 0.1),
            (Complexity::Moderate, 0.3),
            (Complexity::Complex, 0.8),
            (Complexity::VeryComplex, 2.0),
        ];
        for (level, expected) in times {
            assert_eq!(seconds(level, None, None), expected);
        }
    }

    #[test]
    fn a_measured_mean_draws_the_estimate_half_way() {
        assert!((seconds(Complexity::Simple, Some(0.5), None) - 0.3).abs() < 1e-9);
        assert_eq!(seconds(Complexity::Simple, Some(0.0), None), 0.1);
    }

    #[test]
    fn a_busy_processor_stretches_it_and_an_unknown_one_does_not() {
        assert!((seconds(Complexity::Complex, None, Some(0.8)) - 1.12).abs() < 1e-9);
        assert_eq!(seconds(Complexity::Complex, None, None), 0.8);
    }

    #[test]
    fn a_load_beyond_measure_gives_no_estimate() {
        for cpu in [f64::NAN, f64::INFINITY, 1e300, -1e9] {
            let load = SystemLoad {
                cpu: Some(cpu),
                ..SystemLoad::default()
            };
            assert_eq!(estimate(Complexity::Simple, None, &load), None);
        }
    }
}
