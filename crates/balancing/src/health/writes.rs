//! Failures of writes at one endpoint, apart from those of reads: a full disk fails every write and no read, and reads that succeed
//! would hide it. Counted by target, since one collection or database may fail alone. Choices read it without a lock.

use super::ejection::Ejection;
use crate::{Ask, Moment};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Failures in a row from which on an endpoint is avoided for writes.
const SEVERAL: u32 = 2;
/// The same where such writes fail elsewhere too: the cause is as likely the writes'.
const MANY: u32 = 5;
/// Of so many targets failures are counted. Of two that share a slot the one that failed last counts.
const TARGETS: usize = 32;

/// How an endpoint stands for writes of what a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteStanding {
    /// Nothing speaks against it, or the request is no write.
    Good,
    /// Its last writes failed, and none has succeeded since: writes have no reason to prefer it.
    Doubtful,
    /// They failed a short time ago: it is given none while others take them.
    Avoided,
}

/// The failures of writes at one endpoint.
#[derive(Debug, Default)]
pub struct WriteFailures {
    targets: [Target; TARGETS],
    /// Writes of all targets: those of two fail.
    all: Ejection,
}

#[derive(Debug, Default)]
struct Target {
    key: AtomicU64,
    in_a_row: AtomicU32,
    is_doubtful: AtomicBool,
    avoided: Ejection,
}

/// A write that failed.
#[derive(Debug, Clone, Copy)]
pub struct FailedWrite {
    pub target: u64,
    /// Such writes failed at another endpoint as well.
    pub is_common: bool,
    /// How long the endpoint is avoided for the first time.
    pub avoid_for: Duration,
    /// 0..1: by how much longer.
    pub spread: f64,
}

impl WriteFailures {
    /// How the endpoint stands for this request.
    pub fn standing(&self, ask: &Ask, now: Moment) -> WriteStanding {
        if ask.is_read || !ask.asks_data {
            return WriteStanding::Good;
        }
        let target = self.known(ask.target);
        if self.all.is_out(now) || target.is_some_and(|one| one.avoided.is_out(now)) {
            return WriteStanding::Avoided;
        }
        match target.is_some_and(|one| one.is_doubtful.load(Ordering::Relaxed)) {
            true => WriteStanding::Doubtful,
            false => WriteStanding::Good,
        }
    }

    /// A write failed; gives until when the endpoint is avoided from now on.
    pub fn failed(&self, write: &FailedWrite, now: Moment) -> Option<Moment> {
        let one = self.slot(write.target)?;
        if one.key.swap(write.target, Ordering::Relaxed) != write.target {
            one.forget(now);
        }
        let in_a_row = one.in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        let enough = if write.is_common { MANY } else { SEVERAL };
        if in_a_row < enough || one.avoided.is_out(now) {
            return None;
        }
        let avoid = |which: &Ejection| which.eject(write.avoid_for, write.spread, now);
        let others = self
            .targets
            .iter()
            .filter(|other| other.avoided.is_out(now));
        if others.count() > 0 && !self.all.is_out(now) {
            avoid(&self.all);
        }
        one.is_doubtful.store(true, Ordering::Relaxed);
        Some(avoid(&one.avoided))
    }

    /// A write that began at this moment succeeded.
    pub fn succeeded(&self, target: u64, began: Moment, now: Moment) {
        if let Some(one) = self.known(target) {
            if one.in_a_row.load(Ordering::Relaxed) > 0 {
                one.in_a_row.store(0, Ordering::Relaxed);
                one.is_doubtful.store(false, Ordering::Relaxed);
            }
            one.avoided.was_refuted(began, now);
        }
        self.all.was_refuted(began, now);
    }

    fn slot(&self, target: u64) -> Option<&Target> {
        self.targets.get((target % TARGETS as u64) as usize)
    }

    fn known(&self, target: u64) -> Option<&Target> {
        let slot = self.slot(target);
        slot.filter(|one| one.key.load(Ordering::Relaxed) == target)
    }
}

