//! Rendezvous hashing: every instance gives a key to the same endpoint, and an endpoint that comes or
//! goes moves no key but its own.

use crate::endpoint::Endpoint;
use std::sync::Arc;

/// The endpoint that owns a key. Health has no say: the key stays where it is.
pub fn owner<'a>(
    endpoints: impl Iterator<Item = &'a Arc<Endpoint>>,
    key: &str,
) -> Option<&'a Arc<Endpoint>> {
    endpoints.max_by_key(|e| rank(&e.token, key))
}

fn rank(token: &str, key: &str) -> u64 {
    let bytes = key.bytes().chain([0]).chain(token.bytes());
    // FNV-1a, then a finaliser, because FNV alone leaves the high bits of short keys alike.
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
