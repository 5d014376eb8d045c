//! The bound on all bodies that are held at a time: what was read of requests before they went out,
//! and of answers before they were judged. Whoever holds bytes takes a share, and gives it back by dropping it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The bytes that are held now, and how many may be.
#[derive(Debug, Default)]
pub struct Bodies {
    held: AtomicUsize,
    limit: AtomicUsize,
}

impl Bodies {
    /// A bound of so many bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            held: AtomicUsize::new(0),
            limit: AtomicUsize::new(limit),
        })
    }

    /// Sets another limit. What is held already stays.
    pub fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Relaxed);
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        self.held.load(Relaxed)
    }

    /// A share of nothing yet.
    pub fn share(self: &Arc<Self>) -> Share {
        Share {
            bodies: Arc::clone(self),
            bytes: 0,
        }
    }
}

/// The part of one holder.
#[derive(Debug)]
pub struct Share {
    bodies: Arc<Bodies>,
    bytes: usize,
}

impl Share {
    /// Takes so many bytes more; `false`, and nothing taken, where the bound leaves no room for them.
    pub fn grow(&mut self, bytes: usize) -> bool {
        let before = self.bodies.held.fetch_add(bytes, Relaxed);
        let fits = before.saturating_add(bytes) <= self.bodies.limit.load(Relaxed);
        if fits {
            self.bytes += bytes;
        } else {
            self.bodies.held.fetch_sub(bytes, Relaxed);
        }
        fits
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.bodies.held.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Bodies;

    #[test]
    fn shares_fill_the_bound_and_give_back_what_they_took() {
        let bodies = Bodies::new(100);
        let (mut one, mut other) = (bodies.share(), bodies.share());
        assert!(one.grow(60));
        assert!(!other.grow(41));
        assert!(other.grow(40));
        assert_eq!(bodies.held(), 100);
        drop(one);
        assert_eq!(bodies.held(), 40);
        bodies.set_limit(40);
        assert!(!other.grow(1));
        drop(other);
        assert_eq!(bodies.held(), 0);
    }
}
