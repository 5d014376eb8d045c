//! What is measured of the requests of one run.

use crate::arrivals::Arrival;
use crate::scenario::{Measure, Scenario};
use balancing::{Completion, Moment, Start};
use serde::Serialize;
use std::time::Duration;

/// Collects the ends of requests.
#[derive(Debug)]
pub struct Tally {
    scenario: Scenario,
    warm_up: Moment,
    /// For how long requests arrive, seconds.
    length: f64,
    /// Seconds from arrival to the end, of successes.
    latencies: Vec<f64>,
    /// Latency over size, of successes.
    slowdowns: Vec<f64>,
    requests: u64,
    refusals: u64,
    within_a_second: u64,
    taken: Vec<u64>,
    attempts: u64,
    hedges: u64,
    /// The most requests in flight at each replica at the end of the run.
    most: Vec<u32>,
    /// How many the proxy has learned that each works on at once by then; 0: not known.
    learned: Vec<f64>,
    senders: Vec<SenderTally>,
    seconds: Vec<Second>,
    /// Seconds of work that came while goodput counts, and that of those which were answered in time while it does.
    came: f64,
    answered: f64,
    /// Successes of each replica since the second from which on they are waited for.
    served: Vec<u64>,
    all_serve: Option<Moment>,
}

/// What one sender sent, and seconds from its arrival to the answer in time.
#[derive(Debug, Clone, Default)]
struct SenderTally {
    came: u64,
    latencies: Vec<f64>,
    /// Seconds of work of what was answered before the last request came.
    answered: f64,
}

/// What became of the requests of one sender.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SenderFigures {
    /// Of its requests, 0..=1.
    pub answered: f64,
    /// Its work that was done, of what the replicas can do, 0..=1.
    pub share: f64,
    /// Milliseconds.
    pub p99: f64,
}

/// What came in one second, and how much of it was answered.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    came: u64,
    answered: u64,
}

/// The share of a short run that is not counted at most.
const WARM_UP: f64 = 0.5;
/// Successes after which a replica is taken to serve.
const SERVES: u64 = 20;
/// For how long before the last arrival the most requests in flight are counted, seconds.
const LAST: f64 = 10.0;
/// The share of requests that are answered again when a spike is over.
const RECOVERED: f64 = 0.95;

/// By how much sums of times may be off.
const ROUNDING: f64 = 1e-6;

/// The figures of one run. Times are in milliseconds, shares are 0..=1.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    pub scenario: &'static str,
    pub policy: &'static str,
    pub seed: u64,
    pub requests: u64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub mean: f64,
    /// The 99th percentile of latency over size.
    pub p99_slowdown: f64,
    /// Share of the requests that were not answered, or not in time.
    pub error_share: f64,
    /// Refusals by the proxy, over requests.
    pub refused: f64,
    /// Share that succeeded within a second.
    pub within_a_second: f64,
    /// Share of the attempts that each replica was given.
    pub shares: Vec<f64>,
    /// Attempts over requests.
    pub attempts: f64,
    /// Second attempts beside a slow first one, over requests.
    pub hedges: f64,
    /// The most requests in flight at each replica in the last ten seconds.
    pub most: Vec<u32>,
    /// How many the proxy has learned that each replica works on at once when the last request arrived; 0: not known.
    pub learned: Vec<f64>,
    /// In the order of the scenario's senders.
    pub senders: Vec<SenderFigures>,
    /// Seconds until all replicas serve, or until requests are answered after a spike; where that is waited for.
    pub seconds_to_recover: Option<f64>,
    /// The work of answers in time, of what came or could have been done, 0..=1; where that is asked for.
    pub goodput: Option<f64>,
}

