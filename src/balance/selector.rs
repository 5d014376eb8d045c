//! Selecting: the screen sorts the endpoints, then a trial, the home or the strategy decides. It works on
//! plain values alone, so that a simulator drives the very code that serves.

use super::endpoint_set::EndpointSet;
use super::route::{Pick, RouteReason};
use super::screen::{Screen, ScreenRules, Screened};
use super::strategies::{self, Strategy};
use super::view::PoolView;
use crate::config::StrategyName;
use crate::random::Random;
use std::sync::Arc;

/// What a request asks of its endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// An endpoint that takes writes.
    pub writer: bool,
    /// It was tried before: it is not the one to find out with whether an endpoint is back.
    pub is_retry: bool,
}

/// Selects among the endpoints of one pool.
pub struct Selector {
    name: StrategyName,
    strategy: Arc<dyn Strategy>,
    rules: ScreenRules,
}

impl Selector {
    /// A selector with a fresh strategy, or with the one of `before` where it has the same name: it goes on
    /// where it was.
    pub fn new(name: StrategyName, rules: ScreenRules, before: Option<&Self>) -> Self {
        let before = before.filter(|before| before.name == name);
        let strategy = match before {
            Some(before) => Arc::clone(&before.strategy),
            None => strategies::strategy(name).into(),
        };
        Self {
            name,
            strategy,
            rules,
        }
    }

    /// The name of the strategy.
    pub fn strategy(&self) -> StrategyName {
        self.name
    }

    /// The screen of a request.
    pub fn screen<'a>(&self, pool: PoolView<'a>, needs: Needs) -> Screen<'a> {
        Screen::new(pool, self.rules, needs.writer)
    }

    /// The endpoint to take; `None` when none may.
    pub fn select(&self, pool: PoolView<'_>, needs: Needs, random: &mut Random) -> Option<Pick> {
        let found = self.screen(pool, needs).sort();
        let serving = found.preferred.or(found.fallback);
        // A trial may fail: it is made with a request that can go elsewhere, unless there is no choice.
        let may_fail = !needs.writer && !needs.is_retry;
        if !found.trial.is_empty() && (may_fail || serving.is_empty()) {
            return the_least_recently_failed(pool, found.trial, RouteReason::Trial);
        }
        if serving.is_empty() {
            return last_resort(pool, found);
        }
        let best = match found.preferred.is_empty() {
            true => found.fallback,
            false => found.preferred,
        };
        let pool = pool.only(best);
        home(pool).or_else(|| self.strategy.choose(&pool, random))
    }
}

fn home(pool: PoolView<'_>) -> Option<Pick> {
    let (index, _) = pool.iter().find(|(_, endpoint)| endpoint.is_home)?;
    Some(Pick::because(index, RouteReason::Home))
}

/// Where all are out by health or breaker, the least recently failed is better than none. While
/// one that serves is only full, waiting for it is better.
fn last_resort(pool: PoolView<'_>, found: Screened) -> Option<Pick> {
    if !found.full.is_empty() {
        return None;
    }
    the_least_recently_failed(pool, found.failing, RouteReason::LastResort)
}

fn the_least_recently_failed(
    pool: PoolView<'_>,
    among: EndpointSet,
    reason: RouteReason,
) -> Option<Pick> {
    let index = pool.only(among).least_recently_failed()?;
    Some(Pick::because(index, reason))
}

#[cfg(test)]
mod tests;
