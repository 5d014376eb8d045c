//! Adaptive: late binding. An endpoint is given no more requests than it works on at once, a number that is learned; more wait
//! in the proxy, and each goes where a place is free first. Of the free places the one is taken where the request is done first;
//! like endpoints share.
//!
//! Where the cost of a request predicts its time, a request also waits for a fast place when it is done sooner there than on
//! a slow one that is free.

mod candidate;
mod learned;

use super::NEAR;
use super::turns::Turns;
use crate::view::EndpointView;
use crate::{Ask, Completion, Pick, Policy, PoolView, Random, RouteReason, Start};
use candidate::Candidate;
use learned::Learned;
use std::sync::Arc;

/// Share of the variance of times that costs must explain before requests wait for a faster place.
const EARNED: f64 = 0.25;
/// How much sooner a request must be done, as a share, before it waits though a place is free: waiting leaves a place idle.
const SOONER: f64 = 0.9;

/// Late binding with what is learned of the endpoints.
#[derive(Debug)]
pub struct Adaptive {
    learned: Learned,
    turns: Turns,
}

impl Adaptive {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            learned: Learned::new(endpoints),
            turns: Turns::new(endpoints),
        }
    }

    fn candidate(&self, index: usize, view: &EndpointView, pool: &PoolView<'_>) -> Candidate {
        let known = self.learned.endpoint(index, view.load.in_flight, pool.now);
        Candidate::new(view, known)
    }

    fn candidates(&self, pool: &PoolView<'_>) -> impl Iterator<Item = Candidate> {
        let all = pool.iter();
        all.map(|(index, view)| self.candidate(index, view, pool))
    }

    /// Whether this much work is done sooner where it has to wait for a place than `here`, where one is free. Those ahead
    /// are worked off by the same full endpoints that are faster.
    fn is_worth_waiting(
        &self,
        pool: &PoolView<'_>,
        ask: &Ask,
        work: f64,
        here: &Candidate,
    ) -> bool {
        let (mut speed, mut soonest) = (0.0, f64::INFINITY);
        let faster = |one: &Candidate| {
            !one.has_room && !one.known.is_stalled && one.slowness() < SOONER * here.slowness()
        };
        for one in self.candidates(pool).filter(faster) {
            speed += one.speed();
            soonest = (one.slowness() * work + 1.0 / one.speed()).min(soonest);
        }
        speed > 0.0 && ask.ahead / speed + soonest < SOONER * here.time(work)
    }
}

impl Policy for Adaptive {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, _random: &mut Random) -> Option<Pick> {
        let work = self.learned.work(ask);
        let free = self.candidates(pool).filter(|one| one.has_room);
        let here = free.min_by(|one, other| one.compare(other, work))?;
        if self.learned.by_cost().explained >= EARNED
            && self.is_worth_waiting(pool, ask, work, &here)
        {
            return None;
        }
        let is_near = |one: &Candidate| one.is_near(&here, work, NEAR);
        let near = self.candidates(pool).filter(is_near);
        let idlest = near.map(|one| one.busy()).min_by(f64::total_cmp)?;
        let may = |index, view: &EndpointView| {
            let one = self.candidate(index, view, pool);
            is_near(&one) && one.busy() <= idlest
        };
        Some(Pick {
            index: self.turns.next(pool, may)?,
            reason: RouteReason::FreePlace,
            score: here.time(work),
        })
    }

    fn work(&self, ask: &Ask) -> f64 {
        self.learned.work(ask)
    }

    /// How long a request takes there now, in units of the mean time.
    fn score(&self, pool: &PoolView<'_>, ask: &Ask, index: usize) -> Option<f64> {
        let one = self.candidate(index, pool.at(index)?, pool);
        Some(one.time(self.work(ask)))
    }

    fn carried(&self, from: &[Option<usize>]) -> Option<Arc<dyn Policy>> {
        Some(Arc::new(Self {
            learned: self.learned.carried(from),
            ..Self::new(from.len())
        }))
    }

    fn on_start(&self, start: &Start) {
        self.learned.start(start);
    }

    fn on_finish(&self, completion: &Completion) {
        self.learned.finish(completion);
    }
}

#[cfg(test)]
mod tests;
