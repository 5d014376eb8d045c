//! What a proxy knows of a replica: the one place where views are made of it and where the ends of requests are told.

use crate::ejection::Ejection;
use crate::settings::Settings;
use balancing::{
    Ask, Completion, Distance, EndpointLoad, EndpointView, Fault, Gate, HealthView, Moment,
    Standing, Start, WriteFitness,
};
use std::collections::VecDeque;

/// Times that make the recent mean.
const RECENT: usize = 10;
/// The share that the past keeps in the moving mean.
const PAST: f64 = 0.9;
/// Classes of complexity.
const CLASSES: usize = 4;

/// An endpoint as one proxy sees it.
#[derive(Debug)]
pub struct SimEndpoint {
    weight: f64,
    max_connections: u32,
    in_flight: u32,
    mean_time: Option<f64>,
    classes: [ClassTimes; CLASSES],
    last_failure: Option<Moment>,
    ejection: Option<Ejection>,
}

/// The last times of requests of one class.
#[derive(Debug, Default)]
struct ClassTimes {
    recent: VecDeque<f64>,
    mean: Option<f64>,
    last_chosen: Option<Moment>,
}

impl SimEndpoint {
    /// One of which nothing is known but its configured weight.
    pub fn new(settings: &Settings, weight: f64) -> Self {
        Self {
            weight,
            max_connections: settings.max_connections,
            in_flight: 0,
            mean_time: None,
            classes: Default::default(),
            last_failure: None,
            ejection: settings.ejection.then(Ejection::default),
        }
    }

    /// How it stands for a request. `is_present`: it is among the addresses of its service.
    pub fn view(&self, is_present: bool, ask: &Ask, now: Moment) -> EndpointView {
        let class = self.class(ask);
        EndpointView {
            standing: Standing::default(),
            is_tried: false,
            is_home: false,
            is_resolved: is_present,
            weight: self.weight,
            write_fitness: WriteFitness::Unknown,
            health: HealthView {
                gate: self.gate(now),
                last_failure: self.last_failure,
                ..HealthView::GOOD
            },
            distance: Distance::Near,
            load: EndpointLoad {
                in_flight: self.in_flight,
                max_connections: self.max_connections,
                mean_time: self.mean_time,
                ..EndpointLoad::default()
            },
            recent_mean: class.mean,
            last_chosen: class.last_chosen,
        }
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// A request begins.
    pub fn start(&mut self, start: &Start) {
        self.in_flight += 1;
        let class = usize::from(start.ask.class).min(CLASSES - 1);
        self.classes[class].last_chosen = Some(start.now);
    }

    /// A request ended.
    pub fn finish(&mut self, completion: &Completion) {
        self.in_flight -= 1;
        if let Some(ejection) = &mut self.ejection {
            ejection.finish(completion);
        }
        match completion.fault {
            Some(Fault::None) => self.learn(completion),
            Some(_) => self.last_failure = Some(completion.now),
            None => {}
        }
    }

    fn gate(&self, now: Moment) -> Gate {
        let ejection = self.ejection.as_ref();
        ejection.map_or(Gate::Closed, |ejection| ejection.gate(now))
    }

    fn learn(&mut self, completion: &Completion) {
        let seconds = completion.service_time.as_secs_f64();
        let mean = self.mean_time.unwrap_or(seconds);
        self.mean_time = Some(PAST * mean + (1.0 - PAST) * seconds);
        let class = usize::from(completion.start.ask.class).min(CLASSES - 1);
        self.classes[class].add(seconds);
    }

    fn class(&self, ask: &Ask) -> &ClassTimes {
        &self.classes[usize::from(ask.class).min(CLASSES - 1)]
    }
}

impl ClassTimes {
    fn add(&mut self, seconds: f64) {
        if self.recent.len() >= RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(seconds);
        let sum: f64 = self.recent.iter().sum();
        self.mean = Some(sum / self.recent.len() as f64);
    }
}