impl Tally {
    /// Of a scenario.
    pub fn new(replicas: usize, scenario: &Scenario, seconds: f64) -> Self {
        Self {
            scenario: *scenario,
            warm_up: at(scenario.warm_up.min(seconds * WARM_UP)),
            length: seconds,
            latencies: Vec::new(),
            slowdowns: Vec::new(),
            requests: 0,
            refusals: 0,
            within_a_second: 0,
            taken: vec![0; replicas],
            attempts: 0,
            hedges: 0,
            most: vec![0; replicas],
            learned: vec![0.0; replicas],
            senders: vec![SenderTally::default(); scenario.senders.len().max(1)],
            seconds: Vec::new(),
            came: 0.0,
            answered: 0.0,
            served: vec![0; replicas],
            all_serve: None,
        }
    }

    /// A request arrived.
    pub fn arrived(&mut self, arrival: &Arrival) {
        let arrived = arrival.ask.arrived;
        let counts = u64::from(arrived >= self.warm_up);
        self.requests += counts;
        self.senders[arrival.sender].came += counts;
        self.second(arrived).came += 1;
        if self.counts_for_goodput(arrived) {
            self.came += arrival.size;
        }
    }

    /// A proxy refused an attempt.
    pub fn refused(&mut self) {
        self.refusals += 1;
    }

    /// A request is sent to a replica.
    pub fn started(&mut self, start: &Start, arrival: &Arrival) {
        if arrival.ask.arrived >= self.warm_up {
            self.taken[start.endpoint] += 1;
            self.attempts += 1;
        }
        if start.now >= at((self.length - LAST).max(0.0)) {
            let most = &mut self.most[start.endpoint];
            *most = start.in_flight.max(*most);
        }
    }

    /// No more requests arrive, and this many places are known of each replica.
    pub fn closed(&mut self, learned: impl Iterator<Item = Option<f64>>) {
        self.learned = learned.map(|places| places.unwrap_or(0.0)).collect();
    }

    /// A second attempt is made beside a slow one.
    pub fn hedged(&mut self, arrival: &Arrival) {
        self.hedges += u64::from(arrival.ask.arrived >= self.warm_up);
    }

    /// A request was answered, whose client came then.
    pub fn succeeded(&mut self, arrival: &Arrival, completion: &Completion, first_arrived: Moment) {
        self.serves(completion);
        self.second(first_arrived).answered += 1;
        if self.counts_for_goodput(first_arrived) && self.counts_for_goodput(completion.now) {
            self.answered += arrival.size;
        }
        if first_arrived < self.warm_up {
            return;
        }
        let latency = (completion.now - arrival.ask.arrived).as_secs_f64();
        self.within_a_second += u64::from(latency <= 1.0);
        self.latencies.push(latency);
        self.slowdowns.push(latency / arrival.size);
        let sender = &mut self.senders[arrival.sender];
        sender.latencies.push(latency);
        if completion.now <= at(self.length) {
            sender.answered += arrival.size;
        }
    }

    /// Whether what comes or ends at this moment counts for goodput. Nothing does after the last arrival: whatever came before it
    /// may be served then.
    fn counts_for_goodput(&self, moment: Moment) -> bool {
        match self.scenario.measure {
            Measure::Goodput { from, until } => moment >= at(from) && moment < at(until),
            _ => false,
        }
    }

    /// The figures. What has not succeeded is an error.
    pub fn outcome(mut self, policy: &'static str, seed: u64) -> Outcome {
        let count = self.requests.max(1) as f64;
        let answered = self.latencies.len() as f64;
        let taken: u64 = self.taken.iter().sum();
        let share = |taken_by: &u64| *taken_by as f64 / taken.max(1) as f64;
        let mean = self.latencies.iter().sum::<f64>() / answered.max(1.0);
        let [p50, p99, p999] =
            [0.5, 0.99, 0.999].map(|q| quantile(&mut self.latencies, q) * 1000.0);
        Outcome {
            scenario: self.scenario.id,
            policy,
            seed,
            requests: self.requests,
            p50,
            p99,
            p999,
            mean: mean * 1000.0,
            p99_slowdown: quantile(&mut self.slowdowns, 0.99),
            error_share: (self.requests as f64 - answered) / count,
            refused: self.refusals as f64 / count,
            within_a_second: self.within_a_second as f64 / count,
            shares: self.taken.iter().map(share).collect(),
            attempts: self.attempts as f64 / count,
            hedges: self.hedges as f64 / count,
            senders: self.sender_figures(),
            most: self.most.clone(),
            learned: self.learned.clone(),
            seconds_to_recover: self.seconds_to_recover(),
            goodput: self.goodput(),
        }
    }

