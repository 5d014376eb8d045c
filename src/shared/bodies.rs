//! The bound on all bodies that are held at a time: what was read of requests before they went out,
//! and of responses before they were judged or taken. Whoever holds bytes takes a share, and gives it
//! back by dropping it. No client address may hold more than its part of the bound. Responses that wait to be
//! judged stop at half of either, since they can stream instead, and what is read ahead of slow clients at a quarter: the
//! others find room however many clients read slowly.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Clients are counted by the hash of their address in a table of this size; two that collide count as one.
const ADDRESSES: usize = 1024;

/// The part of the bound, and of a client's part of it, that responses may fill: one in this number.
const OF_RESPONSES: usize = 2;
/// The same for what is read ahead.
const OF_READ_AHEAD: usize = 4;

/// The bytes that are held now, and how many may be.
#[derive(Debug)]
pub struct Bodies {
    held: AtomicUsize,
    limit: AtomicUsize,
    limit_per_client: AtomicUsize,
    by_client: Box<[AtomicUsize]>,
    hasher: RandomState,
}

impl Bodies {
    /// A bound in bytes, of which one client may hold a part (0..=1).
    pub fn new(limit: usize, client_share: f64) -> Arc<Self> {
        let bodies = Self {
            held: AtomicUsize::new(0),
            limit: AtomicUsize::new(0),
            limit_per_client: AtomicUsize::new(0),
            by_client: (0..ADDRESSES).map(|_| AtomicUsize::new(0)).collect(),
            hasher: RandomState::new(),
        };
        bodies.set_limit(limit, client_share);
        Arc::new(bodies)
    }

    /// Sets another limit. What is held already stays.
    pub fn set_limit(&self, bytes: usize, client_share: f64) {
        self.limit.store(bytes, Relaxed);
        let part = bytes as f64 * client_share.clamp(0.0, 1.0);
        self.limit_per_client.store(part as usize, Relaxed);
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// An empty share, for a client's address, or for the name of a sender without a client.
    pub fn share(self: &Arc<Self>, client: impl Hash) -> Share {
        Share {
            bodies: Arc::clone(self),
            client: self.hasher.hash_one(client) as usize % ADDRESSES,
            bytes: 0,
        }
    }

    fn take(&self, client: usize, bytes: usize) {
        self.held.fetch_add(bytes, Relaxed);
        if let Some(held) = self.by_client.get(client) {
            held.fetch_add(bytes, Relaxed);
        }
    }

    fn give_back(&self, client: usize, bytes: usize) {
        self.held.fetch_sub(bytes, Relaxed);
        if let Some(held) = self.by_client.get(client) {
            held.fetch_sub(bytes, Relaxed);
        }
    }
}

/// The part of one holder.
#[derive(Debug)]
pub struct Share {
    bodies: Arc<Bodies>,
    client: usize,
    bytes: usize,
}

impl Share {
    /// Another share of the same client, of nothing yet.
    pub fn sibling(&self) -> Share {
        Share {
            bodies: Arc::clone(&self.bodies),
            client: self.client,
            bytes: 0,
        }
    }

    /// Takes room for more bytes of a request; `false`, and nothing taken, where the bound leaves no room for them.
    pub fn grow(&mut self, bytes: usize) -> bool {
        self.take(bytes, 1)
    }

    /// Takes room for more bytes of a response; `false`, and nothing taken, where there is no room for them.
    pub fn grow_response(&mut self, bytes: usize) -> bool {
        self.take(bytes, OF_RESPONSES)
    }

    /// Takes room for bytes that are read ahead; `false`, and nothing taken, where there is no room for them.
    pub fn grow_read_ahead(&mut self, bytes: usize) -> bool {
        self.take(bytes, OF_READ_AHEAD)
    }

    /// Takes first and looks then, so that two that take at the same time cannot both have the last bytes.
    fn take(&mut self, bytes: usize, part: usize) -> bool {
        self.add(bytes);
        let fits = self.fits(part);
        if !fits {
            self.give_back(bytes);
        }
        fits
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts more bytes, whether there is room for them or not: they are in memory already.
    pub fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.bodies.take(self.client, bytes);
    }

    fn fits(&self, part: usize) -> bool {
        let client = self.bodies.by_client.get(self.client);
        let of_client = client.map_or(0, |held| held.load(Relaxed));
        self.bodies.held() <= self.bodies.limit.load(Relaxed) / part
            && of_client <= self.bodies.limit_per_client.load(Relaxed) / part
    }

    /// Gives bytes back.
    pub fn give_back(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.bodies.give_back(self.client, bytes);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.bodies.give_back(self.client, self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::Bodies;
    use std::net::{IpAddr, Ipv4Addr};

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    #[test]
    fn shares_fill_the_bound_and_give_back_what_they_took() {
        let bodies = Bodies::new(100, 1.0);
        let mut one = bodies.share(CLIENT);
        let mut other = one.sibling();
        assert!(one.grow(60));
        assert!(!other.grow(41));
        assert!(other.grow(40));
        assert_eq!(bodies.held(), 100);
        drop(one);
        assert_eq!(bodies.held(), 40);
        bodies.set_limit(40, 1.0);
        assert!(!other.grow(1));
        other.give_back(10);
        assert_eq!(bodies.held(), 30);
        drop(other);
        assert_eq!(bodies.held(), 0);
    }

    #[test]
    fn what_is_read_ahead_leaves_room_for_responses_and_those_for_requests() {
        let bodies = Bodies::new(100, 0.5);
        let mut response = bodies.share(CLIENT);
        assert!(!response.grow_read_ahead(13) && response.grow_read_ahead(12));
        assert!(response.grow_response(13));
        assert!(!response.grow_response(1));
        let mut request = response.sibling();
        assert!(request.grow(25));
        assert!(!request.grow(1));
        assert_eq!(bodies.held(), 50);
    }

    #[test]
    fn no_client_takes_what_is_there_for_all() {
        let bodies = Bodies::new(100, 0.5);
        let mut greedy = bodies.share(CLIENT);
        assert!(greedy.grow(50));
        assert!(!greedy.sibling().grow(1));
        // A client whose place in the table is another one.
        let others = (2..=9).map(|last| IpAddr::from(Ipv4Addr::new(10, 0, 0, last)));
        let fitting = others.filter(|other| bodies.share(*other).grow(50));
        assert!(fitting.count() > 0);
    }
}