impl Target {
    /// What was counted is of another target.
    fn forget(&self, now: Moment) {
        self.in_a_row.store(0, Ordering::Relaxed);
        self.is_doubtful.store(false, Ordering::Relaxed);
        self.avoided.end(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::READ;

    const FOR: Duration = Duration::from_secs(30);
    const A: u64 = 7;
    const B: u64 = 8;

    fn at(secs: u64) -> Moment {
        Moment(0) + Duration::from_secs(secs)
    }

    fn fail(writes: &WriteFailures, target: u64, is_common: bool, now: Moment) {
        let write = FailedWrite {
            target,
            is_common,
            avoid_for: FOR,
            spread: 0.0,
        };
        writes.failed(&write, now);
    }

    fn standing(writes: &WriteFailures, target: u64, now: Moment) -> WriteStanding {
        let write = Ask {
            target,
            is_read: false,
            may_be_trial: false,
            ..READ
        };
        writes.standing(&write, now)
    }

    #[test]
    fn two_writes_that_fail_in_a_row_keep_further_ones_away_and_no_reads() {
        let writes = WriteFailures::default();
        fail(&writes, A, false, at(1));
        assert_eq!(standing(&writes, A, at(1)), WriteStanding::Good);
        fail(&writes, A, false, at(2));
        assert_eq!(standing(&writes, A, at(3)), WriteStanding::Avoided);
        assert_eq!(standing(&writes, B, at(3)), WriteStanding::Good);
        let read = Ask { target: A, ..READ };
        assert_eq!(writes.standing(&read, at(3)), WriteStanding::Good);
        assert_eq!(standing(&writes, A, at(32)), WriteStanding::Doubtful);
    }

    #[test]
    fn a_write_that_succeeds_between_ends_the_row() {
        let writes = WriteFailures::default();
        for second in 1..9 {
            fail(&writes, A, false, at(second));
            writes.succeeded(A, at(second), at(second));
            assert_eq!(standing(&writes, A, at(second)), WriteStanding::Good);
        }
    }

    #[test]
    fn a_success_that_began_later_ends_it_and_one_that_was_under_way_does_not() {
        let writes = WriteFailures::default();
        fail(&writes, A, false, at(2));
        fail(&writes, A, false, at(2));
        writes.succeeded(A, at(1), at(3));
        assert_eq!(standing(&writes, A, at(3)), WriteStanding::Avoided);
        writes.succeeded(A, at(3), at(4));
        assert_eq!(standing(&writes, A, at(4)), WriteStanding::Good);
    }

    #[test]
    fn writes_that_fail_elsewhere_too_count_only_where_many_do() {
        let writes = WriteFailures::default();
        for _ in 0..4 {
            fail(&writes, A, true, at(1));
        }
        assert_eq!(standing(&writes, A, at(1)), WriteStanding::Good);
        fail(&writes, A, true, at(1));
        assert_eq!(standing(&writes, A, at(1)), WriteStanding::Avoided);
    }

    #[test]
    fn where_the_writes_of_two_targets_fail_those_of_all_are_kept_away() {
        let writes = WriteFailures::default();
        for target in [A, A, B, B] {
            fail(&writes, target, false, at(1));
        }
        assert_eq!(standing(&writes, 9, at(1)), WriteStanding::Avoided);
        writes.succeeded(9, at(2), at(2));
        assert_eq!(standing(&writes, 9, at(2)), WriteStanding::Good);
        assert_eq!(standing(&writes, A, at(2)), WriteStanding::Avoided);
    }

    #[test]
    fn each_time_it_happens_again_soon_it_is_avoided_for_longer_after_one_failure() {
        let writes = WriteFailures::default();
        fail(&writes, A, false, at(0));
        fail(&writes, A, false, at(0));
        fail(&writes, A, false, at(30));
        assert_eq!(standing(&writes, A, at(89)), WriteStanding::Avoided);
        assert_eq!(standing(&writes, A, at(90)), WriteStanding::Doubtful);
    }

    #[test]
    fn a_target_that_takes_the_slot_of_another_is_not_taken_for_it() {
        let writes = WriteFailures::default();
        fail(&writes, A, false, at(1));
        fail(&writes, A, false, at(1));
        let other = A + TARGETS as u64;
        assert_eq!(standing(&writes, other, at(1)), WriteStanding::Good);
        fail(&writes, other, false, at(1));
        assert_eq!(standing(&writes, other, at(1)), WriteStanding::Good);
        assert_eq!(standing(&writes, A, at(1)), WriteStanding::Good);
    }
}