    fn sender_figures(&mut self) -> Vec<SenderFigures> {
        let counted = self.length - (self.warm_up - Moment(0)).as_secs_f64();
        let could = self.scenario.work_per_second() * counted;
        let figures = |sender: &mut SenderTally| SenderFigures {
            answered: sender.latencies.len() as f64 / sender.came.max(1) as f64,
            share: sender.answered / could,
            p99: quantile(&mut sender.latencies, 0.99) * 1000.0,
        };
        self.senders.iter_mut().map(figures).collect()
    }

    fn second(&mut self, moment: Moment) -> &mut Second {
        let index = (moment - Moment(0)).as_secs() as usize;
        if index >= self.seconds.len() {
            self.seconds.resize(index + 1, Second::default());
        }
        &mut self.seconds[index]
    }

    /// When it was the last of the successes that all replicas are waited for, all serve.
    fn serves(&mut self, completion: &Completion) {
        let Measure::SecondsToServe { from } = self.scenario.measure else {
            return;
        };
        if completion.start.now < at(from) {
            return;
        }
        self.served[completion.start.endpoint] += 1;
        if self.all_serve.is_none() && self.served.iter().all(|count| *count >= SERVES) {
            self.all_serve = Some(completion.now);
        }
    }

    fn seconds_to_recover(&self) -> Option<f64> {
        match self.scenario.measure {
            Measure::SecondsToServe { from } => {
                let time = |all_serve: Moment| (all_serve - at(from)).as_secs_f64();
                Some(self.all_serve.map_or(f64::INFINITY, time))
            }
            Measure::Goodput { until, .. } if until < self.scenario.seconds => {
                let after = &self.seconds[(until as usize).min(self.seconds.len())..];
                let is_well = |one: &Second| one.answered as f64 >= RECOVERED * one.came as f64;
                let seconds = after.iter().position(is_well);
                Some(seconds.map_or(f64::INFINITY, |seconds| seconds as f64))
            }
            _ => None,
        }
    }

    /// What is answered came and was done within the time that counts, so that no share is larger than 1.
    fn goodput(&self) -> Option<f64> {
        let Measure::Goodput { from, until } = self.scenario.measure else {
            return None;
        };
        let could = self.scenario.work_per_second() * (until - from);
        let most = could.min(self.came);
        let share = self.answered / most;
        assert!(
            most <= 0.0 || share <= 1.0 + ROUNDING,
            "{} has done {share} of what can be done",
            self.scenario.id
        );
        (most > 0.0).then_some(share.min(1.0))
    }
}

fn at(seconds: f64) -> Moment {
    Moment(0) + Duration::from_secs_f64(seconds)
}

/// The value below which this share of the values lies; infinite where there are none: nothing was ever answered.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    if values.is_empty() {
        return f64::INFINITY;
    }
    let rank = (share * values.len() as f64).ceil() as usize;
    let rank = rank.clamp(1, values.len()) - 1;
    *values.select_nth_unstable_by(rank, f64::total_cmp).1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_was_measured() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(quantile(&mut values, 0.99), 99.0);
        assert_eq!(quantile(&mut values, 0.5), 50.0);
        assert_eq!(quantile(&mut [7.0], 0.99), 7.0);
        assert_eq!(quantile(&mut [], 0.99), f64::INFINITY);
    }
}
