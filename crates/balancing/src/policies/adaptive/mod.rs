//! Adaptive: late binding. An endpoint is given no more requests than it works on at once, a number that is learned; more wait
//! in the proxy, and each goes where a place is free first. Of the free places the one is taken where the request is done first;
//! like endpoints share.
//!
//! Where the cost of a request predicts its time, a request also waits for a fast place when it is done sooner there than on
//! a slow one that is free.

mod candidate;
mod endpoint_model;
mod known;
mod lately_taken;
mod model;
mod typical;

use super::NEAR;
use super::turns::Turns;
use crate::view::EndpointView;
use crate::{
    Ask, Completion, Memory, Moment, Pick, Policy, PoolView, Random, Room, RouteReason, Start,
};
use candidate::Candidate;
use model::Model;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

/// Share of the variance of times that costs must explain before requests wait for a faster place.
const EARNED: f64 = 0.25;
/// How much sooner a request must be done, as a share, before it waits though a place is free: waiting leaves a place idle.
const SOONER: f64 = 0.9;

thread_local! {
    /// What a choice works with, kept so that no choice allocates.
    static CANDIDATES: Cell<Vec<Option<Candidate>>> = const { Cell::new(Vec::new()) };
}

/// Late binding with what is learned of the endpoints.
#[derive(Debug)]
pub struct Adaptive {
    model: Model,
    turns: Turns,
}

impl Adaptive {
    /// For a pool of so many endpoints.
    pub fn new(endpoints: usize) -> Self {
        Self {
            model: Model::new(endpoints),
            turns: Turns::new(endpoints),
        }
    }

    fn candidate(&self, index: usize, view: &EndpointView, pool: &PoolView<'_>) -> Candidate {
        let known = self.model.endpoint(index, view.load.in_flight, pool.now);
        Candidate::new(view, known)
    }

    /// Shows `look` the endpoints of the pool by their index, each worked out once.
    fn with_candidates<T>(
        &self,
        pool: &PoolView<'_>,
        look: impl FnOnce(&[Option<Candidate>]) -> T,
    ) -> T {
        let mut all = CANDIDATES.take();
        all.clear();
        for (index, view) in pool.iter() {
            all.resize(index, None);
            all.push(Some(self.candidate(index, view, pool)));
        }
        let seen = look(&all);
        CANDIDATES.set(all);
        seen
    }

    fn pick_among(
        &self,
        pool: &PoolView<'_>,
        ask: &Ask,
        all: &[Option<Candidate>],
    ) -> Option<Pick> {
        let work = self.model.work(ask);
        let free = all.iter().flatten().filter(|one| one.has_room);
        let Some(here) = free.min_by(|one, other| one.compare(other, work)) else {
            return try_one_more(pool, ask, all, work);
        };
        if self.model.by_cost().explained >= EARNED && is_worth_waiting(all, ask, work, here) {
            return None;
        }
        let is_near = |one: &&Candidate| one.is_near(here, work, NEAR);
        let near = all.iter().flatten().filter(is_near);
        let idlest = near.map(Candidate::busy).min_by(f64::total_cmp)?;
        let may = |index: usize, _: &EndpointView| {
            let one = all.get(index).and_then(Option::as_ref);
            one.is_some_and(|one| is_near(&one) && one.busy() <= idlest)
        };
        Some(Pick {
            index: self.turns.next(pool, may)?,
            reason: RouteReason::FreePlace,
            score: here.time(work),
        })
    }
}

