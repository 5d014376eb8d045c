//! What is known of the server behind an endpoint, however it fares: its addresses, its role, whether it
//! takes our probe credential, whether it has ever responded. What changes is told as an event.

use super::addresses::Addresses;
use super::credential::CredentialGate;
use super::events::{EventKind, EventLog, Subject};
use super::first_response::FirstResponse;
use super::identity::Identity;
use super::known_role::KnownRole;
use super::room_signal::RoomSignal;
use crate::clock::Moment;
use crate::config::RoleChoice;
use crate::dialect::Role;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// What is known of one server. Read without a lock.
#[derive(Debug)]
pub struct ServerFacts {
    identity: Identity,
    addresses: Addresses,
    role: KnownRole,
    credential: CredentialGate,
    first_response: FirstResponse,
    pub(super) events: Arc<EventLog>,
    room: Arc<RoomSignal>,
}

impl ServerFacts {
    /// A server of which nothing is known but where it is.
    pub fn new(identity: Identity, events: Arc<EventLog>, room: Arc<RoomSignal>) -> Self {
        Self {
            addresses: Addresses::of(&identity.address),
            identity,
            role: KnownRole::default(),
            credential: CredentialGate::default(),
            first_response: FirstResponse::default(),
            events,
            room,
        }
    }

    /// Which endpoint it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The addresses; empty when its name was never resolved.
    pub fn addresses(&self) -> Arc<Vec<SocketAddr>> {
        self.addresses.all()
    }

    /// Whether there is an address to go to.
    pub fn is_resolved(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// The address to go to now. A failure moves on to the next one of the name.
    pub fn address(&self) -> Option<SocketAddr> {
        self.addresses.current()
    }

    /// Takes the addresses of its name. An empty list leaves the last good one.
    pub(super) fn resolved(&self, addresses: Vec<SocketAddr>, now: Moment) {
        if self.addresses.found(addresses, now) {
            let all = self.addresses.all();
            self.tell(EventKind::Resolved, format!("{all:?}"));
        }
    }

    /// Its name could not be resolved; it keeps the addresses that it has.
    pub fn not_resolved(&self) {
        if self.addresses.not_found() {
            let why = format!("{} has no address", self.identity.address.host);
            self.tell(EventKind::ResolutionFailed, why);
        }
    }

    /// Uses the next address of the name, where there is one.
    pub fn move_on(&self, now: Moment) {
        self.addresses.move_on(now);
    }

    /// Whether another address came into use a short while ago: it may be another server.
    pub fn has_moved(&self, within: Duration, now: Moment) -> bool {
        self.addresses.has_moved(within, now)
    }

    /// The role that the server has by its own word.
    pub fn role(&self, now: Moment) -> Option<Role> {
        self.role.observed(now)
    }

    /// Takes the role that the configuration says.
    pub fn configure_role(&self, choice: RoleChoice, now: Moment) {
        let what = self.role.configure(choice, now);
        self.tell_role(what, "configuration");
    }

    /// Takes the role that a probe found.
    pub fn found_role(&self, role: Role, now: Moment) {
        self.tell_role(self.role.found(role, now), "probe");
    }

    /// It refused a write for its role.
    pub fn refused_write(&self, now: Moment) {
        self.tell_role(self.role.refused_write(now), "refused a write");
    }

    /// Whether it takes our probe credential.
    pub fn credential(&self) -> &CredentialGate {
        &self.credential
    }

    /// It refused our probe credential: what needs it waits.
    pub fn credential_refused(&self, now: Moment) {
        if let Some(pause) = self.credential.refused(now) {
            let why = format!(
                "roles and metadata are not asked for; next try in {} s",
                pause.as_secs()
            );
            self.tell(EventKind::ProbeCredentialRefused, why);
        }
    }

    /// It asks for a credential, and none is configured: what needs it waits.
    pub fn credential_missing(&self, now: Moment) {
        if self.credential.missing(now).is_some() {
            let why =
                "none is configured: roles and metadata are not known, and probes are mere pings";
            self.tell(EventKind::ProbeCredentialMissing, why);
        }
    }

    /// It took our probe credential.
    pub fn credential_accepted(&self) {
        if self.credential.accepted() {
            self.tell(EventKind::ProbeCredentialAccepted, "probe");
        }
    }

    /// Whether it has ever responded, to a probe or a request.
    pub fn has_responded(&self) -> bool {
        self.first_response.has_come()
    }

    /// It responded, to a probe or a request.
    pub fn responded(&self) {
        self.first_response.came();
    }

    /// Says once that it does not respond: it takes some probes more until its status tells.
    pub fn did_not_respond(&self, why: &str) {
        if self.first_response.missed() {
            let Identity { service, name, .. } = &self.identity;
            tracing::warn!(%service, endpoint = %name, why, "does not respond to its first probe");
        }
    }

    /// Tells an event of this endpoint. Each is a change, so who waits for an endpoint looks again.
    pub fn tell(&self, what: EventKind, why: impl Into<String>) {
        let Identity { service, name, .. } = &self.identity;
        let about = Subject::Endpoint(service, name);
        self.events.record(about, what, why);
        self.room.changed();
    }

    fn tell_role(&self, what: Option<EventKind>, why: &str) {
        match what {
            Some(EventKind::RoleDiffers) => {
                let why = format!("{why}: differs from the configured role, which is kept");
                self.tell(EventKind::RoleDiffers, why);
            }
            Some(what) => self.tell(what, why),
            None => {}
        }
    }
}
