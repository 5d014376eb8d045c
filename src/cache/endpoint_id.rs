//! Which endpoint a response or an acknowledgement came from.

use std::num::NonZeroU64;

/// Which endpoint: a digest of its configured name and address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EndpointId(NonZeroU64);

impl EndpointId {
    /// The endpoint of this name; the same in every process.
    pub fn of(name: &str) -> Self {
        let digest = blake3::hash(name.as_bytes());
        let bytes = digest.as_bytes().iter().take(8);
        let bits = bytes.fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        Self(NonZeroU64::new(bits).unwrap_or(NonZeroU64::MIN))
    }

    /// The digest, never 0.
    pub(super) fn bits(self) -> u64 {
        self.0.get()
    }

    /// The endpoint of these bits; `None` for 0.
    pub(super) fn from_bits(bits: u64) -> Option<Self> {
        NonZeroU64::new(bits).map(Self)
    }
}
