//! A slot: what is known of the writes on one tag.

use crate::cache::home::WriteHome;
use crate::cache::reason::{CacheReason, words};
use crate::clock::Moment;
use crate::endpoint_id::EndpointId;
use balancing::Home;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

#[derive(Default)]
pub(in crate::cache) struct Slot {
    epoch: AtomicU64,
    /// Moment until which nothing is stored.
    quarantine: AtomicU64,
    /// The endpoint of the last acknowledged write; 0 when none is known.
    home: AtomicU64,
    /// Moment of that acknowledgement.
    acknowledged_at: AtomicU64,
    /// When that endpoint became the home.
    home_since: AtomicU64,
    /// Writes that were begun and not settled.
    open: AtomicU32,
    /// Held while home and moments change together; readers take no lock.
    acknowledging: Mutex<()>,
}

/// Which endpoint acknowledged the last write, and when.
pub(super) struct AcknowledgedWrite {
    pub endpoint: EndpointId,
    pub acknowledged_at: Moment,
}

impl AcknowledgedWrite {
    /// The home that it makes: others have the write as well once it is `lag` old.
    pub(super) fn home(&self, now: Moment, lag: Duration) -> WriteHome {
        WriteHome {
            endpoint: self.endpoint,
            stands: match now < self.acknowledged_at + lag {
                true => Home::Ahead,
                false => Home::Level,
            },
        }
    }
}

impl Slot {
    /// Marks a write as open; nothing that depends on the slot is stored until it is closed.
    pub fn open_write(&self) {
        self.open.fetch_add(1, SeqCst);
    }

    /// Ends what [`Slot::open_write`] began.
    pub fn close_write(&self) {
        self.open.fetch_sub(1, SeqCst);
    }

    /// Makes everything that depends on the slot outdated.
    pub fn increase_epoch(&self) {
        self.epoch.fetch_add(1, SeqCst);
    }

    pub fn epoch(&self) -> u64 {
        self.epoch.load(SeqCst)
    }

    /// Nothing that depends on the slot is stored before this moment.
    pub fn quarantine(&self, until: Moment) {
        self.quarantine.fetch_max(until.0, SeqCst);
    }

    /// Notes who acknowledged a write that began at a moment. The home may lack what another endpoint acknowledged within `lag`:
    /// until that time is over, the slot is in quarantine. A write that began before the home became it does not change it: late
    /// acknowledgements would take the home back to an endpoint that writes have left.
    pub fn acknowledge(&self, endpoint: EndpointId, begun: Moment, now: Moment, lag: Duration) {
        let _one_at_a_time = self.acknowledging.lock();
        let before = self.home.load(SeqCst);
        let is_change = before != endpoint.bits();
        if is_change && before != 0 {
            if begun.0 < self.home_since.load(SeqCst) {
                return self.quarantine(now + lag);
            }
            let acknowledged_at = Moment(self.acknowledged_at.load(SeqCst));
            if now < acknowledged_at + lag {
                self.quarantine(acknowledged_at + lag);
            }
        }
        if is_change {
            self.home.store(endpoint.bits(), SeqCst);
            self.home_since.store(now.0, SeqCst);
        }
        self.acknowledged_at.store(now.0, SeqCst);
    }

    /// Whether responses that depend on the slot may be stored: no open write, no quarantine.
    pub fn quiet(&self, now: Moment) -> Result<(), CacheReason> {
        if self.open.load(SeqCst) > 0 {
            return Err(words::OPEN_WRITE);
        }
        if self.quarantine.load(SeqCst) > now.0 {
            return Err(words::QUARANTINE);
        }
        Ok(())
    }

    /// The last write that was acknowledged, if one is known.
    pub(super) fn last_write(&self) -> Option<AcknowledgedWrite> {
        let endpoint = EndpointId::from_bits(self.home.load(SeqCst))?;
        let acknowledged_at = Moment(self.acknowledged_at.load(SeqCst));
        Some(AcknowledgedWrite {
            endpoint,
            acknowledged_at,
        })
    }

    /// Forgets the home if it is this endpoint, and quarantines the slot.
    pub(super) fn forget(&self, endpoint: EndpointId, until: Moment) {
        let gone = endpoint.bits();
        if self.home.load(SeqCst) == gone {
            self.quarantine(until);
            let _ = self.home.compare_exchange(gone, 0, SeqCst, SeqCst);
        }
    }
}
