//! When each background task last did its work, so that one that hangs is seen.

use crate::clock::Moment;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::time::Duration;

/// When each background task last did its work.
#[derive(Debug, Default)]
pub struct Ticks(Mutex<BTreeMap<&'static str, Moment>>);

impl Ticks {
    /// The task did its work.
    pub fn tick(&self, task: &'static str, now: Moment) {
        self.0.lock().insert(task, now);
    }

    /// The time since then, of each.
    pub fn ages(&self, now: Moment) -> Vec<(&'static str, Duration)> {
        let ticks = self.0.lock();
        ticks.iter().map(|(task, at)| (*task, now - *at)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_each_task_is_that_of_its_last_tick() {
        let ticks = Ticks::default();
        ticks.tick("one", Moment(0));
        ticks.tick("one", Moment(5_000_000_000));
        let found = ticks.ages(Moment(7_000_000_000));
        assert_eq!(found, [("one", Duration::from_secs(2))]);
    }
}
