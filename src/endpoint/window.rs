//! Successes and errors of the last minute, in steps of ten seconds: lifetime counts never forgive.

use crate::clock::Moment;
use std::time::Duration;

const STEPS: usize = 6;
const STEP_SECS: u64 = 10;

/// The span that the window looks back at most.
pub const WINDOW: Duration = Duration::from_secs(STEPS as u64 * STEP_SECS);

/// The counts of the last minute.
#[derive(Debug, Default, Clone, Copy)]
pub struct Window([Step; STEPS]);

#[derive(Debug, Default, Clone, Copy)]
struct Step {
    number: u64,
    successes: u32,
    errors: u32,
}

/// What a window holds at a moment.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct WindowCounts {
    pub successes: u64,
    pub errors: u64,
}

impl WindowCounts {
    /// Errors as a share of all, 0..=1; `None` when there is nothing to say.
    pub fn error_rate(self) -> Option<f64> {
        let all = self.successes + self.errors;
        (all > 0).then(|| self.errors as f64 / all as f64)
    }
}

impl Window {
    /// Counts one response.
    pub fn count(&mut self, success: bool, now: Moment) {
        let number = step_number(now);
        let slot = usize::try_from(number % STEPS as u64).unwrap_or(0);
        let Some(step) = self.0.get_mut(slot) else {
            return;
        };
        if step.number != number {
            *step = Step {
                number,
                ..Step::default()
            };
        }
        let count = if success {
            &mut step.successes
        } else {
            &mut step.errors
        };
        *count = count.saturating_add(1);
    }

    /// The counts as they stand.
    pub fn counts(&self, now: Moment) -> WindowCounts {
        let number = step_number(now);
        let recent = |step: &&Step| step.number + STEPS as u64 > number && step.number <= number;
        self.0
            .iter()
            .filter(recent)
            .fold(WindowCounts::default(), |sum, step| WindowCounts {
                successes: sum.successes + u64::from(step.successes),
                errors: sum.errors + u64::from(step.errors),
            })
    }
}

fn step_number(now: Moment) -> u64 {
    // One up, so that an unused step (0) is never taken for a recent one.
    now.0 / (STEP_SECS * 1_000_000_000) + STEPS as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_forgiven_after_a_minute() {
        let mut window = Window::default();
        assert_eq!(window.counts(Moment(0)).error_rate(), None);
        window.count(false, Moment(0));
        window.count(true, Moment::default() + Duration::from_secs(15));
        let at = |secs| Moment::default() + Duration::from_secs(secs);
        assert_eq!(window.counts(at(20)).error_rate(), Some(0.5));
        assert_eq!(window.counts(at(65)).error_rate(), Some(0.0));
        assert_eq!(window.counts(at(80)).error_rate(), None);
    }
}
