//! Cost units: what the complexity costs, by the stores that are used and the size of the result.

use super::{Complexity, ExecutionStrategy};

/// Cost of a complexity before the strategy and the result are counted.
const fn base(complexity: Complexity) -> f64 {
    match complexity {
        Complexity::Simple => 1.0,
        Complexity::Moderate => 2.5,
        Complexity::Complex => 5.0,
        Complexity::VeryComplex => 10.0,
    }
}

/// What a strategy costs relative to a query of both stores at once.
const fn factor(execution: ExecutionStrategy) -> f64 {
    match execution {
        ExecutionStrategy::VectorOnly => 0.5,
        ExecutionStrategy::GraphOnly => 0.7,
        ExecutionStrategy::Adaptive => 1.1,
    }
}

/// The cost of a request, more than 0.
pub fn estimate(complexity: Complexity, execution: ExecutionStrategy, final_limit: u32) -> f64 {
    let result = 1.0 + (f64::from(final_limit) / 100.0) * 0.5;
    base(complexity) * factor(execution) * result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_is_base_times_strategy_times_result() {
        let table = [
            (Complexity::Simple, ExecutionStrategy::VectorOnly, 0, 0.5),
            (
                Complexity::Moderate,
                ExecutionStrategy::GraphOnly,
                10,
                1.8375,
            ),
            (Complexity::Complex, ExecutionStrategy::VectorOnly, 20, 2.75),
            (
                Complexity::VeryComplex,
                ExecutionStrategy::GraphOnly,
                100,
                10.5,
            ),
            (Complexity::Simple, ExecutionStrategy::Adaptive, 0, 1.1),
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
                ExecutionStrategy::Adaptive,
                u32::MAX
            )
            .is_finite()
        );
    }
}
