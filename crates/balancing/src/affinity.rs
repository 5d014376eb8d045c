//! Soft affinity: requests of one key go to the same endpoint, while that is not much busier than the others. Rendezvous
//! hashing by weight says which endpoint a key prefers, so that one that comes or goes moves no keys but its own; the loads
//! are bounded (Mirrokni et al., "Consistent Hashing with Bounded Loads", 2018), so that a hot key overloads none.

use crate::view::EndpointView;
use crate::{Ask, PoolView};

/// The endpoint that a request's key prefers, among those with less than `load_factor` times their share of the requests in
/// flight, this one among them. `None` without a key.
pub fn preferred(pool: &PoolView<'_>, ask: &Ask, load_factor: f64) -> Option<usize> {
    let key = ask.affinity?;
    let bound = load_factor * pool.in_flight_per_share();
    let among = pool.iter().filter(|(_, one)| one.is_below(bound));
    let ranked = among.map(|(index, one)| (index, rank(one, key)));
    let (index, _) = ranked.max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(index)
}

/// How much a key prefers an endpoint: an exponential draw by weight, of which the largest wins in proportion to the weights.
fn rank(endpoint: &EndpointView, key: u64) -> f64 {
    let bits = mixed(key ^ mixed(endpoint.id)) >> 11;
    let fraction = (bits as f64 + 0.5) / (1u64 << 53) as f64;
    endpoint.share() / -fraction.ln()
}

/// Spreads the bits of a hash (the finaliser of splitmix64).
pub fn mixed(hash: u64) -> u64 {
    let hash = hash.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IDLE, READ};
    use crate::{Moment, Standing};
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    const FACTOR: f64 = 1.25;
    const KEYS: u64 = 4000;

    fn numbered(ids: impl IntoIterator<Item = u64>) -> Vec<EndpointView> {
        let view = |id| EndpointView { id, ..IDLE };
        ids.into_iter().map(view).collect()
    }

    /// The index that a key prefers.
    fn of(views: &[EndpointView], key: u64) -> usize {
        let ask = Ask {
            affinity: Some(key),
            ..READ
        };
        let pool = PoolView::new(views, Standing::PREFERRED, Moment(0), 1.0);
        preferred(&pool, &ask, FACTOR).unwrap()
    }

    #[test]
    fn a_request_without_a_key_prefers_none() {
        let views = numbered(0..3);
        let pool = PoolView::new(&views, Standing::PREFERRED, Moment(0), 1.0);
        assert_eq!(preferred(&pool, &READ, FACTOR), None);
    }

    #[test]
    fn keys_spread_by_weight() {
        let mut views = numbered(0..3);
        views[2].weight = 2.0;
        let taken = (0..KEYS).filter(|key| of(&views, *key) == 2).count() as f64;
        assert!((taken / KEYS as f64 - 0.5).abs() < 0.03, "{taken}");
    }

    #[test]
    fn a_hot_key_spills_over_before_its_endpoint_is_overloaded() {
        let mut views = numbered(0..4);
        let first = of(&views, 7);
        for total in 1..=1000 {
            let index = of(&views, 7);
            views[index].load.in_flight += 1;
            let bound = (FACTOR * f64::from(total) / 4.0).ceil();
            assert!(f64::from(views[index].load.in_flight) <= bound);
        }
        let held = views[first].load.in_flight;
        assert_eq!(held, 313, "it has as much as it may");
    }

    proptest! {
        #[test]
        fn an_endpoint_that_comes_or_goes_moves_no_keys_but_its_own(
            ids in prop::collection::hash_set(0u64..1000, 2..12),
        ) {
            let ids: Vec<u64> = ids.into_iter().collect();
            let (all, fewer) = (numbered(ids.iter().copied()), numbered(ids[1..].iter().copied()));
            let mut moved = 0;
            for key in 0..KEYS {
                match of(&all, key) {
                    0 => moved += 1,
                    index => prop_assert_eq!(index - 1, of(&fewer, key)),
                }
            }
            let share = f64::from(moved) / KEYS as f64;
            prop_assert!((share - 1.0 / ids.len() as f64).abs() < 0.05, "{share}");
        }

        #[test]
        fn no_endpoint_is_given_more_than_the_factor_of_its_share(
            loads in prop::collection::vec((0u32..50, 1u32..5), 1..12),
            key in 0u64..1_000_000,
        ) {
            let mut views = numbered(0..loads.len() as u64);
            for (view, (in_flight, weight)) in views.iter_mut().zip(&loads) {
                view.load.in_flight = *in_flight;
                view.weight = f64::from(*weight);
            }
            let index = of(&views, key);
            let held: u32 = loads.iter().map(|(in_flight, _)| in_flight).sum();
            let weights: u32 = loads.iter().map(|(_, weight)| weight).sum();
            let share = views[index].weight / f64::from(weights);
            let bound = (FACTOR * f64::from(held + 1) * share).ceil();
            prop_assert!(f64::from(views[index].load.in_flight + 1) <= bound);
        }
    }
}
