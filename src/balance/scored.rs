//! The endpoints of a pool with their scores, for explanations and the admin API.

use crate::clock::Moment;
use crate::endpoint::{Endpoint, ScoreParts};
use balancing::view::mean_time;
use balancing::{
    Ask, Demotion, EndpointView, Exclusion, PoolView, Screen, Selector, Standing, WorkerScore,
};
use serde::Serialize;
use std::sync::Arc;

/// One endpoint as it stood when a choice was made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scored {
    pub endpoint: String,
    /// The load score, 0..=1; higher is busier.
    pub load: f64,
    /// Load and mean time, as resource aware mixes them; lower is better.
    pub score: f64,
    /// What the score is made of.
    pub parts: ScoreParts,
    /// How the strategy of the service rates it, lower is better; `None` where it compares nothing.
    pub by_strategy: Option<f64>,
    /// The composite score; higher is better.
    pub worker: WorkerScore,
    pub in_flight: u32,
    /// Why it could not be chosen; `None` when it could.
    pub excluded: Option<Exclusion>,
    /// What speaks against it where it could be chosen, so that others are preferred; `None` when nothing does.
    pub avoided: Option<String>,
}

/// What speaks against an endpoint that could be chosen. Failures in a row count also when they are no demotion any more:
/// policies take them for slow responses.
fn avoided(endpoint: &Endpoint, demotion: Option<Demotion>) -> Option<String> {
    let in_a_row = endpoint.health().health().failures_in_a_row();
    let why = match demotion {
        Some(Demotion::OtherZone) => "it is of another zone".into(),
        Some(Demotion::OtherRegion) => "it is of another region".into(),
        Some(Demotion::FartherRegion) => "another region than its own responds faster".into(),
        Some(Demotion::Overloaded) => "it has too much to do by its own word".into(),
        Some(Demotion::Degraded) => "its probes fail now and then".into(),
        Some(Demotion::Surplus) => "it would be out but for `breaker.max_ejected`".into(),
        Some(Demotion::None | Demotion::Failing | Demotion::LastResort) | None => match in_a_row {
            2.. => format!("{in_a_row} failures in a row"),
            1 if demotion == Some(Demotion::Failing) => "its last request failed".into(),
            _ => return None,
        },
    };
    Some(format!("avoided: {why}"))
}

impl Scored {
    /// Every endpoint, from the same views that the choice saw.
    pub fn all(
        endpoints: &[Arc<Endpoint>],
        views: &[EndpointView],
        screen: &Screen,
        (selector, ask, now): (&Selector, &Ask, Moment),
    ) -> Vec<Self> {
        let (neutral, slowest) = (mean_time(views), selector.slowest);
        let pool = PoolView::new(views, Standing::PREFERRED, now, slowest);
        let times = views.iter().filter_map(|view| view.load.mean_time);
        let best = times.min_by(f64::total_cmp);
        let by_strategy = selector.policy.scores(&pool, ask);
        let scored = endpoints.iter().zip(views).enumerate();
        let why = |index, endpoint: &Endpoint| match screen.exclusion(views, index) {
            None => avoided(endpoint, screen.demotion(views, index)),
            Some(_) => None,
        };
        let scored = scored.map(|(index, (endpoint, view))| Self {
            endpoint: endpoint.name.to_string(),
            load: view.load.score(),
            score: view.load.resource_score(neutral, slowest),
            parts: view.load.parts(neutral, slowest),
            by_strategy: by_strategy.get(index).copied().flatten(),
            worker: WorkerScore::of(view, best),
            in_flight: view.load.in_flight,
            excluded: screen.exclusion(views, index),
            avoided: why(index, endpoint),
        });
        scored.collect()
    }
}
