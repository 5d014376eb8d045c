//! How many requests were refused a place in the queue of a service, by the reason.

use balancing::{QueueRefusal, Refusal};
use serde::Serialize;

/// Refusals since the service was configured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct QueueRefusals {
    pub queue_full: u64,
    pub tenant_share: u64,
    pub wait_too_long: u64,
    pub queue_timeout: u64,
    /// Not refused: their clients left while they waited.
    pub left: u64,
    pub shed: u64,
}

impl QueueRefusals {
    /// One more, whose client left while it waited.
    pub fn leave(&mut self) {
        self.left += 1;
    }

    /// One more.
    pub fn count(&mut self, refusal: &Refusal) {
        let count = match refusal.why {
            QueueRefusal::QueueFull => &mut self.queue_full,
            QueueRefusal::TenantShare => &mut self.tenant_share,
            QueueRefusal::WaitTooLong => &mut self.wait_too_long,
            QueueRefusal::QueueTimeout => &mut self.queue_timeout,
            QueueRefusal::Shed => &mut self.shed,
        };
        *count += 1;
    }

    /// All for want of room; what was shed is left out, so that shedding is no reason to shed.
    pub fn for_want_of_room(&self) -> u64 {
        let at_once = self.queue_full + self.tenant_share;
        at_once + self.wait_too_long + self.queue_timeout + self.left
    }
}
