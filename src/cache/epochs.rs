//! Epochs: a counter for each tag, raised by writes, in a table of fixed size. A keyed hash of the
//! tag chooses the slot; two tags in one slot invalidate too much and never too little, so nothing
//! has to be evicted and nothing grows. Beside the counter a slot holds the count of open writes,
//! the end of a quarantine, and the home: the endpoint that acknowledged the last write.
//!
//! Why it is right. A write marks itself open, then raises, and only then is sent; when it is
//! answered it notes home and quarantine, raises again, and closes last. A read loads the epoch
//! first and the rest after it. If it began before the write, the first raise makes it old. If it
//! finds the write open, it goes past the cache. If it finds it closed, it began after the answer and sees
//! home and quarantine. The second raise is for whatever came between, so that no single check
//! carries all. All orderings are SeqCst: one order for all threads, at a cost small beside a request.

use super::reason::{CacheReason, words};
use crate::clock::Moment;
use crate::dialect::Tag;
use parking_lot::Mutex;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Slots in the table: one for each value of [`SlotId`].
const SLOTS: usize = 1 << 16;

/// Locks that writers of one slot take when they settle; readers take none.
const STRIPES: usize = 64;

/// Which endpoint: a digest of its configured name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EndpointId(NonZeroU64);

impl EndpointId {
    /// The endpoint of this name; the same in every process.
    pub fn of(name: &str) -> Self {
        let digest = blake3::hash(name.as_bytes());
        let bytes = digest.as_bytes().iter().take(8);
        let bits = bytes.fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }
}

/// The place of a tag in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct SlotId(u16);

#[derive(Default)]
struct Slot {
    epoch: AtomicU64,
    /// Moment until which nothing is stored.
    quarantine: AtomicU64,
    /// The endpoint of the last acknowledged write; 0 when none is known.
    home: AtomicU64,
    /// Moment of that acknowledgement.
    settled: AtomicU64,
    /// Writes that were begun and not settled.
    open: AtomicU32,
}

/// What an answer depends on: slots, and their epochs when the fetch began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Depends(Box<[(SlotId, u64)]>);

impl Depends {
    /// The slots, sorted.
    pub fn slots(&self) -> impl Iterator<Item = SlotId> + '_ {
        self.0.iter().map(|(slot, _)| *slot)
    }

    /// A number that grows with every raise of any of the slots.
    pub fn age(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, (_, epoch)| sum.wrapping_add(*epoch))
    }
}

/// The table.
pub(super) struct Epochs {
    slots: Box<[Slot]>,
    /// Never used: it spares a panic where a slot is looked up.
    spare: Slot,
    stripes: [Mutex<()>; STRIPES],
    hasher: RandomState,
}

