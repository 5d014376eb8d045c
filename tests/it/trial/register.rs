//! A register: one value that many clients read and one client at a time writes, each write with the
//! next version. From what was acknowledged before a read began and what was attempted before it
//! ended follows which versions the read may show; this is the checker of the trials.
//!
//! Time enters in one place: the cache promises that a write of unknown outcome shows if the database
//! applies it within the quarantine, so a write that is seen in time counts as any other, and one
//! that is seen later binds nobody until the next acknowledged write.

use std::time::Instant;

use parking_lot::Mutex;

/// Every so many versions is one at which the value is gone.
const DELETED_EVERY: u64 = 8;

/// A version that is written in transactions that are rolled back: nobody may ever see it.
pub const NEVER_COMMITTED: u64 = 1 << 40;

/// What became of a write, as its client knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Acknowledged: every read that begins now shows it.
    Acknowledged,
    /// Accepted, to be applied soon.
    Accepted,
    /// Nothing is known: it may show or not, now or later.
    Unknown,
    /// It had no effect and will have none.
    NoEffect,
}

/// What a read showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observed {
    Version(u64),
    Absent,
    /// Whether a version of at least this number was there.
    AtLeast(u64, bool),
}

/// What is wrong with what a read showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Older than what was acknowledged, or seen by anybody, before the read began.
    Stale,
    /// Never written.
    NeverWritten,
}

/// From where on a read that begins now must see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The newest version that was acknowledged.
    pub acknowledged: u64,
    /// The newest version that was acknowledged or seen by anybody.
    pub seen: u64,
}

/// One value.
pub struct Register {
    state: Mutex<State>,
    removable: bool,
    /// Held by the one who writes.
    pub writer: tokio::sync::Mutex<Writer>,
}

/// What the writer of a register knows.
#[derive(Default)]
pub struct Writer {
    /// The value may be gone: the next write must bring the whole of it.
    pub whole: bool,
}

#[derive(Debug)]
struct State {
    floor: Floor,
    /// The newest version that was attempted.
    attempted: u64,
    /// Versions whose writes take the value away for a moment.
    gaps: Vec<u64>,
    /// Writes that were not seen in time to be applied; they may be at any time from now on.
    pending: Vec<Pending>,
    /// Versions that had no effect.
    never: Vec<u64>,
}

/// A write of which nothing is known.
#[derive(Debug)]
struct Pending {
    version: u64,
    /// If a reader sees it by then, all later readers must.
    until: Instant,
    /// It was seen after that time.
    late: bool,
    /// It is behind this acknowledged version: reads that begin from there on may not show it.
    superseded_by: Option<u64>,
}

impl Pending {
    fn may_show(&self, floor: u64) -> bool {
        self.superseded_by.is_none_or(|version| floor < version)
    }
}

impl Register {
    /// A register at version 1. A removable one is gone at some versions.
    pub fn new(removable: bool) -> Self {
        let floor = Floor {
            acknowledged: 1,
            seen: 1,
        };
        Self {
            state: Mutex::new(State {
                floor,
                attempted: 1,
                gaps: Vec::new(),
                pending: Vec::new(),
                never: Vec::new(),
            }),
            removable,
            writer: tokio::sync::Mutex::default(),
        }
    }

    /// Whether the value is gone at this version.
    pub fn is_deleted_at(&self, version: u64) -> bool {
        self.removable && version.is_multiple_of(DELETED_EVERY)
    }

    /// The next version; for the one who holds the turn.
    pub fn attempt(&self) -> u64 {
        let mut state = self.state.lock();
        state.attempted += 1;
        state.attempted
    }

    /// A version that another register gives.
    pub fn attempt_as(&self, version: u64) {
        let mut state = self.state.lock();
        state.attempted = state.attempted.max(version);
    }

    /// The write of this version takes the value away for a moment: while it is under way, nothing may be there.
    pub fn is_briefly_absent_during(&self, version: u64) {
        self.state.lock().gaps.push(version);
    }

    /// Whether a write that takes the value away may yet be applied.
    pub fn may_still_be_deleted(&self) -> bool {
        let state = self.state.lock();
        let mut pending = state.pending.iter();
        pending.any(|write| write.superseded_by.is_none() && self.is_deleted_at(write.version))
    }

