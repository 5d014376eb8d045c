//! Hedging where servers pause: 6 servers of 8 workers at 60 % load, each of which stops for 400 ms now and then, as for a
//! collection of garbage. The code that decides is the crate's own; a cancelled request goes on at its server.

use crate::policies::Strategy;
use crate::testing::{IDLE, READ};
use crate::{
    Ask, EndpointView, ExtraAttempts, ExtraRules, Moment, Random, Selector, SlowAttempt, Slowness,
};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

const SERVERS: usize = 6;
const WORKERS: usize = 8;
/// Seconds: the mean time of a request, exponentially distributed, and a pause and the mean time between two.
const MEAN: f64 = 0.02;
const PAUSE: f64 = 0.4;
const BETWEEN: f64 = 8.0;
const REQUESTS_PER_SECOND: f64 = 0.6 * (SERVERS * WORKERS) as f64 / MEAN;
const REQUESTS: usize = 100_000;

/// A server, first come, first served.
struct Server {
    /// When each worker is free, seconds.
    free: [f64; WORKERS],
    /// Beginnings of its pauses.
    pauses: Vec<f64>,
}

impl Server {
    /// When this work is done that arrives now.
    fn done(&mut self, now: f64, work: f64) -> f64 {
        let free = self.free.iter_mut().min_by(|a, b| a.total_cmp(b)).unwrap();
        let mut at = now.max(*free);
        let mut left = work;
        for pause in &self.pauses {
            if pause + PAUSE <= at {
                continue;
            }
            let until = pause.max(at);
            if at + left <= until {
                break;
            }
            left -= until - at;
            at = pause + PAUSE;
        }
        *free = at + left;
        *free
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Arrival,
    /// Of this request, at its first or second server.
    End(usize, usize),
    /// The attempt of this request is so slow: a stage.
    Due(usize, usize),
}

#[derive(Default, Clone)]
struct Request {
    begun: f64,
    /// The servers at which it was tried, and since when.
    tried: Vec<(usize, f64)>,
    took: Option<f64>,
}

struct World {
    servers: Vec<Server>,
    views: [EndpointView; SERVERS],
    selector: Selector,
    extra: ExtraAttempts,
    random: Random,
    /// Apart from arrivals and sizes, so that both runs are given the same requests.
    choices: Random,
    requests: Vec<Request>,
    events: BinaryHeap<Reverse<(Moment, Event)>>,
    now: f64,
    hedges: usize,
}

fn exponential(random: &mut Random, mean: f64) -> f64 {
    -mean * (1.0 - random.fraction()).ln()
}

fn moment(seconds: f64) -> Moment {
    Moment::default() + Duration::from_secs_f64(seconds)
}

impl World {
    fn new(seed: u64, hedging: bool) -> Self {
        let mut random = Random::seeded(seed);
        let end = REQUESTS as f64 / REQUESTS_PER_SECOND + 10.0;
        let servers = (0..SERVERS).map(|_| {
            let mut pauses = Vec::new();
            let mut at = exponential(&mut random, BETWEEN);
            while at < end {
                pauses.push(at);
                at += 2.0 * PAUSE + exponential(&mut random, BETWEEN);
            }
            let free = [0.0; WORKERS];
            Server { free, pauses }
        });
        let rules = ExtraRules {
            hedging,
            ..ExtraRules::default()
        };
        Self {
            servers: servers.collect(),
            views: [IDLE; SERVERS],
            selector: Selector::new(Strategy::LeastConnections.policy(SERVERS)),
            extra: ExtraAttempts::new(rules, None),
            random,
            choices: Random::seeded(seed),
            requests: Vec::new(),
            events: BinaryHeap::new(),
            now: 0.0,
            hedges: 0,
        }
    }

