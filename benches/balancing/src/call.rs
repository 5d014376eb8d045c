//! A request of a client as its proxy sees it: it waits, is sent to a replica, to another one as well where that takes long,
//! and again elsewhere where it fails.

use crate::arrivals::Arrival;
use balancing::health::Trial;
use balancing::{Ask, Fault, HedgeStages, Moment, Start};

/// A call that has not ended.
#[derive(Debug)]
pub struct Call {
    pub arrival: Arrival,
    /// Tells it from others that had its place before.
    pub number: u64,
    /// Replicas that failed.
    pub tried: Vec<usize>,
    /// Attempts that were made.
    pub attempts: u32,
    /// When each kind of slowness of its first attempt begins.
    pub stages: Option<HedgeStages>,
    /// The attempts under way: one, or two where the first is slow.
    pub under_way: Vec<usize>,
    /// The second one was made because the first one hangs.
    pub first_hangs: bool,
}

impl Call {
    /// A call that has just come.
    pub fn new(arrival: Arrival, number: u64) -> Self {
        Self {
            arrival,
            number,
            tried: Vec::new(),
            attempts: 0,
            stages: None,
            under_way: Vec::new(),
            first_hangs: false,
        }
    }

    /// What it asks for now.
    pub fn ask(&self, now: Moment) -> Ask {
        match self.tried.is_empty() {
            true => self.arrival.ask,
            false => Ask {
                is_retry: true,
                arrived: now,
                ..self.arrival.ask
            },
        }
    }

    /// What the queue knows of it. It needs another endpoint than those that failed.
    pub fn waiting(&self) -> balancing::Waiting {
        let need = self
            .tried
            .iter()
            .fold(0, |need, replica| need ^ 1u64.rotate_left(*replica as u32));
        balancing::Waiting {
            priority: self.arrival.priority,
            cost: self.arrival.ask.cost,
            tenant: self.arrival.tenant,
            weight: 1.0,
            need,
            arrived: self.arrival.ask.arrived,
            deadline: self.arrival.ask.arrived,
        }
    }
}

/// A call at a replica.
#[derive(Debug)]
pub struct Attempt {
    /// `None`: the call ended otherwise. The replica goes on with it.
    pub call: Option<usize>,
    /// Seconds of work.
    pub size: f64,
    pub start: Start,
    pub trial: Option<Trial>,
    pub fault: Fault,
}
