//! Reads the live state of endpoints into views, which is all that a choice sees of an [`Endpoint`].

use super::route::RouteRequest;
use crate::endpoint::Endpoint;
use balancing::{Ask, EndpointView, Standing};
use std::cell::Cell;
use std::sync::Arc;

thread_local! {
    /// The buffer of this thread, so that a choice allocates nothing.
    static VIEWS: Cell<Vec<EndpointView>> = const { Cell::new(Vec::new()) };
}

/// Gives `look` the endpoints as they stand now. It takes no lock.
pub fn with_views<T>(
    endpoints: &[Arc<Endpoint>],
    ask: &RouteRequest<'_>,
    look: impl FnOnce(&mut [EndpointView]) -> T,
) -> T {
    let mut views = VIEWS.take();
    views.clear();
    let plain = ask.plain();
    views.extend(endpoints.iter().map(|endpoint| view(endpoint, ask, &plain)));
    let seen = look(&mut views);
    VIEWS.set(views);
    seen
}

fn view(endpoint: &Endpoint, ask: &RouteRequest<'_>, plain: &Ask) -> EndpointView {
    let (health, times) = (endpoint.health(), &endpoint.state.times);
    let now = ask.now;
    let load = endpoint.load(now);
    EndpointView {
        standing: Standing::default(),
        id: endpoint.id.bits(),
        is_tried: ask
            .excluded
            .iter()
            .any(|tried| tried.token == endpoint.token),
        home: ask
            .home
            .and_then(|(token, home)| (*endpoint.token == *token).then_some(home)),
        is_avoided: ask.rules.is_some_and(|rules| rules.avoid(&endpoint.name)),
        is_preferred: ask.rules.is_some_and(|rules| rules.prefer(&endpoint.name)),
        is_capable: !endpoint.lacks_tag && endpoint.tags.take(&ask.facts),
        unused_tags: endpoint.tags.unused(&ask.facts),
        is_resolved: endpoint.server().is_resolved(),
        weight: endpoint.weight,
        write_fitness: endpoint.write_fitness(now),
        health: health.health().view(plain, &endpoint.rules.settings, now),
        distance: endpoint.distance,
        region: endpoint.region,
        load,
        window_mean: times.window_mean(),
        recent_mean: times.recent_mean(ask.plan.complexity),
        last_chosen: times.last_chosen(ask.plan.complexity),
        last_response: endpoint.state.last_response(),
    }
}
