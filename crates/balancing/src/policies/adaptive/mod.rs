//! Adaptive: late binding. An endpoint is given no more requests than it works on at once, a number that is learned; more wait
//! in the proxy, and each goes where a place is free first. Of the free places the fastest is taken; like endpoints share.
//!
//! Where the cost of a request predicts its time, a request also waits for a fast place when it is done sooner there than on
//! a slow one that is free.

mod learned;

use super::NEAR;
use super::turns::Turns;
use crate::view::EndpointView;
use crate::{Ask, Completion, Pick, Policy, PoolView, Random, RouteReason, Start};
use learned::{Known, Learned, PoolKnown};

/// Share of the variance of times that costs must explain before requests wait for a faster place.
const EARNED: f64 = 0.25;
/// How many requests at most wait though a place is free: behind them every place is taken, so that very long requests
/// that wait for a fast endpoint never leave others idle.
const PICKY: u32 = 24;
/// The factor on the time of an endpoint whose responses are overdue: it comes after all others.
const OVERDUE: f64 = 1e6;
/// How much sooner a request must be done, as a share, before it waits though a place is free.
const SOONER: f64 = 0.9;

/// Late binding with what is learned of the endpoints.
#[derive(Debug)]
pub struct Adaptive {
    learned: Learned,
    turns: Turns,
}

/// An endpoint with what is known of it.
#[derive(Clone, Copy)]
struct Candidate {
    in_flight: f64,
    share: f64,
    known: Known,
    has_room: bool,
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
        let limit = known
            .limit
            .unwrap_or(u32::MAX)
            .min(view.load.max_connections);
        Candidate {
            in_flight: f64::from(view.load.in_flight),
            share: view.share(),
            known,
            has_room: view.load.in_flight < limit,
        }
    }

    /// Whether another place is so much faster that it is worth the wait for it. All times are in units of the mean one.
    fn is_worth_waiting(
        &self,
        pool: &PoolView<'_>,
        ask: &Ask,
        here: f64,
        learned: &PoolKnown,
    ) -> bool {
        if learned.by_cost.explained < EARNED || ask.ahead >= PICKY {
            return false;
        }
        let work = learned.by_cost.factor(ask.cost);
        // Whoever has waited as long as it would have taken here has lost the bet: so it takes twice as long at most.
        let waited = pool.now.since(ask.arrived).as_secs_f64() / learned.seconds;
        if waited > work * here {
            return false;
        }
        let (mut capacity, mut soonest) = (0.0, f64::INFINITY);
        for (index, view) in pool.iter() {
            let one = self.candidate(index, view, pool);
            capacity += one.known.places / one.known.slowness;
            if !one.has_room && !one.known.is_stalled {
                soonest = (one.known.slowness * (work + 1.0 / one.known.places)).min(soonest);
            }
        }
        f64::from(ask.ahead) / capacity + soonest < SOONER * work * here
    }
}

impl Candidate {
    /// How long a request of the mean cost takes here, in units of the mean time.
    fn time(&self) -> f64 {
        let crowded = ((self.in_flight + 1.0) / self.known.places).max(1.0);
        let stalled = if self.known.is_stalled { OVERDUE } else { 1.0 };
        self.known.slowness * crowded * stalled
    }

    /// How busy it is, for its weight.
    fn busy(&self) -> f64 {
        self.in_flight / (self.known.places * self.share)
    }
}

impl Policy for Adaptive {
    fn pick(&self, pool: &PoolView<'_>, ask: &Ask, _random: &mut Random) -> Option<Pick> {
        let learned = self.learned.pool();
        let candidates = || {
            let all = pool.iter();
            let all = all.map(|(index, view)| (index, self.candidate(index, view, pool)));
            all.filter(|(_, one)| one.has_room)
        };
        let best = candidates().map(|(_, one)| one.time());
        let best = best.min_by(f64::total_cmp)?;
        // A place at one whose responses are overdue is a place all the same: one long request may be all there is to it.
        let here = if best >= OVERDUE {
            best / OVERDUE
        } else {
            best
        };
        if self.is_worth_waiting(pool, ask, here, &learned) {
            return None;
        }
        let near = || candidates().filter(|(_, one)| one.time() <= best * (1.0 + NEAR));
        let idlest = near().map(|(_, one)| one.busy()).min_by(f64::total_cmp)?;
        let may = |index, view: &EndpointView| {
            let one = self.candidate(index, view, pool);
            one.has_room && one.time() <= best * (1.0 + NEAR) && one.busy() <= idlest
        };
        Some(Pick {
            index: self.turns.next(pool, may)?,
            reason: RouteReason::FreePlace,
            score: best,
        })
    }

    /// How long a request of the mean cost takes there now, in units of the mean time.
    fn score(&self, pool: &PoolView<'_>, _ask: &Ask, index: usize) -> Option<f64> {
        Some(self.candidate(index, pool.at(index)?, pool).time())
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
