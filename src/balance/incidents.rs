//! Periods in which all endpoints failed: a refused credential, a database that was away. What failed then says nothing of
//! one of them, so a comparison of strategies leaves it out.

use balancing::replay::Recorded;
use std::collections::HashMap;

/// Nanoseconds of a period.
const PERIOD: u64 = 5_000_000_000;
/// The share of failures from which on an endpoint fails in a period.
const FAILS: f64 = 0.1;

/// Requests of one endpoint in one period.
#[derive(Default)]
struct Counts {
    all: u32,
    failed: u32,
}

/// The records without the failures that were common to all endpoints, and how many these were.
pub fn without_common_failures(records: &[Recorded]) -> (Vec<Recorded>, usize) {
    let mut periods: HashMap<u64, HashMap<usize, Counts>> = HashMap::new();
    for record in records {
        let endpoints = periods.entry(period(record)).or_default();
        let counts = endpoints.entry(record.endpoint).or_default();
        counts.all += 1;
        counts.failed += u32::from(record.failed);
    }
    let fails = |one: &Counts| f64::from(one.failed) >= FAILS * f64::from(one.all);
    let is_common = |record: &Recorded| {
        let endpoints = periods.get(&period(record));
        endpoints.is_some_and(|all| all.len() > 1 && all.values().all(fails))
    };
    let kept = |one: &&Recorded| !(one.failed && is_common(one));
    let kept: Vec<Recorded> = records.iter().filter(kept).copied().collect();
    let left_out = records.len() - kept.len();
    (kept, left_out)
}

fn period(record: &Recorded) -> u64 {
    record.ask.arrived.0 / PERIOD
}

#[cfg(test)]
mod tests {
    use super::*;
    use balancing::{Ask, Moment};
    use std::time::Duration;

    fn record(second: u64, endpoint: usize, failed: bool) -> Recorded {
        Recorded {
            ask: Ask::read(1, 0, 1.0, Moment(second * 1_000_000_000)),
            endpoint,
            service_time: Duration::from_millis(10),
            failed,
        }
    }

    #[test]
    fn only_failures_that_all_endpoints_had_at_that_time_are_left_out() {
        let incident = [record(1, 0, true), record(2, 1, true), record(3, 1, false)];
        let own = [record(11, 0, false), record(12, 1, true)];
        let alone = [record(21, 1, true)];
        let records = [&incident[..], &own[..], &alone[..]].concat();
        let (kept, left_out) = without_common_failures(&records);
        assert_eq!((kept.len(), left_out), (4, 2));
        assert_eq!(kept[0], incident[2]);
    }
}
