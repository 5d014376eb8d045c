use super::*;
use crate::Random;
use std::collections::VecDeque;

/// An endpoint of so many workers that take requests in order, in virtual time.
struct Endpoint {
    workers: usize,
    now: f64,
    /// When each busy worker is done, and how the request there began.
    busy: Vec<(f64, Began)>,
    queue: VecDeque<(Began, f64)>,
    random: Random,
    service: fn(&mut Random) -> f64,
    /// The mean and the variance of the logarithms of service times.
    log: (f64, f64),
    learned: Concurrency,
    times_tell: bool,
}

#[derive(Clone, Copy)]
struct Began {
    at: f64,
    in_flight: u32,
}

fn exponential(random: &mut Random) -> f64 {
    -(1.0 - random.fraction()).ln()
}

/// Pareto, shape 1.3: its variance has no bound.
fn heavy(random: &mut Random) -> f64 {
    (1.0 - random.fraction()).powf(-1.0 / 1.3) * 0.3 / 1.3
}

fn moment(seconds: f64) -> Moment {
    Moment((seconds * 1e9) as u64)
}

impl Endpoint {
    fn new(workers: usize, service: fn(&mut Random) -> f64, seed: u64) -> Self {
        let mut random = Random::seeded(seed);
        let logs: Vec<f64> = (0..20_000).map(|_| service(&mut random).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let squares = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>();
        Self {
            workers,
            now: 0.0,
            busy: Vec::new(),
            queue: VecDeque::new(),
            random,
            service,
            log: (mean, squares / logs.len() as f64),
            learned: Concurrency::default(),
            times_tell: true,
        }
    }

    fn in_flight(&self) -> usize {
        self.busy.len() + self.queue.len()
    }

    /// Gives it requests at this rate for so long, never more at once than is learned.
    fn run(&mut self, rate: f64, seconds: f64) {
        let end = self.now + seconds;
        let mut next = self.now;
        while self.now < end {
            let done = self
                .busy
                .iter()
                .map(|(done, _)| *done)
                .fold(f64::MAX, f64::min);
            if done < next {
                self.now = done;
                self.finish();
            } else {
                self.now = next;
                next += exponential(&mut self.random) / rate;
                let limit = self.learned.estimate().limit.unwrap_or(100) as usize;
                if self.in_flight() < limit {
                    self.start();
                }
            }
        }
    }

    /// Serves so many that all wait, and gives the time that it took. Responses that come together are told before the places are
    /// taken that they leave.
    fn serve(&mut self, mut waiting: usize) -> f64 {
        let begun = self.now;
        while waiting > 0 || self.in_flight() > 0 {
            let limit = self.learned.estimate().limit.unwrap_or(100) as usize;
            while waiting > 0 && self.in_flight() < limit {
                self.start();
                waiting -= 1;
            }
            let done = |(done, _): &(f64, Began)| *done;
            let first = self.busy.iter().map(done).fold(f64::MAX, f64::min);
            let mut together: Vec<f64> = self.busy.iter().map(done).collect();
            together.retain(|done| *done < first + 0.02);
            together.sort_by(f64::total_cmp);
            for done in together {
                self.now = done;
                self.finish();
            }
        }
        self.now - begun
    }

    fn start(&mut self) {
        let in_flight = self.in_flight() as u32 + 1;
        self.learned.start(in_flight, moment(self.now));
        let began = Began {
            at: self.now,
            in_flight,
        };
        let service = (self.service)(&mut self.random);
        match self.busy.len() < self.workers {
            true => self.busy.push((self.now + service, began)),
            false => self.queue.push_back((began, service)),
        }
    }

    fn finish(&mut self) {
        let now = self.now;
        let first = self.busy.iter().position(|(done, _)| *done <= now).unwrap();
        let (_, began) = self.busy.swap_remove(first);
        if let Some((next, service)) = self.queue.pop_front() {
            self.busy.push((now + service, next));
        }
        let (mean, variance) = self.log;
        let sample = Sample {
            in_flight: began.in_flight,
            residual: (now - began.at).ln() - mean,
            variance,
            has_waited: !self.times_tell,
        };
        let begun = moment(began.at);
        self.learned.respond(sample, begun, 1.0, moment(now));
    }
}

#[test]
fn the_number_of_workers_is_learned_within_a_quarter() {
    for service in [exponential, heavy] {
        for workers in [1, 2, 4, 8, 16] {
            let mut endpoint = Endpoint::new(workers, service, workers as u64);
            let mut found: Vec<f64> = (0..9)
                .map(|_| {
                    endpoint.run(0.9 * workers as f64, 1_000.0 / workers as f64);
                    endpoint.learned.estimate().likely
                })
                .collect();
            found.sort_by(f64::total_cmp);
            let off = (found[4] / workers as f64 - 1.0).abs();
            assert!(off <= 0.25, "{workers}: {found:?}");
        }
    }
}

/// Under a load that never ends an endpoint would always be at one level; it is left with fewer now and then.
#[test]
fn a_bound_is_found_under_overload_and_given_up_when_it_no_longer_holds() {
    let mut endpoint = Endpoint::new(4, exponential, 7);
    endpoint.run(6.0, 400.0);
    let before = endpoint.learned.estimate().likely;
    assert!((3.0..=5.0).contains(&before), "{before}");
    endpoint.workers = 8;
    endpoint.run(12.0, 400.0);
    let after = endpoint.learned.estimate().likely;
    assert!((6.0..=10.0).contains(&after), "{after}");
}

#[test]
fn without_evidence_there_is_no_limit() {
    let mut endpoint = Endpoint::new(1000, exponential, 3);
    endpoint.run(20.0, 100.0);
    assert_eq!(endpoint.learned.estimate().limit, None);
}

#[test]
fn whatever_is_told_the_limit_lets_one_through() {
    let mut random = Random::seeded(11);
    let mut learned = Concurrency::default();
    for step in 0..20_000u64 {
        let now = Moment(step * 1_000 * (1 + random.bits() % 1000));
        match random.below(3) {
            0 => learned.start(random.below(300) as u32, now),
            1 => learned.leave(1, now),
            _ => {
                let sample = Sample {
                    in_flight: random.below(300) as u32,
                    residual: (random.fraction() - 0.5) * 1e6,
                    variance: random.fraction() * 10.0,
                    has_waited: random.below(2) == 0,
                };
                learned.respond(sample, Moment(0), random.fraction(), now);
            }
        }
        let Estimate { likely, limit, .. } = learned.estimate();
        assert!(likely.is_finite() && likely >= 1.0);
        assert!(limit.is_none_or(|limit| limit >= 1));
    }
}

/// Requests that waited for the endpoint tell nothing by their times.
#[test]
fn under_overload_a_bound_is_found_by_rates_alone_and_again_when_workers_are_added() {
    for workers in [2, 3, 8] {
        for overload in [1.4, 3.0] {
            let runs = (0..9).map(|seed| by_rates_alone(workers, overload, seed));
            let (before, after): (Vec<f64>, Vec<f64>) = runs.unzip();
            for found in [before, after] {
                let off = (median(found.clone()) - 1.0).abs();
                assert!(off <= 0.35, "{workers}, {overload}: {found:?}");
            }
        }
    }
}

/// What is believed of the workers, over how many there are: after a while, and after another one with twice as many.
fn by_rates_alone(workers: usize, overload: f64, seed: u64) -> (f64, f64) {
    let rate = overload * workers as f64;
    let mut endpoint = Endpoint::new(workers, exponential, seed);
    endpoint.times_tell = false;
    endpoint.run(rate, 1_000.0);
    let before = endpoint.learned.estimate().likely / workers as f64;
    endpoint.workers = 2 * workers;
    endpoint.run(2.0 * rate, 1_000.0);
    let after = endpoint.learned.estimate().likely / (2 * workers) as f64;
    (before, after)
}

fn median(mut found: Vec<f64>) -> f64 {
    found.sort_by(f64::total_cmp);
    found[found.len() / 2]
}

/// Before anything is known it may be given all that come.
#[test]
fn an_endpoint_that_is_given_too_much_from_the_first_moment_on_is_known_before_it_has_a_long_backlog()
 {
    let backlogs = (0..20).map(|seed| {
        let mut endpoint = Endpoint::new(4, exponential, seed);
        endpoint.run(1.74 * 4.0, 50.0);
        endpoint.in_flight()
    });
    let mut backlogs: Vec<usize> = backlogs.collect();
    backlogs.sort();
    assert!(backlogs[10] <= 12 && backlogs[19] < 100, "{backlogs:?}");
}

/// Clients that all began together, at an endpoint that takes the same time for each: their responses came at falling levels that
/// lasted no time, and these seemed to be the fastest ones. It was left with one request at a time.
#[test]
fn requests_that_begin_and_end_together_do_not_leave_one_at_a_time() {
    let mut learned = Concurrency::default();
    let sample = |in_flight| Sample {
        in_flight,
        residual: 0.0,
        variance: 0.02,
        has_waited: false,
    };
    let mut lately = 0;
    for round in 0..100 {
        let began = moment(f64::from(round) * 0.1);
        let given = learned.estimate().limit.unwrap_or(100).min(100);
        lately += if round < 50 { 0 } else { given };
        (1..=given).for_each(|in_flight| learned.start(in_flight, began));
        let end = moment(f64::from(round + 1) * 0.1);
        for n in 1..=given {
            let at = Moment(end.0 + u64::from(n) * 10_000);
            learned.respond(sample(n), began, 0.1, at);
        }
    }
    assert!(lately >= 50 * 25, "{lately} of {}", 50 * 100);
}

/// Requests that all wait for a place, at an endpoint that takes the same time for each: its responses come together, one for each
/// worker. Served one at a time after a few such bursts, it was left so for minutes.
#[test]
fn bursts_at_an_endpoint_that_takes_the_same_time_for_each_leave_it_all_its_workers() {
    let steady = |random: &mut Random| 1.0 + 0.01 * random.fraction();
    for workers in [1, 2, 3, 4, 6, 8] {
        let mut endpoint = Endpoint::new(workers, steady, 3);
        endpoint.run(0.5 * workers as f64, 50.0);
        endpoint.times_tell = false;
        let taken = (0..6).map(|_| endpoint.serve(600) * workers as f64 / 600.0);
        let taken: Vec<f64> = taken.collect();
        assert!(taken.iter().all(|one| *one < 1.25), "{workers}: {taken:?}");
    }
}
