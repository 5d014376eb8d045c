//! The expected duration: what the complexity takes, averaged with what was measured, and longer on a
//! busy processor.

use super::Complexity;
use std::time::Duration;

/// Seconds of a complexity when nothing was measured.
const fn base(complexity: Complexity) -> f64 {
    match complexity {
        Complexity::Simple => 0.1,
        Complexity::Moderate => 0.3,
        Complexity::Complex => 0.8,
        Complexity::VeryComplex => 2.0,
    }
}

/// The estimate. `measured` is the mean in seconds of the shape, or of the type and strategy, `cpu` the share of the
/// processor in use, 0..=1; where either is unknown it changes nothing.
pub fn estimate(complexity: Complexity, measured: Option<f64>, cpu: Option<f64>) -> Duration {
    let base = base(complexity);
    let seconds = measured.map_or(base, |mean| (base + mean) / 2.0);
    let busy = 1.0 + cpu.unwrap_or(0.0) * 0.5;
    Duration::try_from_secs_f64(seconds * busy).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(complexity: Complexity, measured: Option<f64>, cpu: Option<f64>) -> f64 {
        estimate(complexity, measured, cpu).as_secs_f64()
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
    }

    #[test]
    fn a_busy_processor_stretches_it_and_an_unknown_one_does_not() {
        assert!((seconds(Complexity::Complex, None, Some(0.8)) - 1.12).abs() < 1e-9);
        assert_eq!(seconds(Complexity::Complex, None, None), 0.8);
    }

    #[test]
    fn a_time_beyond_measure_is_the_longest_there_is() {
        let endless = estimate(Complexity::Simple, Some(1e300), Some(1.0));
        assert_eq!(endless, Duration::MAX);
    }
}
