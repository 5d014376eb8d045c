//! A register: one value that many clients read and one client at a time writes, each write with the
//! next version. From what was acknowledged before a read began and what was attempted before it
//! ended follows which versions the read may show; this is the checker of the trials.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Every so many versions is one at which the value is gone.
const GONE_EVERY: u64 = 8;

/// A version that is written in transactions that are rolled back: nobody may ever see it.
pub const NEVER_COMMITTED: u64 = 1 << 40;

/// What became of a write, as its client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// Acknowledged: every read that begins now shows it.
    Done,
    /// Accepted, to be applied soon.
    Queued,
    /// Nothing is known: it may show or not.
    Unknown,
}

/// What a read showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    Version(u64),
    Nothing,
    /// Whether a version of at least so much was there.
    AtLeast(u64, bool),
}

/// What is wrong with what a read showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Older than what was acknowledged, or seen by anybody, before the read began.
    Stale,
    /// Never written.
    Invented,
}

/// One value.
pub struct Register {
    /// The newest version that every new read must show.
    floor: AtomicU64,
    /// The newest version that was attempted.
    tried: AtomicU64,
    removable: bool,
    queued: Mutex<Option<(u64, Instant)>>,
    /// Held by the one who writes.
    pub turn: tokio::sync::Mutex<Writer>,
}

/// What the writer of a register knows.
#[derive(Default)]
pub struct Writer {
    /// The value may be gone: the next write must bring the whole of it.
    pub whole: bool,
}

impl Register {
    /// A register at version 1. A removable one is gone at some versions.
    pub fn new(removable: bool) -> Self {
        Self {
            floor: AtomicU64::new(1),
            tried: AtomicU64::new(1),
            removable,
            queued: Mutex::new(None),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Whether the value is gone at this version.
    pub fn is_gone_at(&self, version: u64) -> bool {
        self.removable && version.is_multiple_of(GONE_EVERY)
    }

    /// The next version; for the one who holds the turn.
    pub fn attempt(&self) -> u64 {
        self.tried.fetch_add(1, SeqCst) + 1
    }

    /// A version that another register gives.
    pub fn attempt_as(&self, version: u64) {
        self.tried.fetch_max(version, SeqCst);
    }

    /// Notes what became of a write. A queued one is applied after `within` at the latest.
    pub fn told(&self, version: u64, told: Told, within: Duration) {
        match told {
            Told::Done => self.show(version),
            Told::Queued => *self.queued.lock() = Some((version, Instant::now() + within)),
            Told::Unknown => {}
        }
    }

    /// Every read that begins from now on must show at least this.
    pub fn show(&self, version: u64) {
        self.floor.fetch_max(version, SeqCst);
    }

    /// The version that a read which begins now must show at least.
    pub fn floor(&self) -> u64 {
        let mut queued = self.queued.lock();
        if let Some((version, _)) = queued.take_if(|(_, at)| *at <= Instant::now()) {
            self.show(version);
        }
        self.floor.load(SeqCst)
    }

    /// Judges a read that began at `floor` and is over. What it showed is what all later ones must show.
    pub fn judge(&self, floor: u64, shown: Shown) -> Result<(), Wrong> {
        let tried = self.tried.load(SeqCst);
        match shown {
            Shown::Version(version) if version > tried => Err(Wrong::Invented),
            Shown::Version(version) if version < floor => Err(Wrong::Stale),
            Shown::Version(version) => {
                self.show(version);
                Ok(())
            }
            Shown::Nothing if self.may_be_gone(floor, tried) => Ok(()),
            Shown::Nothing => Err(Wrong::Stale),
            Shown::AtLeast(version, true) if version > tried => Err(Wrong::Invented),
            Shown::AtLeast(version, false)
                if version <= floor && !self.may_be_gone(floor, tried) =>
            {
                Err(Wrong::Stale)
            }
            Shown::AtLeast(..) => Ok(()),
        }
    }

    fn may_be_gone(&self, floor: u64, tried: u64) -> bool {
        (floor..=tried).any(|version| self.is_gone_at(version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_older_than_the_acknowledged_version_is_stale() {
        let register = Register::new(false);
        let before = register.floor();
        let version = register.attempt();
        assert_eq!(register.judge(before, Shown::Version(1)), Ok(()));
        register.told(version, Told::Done, Duration::ZERO);
        assert_eq!(register.judge(before, Shown::Version(1)), Ok(()));
        let after = register.floor();
        assert_eq!(register.judge(after, Shown::Version(1)), Err(Wrong::Stale));
        assert_eq!(register.judge(after, Shown::Nothing), Err(Wrong::Stale));
        assert_eq!(
            register.judge(after, Shown::AtLeast(2, false)),
            Err(Wrong::Stale)
        );
    }

    #[test]
    fn a_version_that_one_reader_saw_is_seen_by_all_later_ones() {
        let register = Register::new(false);
        let version = register.attempt();
        register.told(version, Told::Unknown, Duration::ZERO);
        let floor = register.floor();
        assert_eq!(register.judge(floor, Shown::Version(1)), Ok(()));
        assert_eq!(register.judge(floor, Shown::Version(version)), Ok(()));
        assert_eq!(
            register.judge(register.floor(), Shown::Version(1)),
            Err(Wrong::Stale)
        );
    }

    #[test]
    fn what_nobody_wrote_is_invented() {
        let register = Register::new(true);
        assert_eq!(
            register.judge(1, Shown::Version(NEVER_COMMITTED)),
            Err(Wrong::Invented)
        );
    }

    #[test]
    fn a_value_may_be_gone_only_where_a_version_says_so() {
        let register = Register::new(true);
        register.attempt_as(7);
        register.show(7);
        assert_eq!(register.judge(7, Shown::Nothing), Err(Wrong::Stale));
        assert!(register.is_gone_at(register.attempt()));
        assert_eq!(register.judge(7, Shown::Nothing), Ok(()));
        register.attempt_as(9);
        register.show(9);
        assert_eq!(register.judge(9, Shown::Nothing), Err(Wrong::Stale));
    }

    #[test]
    fn a_queued_write_must_show_when_its_time_is_over() {
        let register = Register::new(false);
        let version = register.attempt();
        register.told(version, Told::Queued, Duration::from_secs(3600));
        assert_eq!(register.floor(), 1);
        register.told(version, Told::Queued, Duration::ZERO);
        assert_eq!(register.floor(), version);
    }
}
