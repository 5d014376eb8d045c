//! The id of a request: twelve hexadecimal digits of ours, and the rule by which a client's own
//! `x-request-id` is taken over.

use crate::clock::Dice;
use http::HeaderMap;
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The header by which a request's id travels.
pub const REQUEST_ID: &str = "x-request-id";

/// Longest `x-request-id` that is taken from a client, in bytes.
pub const MAX_CLIENT_ID: usize = 128;

const DIGITS: usize = 12;
const MASK: u64 = (1 << 48) - 1;

/// Forty-eight random bits, printed as twelve hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Id(u64);

impl Id {
    /// An id from random bits, of which the lower 48 count.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits & MASK)
    }

    /// Reads what [`fmt::Display`] prints.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == DIGITS && text.bytes().all(|b| b.is_ascii_hexdigit());
        plain
            .then(|| u64::from_str_radix(text, 16).ok())
            .flatten()
            .map(Self)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$x}", self.0)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The client's own `x-request-id`, if there is exactly one and it is 1..=128 visible ASCII
/// characters. Otherwise the request goes on under an [`Id`] of ours.
pub fn from_client(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let visible = (1..=MAX_CLIENT_ID).contains(&value.len())
        && value.as_bytes().iter().all(u8::is_ascii_graphic);
    visible.then(|| value.to_str().ok()).flatten()
}

/// Makes ids without a lock: a counter from a random start, mixed (SplitMix64), so that two
/// processes do not count alike.
#[derive(Debug)]
pub struct Ids(AtomicU64);

impl Ids {
    /// A maker whose sequence the dice decide.
    pub fn seeded(dice: &mut Dice) -> Self {
        Self(AtomicU64::new(dice.bits()))
    }

    /// The next id.
    pub fn next(&self) -> Id {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Id::from_bits(bits ^ (bits >> 31))
    }
}
