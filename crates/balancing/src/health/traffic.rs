//! How the requests of the last minute ended at one endpoint, by the class of their failure, in steps of five seconds:
//! counts of a whole life never forgive.

use crate::{Fault, Moment};
use std::time::Duration;

const STEPS: usize = 12;
const STEP_SECS: u64 = 5;
/// Steps that count as now: ten to fifteen seconds.
const LATELY: u64 = 3;

/// The classes of failures that are counted.
const CLASSES: [Fault; 6] = [
    Fault::Endpoint,
    Fault::Overload,
    Fault::Access,
    Fault::Database,
    Fault::Peer,
    Fault::Lag,
];

/// The span that is looked back at most.
pub const WINDOW: Duration = Duration::from_secs(STEPS as u64 * STEP_SECS);

/// The counts of the last minute.
#[derive(Debug, Default, Clone, Copy)]
pub struct Traffic([Step; STEPS]);

#[derive(Debug, Default, Clone, Copy)]
struct Step {
    number: u64,
    counts: TrafficCounts,
}

/// How requests ended.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct TrafficCounts {
    pub successes: u64,
    /// What was the client's own doing.
    others: u64,
    failures: [u64; CLASSES.len()],
}

impl TrafficCounts {
    /// Failures of a class.
    pub fn failures(&self, fault: Fault) -> u64 {
        let class = CLASSES.iter().position(|class| *class == fault);
        let count = class.and_then(|class| self.failures.get(class));
        count.copied().unwrap_or(0)
    }

    /// Failures of all classes.
    pub fn all_failures(&self) -> u64 {
        self.failures.iter().sum()
    }

    /// Requests in all.
    pub fn all(&self) -> u64 {
        self.successes + self.others + self.all_failures()
    }

    /// Failures that were the endpoint's own, and refusals for too much load.
    pub fn errors(&self) -> u64 {
        self.failures(Fault::Endpoint) + self.failures(Fault::Overload)
    }

    /// Errors as a share of those and the successes, 0..=1; `None` when there is nothing to say.
    pub fn error_rate(&self) -> Option<f64> {
        let all = self.successes + self.errors();
        (all > 0).then(|| self.errors() as f64 / all as f64)
    }

    /// Failures of all classes as a share of all requests, 0..=1; `None` without any.
    pub fn failure_rate(&self) -> Option<f64> {
        let all = self.all();
        (all > 0).then(|| self.all_failures() as f64 / all as f64)
    }

    /// Adds the counts of another endpoint or step.
    pub fn add(&mut self, other: &Self) {
        self.successes += other.successes;
        self.others += other.others;
        for (sum, more) in self.failures.iter_mut().zip(other.failures) {
            *sum += more;
        }
    }

    fn count(&mut self, fault: Fault) {
        let class = CLASSES.iter().position(|class| *class == fault);
        let count = match class.and_then(|class| self.failures.get_mut(class)) {
            Some(failures) => failures,
            None if fault == Fault::None => &mut self.successes,
            None => &mut self.others,
        };
        *count += 1;
    }
}

impl Traffic {
    /// Counts the end of one request.
    pub fn count(&mut self, fault: Fault, now: Moment) {
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
        step.counts.count(fault);
    }

    /// The counts of the last minute.
    pub fn last_minute(&self, now: Moment) -> TrafficCounts {
        self.of_steps(STEPS as u64, now)
    }

    /// The counts of the last ten to fifteen seconds.
    pub fn lately(&self, now: Moment) -> TrafficCounts {
        self.of_steps(LATELY, now)
    }

    fn of_steps(&self, steps: u64, now: Moment) -> TrafficCounts {
        let number = step_number(now);
        let recent = |step: &&Step| step.number + steps > number && step.number <= number;
        let mut sum = TrafficCounts::default();
        for step in self.0.iter().filter(recent) {
            sum.add(&step.counts);
        }
        sum
    }
}

fn step_number(now: Moment) -> u64 {
    // Up, so that an unused step (0) is never taken for a recent one.
    now.0 / (STEP_SECS * 1_000_000_000) + STEPS as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Moment {
        Moment(0) + Duration::from_secs(secs)
    }

    #[test]
    fn errors_are_forgiven_after_a_minute() {
        let mut traffic = Traffic::default();
        assert_eq!(traffic.last_minute(at(0)).error_rate(), None);
        traffic.count(Fault::Endpoint, at(0));
        traffic.count(Fault::None, at(15));
        assert_eq!(traffic.last_minute(at(20)).error_rate(), Some(0.5));
        assert_eq!(traffic.lately(at(20)).error_rate(), Some(0.0));
        assert_eq!(traffic.last_minute(at(65)).error_rate(), Some(0.0));
        assert_eq!(traffic.last_minute(at(80)).error_rate(), None);
    }

    #[test]
    fn classes_are_counted_apart_and_a_clients_fault_is_no_failure() {
        let mut traffic = Traffic::default();
        for fault in [
            Fault::Peer,
            Fault::Peer,
            Fault::Overload,
            Fault::Client,
            Fault::None,
        ] {
            traffic.count(fault, at(1));
        }
        let counts = traffic.lately(at(1));
        assert_eq!(counts.failures(Fault::Peer), 2);
        assert_eq!(
            (counts.all_failures(), counts.all(), counts.errors()),
            (3, 5, 1)
        );
    }
}