    fn run(mut self) -> (f64, f64) {
        self.at(0.0, Event::Arrival);
        while let Some(Reverse((now, event))) = self.events.pop() {
            self.now = now.since(Moment::default()).as_secs_f64();
            match event {
                Event::Arrival => self.arrive(),
                Event::End(request, place) => self.end(request, place),
                Event::Due(request, stage) => self.due(request, stage),
            }
        }
        let mut times: Vec<f64> = self.requests.iter().map(|one| one.took.unwrap()).collect();
        times.sort_by(f64::total_cmp);
        let p999 = times[times.len() * 999 / 1000];
        (p999, self.hedges as f64 / REQUESTS as f64)
    }

    fn arrive(&mut self) {
        let request = self.requests.len();
        self.requests.push(Request {
            begun: self.now,
            ..Request::default()
        });
        if self.requests.len() < REQUESTS {
            let next = exponential(&mut self.random, 1.0 / REQUESTS_PER_SECOND);
            self.at(self.now + next, Event::Arrival);
        }
        self.extra.request();
        self.send(request, None);
        for (stage, (after, _)) in self.extra.stages(1).into_iter().flatten().enumerate() {
            self.at(self.now + after.as_secs_f64(), Event::Due(request, stage));
        }
    }

    fn due(&mut self, request: usize, stage: usize) {
        let one = &self.requests[request];
        if one.took.is_none() && one.tried.len() == 1 {
            use Slowness::{Hanging, Slow, VerySlow};
            let slowness = [Slow, VerySlow, VerySlow, Hanging][stage];
            self.send(request, Some(slowness));
        }
    }

    fn send(&mut self, request: usize, slowness: Option<Slowness>) {
        let one = &self.requests[request];
        let mut views = self.views;
        for (server, _) in &one.tried {
            views[*server].is_tried = true;
        }
        let ask = Ask {
            is_retry: slowness.is_some(),
            arrived: moment(one.begun),
            ..READ
        };
        let (now, random) = (moment(self.now), &mut self.choices);
        let waited = Duration::from_secs_f64(self.now - one.begun);
        let pick = match slowness {
            None => self.selector.select(&mut views, &ask, now, random),
            Some(slowness) => {
                let attempt = SlowAttempt {
                    waited,
                    slowness,
                    others_wait: false,
                };
                let views = &mut views;
                self.selector
                    .select_hedge(views, &ask, attempt, now, random)
            }
        };
        let Some(pick) = pick else { return };
        if slowness.is_some_and(|slowness| !self.extra.second(slowness, now)) {
            return;
        }
        self.hedges += usize::from(slowness.is_some());
        self.views[pick.index].load.in_flight += 1;
        let work = exponential(&mut self.random, MEAN);
        let done = self.servers[pick.index].done(self.now, work);
        let tried = &mut self.requests[request].tried;
        tried.push((pick.index, self.now));
        let place = tried.len() - 1;
        self.at(done, Event::End(request, place));
    }

    fn end(&mut self, request: usize, place: usize) {
        let one = &mut self.requests[request];
        if one.took.is_some() {
            return;
        }
        one.took = Some(self.now - one.begun);
        for (other, (server, since)) in one.tried.iter().enumerate() {
            self.views[*server].load.in_flight -= 1;
            let time = Duration::from_secs_f64(self.now - since);
            match other == place {
                true => self.extra.read(1, time),
                false => self.extra.outpaced(1, time),
            }
        }
    }

    fn at(&mut self, seconds: f64, event: Event) {
        self.events.push(Reverse((moment(seconds), event)));
    }
}

#[test]
fn two_of_a_hundred_requests_halve_the_slowest_thousandth() {
    for seed in 1..=3 {
        let (without, none) = World::new(seed, false).run();
        let (with, hedges) = World::new(seed, true).run();
        println!("p99.9 {without:.3} s, {with:.3} s with {hedges:.4} hedges per request");
        assert_eq!(none, 0.0);
        assert!(hedges <= 0.02, "{hedges}");
        assert!(with <= without / 2.0, "{with} of {without}");
    }
}
