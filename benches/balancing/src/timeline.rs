//! What happens to the replicas, drawn before the run.

use crate::draw::{Stream, exponential};
use crate::scenario::{Change, Scenario};
use balancing::{Fault, Moment};
use std::time::Duration;

/// Something that happens to a replica.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    pub at: Moment,
    pub replica: usize,
    pub to: State,
}

/// What a replica turns to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum State {
    /// A share of its speed.
    Speed(f64),
    Failing(Option<Failure>),
    Present(bool),
    Workers(u32),
}

/// How a failing replica answers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failure {
    pub after: Duration,
    pub fault: Fault,
}

/// Steps in which a speed rises, seconds.
const STEP: f64 = 0.5;

/// All that happens in so many seconds of a scenario.
pub fn turns(scenario: &Scenario, seconds: f64, seed: u64) -> Vec<Turn> {
    let mut turns = Vec::new();
    for change in scenario.changes {
        add(*change, scenario, seconds, seed, &mut turns);
    }
    turns.sort_by_key(|turn| turn.at);
    turns
}

fn add(change: Change, scenario: &Scenario, seconds: f64, seed: u64, turns: &mut Vec<Turn>) {
    let replicas = scenario.replica_count();
    match change {
        Change::Slowed {
            replica,
            from,
            until,
            share,
        } => {
            turns.push(turn(from, replica, State::Speed(share)));
            turns.push(turn(until, replica, State::Speed(1.0)));
        }
        Change::Pauses { length, between } => {
            for replica in 0..replicas {
                pauses(replica, length, between, seconds, seed, turns);
            }
        }
        Change::Wavers { share, slow, fast } => {
            for replica in 0..replicas {
                wavers(replica, [(share, slow), (1.0, fast)], seconds, seed, turns);
            }
        }
        Change::Failing {
            replica,
            from,
            until,
            after,
            fault,
        } => {
            let after = Duration::from_secs_f64(after);
            let failing = State::Failing(Some(Failure { after, fault }));
            turns.push(turn(from, replica, failing));
            if until < seconds {
                turns.push(turn(until, replica, State::Failing(None)));
            }
        }
        Change::Joins {
            replica,
            at,
            share,
            ramp,
        } => {
            turns.push(turn(0.0, replica, State::Present(false)));
            turns.push(turn(at, replica, State::Present(true)));
            for step in 0..=(ramp / STEP) as u32 {
                let since = f64::from(step) * STEP;
                let speed = share + (1.0 - share) * since / ramp;
                turns.push(turn(at + since, replica, State::Speed(speed)));
            }
        }
        Change::Workers { at, workers } => {
            let all = (0..replicas).map(|replica| turn(at, replica, State::Workers(workers)));
            turns.extend(all);
        }
        Change::Leaves { replica, at } => turns.push(turn(at, replica, State::Present(false))),
    }
}

fn turn(at: f64, replica: usize, to: State) -> Turn {
    let at = Moment(0) + Duration::from_secs_f64(at);
    Turn { at, replica, to }
}

fn pauses(
    replica: usize,
    length: f64,
    between: f64,
    seconds: f64,
    seed: u64,
    turns: &mut Vec<Turn>,
) {
    let random = &mut Stream::Speeds(replica).of(seed);
    let mut at = exponential(between, random);
    while at < seconds {
        turns.push(turn(at, replica, State::Speed(0.0)));
        turns.push(turn(at + length, replica, State::Speed(1.0)));
        at += length + exponential(between, random);
    }
}

/// Two speeds in turn, each with its mean time. It begins in one of them as it would be found at any moment.
fn wavers(replica: usize, speeds: [(f64, f64); 2], seconds: f64, seed: u64, turns: &mut Vec<Turn>) {
    let random = &mut Stream::Speeds(replica).of(seed);
    let [(_, first), (_, second)] = speeds;
    let mut which = usize::from(random.fraction() * (first + second) >= first);
    let mut at = 0.0;
    while at < seconds {
        let (share, mean) = speeds[which];
        turns.push(turn(at, replica, State::Speed(share)));
        at += exponential(mean, random);
        which = 1 - which;
    }
    turns.push(turn(at, replica, State::Speed(1.0)));
}
