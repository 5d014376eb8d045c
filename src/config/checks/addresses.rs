//! Addresses: no two listeners on one, and no endpoint that is a listener of our own.

use super::endpoints::sound;
use super::{endpoint_path, path};
use crate::config::{Config, Endpoint, EndpointAddress};
use crate::listen::ListenAddress;
use config_table::{Findings, Step, path_text, quoted};
use std::net::{IpAddr, Ipv4Addr};

/// An address that this process will bind.
struct Listener {
    path: Vec<Step>,
    address: ListenAddress,
    given: bool,
}

/// Checks all addresses.
pub fn check(config: &Config, findings: &mut Findings) {
    let listeners = listeners(config, findings);
    clashes(findings, &listeners);
    loops(findings, config, &listeners);
}

/// The listeners whose address is known for certain.
fn listeners(config: &Config, findings: &Findings) -> Vec<Listener> {
    let admin = Listener {
        path: path(&["admin", "listen"]),
        address: config.admin.listen.into(),
        given: true,
    };
    let services = config.services.iter().map(|(name, service)| Listener {
        path: path(&["services", name, "listen"]),
        address: service.listen_address(),
        given: service.listen.is_some(),
    });
    let known = |listener: &Listener| {
        let dialect = listener.path.split_last().map(|(_, service)| {
            let mut path = service.to_vec();
            path.push("dialect".into());
            path
        });
        findings.is_clean(&listener.path)
            && (listener.given || dialect.is_none_or(|dialect| findings.is_clean(&dialect)))
    };
    std::iter::once(admin)
        .chain(services)
        .filter(known)
        .collect()
}

fn clashes(findings: &mut Findings, listeners: &[Listener]) {
    for (index, listener) in listeners.iter().enumerate() {
        let mut before = listeners.iter().take(index);
        if let Some(other) = before.find(|other| other.address.clashes_with(&listener.address)) {
            let default = if listener.given { "" } else { " (the default)" };
            let other = path_text(&other.path);
            let found = format!("{}{default}, which {other} has as well", listener.address);
            let expected = "another address for each listener";
            findings.refuse(listener.path.clone(), found, expected);
        }
    }
}

fn loops(findings: &mut Findings, config: &Config, listeners: &[Listener]) {
    for (name, service) in &config.services {
        for (index, endpoint) in sound(findings, name, service) {
            if let Some(own) = listeners.iter().find(|own| reaches(endpoint, &own.address)) {
                let own = path_text(&own.path);
                let found = format!("{}, which is {own}", quoted(&endpoint.url));
                let expected = "the address of a server, not of pointsman itself";
                findings.refuse(endpoint_path(name, index, "url"), found, expected);
            }
        }
    }
}

/// Whether a connection to an endpoint ends at the listener, as far as the address alone tells.
fn reaches(endpoint: &Endpoint, listener: &ListenAddress) -> bool {
    let Some(EndpointAddress { host, port }) = endpoint.address() else {
        return false;
    };
    let ip = match host.eq_ignore_ascii_case("localhost") {
        true => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        false => host.parse::<IpAddr>().ok(),
    };
    ip.is_some_and(|ip| listener.is_reached_at(ip, port))
}
