//! What is learned of each shape of requests, bounded: so many shapes in sets, each set with its own lock. Where all places
//! of a set are taken, a new shape takes one once the requests of its shape, or of others that are new, outweigh what was
//! seen there: shapes that are asked for once cannot drive out those that are asked for often.

use parking_lot::Mutex;

const SETS: usize = 64;
const SHAPES_PER_SET: usize = 8;
/// The samples after which a shape is as hard to drop as any.
const ESTABLISHED: u8 = 100;

/// What is known of each shape.
#[derive(Debug)]
pub struct ByShape<T>(Vec<Mutex<Vec<Known<T>>>>);

#[derive(Debug)]
struct Known<T> {
    shape: u64,
    /// How many new shapes in its place it outlasts.
    standing: u8,
    value: T,
}

impl<T> Default for ByShape<T> {
    fn default() -> Self {
        Self((0..SETS).map(|_| Mutex::default()).collect())
    }
}

impl<T: Default> ByShape<T> {
    /// Learns from a request of this shape, if there is a place for it.
    pub fn learn(&self, shape: u64, learn: impl FnOnce(&mut T)) {
        self.with(shape, |set| {
            if let Some(known) = find_or_insert(set, shape) {
                known.standing = known.standing.saturating_add(1).min(ESTABLISHED);
                learn(&mut known.value);
            }
        });
    }

    /// Looks at what is known of this shape, and may correct it; `None` where nothing is.
    pub fn look<R>(&self, shape: u64, look: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.with(shape, |set| {
            let known = set.iter_mut().find(|known| known.shape == shape);
            known.map(|known| look(&mut known.value))
        })?
    }

    fn with<R>(&self, shape: u64, act: impl FnOnce(&mut Vec<Known<T>>) -> R) -> Option<R> {
        let set = self.0.get(shape as usize % SETS)?;
        Some(act(&mut set.lock()))
    }
}

fn find_or_insert<T: Default>(set: &mut Vec<Known<T>>, shape: u64) -> Option<&mut Known<T>> {
    if let Some(place) = set.iter().position(|known| known.shape == shape) {
        return set.get_mut(place);
    }
    let new = Known {
        shape,
        standing: 0,
        value: T::default(),
    };
    if set.len() < SHAPES_PER_SET {
        set.push(new);
        return set.last_mut();
    }
    if let Some(place) = set.iter().position(|known| known.standing == 0) {
        let known = set.get_mut(place)?;
        *known = new;
        return Some(known);
    }
    set.iter_mut().for_each(|known| known.standing -= 1);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn count(shapes: &ByShape<u32>, shape: u64) {
        shapes.learn(shape, |count| *count += 1);
    }

    #[test]
    fn shapes_that_are_asked_for_once_do_not_drive_out_those_asked_for_often() {
        let shapes = ByShape::default();
        for other in 0..100_000_u64 {
            if other % 10 == 0 {
                count(&shapes, 7);
            }
            count(&shapes, 1_000_000 + other * 31);
        }
        assert!(shapes.look(7, |count| *count).is_some());
    }

    #[test]
    fn a_shape_that_nobody_asks_for_any_more_makes_room() {
        let shapes = ByShape::default();
        let same_set = |number: u64| number * SETS as u64;
        for shape in 0..SHAPES_PER_SET as u64 {
            (0..1000).for_each(|_| count(&shapes, same_set(shape)));
        }
        (0..1000).for_each(|_| count(&shapes, same_set(99)));
        assert!(shapes.look(same_set(99), |count| *count).is_some());
    }

    proptest! {
        #[test]
        fn memory_is_bounded(asked in proptest::collection::vec(any::<u64>(), 0..2000)) {
            let shapes = ByShape::default();
            asked.iter().for_each(|shape| count(&shapes, *shape));
            prop_assert!(shapes.0.iter().all(|set| set.lock().len() <= SHAPES_PER_SET));
        }
    }
}
