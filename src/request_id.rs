//! Ids of requests: 12 hexadecimal digits, unique in a process, random between processes. A counter
//! makes them unique, a random start and a mixing step make them differ.

use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bits of an id: 12 hexadecimal digits.
const MASK: u64 = (1 << 48) - 1;

/// The id of a request. Printed as 12 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

impl RequestId {
    /// Reads what [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 12 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let bits = plain.then(|| u64::from_str_radix(text, 16).ok())?;
        bits.map(Self)
    }

    /// An id of chosen bits, of which the lower 48 count.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & MASK)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}", self.0)
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The source of ids; one per process.
#[derive(Debug)]
pub struct RequestIds {
    start: u64,
    next: AtomicU64,
}

impl RequestIds {
    /// A source that starts at random bits.
    pub fn new(bits: u64) -> Self {
        Self {
            start: bits,
            next: AtomicU64::new(0),
        }
    }

    /// The next id; it comes again after 2^48 others.
    pub fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        RequestId(mixed(self.start.wrapping_add(count)))
    }
}

/// A bijection on 48 bits, so that neighbours look unlike and stay distinct: odd factors and
/// shifts downwards can both be undone.
fn mixed(bits: u64) -> u64 {
    let mut bits = bits & MASK;
    for factor in [0xbf58_476d_1ce5, 0x94d0_49bb_1331] {
        bits ^= bits >> 24;
        bits = bits.wrapping_mul(factor) & MASK;
    }
    bits ^ (bits >> 24)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_have_twelve_hexadecimal_digits_and_never_repeat() {
        let ids = RequestIds::new(u64::MAX - 5000);
        let texts: HashSet<String> = (0..10_000).map(|_| ids.next().to_string()).collect();
        assert_eq!(texts.len(), 10_000);
        assert!(
            texts
                .iter()
                .all(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()))
        );
    }

    #[test]
    fn two_processes_start_at_different_ids() {
        assert_ne!(RequestIds::new(1).next(), RequestIds::new(77).next());
    }

    #[test]
    fn only_what_is_printed_is_read_back() {
        let id = RequestIds::new(7).next();
        assert_eq!(RequestId::parse(&id.to_string()), Some(id));
        for other in ["00000000000g", "+0000000000f", "00"] {
            assert_eq!(RequestId::parse(other), None);
        }
    }
}
