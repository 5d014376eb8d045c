//! Who voted for the endpoint of a request, kept until the request ends. A table of fixed size: where two requests meet in a
//! place the later one stays, and the other teaches nothing.

use super::VOTERS;
use crate::Ask;
use crate::affinity::mixed;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests that are kept: a multiple of what is in flight at once.
const PLACES: usize = 1024;

/// Which of the strategies voted for an endpoint.
pub type Voted = [bool; VOTERS];

/// Votes by request. The lowest bits of a place are the votes, the others tell the request.
#[derive(Debug)]
pub struct Votes(Box<[AtomicU64]>);

impl Default for Votes {
    fn default() -> Self {
        Self((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Votes {
    /// Notes who voted for the endpoint of a request.
    pub fn note(&self, ask: &Ask, endpoint: usize, voted: Voted) {
        let hash = hash(ask, endpoint);
        let bits = (0..).zip(voted).map(|(bit, voted)| u64::from(voted) << bit);
        if let Some(place) = self.place(hash) {
            place.store(hash | bits.sum::<u64>(), Ordering::Relaxed);
        }
    }

    /// Who voted for it; `None` where that is not known. Forgets it.
    pub fn take(&self, ask: &Ask, endpoint: usize) -> Option<Voted> {
        let hash = hash(ask, endpoint);
        let place = self.place(hash)?;
        let kept = place.load(Ordering::Relaxed);
        if kept & !MASK != hash {
            return None;
        }
        place.store(0, Ordering::Relaxed);
        Some(std::array::from_fn(|bit| kept >> bit & 1 == 1))
    }

    fn place(&self, hash: u64) -> Option<&AtomicU64> {
        let place = (hash >> VOTERS) as usize % self.0.len().max(1);
        self.0.get(place)
    }
}

/// The bits of the votes.
const MASK: u64 = (1 << VOTERS) - 1;

/// Tells a request at an endpoint, in the bits that are not the votes'; never 0.
fn hash(ask: &Ask, endpoint: usize) -> u64 {
    let parts = [
        ask.arrived.0,
        ask.shape,
        u64::from(ask.class),
        ask.target,
        endpoint as u64,
    ];
    let hash = parts.into_iter().fold(0, |hash, part| mixed(hash ^ part));
    (hash & !MASK).max(MASK + 1)
}
