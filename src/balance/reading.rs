//! Reads the live state of endpoints into views: the one place where a choice looks at an [`Endpoint`].

use super::endpoint_set::MAX_ENDPOINTS;
use super::route::RouteRequest;
use super::view::{EndpointView, EndpointViews};
use crate::endpoint::Endpoint;
use std::sync::Arc;

/// Fills `views` with the endpoints as they stand now. It allocates nothing and takes no lock.
pub fn read(endpoints: &[Arc<Endpoint>], ask: &RouteRequest<'_>, views: &mut EndpointViews) {
    views.clear();
    let endpoints = endpoints.iter().take(MAX_ENDPOINTS);
    views.extend(endpoints.map(|endpoint| view(endpoint, ask)));
}

fn view(endpoint: &Endpoint, ask: &RouteRequest<'_>) -> EndpointView {
    let (health, times) = (endpoint.health(), &endpoint.state.times);
    let (load, now) = (endpoint.load(), ask.now);
    EndpointView {
        is_tried: ask
            .excluded
            .iter()
            .any(|tried| tried.token == endpoint.token),
        is_home: ask.home.is_some_and(|home| *endpoint.token == *home),
        is_resolved: endpoint.server().is_resolved(),
        weight: endpoint.weight,
        write_fitness: endpoint.write_fitness(now),
        status: health.status(),
        gate: health.gate(now),
        is_overloaded: health.is_overloaded(now),
        is_slow_start_full: health.is_slow_start_full(load.in_flight),
        last_failure: health.last_failure(),
        load,
        recent_mean: times.recent_mean(ask.plan.complexity),
        last_chosen: times.last_chosen(ask.plan.complexity),
    }
}
