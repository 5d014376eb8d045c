//! The addresses that an endpoint's name stands for, and which of them is in use. Read without a lock.

use crate::clock::Moment;
use crate::config::EndpointAddress;
use arc_swap::ArcSwap;
use balancing::atomic::Stamp;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Addresses kept of one name.
const KEPT: usize = 16;

/// The addresses of one name.
#[derive(Debug)]
pub struct Addresses {
    all: ArcSwap<Vec<SocketAddr>>,
    turn: AtomicUsize,
    /// When another address came into use.
    moved: Stamp,
    /// Whether the last look-up failed.
    failing: AtomicBool,
}

impl Addresses {
    /// A literal address is resolved at once, a name later.
    pub fn of(address: &EndpointAddress) -> Self {
        let literal = address.host.parse::<IpAddr>().ok();
        let known = literal.map(|ip| SocketAddr::new(ip, address.port));
        Self {
            all: ArcSwap::from_pointee(known.into_iter().collect()),
            turn: AtomicUsize::new(0),
            moved: Stamp::default(),
            failing: AtomicBool::new(false),
        }
    }

    /// All of them; empty when the name was never resolved.
    pub fn all(&self) -> Arc<Vec<SocketAddr>> {
        self.all.load_full()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.load().is_empty()
    }

    /// The address in use.
    pub fn current(&self) -> Option<SocketAddr> {
        let all = self.all.load();
        let turn = self.turn.load(Ordering::Relaxed);
        all.get(turn.checked_rem(all.len())?).copied()
    }

    /// Whether another address came into use within this time: it may be another server, which lags.
    pub fn has_moved(&self, within: Duration, now: Moment) -> bool {
        let at = self.moved.get();
        at.is_some_and(|at| now.since(at) < within)
    }

    /// Takes what a look-up found; an empty list leaves the last good one. True when that is news.
    ///
    /// Each address may be another server. Their order means nothing (it rotates), and the one in use
    /// stays in use while it is listed.
    pub fn found(&self, mut addresses: Vec<SocketAddr>, now: Moment) -> bool {
        addresses.sort_unstable();
        addresses.dedup();
        addresses.truncate(KEPT);
        if addresses.is_empty() {
            return false;
        }
        let recovered = self.failing.swap(false, Ordering::Relaxed);
        if **self.all.load() == addresses {
            return recovered;
        }
        let used = self.current();
        let stays = addresses.iter().position(|one| Some(*one) == used);
        if used.is_some() && stays.is_none() {
            self.moved.mark(now);
        }
        self.all.store(Arc::new(addresses));
        self.turn.store(stays.unwrap_or(0), Ordering::Relaxed);
        true
    }

    /// Notes that a look-up failed; true when the one before did not.
    pub fn not_found(&self) -> bool {
        !self.failing.swap(true, Ordering::Relaxed)
    }

    /// Uses the next address, where there is one.
    pub fn move_on(&self, now: Moment) {
        if self.all.load().len() > 1 {
            self.turn.fetch_add(1, Ordering::Relaxed);
            self.moved.mark(now);
        }
    }
}
