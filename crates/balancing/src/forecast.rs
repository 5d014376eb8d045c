//! A forecast: the endpoint that a request which waits would be given, by what is known now. It asks nothing that a choice changes
//! (turns, random numbers, trials), so that to look at a queue does not change it.

use crate::affinity;
use crate::home;
use crate::policies::NEAR;
use crate::screen::{Demotion, Standing};
use crate::selector::Selector;
use crate::view::{EndpointView, PoolView};
use crate::{Ask, Moment};

/// As [`Selector::forecast`].
pub fn forecast(
    selector: &Selector,
    pool: &mut [EndpointView],
    ask: &Ask,
    now: Moment,
) -> Option<usize> {
    selector.screen(pool, ask).sort(pool);
    pool.iter_mut().for_each(make_room);
    let among = |standing| PoolView::new(pool, standing, now, selector.slowest);
    let trials = among(Standing::Trial);
    if !trials.is_empty() {
        return trials.least_recently_failed();
    }
    let demotions = pool.iter().filter_map(|one| match one.standing {
        Standing::Candidate(demotion) => Some(demotion),
        _ => None,
    });
    let lowest = demotions.min()?;
    let best = among(Standing::Candidate(lowest));
    if lowest == Demotion::LastResort {
        return best.least_recently_failed();
    }
    let home = home::pick(&best, ask, &*selector.policy, selector.load_factor);
    home.map(|home| home.index)
        .or_else(|| likeliest(selector, &best.preferred(selector.load_factor), ask))
        .or_else(|| likeliest(selector, &best, ask))
}

/// It waits until there is room.
fn make_room(one: &mut EndpointView) {
    if one.standing == Standing::Full {
        one.standing = Standing::Candidate(one.demotion());
    }
}

/// The one that the key of the request prefers, or the idlest of those that the policy rates nearly the best; where it compares
/// nothing, the idlest of all.
fn likeliest(selector: &Selector, pool: &PoolView<'_>, ask: &Ask) -> Option<usize> {
    let by_key = affinity::preferred(pool, ask, selector.load_factor);
    by_key.or_else(|| {
        let rates = selector.policy.scores(pool, ask);
        let rate = |index: usize| rates.get(index).copied().flatten().unwrap_or(0.0);
        let lowest = pool.iter().map(|(index, _)| rate(index));
        let lowest = lowest.min_by(f64::total_cmp)?;
        let near = |index| rate(index) <= lowest + NEAR * lowest.abs();
        let near = pool.iter().filter(|(index, _)| near(*index));
        let busy = |one: &EndpointView| one.in_flight_per_weight();
        let (index, _) = near.min_by(|a, b| busy(a.1).total_cmp(&busy(b.1)))?;
        Some(index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::Strategy;
    use crate::testing::{IDLE, Plain};
    use crate::{Exclusion, Home};

    fn full() -> EndpointView {
        let mut view = IDLE;
        view.load.in_flight = view.load.max_connections;
        view
    }

    fn forecast_of(plain: &Plain) -> Option<usize> {
        let mut views = plain.views.clone();
        plain.selector.forecast(&mut views, &plain.ask, plain.now)
    }

    #[test]
    fn where_all_are_full_each_strategy_has_an_endpoint_in_view_that_may_take_the_request() {
        for strategy in Strategy::ALL {
            let mut views = vec![full(); 3];
            views[0].is_tried = true;
            let plain = Plain::new(*strategy, views);
            assert_eq!(plain.select(), None, "{strategy:?}");
            assert!(matches!(forecast_of(&plain), Some(1 | 2)), "{strategy:?}");
        }
    }

    #[test]
    fn to_look_takes_no_turn() {
        let looked = Plain::idle(Strategy::RoundRobin, 3);
        let plain = Plain::idle(Strategy::RoundRobin, 3);
        let next = |plain: &Plain| plain.select().unwrap().index;
        for _ in 0..3 {
            forecast_of(&looked);
            assert_eq!(next(&looked), next(&plain));
        }
    }

    #[test]
    fn the_one_that_the_strategy_rates_best_is_forecast_and_not_what_is_free() {
        let mut views = vec![full(), IDLE];
        views[0].window_mean = Some(0.010);
        views[1].window_mean = Some(0.500);
        let plain = Plain::new(Strategy::LeastResponseTime, views);
        assert_eq!(plain.select().map(|pick| pick.index), Some(1));
        assert_eq!(forecast_of(&plain), Some(0));
    }

    #[test]
    fn the_home_of_a_write_is_forecast_although_it_is_full() {
        let mut views = vec![IDLE, full()];
        views[1].home = Some(Home::Level);
        let mut plain = Plain::new(Strategy::LeastConnections, views);
        plain.ask.is_read = false;
        assert_eq!(forecast_of(&plain), Some(1));
    }

    #[test]
    fn nobody_is_forecast_where_none_may_take_it() {
        let mut views = vec![full(); 2];
        views.iter_mut().for_each(|one| one.is_avoided = true);
        let plain = Plain::new(Strategy::Adaptive, views);
        let screen = plain.selector.screen(&plain.views, &plain.ask);
        let why = screen.exclusion(&plain.views, 0);
        assert_eq!(why, Some(Exclusion::AntiAffinity));
        assert_eq!(forecast_of(&plain), None);
    }
}
