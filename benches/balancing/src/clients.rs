//! Clients that give up after a time, and try again.

use crate::arrivals::Arrival;
use crate::scenario;
use balancing::Moment;
use std::time::Duration;

/// How long a client waits after a refusal before it tries again.
pub const AFTER_REFUSAL: Duration = Duration::from_millis(100);

/// All clients of a run; none where clients wait forever.
#[derive(Debug)]
pub struct Clients {
    rules: Option<scenario::Clients>,
    all: Vec<Client>,
}

#[derive(Debug)]
struct Client {
    arrival: Arrival,
    first_arrived: Moment,
    is_answered: bool,
}

impl Clients {
    /// Clients that behave so.
    pub fn new(rules: Option<scenario::Clients>) -> Self {
        Self {
            rules,
            all: Vec::new(),
        }
    }

    /// How long clients wait.
    pub fn deadline(&self) -> Option<Duration> {
        let rules = self.rules?;
        Some(Duration::from_secs_f64(rules.deadline))
    }

    /// A client comes with its request.
    pub fn add(&mut self, arrival: &mut Arrival) {
        if self.rules.is_some() {
            arrival.client = self.all.len();
            self.all.push(Client {
                arrival: *arrival,
                first_arrived: arrival.ask.arrived,
                is_answered: false,
            });
        }
    }

    /// The next attempt of a client whose attempt was refused or has timed out, if it makes one.
    pub fn again(&mut self, client: usize, attempt: u32, now: Moment) -> Option<Arrival> {
        let retries = self.rules?.retries;
        let client = &mut self.all[client];
        let arrival = &mut client.arrival;
        if client.is_answered || arrival.attempt != attempt || attempt >= retries {
            return None;
        }
        arrival.attempt += 1;
        arrival.ask.arrived = now;
        Some(*arrival)
    }

    /// An attempt was answered. When the client first came, if it still waited for it.
    pub fn answered(&mut self, arrival: &Arrival, now: Moment) -> Option<Moment> {
        let Some(deadline) = self.deadline() else {
            return Some(arrival.ask.arrived);
        };
        let client = &mut self.all[arrival.client];
        let is_current = client.arrival.attempt == arrival.attempt && !client.is_answered;
        let in_time = now - arrival.ask.arrived <= deadline;
        client.is_answered |= is_current && in_time;
        (is_current && in_time).then_some(client.first_arrived)
    }
}