impl Epochs {
    pub fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            spare: Slot::default(),
            stripes: std::array::from_fn(|_| Mutex::new(())),
            hasher: RandomState::new(),
        }
    }

    /// The slots of some tags, sorted, each once.
    pub fn slots_of(&self, tags: &[Tag]) -> Vec<SlotId> {
        let place = |tag: &Tag| SlotId((self.hasher.hash_one(tag.as_str()) & 0xffff) as u16);
        let mut slots: Vec<SlotId> = tags.iter().map(place).collect();
        slots.sort_unstable();
        slots.dedup();
        slots
    }

    fn slot(&self, id: SlotId) -> &Slot {
        self.slots.get(usize::from(id.0)).unwrap_or(&self.spare)
    }

    /// Marks a write as open; nothing that depends on the slot is stored until it is closed.
    pub fn open(&self, id: SlotId) {
        self.slot(id).open.fetch_add(1, SeqCst);
    }

    /// Ends what [`Epochs::open`] began.
    pub fn close(&self, id: SlotId) {
        self.slot(id).open.fetch_sub(1, SeqCst);
    }

    /// Makes everything that depends on the slot old.
    pub fn raise(&self, id: SlotId) {
        self.slot(id).epoch.fetch_add(1, SeqCst);
    }

    /// Nothing that depends on the slot is stored before this moment.
    pub fn quarantine(&self, id: SlotId, until: Moment) {
        self.slot(id).quarantine.fetch_max(until.0, SeqCst);
    }

    /// Notes who acknowledged a write. The new home may lack what the home before it acknowledged
    /// within `lag`: until that time is over, the slot is in quarantine.
    pub fn settle(&self, id: SlotId, endpoint: EndpointId, now: Moment, lag: Duration) {
        let slot = self.slot(id);
        let _one_at_a_time = self
            .stripes
            .get(usize::from(id.0) % STRIPES)
            .map(Mutex::lock);
        let before = slot.home.swap(endpoint.0.get(), SeqCst);
        let acknowledged = Moment(slot.settled.swap(now.0, SeqCst));
        if before != 0 && before != endpoint.0.get() && now < acknowledged + lag {
            self.quarantine(id, acknowledged + lag);
        }
    }

    /// Notes the epochs at the start of a fetch, or says why its answer could not be kept.
    pub fn begin(&self, slots: &[SlotId], now: Moment) -> Result<Depends, CacheReason> {
        let epoch = |id: &SlotId| (*id, self.slot(*id).epoch.load(SeqCst));
        let depends = Depends(slots.iter().map(epoch).collect());
        self.quiet(&depends, now).map(|()| depends)
    }

    /// Whether no write came since.
    pub fn current(&self, depends: &Depends) -> bool {
        let mut parts = depends.0.iter();
        parts.all(|(id, epoch)| self.slot(*id).epoch.load(SeqCst) == *epoch)
    }

    /// Whether an answer that was fetched under these epochs may be kept now.
    pub fn standing(&self, depends: &Depends, now: Moment) -> Result<(), CacheReason> {
        if !self.current(depends) {
            return Err(words::EPOCH);
        }
        self.quiet(depends, now)
    }

    fn quiet(&self, depends: &Depends, now: Moment) -> Result<(), CacheReason> {
        for id in depends.slots() {
            let slot = self.slot(id);
            if slot.open.load(SeqCst) > 0 {
                return Err(words::OPEN_WRITE);
            }
            if slot.quarantine.load(SeqCst) > now.0 {
                return Err(words::QUARANTINE);
            }
        }
        Ok(())
    }

    /// The only endpoint whose answer may be kept; `None`: any. Where the slots have different homes,
    /// the newest counts once the others' writes are older than `lag`.
    pub fn home(
        &self,
        slots: impl Iterator<Item = SlotId>,
        now: Moment,
        lag: Duration,
    ) -> Result<Option<EndpointId>, CacheReason> {
        let known = slots.filter_map(|id| self.home_of(id)).collect::<Vec<_>>();
        let Some((newest, _)) = known.iter().max_by_key(|(_, settled)| *settled) else {
            return Ok(None);
        };
        let rival = |(home, settled): &(EndpointId, Moment)| home != newest && now < *settled + lag;
        if known.iter().any(rival) {
            return Err(words::HOMES_DIFFER);
        }
        Ok(Some(*newest))
    }

    fn home_of(&self, id: SlotId) -> Option<(EndpointId, Moment)> {
        let slot = self.slot(id);
        let home = NonZeroU64::new(slot.home.load(SeqCst))?;
        Some((EndpointId(home), Moment(slot.settled.load(SeqCst))))
    }

    /// Forgets an endpoint as a home; its slots are in quarantine until the given moment.
    pub fn forget(&self, endpoint: EndpointId, until: Moment) {
        let gone = endpoint.0.get();
        for slot in self
            .slots
            .iter()
            .filter(|slot| slot.home.load(SeqCst) == gone)
        {
            slot.quarantine.fetch_max(until.0, SeqCst);
            let _ = slot.home.compare_exchange(gone, 0, SeqCst, SeqCst);
        }
    }
}
