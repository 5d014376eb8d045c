//! Discrete events in virtual time: requests arrive whatever the replicas do (open loop), wait in their proxy while its
//! policy picks none, and are worked off.

use crate::arrivals::{Arrival, Arrivals};
use crate::balancer::{self, Balancer, Place};
use crate::clients::{AFTER_REFUSAL, Clients};
use crate::contender::Contender;
use crate::line::Line;
use crate::outcome::{Outcome, Tally};
use crate::replica::Replica;
use crate::scenario::Scenario;
use crate::settings::Settings;
use crate::timeline::{Turn, turns};
use balancing::health::Trial;
use balancing::{Completion, Fault, Moment, Passed, Start};
use slab::Slab;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::time::Duration;

/// After so many times the time in which requests arrive, what has not ended never will.
const PATIENCE: f64 = 20.0;
/// A proxy in which requests wait while none is in flight asks its policy again after this time.
const ASK_AGAIN: Duration = Duration::from_millis(10);
/// Waiting requests of a proxy for which its policy is asked when a place is free.
const SCANNED: usize = 32;

/// One run of a scenario.
pub struct Simulation {
    now: Moment,
    events: BinaryHeap<Reverse<(Moment, u64, Event)>>,
    /// Counts events, so that those of the same moment come in the order in which they were made.
    made: u64,
    arrivals: Arrivals,
    turns: Vec<Turn>,
    replicas: Vec<Replica>,
    proxies: Vec<ProxyQueue>,
    requests: Slab<Request>,
    clients: Clients,
    tally: Tally,
    last_arrival: Moment,
}

/// A proxy and the requests that wait in it.
struct ProxyQueue {
    balancer: Box<dyn Balancer>,
    /// The round of probes for which there is an event.
    planned_probe: Option<Moment>,
    waiting: Line,
    in_flight: u32,
    will_ask_again: bool,
}

/// A request at a replica.
struct Request {
    arrival: Arrival,
    start: Start,
    trial: Option<Trial>,
    fault: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Turn(usize),
    End {
        replica: usize,
        generation: u32,
    },
    Failed(usize),
    Arrival,
    AskAgain(usize),
    /// A proxy probes its replicas, if it has not done so since this was planned.
    Probe(usize),
    /// A client waits no longer, or has waited after a refusal.
    TryAgain {
        client: usize,
        attempt: u32,
    },
}

/// Runs a scenario.
pub fn run(
    scenario: &'static Scenario,
    contender: Contender,
    settings: &Settings,
    seed: u64,
) -> Outcome {
    let balancers = contender.balancers(scenario, settings, seed);
    let settings = Settings {
        cost_error: contender.cost_error().unwrap_or(settings.cost_error),
        ..*settings
    };
    let tally = Simulation::new(scenario, balancers, &settings, seed).run();
    tally.outcome(contender.name(), seed)
}

impl Simulation {
    /// A scenario at its beginning.
    pub fn new(
        scenario: &Scenario,
        balancers: Vec<Box<dyn Balancer>>,
        settings: &Settings,
        seed: u64,
    ) -> Self {
        let seconds = settings.seconds_of(scenario);
        let at = |seconds: f64| Moment(0) + Duration::from_secs_f64(seconds);
        let discipline = settings.discipline;
        let replicas = scenario.each_replica();
        let replicas: Vec<_> = replicas
            .map(|group| Replica::new(group, discipline))
            .collect();
        let queue = |balancer| ProxyQueue {
            balancer,
            planned_probe: None,
            waiting: Line::new(settings.waiting, scenario),
            in_flight: 0,
            will_ask_again: false,
        };
        Self {
            now: Moment(0),
            events: BinaryHeap::new(),
            made: 0,
            arrivals: Arrivals::new(scenario, settings, seed),
            turns: turns(scenario, seconds, seed),
            tally: Tally::new(replicas.len(), scenario, seconds),
            replicas,
            proxies: balancers.into_iter().map(queue).collect(),
            requests: Slab::new(),
            clients: Clients::new(scenario.clients),
            last_arrival: at(seconds),
        }
    }

