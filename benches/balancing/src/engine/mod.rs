//! Discrete events in virtual time: requests arrive whatever the replicas do (open loop), wait in their proxy while its
//! policy picks none, and are worked off.

mod attempts;
mod waiting;

use crate::arrivals::{Arrival, Arrivals};
use crate::balancer::Balancer;
use crate::call::{Attempt, Call};
use crate::clients::{AFTER_REFUSAL, Clients};
use crate::contender::Contender;
use crate::line::Line;
use crate::outcome::{Outcome, Tally};
use crate::replica::Replica;
use crate::scenario::Scenario;
use crate::settings::Settings;
use crate::timeline::{Turn, turns};
use balancing::{ExtraAttempts, ExtraRules, Moment};
use slab::Slab;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// After so many times the time in which requests arrive, what has not ended never will.
const PATIENCE: f64 = 20.0;

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
    calls: Slab<Call>,
    called: u64,
    attempts: Slab<Attempt>,
    clients: Clients,
    tally: Tally,
    last_arrival: Moment,
}

/// A proxy and the requests that wait in it.
struct ProxyQueue {
    balancer: Box<dyn Balancer>,
    /// `None`: each request is sent once.
    extra: Option<ExtraAttempts>,
    /// The round of probes for which there is an event.
    planned_probe: Option<Moment>,
    line: Line,
    /// Looks at its replicas every now and then, because requests wait.
    is_watched: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Turn(usize),
    /// The next request of a replica ends, if nothing has changed there since.
    End {
        replica: usize,
        generation: u32,
    },
    /// An attempt fails.
    Failed(usize),
    Arrival,
    /// A proxy looks at its replicas for those that wait.
    Tick(usize),
    /// A proxy probes its replicas, if it has not done so since this was planned.
    Probe(usize),
    /// The first attempt of a call is as slow as this stage says.
    Slow {
        call: usize,
        number: u64,
        stage: usize,
    },
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
        let extra = settings.extra_attempts;
        let queue = |balancer| ProxyQueue {
            balancer,
            extra: extra.then(|| ExtraAttempts::new(ExtraRules::default(), None)),
            planned_probe: None,
            line: Line::new(settings.waiting, scenario),
            is_watched: false,
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
            calls: Slab::new(),
            called: 0,
            attempts: Slab::new(),
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
            Event::Failed(attempt) => self.finish(attempt),
            Event::Turn(index) => self.turn(index),
            Event::Tick(proxy) => self.tick(proxy),
            Event::Probe(proxy) => {
                let balancer = &mut self.proxies[proxy].balancer;
                balancer.probe(&self.replicas, self.now);
                self.plan_probe(proxy);
            }
            Event::Slow {
                call,
                number,
                stage,
            } => self.slow(call, number, stage),
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
            let places = |replica| self.proxies[0].balancer.places(replica, self.now);
            self.tally.closed((0..self.replicas.len()).map(places));
            return None;
        }
        self.at(at, Event::Arrival);
        Some(arrival)
    }

    fn arrive(&mut self, mut arrival: Arrival) {
        // An oracle stands for all proxies.
        arrival.proxy %= self.proxies.len();
        self.tally.arrived(&arrival);
        self.clients.add(&mut arrival);
        self.submit(arrival);
    }

    /// A request, or another attempt of its client, comes to its proxy.
    fn submit(&mut self, arrival: Arrival) {
        if let Some(deadline) = self.clients.deadline() {
            self.try_again(&arrival, deadline);
        }
        if let Some(extra) = &self.proxies[arrival.proxy].extra {
            extra.request();
        }
        self.called += 1;
        let call = self.calls.insert(Call::new(arrival, self.called));
        self.place(call);
    }

    /// The proxy gives a call up.
    fn give_up(&mut self, call: usize) {
        let arrival = self.calls.remove(call).arrival;
        self.tally.refused();
        self.try_again(&arrival, AFTER_REFUSAL);
    }

    fn try_again(&mut self, arrival: &Arrival, after: Duration) {
        let Arrival {
            client, attempt, ..
        } = *arrival;
        self.at(self.now + after, Event::TryAgain { client, attempt });
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
            self.hand_out(proxy);
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
