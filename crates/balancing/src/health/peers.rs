//! The endpoints of one service, as far as each is compared with the others: whether failures are one endpoint's alone.

use super::endpoint_health::EndpointHealth;
use super::share::Share;
use super::shared_failures::SharedFailures;
use super::targets::PeersTarget;
use super::traffic::TrafficCounts;
use crate::{Fault, Moment};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

/// In an outage every endpoint is tried again after this time at most.
const TRIED_AGAIN: Duration = Duration::from_secs(1);
/// A peer whose last request is older says nothing.
const FRESH: Duration = Duration::from_secs(60);
/// Requests of peers below which their whole last minute is taken for comparison.
const ENOUGH: u64 = 16;
/// Failures in a row, or of one class lately, from which on an endpoint is compared with its peers.
pub(super) const COMPARED: u32 = 5;
/// How much larger than the peers' share of failures an endpoint's is when it is ejected for the share.
const MARGIN: f64 = 0.1;
/// One in so many peers that serves makes it no outage.
const FEW: usize = 10;

/// The endpoints of one service.
#[derive(Debug, Default)]
pub struct Peers {
    members: Mutex<Vec<Weak<EndpointHealth>>>,
    next: AtomicU64,
    pub(super) timeouts: SharedFailures,
    /// Failures of which the request may be the cause.
    pub(super) doubtful: SharedFailures,
}

/// What the other endpoints of a service do.
#[derive(Debug, Default)]
pub(super) struct PeerTraffic {
    /// Those whose last request succeeded, and was not long ago.
    serving: usize,
    /// Those whose last request failed.
    failing: usize,
    lately: TrafficCounts,
    last_minute: TrafficCounts,
}

impl Peers {
    /// One more endpoint. `seed` decides how its pauses are spread.
    pub fn join(self: &Arc<Self>, seed: u64) -> Arc<EndpointHealth> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let member = Arc::new(EndpointHealth::new(id, seed, Arc::clone(self)));
        let mut members = self.members.lock();
        members.retain(|other| other.strong_count() > 0);
        members.push(Arc::downgrade(&member));
        member
    }

    /// What the others do.
    pub(super) fn besides(&self, own: u64, now: Moment) -> PeerTraffic {
        let mut traffic = PeerTraffic::default();
        for peer in self.others(own) {
            let record = peer.record();
            match record.last_word(FRESH, now) {
                Some(true) => traffic.serving += 1,
                Some(false) => traffic.failing += 1,
                None => continue,
            }
            traffic.lately.add(&record.lately(now));
            traffic.last_minute.add(&record.last_minute(now));
        }
        traffic
    }

    /// What the others say of a target.
    pub(super) fn of_target(&self, own: u64, target: u64, now: Moment) -> PeersTarget {
        let mut told = PeersTarget::default();
        for peer in self.others(own) {
            peer.targets().tell(target, &mut told, now);
        }
        told
    }

    /// None of them has this target.
    pub(super) fn forget_target(&self, own: u64, target: u64, now: Moment) {
        for peer in self.others(own) {
            peer.targets().forget(target, now);
        }
    }

    /// All endpoints fail: each is tried again soon, however long its pause was to be.
    pub(super) fn outage(&self, own: u64, now: Moment) {
        for peer in self.others(own) {
            peer.joins_outage(now + TRIED_AGAIN);
        }
    }

    /// One of them is back: those that failed for what all had in common are tried at once.
    pub(super) fn outage_is_over(&self, own: u64, now: Moment) {
        for peer in self.others(own) {
            peer.outage_is_over(now);
        }
    }

    fn others(&self, own: u64) -> Vec<Arc<EndpointHealth>> {
        let members = self.members.lock();
        let alive = members.iter().filter_map(Weak::upgrade);
        alive.filter(|member| member.id() != own).collect()
    }
}

impl PeerTraffic {
    /// Whether at least one of them serves now.
    pub fn serves(&self) -> bool {
        self.serving > 0
    }

    /// Whether an endpoint with these failures lately, and so many in a row, fails where its peers do not.
    pub fn make_stand_out(&self, fault: Fault, lately: &TrafficCounts, in_a_row: u32) -> bool {
        let own = share(lately, Some(fault));
        let in_a_row_says = in_a_row >= COMPARED && self.share(None).hardly_gives(in_a_row);
        let share_says =
            || own.some >= COMPARED.into() && own.exceeds(self.share(Some(fault)), MARGIN);
        self.serves() && (in_a_row_says || share_says())
    }

    /// Whether (nearly) all peers fail as well. Without a peer that has a word, none does.
    pub fn is_outage(&self) -> bool {
        self.failing > 0 && self.serving * FEW <= self.failing
    }

    /// How many of their requests failed; of this class, or of any.
    fn share(&self, class: Option<Fault>) -> Share {
        let counts = match self.lately.all() >= ENOUGH {
            true => &self.lately,
            false => &self.last_minute,
        };
        share(counts, class)
    }
}

/// How many requests failed; of this class, or of any.
fn share(counts: &TrafficCounts, class: Option<Fault>) -> Share {
    Share {
        some: class.map_or_else(|| counts.all_failures(), |class| counts.failures(class)),
        all: counts.all(),
    }
}