    /// Notes what became of a write. One of which nothing is known counts as applied when it is seen
    /// `until` then. Fails where a write that had no effect was seen.
    pub fn record_write(
        &self,
        version: u64,
        outcome: Outcome,
        until: Instant,
    ) -> Result<(), Violation> {
        let mut state = self.state.lock();
        let seen = state.floor.seen >= version;
        match outcome {
            Outcome::Acknowledged => state.acknowledge(version),
            Outcome::Accepted | Outcome::Unknown if !seen => state.pending.push(Pending {
                version,
                until,
                late: false,
                superseded_by: None,
            }),
            Outcome::Accepted | Outcome::Unknown => {}
            Outcome::NoEffect if seen => return Err(Violation::NeverWritten),
            Outcome::NoEffect => state.never.push(version),
        }
        Ok(())
    }

    /// Somebody saw this version, in a response that was there at `at`.
    pub fn record_read(&self, version: u64, at: Instant) {
        self.state.lock().saw(version, at);
    }

    /// What a read which begins now must show at least.
    pub fn floor(&self) -> Floor {
        self.state.lock().floor
    }

    /// Judges a read that began at `floor` and was over at `at`. What it showed is what all later ones must show.
    pub fn check_read(&self, floor: u64, observed: Observed, at: Instant) -> Result<(), Violation> {
        let mut state = self.state.lock();
        match observed {
            Observed::Version(version) if !state.may_exist(version) => Err(Violation::NeverWritten),
            Observed::Version(version) if version >= floor || state.is_late(version, floor) => {
                state.saw(version, at);
                Ok(())
            }
            Observed::Version(_) => Err(Violation::Stale),
            Observed::AtLeast(version, true) if version > state.attempted => {
                Err(Violation::NeverWritten)
            }
            Observed::AtLeast(_, true) => Ok(()),
            Observed::AtLeast(version, false) if version > floor => Ok(()),
            Observed::AtLeast(..) if state.may_fall_back(floor) => Ok(()),
            Observed::AtLeast(..) | Observed::Absent if self.may_be_gone(&state, floor) => Ok(()),
            Observed::AtLeast(..) | Observed::Absent => Err(Violation::Stale),
        }
    }

    fn may_be_gone(&self, state: &State, floor: u64) -> bool {
        let gone = |version: u64| self.is_deleted_at(version) && !state.never.contains(&version);
        let gap = |version: &u64| (floor + 1..=state.attempted).contains(version);
        let mut pending = state.pending.iter().filter(|write| write.may_show(floor));
        (floor..=state.attempted).any(gone)
            || state.gaps.iter().any(gap)
            || pending.any(|write| gone(write.version) || state.gaps.contains(&write.version))
    }
}

impl std::fmt::Debug for Register {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.state.lock().fmt(f)
    }
}

impl State {
    /// Every read that begins from now on must show at least this, also instead of what came late.
    fn acknowledge(&mut self, version: u64) {
        self.floor.acknowledged = self.floor.acknowledged.max(version);
        self.floor.seen = self.floor.seen.max(version);
        for write in self.pending.iter_mut().filter(|write| write.late) {
            write.superseded_by.get_or_insert(version);
        }
    }

    fn saw(&mut self, version: u64, at: Instant) {
        let of_it = |write: &Pending| write.version == version;
        let Some(place) = self.pending.iter().position(of_it) else {
            self.floor.seen = self.floor.seen.max(version);
            return;
        };
        if at > self.pending[place].until || version < self.floor.seen {
            self.pending[place].late = true;
            return;
        }
        self.pending.remove(place);
        self.floor.seen = version;
    }

    fn may_exist(&self, version: u64) -> bool {
        version <= self.attempted && !self.never.contains(&version)
    }

    /// Whether this older version may have been applied after newer ones.
    fn is_late(&self, version: u64, floor: u64) -> bool {
        let mut pending = self.pending.iter();
        pending.any(|write| write.version == version && write.may_show(floor))
    }

    fn may_fall_back(&self, floor: u64) -> bool {
        let mut pending = self.pending.iter();
        pending.any(|write| write.version < floor && write.may_show(floor))
    }
}

#[cfg(test)]
mod tests;
