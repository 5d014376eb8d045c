//! Levels of concurrency: exact up to 32 requests in flight, then in steps of an eighth, so that a table of them stays
//! small for any endpoint.

/// Levels up to which each is one number of requests.
const EXACT: usize = 32;
/// From there on each level is larger than the one before by this factor.
const STEP: f64 = 1.125;
/// How many levels there are, level 0 (idle) included. The last one stands for some 2,800 requests and all above.
pub const LEVELS: usize = 71;

/// The level of so many requests in flight.
pub fn level(requests: u32) -> usize {
    let requests = requests as usize;
    if requests <= EXACT {
        return requests;
    }
    let steps = (requests as f64 / EXACT as f64).ln() / STEP.ln();
    (EXACT + steps.floor() as usize).min(LEVELS - 1)
}

/// How many requests a level stands for.
pub fn requests(level: usize) -> f64 {
    match level.checked_sub(EXACT) {
        None | Some(0) => level as f64,
        Some(steps) => EXACT as f64 * STEP.powi(i32::try_from(steps).unwrap_or(i32::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_exact_at_first_and_then_a_step_apart() {
        assert!((0..=32).all(|n| level(n) == n as usize && requests(level(n)) == f64::from(n)));
        for n in [33u32, 50, 100, 999, 2500] {
            let ratio = f64::from(n) / requests(level(n));
            assert!((1.0..STEP).contains(&ratio), "{n}: {ratio}");
        }
        assert_eq!(level(u32::MAX), LEVELS - 1);
    }
}
