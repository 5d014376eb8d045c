//! Selecting: the screen says how each endpoint stands; then a trial, the home, a rule, the key of the request or the policy decides
//! among those with the least against them. It works on plain values alone, so that a simulator drives the very code that serves.

use crate::affinity;
use crate::forecast;
use crate::hedge::{self, SlowAttempt};
use crate::home;
use crate::policy::{Pick, Policy};
use crate::screen::{Demotion, Screen, ScreenRules, Standing};
use crate::view::{EndpointView, PoolView};
use crate::{Ask, Exclusion, Moment, Random, RouteReason};
use std::sync::Arc;

/// Selects among the endpoints of one pool.
#[derive(Clone)]
pub struct Selector {
    pub policy: Arc<dyn Policy>,
    pub rules: ScreenRules,
    /// Seconds that count as 1.0 in scores.
    pub slowest: f64,
    /// How many times its share of the requests in flight an endpoint may have before the keys and rules that prefer it
    /// go elsewhere.
    pub load_factor: f64,
}

/// What a request waits for that is given no endpoint now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wait {
    /// An endpoint has room; the policy would rather wait with this request of so much work.
    ForBetter { work: f64 },
    /// All that may take it lack room.
    ForRoom,
}

impl Selector {
    /// By this policy, with all else as by default.
    pub fn new(policy: Arc<dyn Policy>) -> Self {
        Self {
            policy,
            rules: ScreenRules::default(),
            slowest: 5.0,
            load_factor: 1.25,
        }
    }

    /// The screen of a request.
    pub fn screen(&self, pool: &[EndpointView], ask: &Ask) -> Screen {
        Screen::new(pool, self.rules, ask)
    }

    /// The endpoint to take; `None` when none may, or none should now. Writes how each endpoint stands.
    pub fn select(
        &self,
        pool: &mut [EndpointView],
        ask: &Ask,
        now: Moment,
        random: &mut Random,
    ) -> Option<Pick> {
        let sorted = self.screen(pool, ask).sort(pool);
        let among = |standing| PoolView::new(pool, standing, now, self.slowest);
        if sorted.has_trial {
            return the_least_recently_failed(&among(Standing::Trial), RouteReason::Trial);
        }
        let demotion = sorted.lowest?;
        let best = among(Standing::Candidate(demotion));
        if demotion == Demotion::LastResort {
            return last_resort(&best, ask);
        }
        let home = || home::pick(&best, ask, &*self.policy, self.load_factor);
        let home = sorted.has_home.then(home).flatten();
        let by_rule = |random: &mut Random| match sorted.has_preferred {
            true => self.by_rule(&best, ask, random),
            false => None,
        };
        home.or_else(|| by_rule(random))
            .or_else(|| self.by_key(&best, ask, random))
            .or_else(|| self.policy.pick(&best, ask, random))
    }

    /// One of the endpoints that a rule prefers, if the policy would give one of them the request now.
    fn by_rule(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick> {
        let preferred = pool.preferred(self.load_factor);
        if preferred.is_empty() {
            return None;
        }
        let by_key = self.by_key(&preferred, ask, random);
        let pick = by_key.or_else(|| self.policy.pick(&preferred, ask, random))?;
        Some(Pick {
            reason: RouteReason::Preferred,
            ..pick
        })
    }

    /// The endpoint that the request's key prefers, if the policy would give it a request now.
    fn by_key(&self, pool: &PoolView<'_>, ask: &Ask, random: &mut Random) -> Option<Pick> {
        let index = affinity::preferred(pool, ask, self.load_factor)?;
        let pick = self.policy.pick(&pool.only(index), ask, random)?;
        Some(Pick {
            reason: RouteReason::Affinity,
            ..pick
        })
    }

    /// The endpoint that a request which waits would be given, if all had room; `None` where none may take it. To look changes
    /// nothing. Writes how each endpoint stands.
    pub fn forecast(&self, pool: &mut [EndpointView], ask: &Ask, now: Moment) -> Option<usize> {
        forecast::forecast(self, pool, ask, now)
    }

    /// What a request waits for, for which none was selected of this pool; `None` where to wait does not help.
    pub fn wait(&self, pool: &[EndpointView], ask: &Ask) -> Option<Wait> {
        let screen = self.screen(pool, ask);
        let is_waited_for =
            |(index, one): (usize, &EndpointView)| match screen.exclusion(pool, index) {
                None | Some(Exclusion::Full | Exclusion::Starting) => true,
                // It works on as many as it may: whether it is back is about to be known.
                Some(_) => is_last_resort(one) && one.is_full(ask.cost),
            };
        if !pool.iter().enumerate().any(is_waited_for) {
            return None;
        }
        let has_room = |one: &EndpointView| matches!(one.standing, Standing::Candidate(demotion) if demotion < Demotion::LastResort);
        match pool.iter().any(has_room) {
            true => Some(Wait::ForBetter {
                work: self.policy.work(ask),
            }),
            false => Some(Wait::ForRoom),
        }
    }

    /// The endpoint to which a read is sent as well that waits at the one that was tried; `None` when none should be.
    pub fn select_hedge(
        &self,
        pool: &mut [EndpointView],
        ask: &Ask,
        attempt: SlowAttempt,
        now: Moment,
        random: &mut Random,
    ) -> Option<Pick> {
        self.screen(pool, ask).sort(pool);
        let reason = home::reason_to_hedge(pool, attempt, now)?;
        let places = |index| hedge::Places {
            learned: self.policy.places(index, now),
            lately_taken: self.policy.lately_taken(index, now),
        };
        let is_lost = reason == RouteReason::Silent;
        match is_lost {
            true => hedge::leave_responding(pool, now),
            false => hedge::leave_candidates(pool, attempt.waited, places),
        }
        let candidates = PoolView::new(pool, Standing::PREFERRED, now, self.slowest);
        if candidates.is_empty() {
            return None;
        }
        let pick = self.policy.pick(&candidates, ask, random);
        let or_least_busy = || {
            let index = candidates.least_busy().filter(|_| is_lost)?;
            Some(Pick::because(index, reason))
        };
        pick.or_else(or_least_busy)
            .map(|pick| Pick { reason, ..pick })
    }
}

/// Where all are out by health, breaker or ejection, the least recently failed is better than none. While
/// one that serves is only full, waiting for it is better.
fn last_resort(pool: &PoolView<'_>, ask: &Ask) -> Option<Pick> {
    if !pool.among(Standing::Full).is_empty() {
        return None;
    }
    let with_room = pool.iter().filter(|(_, one)| !one.is_full(ask.cost));
    let (index, _) = with_room.min_by_key(|(_, one)| one.health.last_failure)?;
    Some(Pick::because(index, RouteReason::LastResort))
}

fn is_last_resort(endpoint: &EndpointView) -> bool {
    endpoint.standing == Standing::Candidate(Demotion::LastResort)
}

fn the_least_recently_failed(pool: &PoolView<'_>, reason: RouteReason) -> Option<Pick> {
    Some(Pick::because(pool.least_recently_failed()?, reason))
}

#[cfg(test)]
mod tests;
