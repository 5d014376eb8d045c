//! Custom: keys in order, each a weighted sum of figures, as a configuration says. The lowest first key is taken; those that are
//! nearly as low are compared by the next one, and equals take turns. A figure that is unknown of an endpoint counts as
//! the mean of the others.

use super::NEAR;
use super::turns::Turns;
use crate::view::EndpointView;
use crate::{Ask, Figure, Pick, Policy, PoolView, Random, RouteReason};

/// Figures and keys at most, so that a choice needs no memory of its own.
pub const MAX_KEYS: usize = 8;

/// A key: figures, each with its weight.
pub type Key = Vec<(Figure, f64)>;

/// A strategy of figures.
#[derive(Debug)]
pub struct Custom {
    keys: Box<[Key]>,
    turns: Turns,
}

/// What is known of the pool as a whole, once for each choice.
struct Facts {
    best: Option<f64>,
    /// By [`Figure`].
    means: [f64; Figure::ALL.len()],
}

impl Custom {
    /// By these keys, of which the first [`MAX_KEYS`] count, for a pool of so many endpoints.
    pub fn new(keys: impl IntoIterator<Item = Key>, endpoints: usize) -> Self {
        Self {
            keys: keys.into_iter().take(MAX_KEYS).collect(),
            turns: Turns::new(endpoints),
        }
    }

    fn facts(&self, pool: &PoolView<'_>) -> Facts {
        let best = pool.best_time();
        let mut means = [0.0; Figure::ALL.len()];
        for (figure, _) in self.keys.iter().flatten() {
            if let Some(mean) = means.get_mut(*figure as usize) {
                *mean = figure.mean(pool, best);
            }
        }
        Facts { best, means }
    }
}

impl Facts {
    fn value(&self, key: &Key, endpoint: &EndpointView) -> f64 {
        let value = |figure: Figure| {
            let mean = self.means.get(figure as usize).copied();
            figure.of(endpoint, self.best).or(mean).unwrap_or(0.0)
        };
        let parts = key.iter().map(|(figure, weight)| weight * value(*figure));
        parts.sum()
    }
}

impl Policy for Custom {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, _random: &mut Random) -> Option<Pick> {
        let facts = self.facts(pool);
        let mut bounds = [f64::INFINITY; MAX_KEYS];
        let is_within = |bounds: &[f64], one: &EndpointView| {
            let mut keys = self.keys.iter().zip(bounds);
            keys.all(|(key, bound)| *bound == f64::INFINITY || facts.value(key, one) <= *bound)
        };
        for (position, key) in self.keys.iter().enumerate() {
            let lowest = pool.lowest(|one| match is_within(&bounds, one) {
                true => facts.value(key, one),
                false => f64::INFINITY,
            })?;
            if let Some(bound) = bounds.get_mut(position) {
                *bound = lowest * (1.0 + NEAR);
            }
        }
        let index = self.turns.next(pool, |_, one| is_within(&bounds, one))?;
        let first = self.keys.first().zip(pool.get(index));
        Some(Pick {
            index,
            reason: RouteReason::LowestScore,
            score: first.map_or(0.0, |(key, one)| facts.value(key, one)),
        })
    }

    /// The first key.
    fn scores(&self, pool: &PoolView<'_>, _ask: &Ask) -> Vec<Option<f64>> {
        let facts = self.facts(pool);
        let first = self.keys.first();
        let score = |one| first.map(|key| facts.value(key, one));
        pool.all().iter().map(score).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::Strategy;
    use crate::testing::{IDLE, Plain};
    use std::sync::Arc;

    fn over(keys: Vec<Key>, views: Vec<EndpointView>) -> Plain {
        let custom = Custom::new(keys, views.len());
        let mut plain = Plain::new(Strategy::RoundRobin, views);
        plain.selector.policy = Arc::new(custom);
        plain
    }

    fn view(queue: f64, cpu: Option<f64>) -> EndpointView {
        let mut view = IDLE;
        view.load.queue = Some(queue);
        view.load.cpu = cpu;
        view
    }

    #[test]
    fn the_next_key_decides_among_those_that_are_nearly_as_low() {
        let keys = || [Figure::Queue, Figure::Cpu].map(|figure| vec![(figure, 1.0)]);
        let views = [(10.0, 0.9), (10.5, 0.2), (30.0, 0.1)];
        let views = views.map(|(queue, cpu)| view(queue, Some(cpu)));
        let plain = over(keys().to_vec(), views.to_vec());
        assert_eq!(plain.select().unwrap().index, 1);
        let plain = over(keys()[..1].to_vec(), views.to_vec());
        assert_eq!(plain.select().unwrap().index, 0);
    }

    #[test]
    fn a_weighted_sum_is_one_key_and_an_unknown_figure_counts_as_the_mean() {
        let key = vec![(Figure::Queue, 0.1), (Figure::Cpu, 2.0)];
        let views = vec![view(9.0, Some(0.2)), view(4.0, Some(0.8)), view(4.0, None)];
        let pick = over(vec![key], views).select().unwrap();
        // 0.9 + 0.4 = 1.3; 0.4 + 1.6 = 2.0; 0.4 + 1.0 = 1.4, which is nearly as low as the first
        assert_eq!(pick.index, 0);
        assert!((pick.score - 1.3).abs() < 1e-9, "{}", pick.score);
    }

    #[test]
    fn equals_take_turns() {
        let key = vec![(Figure::InFlight, 1.0)];
        assert_eq!(over(vec![key], vec![IDLE; 3]).shares(9), [3, 3, 3]);
    }
}
