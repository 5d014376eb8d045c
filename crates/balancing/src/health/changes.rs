//! What is known of a request's end beside its fault, and what was learned from it.

use super::HealthStatus;
use super::breaker::{BreakerChange, Trial};
use super::ejection::Return;
use crate::{Completion, Fault};
use std::time::Duration;

/// What is known of a request's end beside its fault.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The statement may be the cause: failures of one shape alone open no breaker.
    pub needs_two_shapes: bool,
    /// It timed out after it was sent. This counts only where other shapes timed out there as well, and these
    /// did not at its peers.
    pub timed_out: bool,
    /// The endpoint had responded to nothing for a while: no request's fault.
    pub is_silence: bool,
    /// It says that the target of the request does not exist there.
    pub denies_target: bool,
    /// How long the endpoint asked to be left alone.
    pub retry_after: Option<Duration>,
    /// The policy was free to choose the endpoint: it was none of a transaction, a key or a last write.
    pub is_free: bool,
    /// The breaker's trial that this request was.
    pub trial: Option<Trial>,
}

/// What changed at an endpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HealthChange {
    /// Its status is another one.
    Status(HealthStatus),
    Breaker(BreakerChange),
    /// It takes no requests for so long, because it stands out among its peers by failures of this kind.
    Ejected {
        pause: Duration,
        fault: Fault,
    },
    /// It takes no writes of a target for so long while others do, because its last ones failed in this way.
    WritesAvoided {
        pause: Duration,
        fault: Fault,
    },
    /// It is not asked for a target for so long while others are there: it says that it does not exist, and they serve it.
    TargetMissing {
        pause: Duration,
    },
    /// Its ejection is over.
    Readmitted(Return),
}

/// What was learned from the end of a request.
#[derive(Debug, PartialEq)]
pub struct Lesson {
    /// Whose fault it was, as far as there is evidence for it.
    pub fault: Fault,
    pub changes: Vec<HealthChange>,
    /// Whether it speaks against the endpoint itself.
    pub is_endpoints: bool,
    /// Whether it decided the breaker's trial, if it was one.
    pub decides_trial: bool,
}

impl Lesson {
    /// The completion as counts and policies are to see it: what looks like a client's mistake may be the endpoint's lag.
    pub fn correct(&self, done: &Completion) -> Completion {
        match self.fault {
            Fault::Lag => Completion {
                fault: Some(Fault::Lag),
                ..*done
            },
            _ => *done,
        }
    }

    /// Nothing but whose fault it was.
    pub(super) fn nothing(fault: Fault) -> Self {
        Self {
            fault,
            changes: Vec::new(),
            is_endpoints: false,
            decides_trial: false,
        }
    }
}
