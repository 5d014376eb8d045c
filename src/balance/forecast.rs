//! The endpoints that requests which wait would be given now: a forecast, for people. Nobody is held to it.

use super::pool::Pool;
use super::reading;
use super::route::RouteRequest;
use super::search::RouteSearch;
use crate::dialect::Placement;
use balancing::EndpointView;
use std::sync::Arc;

/// A forecast for one request after the other, each as if those before it were where it says.
pub struct Forecast<'a> {
    pool: &'a Pool,
    /// What was forecast so far, by the index of the endpoint.
    planned: Vec<Planned>,
}

/// What an endpoint would have beside what it has.
#[derive(Clone, Copy, Default)]
struct Planned {
    requests: u32,
    cost: f64,
}

impl<'a> Forecast<'a> {
    /// For requests of this pool.
    pub fn new(pool: &'a Pool) -> Self {
        Self {
            pool,
            planned: vec![Planned::default(); pool.endpoints().len()],
        }
    }

    /// The name of the endpoint of the next request; `None` where none may take it by what is known now.
    pub fn next(&mut self, ask: &RouteRequest<'_>) -> Option<Arc<str>> {
        let index = self.index(ask)?;
        let planned = self.planned.get_mut(index)?;
        planned.requests += 1;
        planned.cost += ask.plan.cost;
        let endpoint = self.pool.endpoints().get(index)?;
        Some(Arc::clone(&endpoint.name))
    }

    fn index(&self, ask: &RouteRequest<'_>) -> Option<usize> {
        let search = RouteSearch::new(self.pool, ask);
        match ask.placement {
            Placement::Local => self.pool.index_of(search.owner()?),
            Placement::Pinned(token) => self.pool.index_of(self.pool.find(token)?),
            Placement::Any | Placement::Writer => {
                reading::with_views(self.pool.endpoints(), ask, |views| {
                    self.add_to(views);
                    let plain = search.plain();
                    self.pool.selector.forecast(views, &plain, ask.now)
                })
            }
        }
    }

    fn add_to(&self, views: &mut [EndpointView]) {
        for (view, planned) in views.iter_mut().zip(&self.planned) {
            view.load.in_flight += planned.requests;
            view.load.cost += planned.cost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::World;
    use balancing::policies::Strategy;

    #[test]
    fn each_request_is_forecast_as_if_those_before_it_were_where_theirs_say() {
        for strategy in [Strategy::LeastConnections, Strategy::RoundRobin] {
            let world = World::equal(strategy, 3);
            world.fill("a", 101);
            world.fill("b", 100);
            world.fill("c", 100);
            let mut forecast = Forecast::new(&world.pool);
            let names = [(); 5].map(|()| forecast.next(&world.ask(&[])).unwrap());
            let names = names.each_ref().map(|name| &**name);
            assert_eq!(names, ["b", "c", "a", "b", "c"], "{strategy:?}");
        }
    }

    #[test]
    fn what_belongs_to_one_endpoint_is_forecast_there_and_what_none_may_take_nowhere() {
        let mut world = World::equal(Strategy::Adaptive, 3);
        let pinned = Placement::Pinned(world.at("b").token.to_string());
        let tried = ["a", "b", "c"].map(|name| world.at(name));
        let mut next = |placement| {
            world.placement = placement;
            let name = Forecast::new(&world.pool).next(&world.ask(&tried));
            name.map(|name| name.to_string())
        };
        assert_eq!(next(pinned).as_deref(), Some("b"));
        assert_eq!(next(Placement::Any), None);
        assert!(next(Placement::Local).is_some());
    }
}
