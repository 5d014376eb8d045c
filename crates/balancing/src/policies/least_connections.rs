//! Least connections: the endpoint with the fewest requests in flight per unit of weight. Of several one is taken at random
//! by weight. Not each in turn: that would give a slow endpoint as many requests as a fast one, and where many proxies share
//! the endpoints, most endpoints are idle as far as each proxy can see.

use crate::view::EndpointView;
use crate::{Ask, Pick, Policy, PoolView, Random, RouteReason};

/// The fewest requests in flight per weight.
#[derive(Debug)]
pub struct LeastConnections;

impl Policy for LeastConnections {
    fn pick(&self, pool: &PoolView<'_>, _ask: &Ask, random: &mut Random) -> Option<Pick> {
        let score = pool.lowest(EndpointView::in_flight_per_weight)?;
        let is_least = |one: &EndpointView| one.in_flight_per_weight() <= score;
        Some(Pick {
            index: one_of(pool, random, is_least)?,
            reason: RouteReason::FewestInFlight,
            score,
        })
    }

    fn scores(&self, pool: &PoolView<'_>, _ask: &Ask) -> Vec<Option<f64>> {
        let all = pool.all().iter();
        all.map(|one| Some(one.in_flight_per_weight())).collect()
    }
}

/// One of those that `may`, at random by weight.
fn one_of(
    pool: &PoolView<'_>,
    random: &mut Random,
    may: impl Fn(&EndpointView) -> bool,
) -> Option<usize> {
    let among = || pool.iter().filter(|(_, one)| may(one));
    let total: f64 = among().map(|(_, one)| one.share()).sum();
    let mut point = random.fraction() * total;
    let mut chosen = None;
    for (index, one) in among() {
        chosen = Some(index);
        point -= one.share();
        if point < 0.0 {
            break;
        }
    }
    chosen
}
