//! The event log (HL-18): changes of an endpoint's status, of a breaker, of the configuration. A
//! ring with running numbers, so that a reader can ask for what is new since its last look.

use super::name::Name;
use parking_lot::Mutex;
use serde::Serialize;
use std::collections::VecDeque;

/// Events that are kept.
pub const MAX_EVENTS: usize = 1000;

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Event {
    /// Running number, from 1.
    pub number: u64,
    /// Milliseconds since 1970.
    pub at_unix_ms: u64,
    /// `status`, `breaker`, `role`, `reload`, ...: a closed set.
    pub kind: &'static str,
    /// Empty when the event is not about one service.
    pub service: Option<Name>,
    pub endpoint: Option<Name>,
    pub from: &'static str,
    pub to: &'static str,
    /// Why, for people; bounded and escaped.
    pub detail: String,
}

/// The ring of the last [`MAX_EVENTS`] events.
#[derive(Debug, Default)]
pub struct Events(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    last: u64,
    events: VecDeque<Event>,
}

impl Events {
    /// Keeps an event under the next number.
    pub fn push(&self, event: Event) {
        let mut ring = self.0.lock();
        ring.last += 1;
        let number = ring.last;
        if ring.events.len() >= MAX_EVENTS {
            ring.events.pop_front();
        }
        ring.events.push_back(Event { number, ..event });
    }

    /// The events after number `after`, oldest first.
    pub fn after(&self, after: u64) -> Vec<Event> {
        let ring = self.0.lock();
        ring.events
            .iter()
            .filter(|event| event.number > after)
            .cloned()
            .collect()
    }
}