    /// Lets all requests arrive and end.
    pub fn run(mut self) -> Tally {
        for index in 0..self.turns.len() {
            self.at(self.turns[index].at, Event::Turn(index));
        }
        (0..self.proxies.len()).for_each(|proxy| self.plan_probe(proxy));
        self.at(Moment(0), Event::Arrival);
        let mut arrivals = Vec::with_capacity(1);
        let end = Moment((self.last_arrival.0 as f64 * PATIENCE) as u64);
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            if at > end {
                break;
            }
            self.now = at;
            self.handle(event, &mut arrivals);
        }
        self.tally
    }

    fn handle(&mut self, event: Event, next: &mut Vec<Arrival>) {
        match event {
            Event::Arrival => {
                if let Some(arrival) = next.pop() {
                    self.arrive(arrival);
                }
                next.extend(self.next_arrival());
            }
            Event::End {
                replica,
                generation,
            } => {
                if self.replicas[replica].generation == generation {
                    self.end_at(replica);
                }
            }
            Event::Failed(request) => self.finish(request),
            Event::Turn(index) => self.turn(index),
            Event::AskAgain(proxy) => {
                self.proxies[proxy].will_ask_again = false;
                self.place_waiting(proxy);
            }
            Event::Probe(proxy) => {
                let balancer = &mut self.proxies[proxy].balancer;
                balancer.probe(&self.replicas, self.now);
                self.plan_probe(proxy);
                self.place_waiting(proxy);
            }
            Event::TryAgain { client, attempt } => {
                let again = self.clients.again(client, attempt, self.now);
                again.into_iter().for_each(|arrival| self.submit(arrival));
            }
        }
    }

    /// The next request, whose arrival becomes an event; `None` when no more come.
    fn next_arrival(&mut self) -> Option<Arrival> {
        let arrival = self.arrivals.next()?;
        let at = arrival.ask.arrived;
        if at >= self.last_arrival {
            return None;
        }
        self.at(at, Event::Arrival);
        Some(arrival)
    }

    fn arrive(&mut self, mut arrival: Arrival) {
        // An oracle stands for all proxies.
        arrival.proxy %= self.proxies.len();
        self.tally.arrived(arrival.ask.arrived);
        self.clients.add(&mut arrival);
        self.submit(arrival);
    }

    /// A request, or another attempt of it, comes to its proxy.
    fn submit(&mut self, arrival: Arrival) {
        if let Some(deadline) = self.clients.deadline() {
            self.try_again(&arrival, deadline);
        }
        let index = arrival.proxy;
        let proxy = &mut self.proxies[index];
        if proxy.waiting.is_empty()
            && let Some(place) = proxy.balancer.pick(&self.replicas, &arrival, self.now)
        {
            return self.start(arrival, place);
        }
        let work = proxy.balancer.work(&arrival.ask);
        let ahead = proxy.waiting.work();
        let refused = proxy.waiting.push(arrival, work, self.now);
        self.refuse(refused);
        let last = self.proxies[index].waiting.last();
        self.place(index, last..last + 1, ahead);
        self.ask_again(index);
    }

    /// Gives the requests that wait in a proxy to replicas, in order, as far as its policy picks one. One may go before others
    /// that wait for a faster replica.
    fn place_waiting(&mut self, index: usize) {
        let now = self.now;
        while let Some(expired) = self.proxies[index].waiting.take_expired(now) {
            self.refuse(Some(expired));
        }
        self.place(index, 0..SCANNED, 0.0);
        self.ask_again(index);
    }

    /// Gives those at these positions of the line to replicas. `ahead`: the work of those before.
    fn place(&mut self, index: usize, mut positions: Range<usize>, mut ahead: f64) {
        let now = self.now;
        while positions.start < positions.end {
            let proxy = &mut self.proxies[index];
            let Some(mut arrival) = proxy.waiting.nth(positions.start, now) else {
                break;
            };
            arrival.ask.ahead = match positions.start < Passed::MAY_WAIT {
                true => ahead,
                false => f64::INFINITY,
            };
            match proxy.balancer.pick(&self.replicas, &arrival, now) {
                Some(place) => {
                    proxy.waiting.take_nth(positions.start, now);
                    self.start(arrival, place);
                }
                None => {
                    positions.start += 1;
                    ahead += proxy.balancer.work(&arrival.ask);
                }
            }
        }
    }

    /// Where none is in flight, nothing will make the proxy ask its policy again.
    fn ask_again(&mut self, index: usize) {
        let proxy = &mut self.proxies[index];
        if proxy.in_flight == 0 && !proxy.will_ask_again {
            proxy.will_ask_again = true;
            self.at(self.now + ASK_AGAIN, Event::AskAgain(index));
        }
    }

    fn refuse(&mut self, refused: Option<Arrival>) {
        if let Some(arrival) = refused {
            self.tally.refused();
            self.try_again(&arrival, AFTER_REFUSAL);
        }
    }

    fn try_again(&mut self, arrival: &Arrival, after: Duration) {
        let Arrival {
            client, attempt, ..
        } = *arrival;
        self.at(self.now + after, Event::TryAgain { client, attempt });
    }

    fn start(&mut self, arrival: Arrival, place: Place) {
        let Place { replica, trial } = place;
        let proxy = &mut self.proxies[arrival.proxy];
        proxy.in_flight += 1;
        let start = Start {
            endpoint: replica,
            in_flight: proxy.balancer.in_flight(replica) + 1,
            ask: arrival.ask,
            now: self.now,
        };
        proxy.balancer.start(&start);
        let failure = self.replicas[replica].failure;
        let request = self.requests.insert(Request {
            arrival,
            start,
            trial,
            fault: failure.map_or(Fault::None, |failure| failure.fault),
        });
        if let Some(failure) = failure {
            self.at(self.now + failure.after, Event::Failed(request));
        } else if self.replicas[replica].give(request, arrival.size, self.now) {
            self.schedule_end(replica);
        }
    }

    fn end_at(&mut self, replica: usize) {
        let ended = self.replicas[replica].end(self.now);
        self.schedule_end(replica);
        if let Some(request) = ended {
            self.finish(request);
        }
    }

    fn finish(&mut self, request: usize) {
        let request = self.requests.remove(request);
        let completion = Completion {
            start: request.start,
            now: self.now,
            service_time: self.now - request.start.now,
            fault: Some(request.fault),
            outpaced: false,
        };
        let index = request.arrival.proxy;
        let proxy = &mut self.proxies[index];
        proxy.in_flight -= 1;
        let replica = &self.replicas[request.start.endpoint];
        let busy = match request.fault {
            Fault::None => request.arrival.size / replica.speed(),
            _ => completion.service_time.as_secs_f64(),
        };
        proxy.balancer.finish(balancer::End {
            completion,
            trial: request.trial,
            queued: replica.queued(),
            busy,
        });
        self.count(&request.arrival, &completion);
        self.plan_probe(index);
        self.place_waiting(index);
    }

    fn count(&mut self, arrival: &Arrival, completion: &Completion) {
        if completion.fault != Some(Fault::None) {
            self.tally.failed(completion);
        } else if let Some(first_arrived) = self.clients.answered(arrival, self.now) {
            self.tally
                .succeeded(arrival.size, completion, first_arrived);
        }
    }

    /// Probes come to an end with the requests.
    fn plan_probe(&mut self, index: usize) {
        let proxy = &mut self.proxies[index];
        let next = proxy.balancer.next_probe();
        if let Some(next) = next.filter(|next| *next <= self.last_arrival)
            && proxy.planned_probe != Some(next)
        {
            proxy.planned_probe = Some(next);
            self.at(next.max(self.now), Event::Probe(index));
        }
    }

    fn turn(&mut self, index: usize) {
        let Turn { replica, to, .. } = self.turns[index];
        self.replicas[replica].turn(to, self.now);
        self.schedule_end(replica);
        for proxy in 0..self.proxies.len() {
            self.place_waiting(proxy);
        }
    }

    fn schedule_end(&mut self, replica: usize) {
        let generation = self.replicas[replica].generation;
        if let Some(end) = self.replicas[replica].next_end() {
            self.at(
                end,
                Event::End {
                    replica,
                    generation,
                },
            );
        }
    }

    fn at(&mut self, at: Moment, event: Event) {
        self.made += 1;
        self.events.push(Reverse((at, self.made, event)));
    }
}
