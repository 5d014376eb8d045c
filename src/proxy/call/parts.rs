//! The parts of a body that is read piece by piece, and the pieces in which one is written.

use crate::http::Data;
use crate::shared::Share;
use bytes::Bytes;

/// Bytes that are written at a time.
const PIECE: usize = 64 << 10;

/// Splits the next piece off, small enough that a slow reader's progress shows; `None` when no bytes are left.
pub fn next_piece(bytes: &mut Bytes) -> Option<Data> {
    Data::new(bytes.split_to(bytes.len().min(PIECE)))
}

/// The parts so far; a single part is not copied.
#[derive(Default)]
pub struct BodyParts {
    first: Bytes,
    /// All of them, once there are two.
    joined: Vec<u8>,
}

impl From<Bytes> for BodyParts {
    fn from(first: Bytes) -> Self {
        Self {
            first,
            joined: Vec::new(),
        }
    }
}

impl BodyParts {
    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.first.len() + self.joined.len()
    }

    /// Adds a part and counts its memory with `grow`. `false`: there was no room for it, but it is added and counted.
    pub fn push(
        &mut self,
        part: Bytes,
        share: &mut Share,
        grow: fn(&mut Share, usize) -> bool,
    ) -> bool {
        let needed = self.len() + part.len();
        if needed == part.len() {
            self.first = part;
            return grow(share, needed) || add(share, needed);
        }
        let held = self.first.len() + self.joined.capacity();
        let room = needed <= self.joined.capacity() || {
            // Twice as much as is needed now, so that few parts are copied more than once.
            let ample = needed.saturating_mul(2);
            let (capacity, room) = match grow(share, ample - held) {
                true => (ample, true),
                false => (
                    needed,
                    grow(share, needed - held) || add(share, needed - held),
                ),
            };
            self.joined.reserve_exact(capacity - self.joined.len());
            room
        };
        if self.joined.is_empty() {
            self.joined
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.joined.extend_from_slice(&part);
        room
    }

    /// All parts as one.
    pub fn join(self) -> Bytes {
        match self.joined.is_empty() {
            true => self.first,
            false => self.joined.into(),
        }
    }
}

/// Counts memory beyond the bound.
fn add(share: &mut Share, bytes: usize) -> bool {
    share.add(bytes);
    false
}

#[cfg(test)]
mod tests {
    use super::BodyParts;
    use crate::shared::{Bodies, Share};
    use bytes::Bytes;

    const PART: usize = 1000;

    #[test]
    fn what_parts_cost_is_counted_also_where_there_is_no_room_for_them() {
        for limit in [usize::MAX, 5 * PART, 0] {
            let bodies = Bodies::new(limit, 1.0);
            let mut share = bodies.share("a test");
            let mut parts = BodyParts::default();
            let part = Bytes::from(vec![b'a'; PART]);
            for count in 1..=20 {
                let has_room = parts.push(part.clone(), &mut share, Share::grow);
                assert_eq!(has_room, count * PART <= limit, "{count} of {limit}");
                let memory = parts.first.len() + parts.joined.capacity();
                assert_eq!(bodies.held(), memory);
                assert!(memory <= 2 * parts.len());
            }
            assert_eq!(parts.join().len(), 20 * PART);
        }
    }
}
