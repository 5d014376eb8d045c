//! Cost units (PL-15), computed for the strategy that was chosen, not for the one asked (XC-10).

use super::{Complexity, Execution};

/// Cost of a level before the strategy and the result are counted.
pub const fn base(complexity: Complexity) -> f64 {
    match complexity {
        Complexity::Simple => 1.0,
        Complexity::Moderate => 2.5,
        Complexity::Complex => 5.0,
        Complexity::VeryComplex => 10.0,
    }
}

/// What a strategy costs relative to two stores asked at once.
pub const fn factor(execution: Execution) -> f64 {
    match execution {
        Execution::VectorOnly => 0.5,
        Execution::GraphOnly => 0.7,
        Execution::HybridParallel => 1.0,
        Execution::HybridSequential => 1.2,
        Execution::Adaptive => 1.1,
    }
}

/// The cost of a request, more than 0.
pub fn estimate(complexity: Complexity, execution: Execution, final_limit: u32) -> f64 {
    let result = 1.0 + (f64::from(final_limit) / 100.0) * 0.5;
    base(complexity) * factor(execution) * result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_is_base_times_strategy_times_result() {
        let table = [
            (Complexity::Simple, Execution::VectorOnly, 0, 0.5),
            (Complexity::Moderate, Execution::GraphOnly, 10, 1.8375),
            (Complexity::Complex, Execution::HybridParallel, 20, 5.5),
            (
                Complexity::VeryComplex,
                Execution::HybridSequential,
                100,
                18.0,
            ),
            (Complexity::Simple, Execution::Adaptive, 0, 1.1),
        ];
        for (complexity, execution, limit, expected) in table {
            let cost = estimate(complexity, execution, limit);
            assert!(
                (cost - expected).abs() < 1e-12,
                "{complexity:?} {execution:?}: {cost}"
            );
        }
    }

    #[test]
    fn the_largest_limit_still_has_a_finite_cost() {
        assert!(
            estimate(
                Complexity::VeryComplex,
                Execution::HybridSequential,
                u32::MAX
            )
            .is_finite()
        );
    }
}