/// Where all endpoints are full, and nothing that one has will end soon: requests that take long by their nature, or by their
/// clients', would keep everything else waiting until they end. A write is not sent to one that may hang while others move.
fn try_one_more(
    pool: &PoolView<'_>,
    ask: &Ask,
    all: &[Option<Candidate>],
    work: f64,
) -> Option<Pick> {
    let others_move = || all.iter().flatten().any(|one| !one.known.is_stalled);
    if !ask.is_read && others_move() {
        return None;
    }
    let known = pool
        .iter()
        .filter_map(|(index, _)| Some((index, (*all.get(index)?)?)));
    let late = known.filter(|(_, one)| one.may_be_tried);
    let (index, best) = late.min_by(|one, other| one.1.compare(&other.1, work))?;
    Some(Pick {
        index,
        reason: RouteReason::FreePlace,
        score: best.time(work),
    })
}

/// Whether this much work is done sooner where it has to wait for a place than `here`, where one is free. Those ahead are worked
/// off by the same full endpoints that are faster.
fn is_worth_waiting(all: &[Option<Candidate>], ask: &Ask, work: f64, here: &Candidate) -> bool {
    let (mut speed, mut soonest) = (0.0, f64::INFINITY);
    let faster = |one: &&Candidate| {
        !one.has_room && !one.known.is_stalled && one.slowness() < SOONER * here.slowness()
    };
    for one in all.iter().flatten().filter(faster) {
        speed += one.speed();
        soonest = (one.slowness() * work + 1.0 / one.speed()).min(soonest);
    }
    speed > 0.0 && ask.ahead / speed + soonest < SOONER * here.time(work)
}

impl Policy for Adaptive {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, _random: &mut Random) -> Option<Pick> {
        self.with_candidates(pool, |all| self.pick_among(pool, ask, all))
    }

    fn work(&self, ask: &Ask) -> f64 {
        self.model.work(ask)
    }

    fn expected_time(&self, start: &Start) -> Option<Duration> {
        self.model.expected_time(start)
    }

    /// How long a request takes there now, in units of the mean time.
    fn scores(&self, pool: &PoolView<'_>, ask: &Ask) -> Vec<Option<f64>> {
        let work = self.work(ask);
        let time = |(index, view)| Some(self.candidate(index, view, pool).time(work));
        pool.all().iter().enumerate().map(time).collect()
    }

    fn places(&self, index: usize, now: Moment) -> Option<f64> {
        let known = self.model.endpoint(index, 0, now);
        known.limit.map(|_| known.places)
    }

    fn lately_taken(&self, index: usize, now: Moment) -> Option<f64> {
        self.model.lately_taken(index, now)
    }

    fn carried(&self, from: &[Option<usize>]) -> Option<Arc<dyn Policy>> {
        Some(Arc::new(Self {
            model: self.model.carried(from),
            ..Self::new(from.len())
        }))
    }

    fn memory(&self) -> Option<Memory> {
        Some(self.model.memory())
    }

    fn recall(&self, memory: &Memory, from: &[Option<usize>], trust: f64) {
        self.model.recall(memory, from, trust);
    }

    fn room(&self, pool: &PoolView<'_>, index: usize) -> Room {
        let Some(view) = pool.get(index) else {
            return Room::Full;
        };
        let one = self.candidate(index, view, pool);
        match one.known.limit {
            _ if one.known.is_silent => Room::Silent,
            _ if !one.has_room => Room::Full,
            Some(_) => Room::Free,
            None => Room::beside_peers(pool, index),
        }
    }

    fn is_far_slower(&self, pool: &PoolView<'_>, index: usize) -> bool {
        self.with_candidates(pool, |all| {
            let free = all.iter().flatten().filter(|one| one.is_free());
            let best = free.map(|one| one.time(1.0)).min_by(f64::total_cmp);
            let own = all.get(index).and_then(Option::as_ref);
            own.zip(best)
                .is_some_and(|(own, best)| own.is_far_slower(best))
        })
    }

    fn on_start(&self, start: &Start) {
        self.model.start(start);
    }

    fn on_response(&self, start: &Start, now: Moment) {
        self.model.responded(start, now);
    }

    fn on_finish(&self, completion: &Completion) {
        self.model.finish(completion);
    }
}

#[cfg(test)]
mod tests;
