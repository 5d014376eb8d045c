//! What a proxy knows of a replica: the one place where views are made of it and where the ends of requests are told.

use crate::settings::Settings;
use balancing::health::{
    BreakerChange, EndpointHealth, Evidence, HealthChange, HealthSettings, ProbeOutcome, Trial,
};
use balancing::{Ask, Completion, EndpointLoad, EndpointView, Fault, Moment, Start, TimeWindow};
use std::collections::VecDeque;
use std::sync::Arc;

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
    cost: f64,
    mean_time: Option<f64>,
    window: TimeWindow,
    window_mean: Option<f64>,
    last_response: Option<Moment>,
    classes: [ClassTimes; CLASSES],
    health: Arc<EndpointHealth>,
    health_settings: HealthSettings,
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
    pub fn new(settings: &Settings, weight: f64, health: Arc<EndpointHealth>) -> Self {
        Self {
            weight,
            max_connections: settings.max_connections,
            in_flight: 0,
            cost: 0.0,
            mean_time: None,
            window: TimeWindow::default(),
            window_mean: None,
            last_response: None,
            classes: Default::default(),
            health,
            health_settings: settings.health_settings(),
        }
    }

    /// How it stands for a request. `is_present`: it is among the addresses of its service.
    pub fn view(&self, is_present: bool, ask: &Ask, now: Moment) -> EndpointView {
        let class = self.class(ask);
        EndpointView {
            is_resolved: is_present,
            weight: self.weight,
            health: self.health.view(ask, &self.health_settings, now),
            load: EndpointLoad {
                in_flight: self.in_flight,
                max_connections: self.max_connections,
                cost: self.cost,
                mean_time: self.mean_time,
                error_rate: self.health.error_rate(now),
                ..EndpointView::IDLE.load
            },
            window_mean: self.window_mean,
            recent_mean: class.mean,
            last_chosen: class.last_chosen,
            last_response: self.last_response,
            ..EndpointView::IDLE
        }
    }

    /// Requests in flight.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// A request begins.
    pub fn start(&mut self, start: &Start) {
        self.in_flight += 1;
        self.cost += start.ask.cost;
        let class = usize::from(start.ask.class).min(CLASSES - 1);
        self.classes[class].last_chosen = Some(start.now);
    }

    /// Takes the trial of its breaker, if it is due.
    pub fn claim_trial(&self, now: Moment) -> Option<Trial> {
        self.health.claim_trial(now)
    }

    /// A request ended, which the policy was free to send here. `trial`: the one that it was. Whether the replicas are to be
    /// probed soon.
    pub fn finish(
        &mut self,
        completion: &Completion,
        trial: Option<Trial>,
        timed_out: bool,
    ) -> bool {
        self.in_flight -= 1;
        self.cost = match self.in_flight {
            0 => 0.0,
            _ => self.cost - completion.start.ask.cost,
        };
        let evidence = Evidence {
            timed_out,
            is_free: true,
            trial,
            ..Evidence::default()
        };
        let settings = &self.health_settings;
        let lesson = self.health.on_finish(completion, &evidence, settings);
        if let Some(trial) = evidence.trial.filter(|_| !lesson.decides_trial) {
            self.health.release_trial(trial);
        }
        if completion.fault.is_some() && !completion.outpaced {
            self.last_response = Some(completion.now);
        }
        if completion.fault == Some(Fault::None) {
            self.learn(completion);
        }
        lesson.changes.iter().any(is_down)
    }

    /// A probe found this.
    pub fn probed(&self, outcome: ProbeOutcome, now: Moment) {
        self.health.probing(now);
        self.health.probed(outcome, &self.health_settings, now);
    }

    /// Whether it is out, or its last probe failed.
    pub fn is_in_trouble(&self, now: Moment) -> bool {
        self.health.is_in_trouble(now)
    }

    fn learn(&mut self, completion: &Completion) {
        let seconds = completion.service_time.as_secs_f64();
        let mean = self.mean_time.unwrap_or(seconds);
        self.window_mean = Some(self.window.add(seconds));
        self.mean_time = Some(PAST * mean + (1.0 - PAST) * seconds);
        let class = usize::from(completion.start.ask.class).min(CLASSES - 1);
        self.classes[class].add(seconds);
    }

    fn class(&self, ask: &Ask) -> &ClassTimes {
        &self.classes[usize::from(ask.class).min(CLASSES - 1)]
    }
}

/// Whether a change takes an endpoint out.
fn is_down(change: &HealthChange) -> bool {
    match change {
        HealthChange::Ejected { .. } => true,
        HealthChange::Breaker(change) => *change != BreakerChange::Closed,
        HealthChange::Status(_)
        | HealthChange::WritesAvoided { .. }
        | HealthChange::TargetMissing { .. }
        | HealthChange::Readmitted(_) => false,
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
