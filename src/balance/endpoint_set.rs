//! A set of endpoints of one pool: one bit each, so that narrowing a choice allocates nothing.

/// Endpoints of a pool at most.
pub const MAX_ENDPOINTS: usize = 64;

/// A set of indexes of a pool.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct EndpointSet(u64);

impl EndpointSet {
    /// The first `count` indexes.
    pub fn first(count: usize) -> Self {
        let missing = MAX_ENDPOINTS.saturating_sub(count);
        let missing = u32::try_from(missing).unwrap_or(u32::MAX);
        Self(u64::MAX.checked_shr(missing).unwrap_or(0))
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether an index is one of them.
    pub fn contains(self, index: usize) -> bool {
        self.0 & bit(index) != 0
    }

    /// Adds an index.
    pub fn insert(&mut self, index: usize) {
        self.0 |= bit(index);
    }

    /// Takes an index out.
    pub fn remove(&mut self, index: usize) {
        self.0 &= !bit(index);
    }

    /// Those that are in either.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that are not in `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The indexes, lowest first.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let index = rest.trailing_zeros();
            rest &= rest.checked_sub(1)?;
            Some(index as usize)
        })
    }
}

impl FromIterator<usize> for EndpointSet {
    fn from_iter<I: IntoIterator<Item = usize>>(indexes: I) -> Self {
        let mut set = Self::default();
        indexes.into_iter().for_each(|index| set.insert(index));
        set
    }
}

/// The bit of an index; none of an index that no pool has.
fn bit(index: usize) -> u64 {
    u32::try_from(index).map_or(0, |index| 1u64.checked_shl(index).unwrap_or(0))
}
