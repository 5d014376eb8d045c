//! Which server a response or an acknowledgement came from, as the cache remembers it.

use std::num::NonZeroU64;

/// Which server: a digest of the service's name and the server's `host:port`. The name of an endpoint is no part
/// of it, since another server may have that name after a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EndpointId(NonZeroU64);

impl EndpointId {
    /// The server at an address; the same in every process.
    pub fn of(service: &str, authority: &str) -> Self {
        let mut hash = blake3::Hasher::new();
        for part in [service, authority] {
            hash.update(&(part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        let digest = hash.finalize();
        let bytes = digest.as_bytes().iter().take(8);
        let bits = bytes.fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }

    /// The digest, never 0.
    pub(crate) fn bits(self) -> u64 {
        self.0.get()
    }

    /// The endpoint of these bits; `None` for 0.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        NonZeroU64::new(bits).map(Self)
    }
}
