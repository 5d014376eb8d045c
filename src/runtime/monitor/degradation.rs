//! The ladder of degradation of a service: how hard its queue is pressed, and what the service gives up for it.

use super::watched::{Counts, Watched};
use crate::clock::Moment;
use crate::config::Config;
use crate::endpoint::{EventKind, EventLog, Subject};
use crate::snapshot::Service;
use balancing::{LadderRules, Pressure, Rung};

/// How much the share of refused requests counts: at a tenth the pressure is full.
const REFUSED_WEIGHT: f64 = 10.0;

/// The share of the requests since the last pass that was given no place.
pub fn refused_share(service: &Service, watched: &mut Watched) -> f64 {
    let pool = &service.pool;
    let endpoints = pool.endpoints().iter();
    let counts = Counts {
        taken: endpoints.map(|one| one.state.totals().requests).sum(),
        refused: pool.broker().refusals().for_want_of_room(),
    };
    let before = watched.counts.replace(counts).unwrap_or(counts);
    counts.refused_share(before)
}

/// How hard a service is pressed of whose requests this share was given no place.
pub fn pressure(service: &Service, refused: f64, now: Moment) -> Pressure {
    let pool = &service.pool;
    let (summary, _) = pool.broker().summary();
    let oldest = summary.oldest.map_or(0.0, |at| (now - at).as_secs_f64());
    let longest = pool.max_wait().as_secs_f64().max(1e-3);
    Pressure {
        queue: summary.waiting as f64 / pool.queue_rules().max_pending.max(1) as f64,
        wait: oldest / longest,
        refused: refused * REFUSED_WEIGHT,
    }
    .clipped()
}

/// The rung of the service by its own pressure; a change is told.
pub fn climb(
    service: &str,
    watched: &mut Watched,
    pressure: &Pressure,
    config: &Config,
    now: Moment,
    events: &EventLog,
) -> Rung {
    let degradation = &config.balance.degradation;
    if !degradation.enabled {
        watched.ladder = Default::default();
        return Rung::Normal;
    }
    let rules = LadderRules {
        raise_above: degradation.raise_above,
        lower_below: degradation.lower_below.min(degradation.raise_above),
        raise_after: degradation.raise_after,
        lower_after: degradation.lower_after,
    };
    let before = watched.ladder.rung();
    if let Some(rung) = watched.ladder.look(pressure.value(), &rules, now) {
        watched.moved = now;
        let what = match rung > before {
            true => EventKind::RungRaised,
            false => EventKind::RungLowered,
        };
        let why = format!("{}, pressure {:.2}", rung.label(), pressure.value());
        events.record(Subject::Service(service), what, why);
    }
    watched.ladder.rung()
}
