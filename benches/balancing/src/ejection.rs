//! Ejection after failures in a row, as proxies do it.

use balancing::{Completion, Fault, Gate, Moment};
use std::time::Duration;

/// Failures in a row that eject.
const THRESHOLD: u32 = 5;
/// How long, times the ejections so far.
const BASE: Duration = Duration::from_secs(30);

/// The ejection of one endpoint.
#[derive(Debug, Default)]
pub struct Ejection {
    failures_in_a_row: u32,
    ejections: u32,
    until: Moment,
}

impl Ejection {
    /// What it lets through.
    pub fn gate(&self, now: Moment) -> Gate {
        match now < self.until {
            true => Gate::Open(self.until),
            false => Gate::Closed,
        }
    }

    /// Learns from the end of a request.
    pub fn finish(&mut self, completion: &Completion) {
        // What ends while it is ejected was there before, or came because all are.
        if completion.now < self.until {
            return;
        }
        self.failures_in_a_row = match completion.fault {
            Some(Fault::None) => 0,
            Some(Fault::Endpoint) => self.failures_in_a_row + 1,
            Some(_) | None => return,
        };
        if self.failures_in_a_row >= THRESHOLD {
            self.failures_in_a_row = 0;
            self.ejections += 1;
            self.until = completion.now + BASE * self.ejections;
        }
    }
}
