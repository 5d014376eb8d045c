//! The role of one endpoint: what the configuration says, what a probe found, and for a while that it
//! refused a write. Lock-free. It says which changes are events.

use super::events::EventKind;
use crate::clock::Moment;
use crate::config::RoleChoice;
use crate::dialect::Role;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

/// How long an endpoint that refused a write is taken for a reader, when no probe tells its role.
pub const REFUSED_WRITE_FOR: Duration = Duration::from_secs(30);

/// What is known of the role of one endpoint. A role is kept as a number: 0 is none.
#[derive(Debug, Default)]
pub struct KnownRole {
    configured: AtomicU8,
    found: AtomicU8,
    /// Until when it is taken for a reader because it refused a write, nanoseconds; 0 when it did not.
    refused_write_until: AtomicU64,
}

impl KnownRole {
    /// What the server says of itself: what a probe found, or a reader for a while after it refused a write.
    pub fn observed(&self, now: Moment) -> Option<Role> {
        if self.refused_write_until.load(Ordering::Relaxed) > now.0 {
            return Some(Role::Reader);
        }
        role(self.found.load(Ordering::Relaxed))
    }

    /// The role that the configuration fixes; `None` when probes tell it.
    pub fn configured(&self) -> Option<Role> {
        role(self.configured.load(Ordering::Relaxed))
    }

    /// Takes what the configuration says; gives the event when the server is known to say otherwise.
    pub fn configure(&self, choice: RoleChoice, now: Moment) -> Option<EventKind> {
        let fixed = match choice {
            RoleChoice::Auto => None,
            RoleChoice::Writer => Some(Role::Writer),
            RoleChoice::Reader => Some(Role::Reader),
        };
        let before = self.configured.swap(code(fixed), Ordering::Relaxed);
        let observed = self.observed(now)?;
        let differs = fixed.is_some_and(|fixed| fixed != observed);
        (differs && before != code(fixed)).then_some(EventKind::RoleDiffers)
    }

    /// Takes what a probe found; gives the event when that is a change.
    pub fn found(&self, found: Role, now: Moment) -> Option<EventKind> {
        let before = self.observed(now);
        self.refused_write_until.store(0, Ordering::Relaxed);
        self.found.store(code(Some(found)), Ordering::Relaxed);
        self.change(before, found)
    }

    /// It refused a write for its role; gives the event when that is a change.
    pub fn refused_write(&self, now: Moment) -> Option<EventKind> {
        let before = self.observed(now);
        let until = (now + REFUSED_WRITE_FOR).0;
        self.refused_write_until.fetch_max(until, Ordering::Relaxed);
        self.change(before, Role::Reader)
    }

    /// A fixed role does not change with what the server says: only a difference is an event, and its end.
    fn change(&self, before: Option<Role>, after: Role) -> Option<EventKind> {
        if before == Some(after) {
            return None;
        }
        match self.configured() {
            Some(fixed) if fixed != after => Some(EventKind::RoleDiffers),
            Some(_) if before.is_none() => None,
            _ => Some(match after {
                Role::Writer => EventKind::RoleWriter,
                Role::Reader => EventKind::RoleReader,
            }),
        }
    }
}

fn code(role: Option<Role>) -> u8 {
    match role {
        None => 0,
        Some(Role::Writer) => 1,
        Some(Role::Reader) => 2,
    }
}

fn role(code: u8) -> Option<Role> {
    match code {
        1 => Some(Role::Writer),
        2 => Some(Role::Reader),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(0);

    #[test]
    fn a_configured_role_that_the_server_confirms_is_no_event() {
        let known = KnownRole::default();
        assert_eq!(known.configure(RoleChoice::Writer, NOW), None);
        assert_eq!(known.found(Role::Writer, NOW), None);
    }

    #[test]
    fn a_server_that_contradicts_its_configured_role_is_told_once_and_so_is_the_end_of_it() {
        let known = KnownRole::default();
        known.configure(RoleChoice::Writer, NOW);
        let found = [Role::Reader, Role::Reader, Role::Writer].map(|role| known.found(role, NOW));
        use EventKind::{RoleDiffers, RoleWriter};
        assert_eq!(found, [Some(RoleDiffers), None, Some(RoleWriter)]);
        assert_eq!(known.refused_write(NOW), Some(RoleDiffers));
    }

    #[test]
    fn a_reload_that_fixes_another_role_than_the_server_has_tells_so_once() {
        let known = KnownRole::default();
        known.found(Role::Reader, NOW);
        let told = [RoleChoice::Writer, RoleChoice::Writer, RoleChoice::Auto]
            .map(|choice| known.configure(choice, NOW));
        assert_eq!(told, [Some(EventKind::RoleDiffers), None, None]);
    }
}
