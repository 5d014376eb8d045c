//! The last response times of an endpoint, and their mean.

use std::collections::VecDeque;

/// Times kept.
const LENGTH: usize = 100;

/// The last hundred response times, in seconds.
#[derive(Debug, Default)]
pub struct TimeWindow {
    times: VecDeque<f64>,
    sum: f64,
}

impl TimeWindow {
    /// Those that are kept, oldest first.
    pub fn times(&self) -> impl Iterator<Item = f64> {
        self.times.iter().copied()
    }

    /// Adds a time; the oldest goes. Gives the mean of those that are kept.
    pub fn add(&mut self, seconds: f64) -> f64 {
        if self.times.len() >= LENGTH {
            self.sum -= self.times.pop_front().unwrap_or(0.0);
        }
        self.times.push_back(seconds);
        self.sum += seconds;
        // What was taken away leaves a rounding error, which must not show as a time below zero.
        (self.sum / self.times.len() as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_that_of_the_last_hundred() {
        let mut window = TimeWindow::default();
        assert_eq!(window.add(4.0), 4.0);
        assert_eq!(window.add(2.0), 3.0);
        let means = (0..100).map(|_| window.add(1.0));
        assert_eq!(means.last(), Some(1.0));
    }
}
