//! Endpoints in virtual time, driven by a policy: requests arrive as they were recorded, wait where the policy picks none,
//! and take as long as the model of their endpoint says.

use super::model::Model;
use super::{ReplayedEndpoint, after};
use crate::{
    Ask, Completion, EndpointLoad, EndpointView, Fault, Moment, Policy, PoolView, Random, Standing,
    Start, TimeWindow,
};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// The share that the past keeps in the moving mean of the times.
const PAST: f64 = 0.9;
/// Times that make the mean of a class.
const RECENT: usize = 10;
/// Classes of complexity.
const CLASSES: usize = 4;

/// Endpoints in virtual time.
pub struct VirtualPool<'a> {
    models: &'a [Model],
    policy: &'a dyn Policy,
    slowest: f64,
    random: Random,
    now: Moment,
    views: Vec<EndpointView>,
    windows: Vec<TimeWindow>,
    classes: Vec<[ClassTimes; CLASSES]>,
    waiting: VecDeque<(Ask, f64)>,
    running: BTreeMap<usize, Start>,
    started: usize,
    ends: BinaryHeap<Reverse<(Moment, usize)>>,
    /// Seconds from arrival to the end.
    pub latencies: Vec<f64>,
    /// Expected successes.
    pub successes: f64,
    /// Requests by endpoint.
    pub taken: Vec<u64>,
}

/// The last times of one class.
#[derive(Debug, Clone, Default)]
struct ClassTimes {
    recent: VecDeque<f64>,
    last_chosen: Option<Moment>,
}

impl<'a> VirtualPool<'a> {
    /// Idle endpoints.
    pub fn new(
        endpoints: &[ReplayedEndpoint],
        models: &'a [Model],
        policy: &'a dyn Policy,
        slowest: f64,
        seed: u64,
    ) -> Self {
        Self {
            models,
            policy,
            slowest,
            random: Random::seeded(seed),
            now: Moment(0),
            views: endpoints.iter().map(idle).collect(),
            windows: endpoints.iter().map(|_| TimeWindow::default()).collect(),
            classes: vec![Default::default(); endpoints.len()],
            waiting: VecDeque::new(),
            running: BTreeMap::new(),
            started: 0,
            ends: BinaryHeap::new(),
            latencies: Vec::new(),
            successes: 0.0,
            taken: vec![0; endpoints.len()],
        }
    }

    /// A request of this size arrives; those that end before do so first.
    pub fn arrive(&mut self, ask: Ask, size: f64) {
        while let Some(Reverse((at, _))) = self.ends.peek()
            && *at <= ask.arrived
        {
            self.end();
        }
        self.now = self.now.max(ask.arrived);
        self.waiting.push_back((ask, size));
        self.give_out();
    }

    /// Lets all end. What waits while nothing is in flight is not picked any more.
    pub fn finish(&mut self) {
        while !self.ends.is_empty() {
            self.end();
        }
    }

    fn give_out(&mut self) {
        while let Some((ask, size)) = self.waiting.front().copied() {
            let Some(index) = self.pick(&ask) else { return };
            self.waiting.pop_front();
            self.start(index, ask, size);
        }
    }

    fn pick(&mut self, ask: &Ask) -> Option<usize> {
        let class = usize::from(ask.class).min(CLASSES - 1);
        for (view, classes) in self.views.iter_mut().zip(&self.classes) {
            view.standing = match view.is_full(ask.cost) {
                true => Standing::Full,
                false => Standing::PREFERRED,
            };
            if let Some(times) = classes.get(class) {
                let count = times.recent.len() as f64;
                let mean = times.recent.iter().sum::<f64>() / count;
                view.recent_mean = (count > 0.0).then_some(mean);
                view.last_chosen = times.last_chosen;
            }
        }
        let pool = PoolView::new(&self.views, Standing::PREFERRED, self.now, self.slowest);
        if pool.is_empty() {
            return None;
        }
        Some(self.policy.pick(&pool, ask, &mut self.random)?.index)
    }

    fn start(&mut self, endpoint: usize, ask: Ask, size: f64) {
        let (Some(view), Some(model)) = (self.views.get_mut(endpoint), self.models.get(endpoint))
        else {
            return;
        };
        view.load.in_flight += 1;
        view.load.cost += ask.cost;
        let start = Start {
            endpoint,
            in_flight: view.load.in_flight,
            ask,
            now: self.now,
        };
        let end = after(self.now, model.seconds(size, view.load.in_flight));
        self.successes += 1.0 - model.failures;
        self.started += 1;
        self.running.insert(self.started, start);
        self.ends.push(Reverse((end, self.started)));
        if let Some(times) = class_times(&mut self.classes, &start) {
            times.last_chosen = Some(self.now);
        }
        if let Some(taken) = self.taken.get_mut(endpoint) {
            *taken += 1;
        }
        self.policy.on_start(&start);
    }

    /// The next request ends.
    fn end(&mut self) {
        let Some(Reverse((at, number))) = self.ends.pop() else {
            return;
        };
        let Some(start) = self.running.remove(&number) else {
            return;
        };
        self.now = self.now.max(at);
        let seconds = (self.now - start.now).as_secs_f64();
        if let Some(view) = self.views.get_mut(start.endpoint) {
            view.load.in_flight = view.load.in_flight.saturating_sub(1);
            view.load.cost = match view.load.in_flight {
                0 => 0.0,
                _ => view.load.cost - start.ask.cost,
            };
            let before = view.load.mean_time;
            let mean = before.map_or(seconds, |mean| PAST * mean + (1.0 - PAST) * seconds);
            view.load.mean_time = Some(mean);
            if let Some(window) = self.windows.get_mut(start.endpoint) {
                view.window_mean = Some(window.add(seconds));
            }
        }
        if let Some(times) = class_times(&mut self.classes, &start) {
            if times.recent.len() >= RECENT {
                times.recent.pop_front();
            }
            times.recent.push_back(seconds);
        }
        self.latencies
            .push((self.now - start.ask.arrived).as_secs_f64());
        self.policy.on_finish(&Completion {
            start,
            now: self.now,
            service_time: self.now - start.now,
            fault: Some(Fault::None),
            outpaced: false,
        });
        self.give_out();
    }
}

fn class_times<'c>(
    classes: &'c mut [[ClassTimes; CLASSES]],
    start: &Start,
) -> Option<&'c mut ClassTimes> {
    let class = usize::from(start.ask.class).min(CLASSES - 1);
    classes.get_mut(start.endpoint)?.get_mut(class)
}

fn idle(endpoint: &ReplayedEndpoint) -> EndpointView {
    EndpointView {
        weight: endpoint.weight,
        load: EndpointLoad {
            max_connections: endpoint.max_connections,
            ..EndpointView::IDLE.load
        },
        ..EndpointView::IDLE
    }
}
