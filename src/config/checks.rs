//! Checks across values: what each key alone cannot see. A service with a problem of its own is left
//! out, so that one mistake is reported once.

use super::decode::units::duration_text;
use super::decode::{Note, Problem, quoted};
use super::tree::{Node, Step, path_text};
use super::{Config, DialectName, Endpoint, Service};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Reports everything that does not fit together.
pub fn check(config: &Config, tree: &Node, problems: &mut Vec<Problem>, notes: &mut Vec<Note>) {
    let mut ground = Ground {
        tree,
        problems,
        notes,
    };
    let good: Vec<(&str, &Service)> = config
        .services
        .iter()
        .map(|(name, service)| (name.as_str(), service))
        .filter(|(name, _)| ground.is_clean(&path(&["services", name])))
        .collect();
    ground.some_service(config);
    for (name, service) in &good {
        ground.endpoints(name, service);
        ground.ports(name, service);
    }
    let listeners = listeners(config, &good);
    ground.listeners(&listeners);
    ground.loops(&good, &listeners);
    ground.admin(config);
    ground.breaker(config);
}

struct Ground<'a> {
    tree: &'a Node,
    problems: &'a mut Vec<Problem>,
    notes: &'a mut Vec<Note>,
}

/// An address that this process will bind.
struct Listener {
    path: Vec<Step>,
    address: SocketAddr,
    given: bool,
}

impl Ground<'_> {
    fn refuse(&mut self, path: Vec<Step>, found: impl Into<String>, expected: impl Into<String>) {
        self.problems.push(Problem {
            place: self.tree.place_of(&path).clone(),
            path,
            found: found.into(),
            expected: expected.into(),
        });
    }

    /// Whether nothing was reported at or below a path, nor of the whole.
    fn is_clean(&self, path: &[Step]) -> bool {
        !self
            .problems
            .iter()
            .any(|problem| problem.path.is_empty() || problem.path.starts_with(path))
    }

    fn some_service(&mut self, config: &Config) {
        let path = path(&["services"]);
        if config.services.is_empty() && self.is_clean(&path) {
            self.refuse(
                path,
                "no service",
                "at least one, with a dialect and endpoints",
            );
        }
    }

    fn endpoints(&mut self, name: &str, service: &Service) {
        let list = path(&["services", name, "endpoints"]);
        if service.endpoints.is_empty() {
            self.refuse(
                list,
                "no endpoint",
                "at least one, such as `- http://127.0.0.1:6333`",
            );
            return;
        }
        self.doubles(&list, "url", service, |endpoint| {
            endpoint.authority().to_lowercase()
        });
        self.doubles(&list, "name", service, |endpoint| endpoint.name.clone());
    }

    fn doubles(
        &mut self,
        list: &[Step],
        key: &str,
        service: &Service,
        value: impl Fn(&Endpoint) -> String,
    ) {
        let mut first: HashMap<String, usize> = HashMap::new();
        for (index, endpoint) in service.endpoints.iter().enumerate() {
            let value = value(endpoint);
            if let Some(first) = first.get(&value) {
                let found = format!("{}, which endpoints[{first}] has as well", quoted(&value));
                let mut path = list.to_vec();
                path.push(index.into());
                if self.is_clean(&path) {
                    path.push(key.into());
                    self.refuse(
                        path,
                        found,
                        format!("another {key} for each endpoint of a service"),
                    );
                }
            } else {
                first.insert(value, index);
            }
        }
    }

    /// Ports on which the databases speak something else are worth a word.
    fn ports(&mut self, name: &str, service: &Service) {
        for (index, endpoint) in service.endpoints.iter().enumerate() {
            let port = endpoint.host_and_port().map(|(_, port)| port);
            let Some((_, _, word)) = ODD_PORTS
                .iter()
                .find(|(dialect, odd, _)| *dialect == service.dialect && Some(*odd) == port)
            else {
                continue;
            };
            let mut path = path(&["services", name, "endpoints"]);
            path.extend([index.into(), "url".into()]);
            self.notes.push(Note {
                place: self.tree.place_of(&path).clone(),
                text: format!("{}: {word}", path_text(&path)),
            });
        }
    }

    fn listeners(&mut self, listeners: &[Listener]) {
        for (index, listener) in listeners.iter().enumerate() {
            let before = listeners.iter().take(index);
            if let Some(other) = before
                .into_iter()
                .find(|other| clash(other.address, listener.address))
            {
                let default = if listener.given { "" } else { " (the default)" };
                let found = format!(
                    "{}{default}, which {} has as well",
                    listener.address,
                    path_text(&other.path)
                );
                self.refuse(
                    listener.path.clone(),
                    found,
                    "another address for each listener",
                );
            }
        }
    }

    fn loops(&mut self, services: &[(&str, &Service)], listeners: &[Listener]) {
        for (name, service) in services {
            for (index, endpoint) in service.endpoints.iter().enumerate() {
                let target = endpoint
                    .host_and_port()
                    .and_then(|(host, port)| Some((local(host)?, port)));
                let own = |listener: &&Listener| {
                    target.is_some_and(|(ip, port)| reaches(ip, port, listener.address))
                };
                if let Some(own) = listeners.iter().find(own) {
                    let mut path = path(&["services", name, "endpoints"]);
                    path.extend([index.into(), "url".into()]);
                    let found = format!(
                        "{}, which is {}",
                        quoted(&endpoint.url),
                        path_text(&own.path)
                    );
                    self.refuse(
                        path,
                        found,
                        "the address of a server, not of pointsman itself",
                    );
                }
            }
        }
    }

    fn admin(&mut self, config: &Config) {
        let address = config.admin.listen;
        let path = path(&["admin", "operate_token"]);
        if !address.ip().is_loopback()
            && config.admin.operate_token.is_none()
            && self.is_clean(&path)
        {
            let found = format!("no token, though admin.listen is {address}");
            self.refuse(
                path,
                found,
                "a token, or a loopback address such as 127.0.0.1:9600",
            );
        }
    }

    fn breaker(&mut self, config: &Config) {
        let (low, high) = (config.breaker.open_for, config.breaker.open_at_most);
        if high < low && self.is_clean(&path(&["breaker"])) {
            let expected = format!("at least breaker.open_for, {}", duration_text(low));
            self.refuse(
                path(&["breaker", "open_at_most"]),
                duration_text(high),
                expected,
            );
        }
    }
}

/// Dialect, port, and why it is probably not meant.
const ODD_PORTS: &[(DialectName, u16, &str)] = &[
    (
        DialectName::Qdrant,
        6334,
        "6334 is Qdrant's gRPC port by default; its REST port is 6333",
    ),
    (
        DialectName::Neo4j,
        7687,
        "7687 is Neo4j's Bolt port by default; its HTTP port is 7474",
    ),
    (
        DialectName::Neo4j,
        7473,
        "7473 is Neo4j's HTTPS port by default; its HTTP port is 7474",
    ),
];

fn path(parts: &[&str]) -> Vec<Step> {
    parts.iter().map(|part| Step::from(*part)).collect()
}

fn listeners(config: &Config, services: &[(&str, &Service)]) -> Vec<Listener> {
    let admin = Listener {
        path: path(&["admin", "listen"]),
        address: config.admin.listen,
        given: config.admin.listen != super::Admin::default().listen,
    };
    let each = services.iter().map(|(name, service)| Listener {
        path: path(&["services", name, "listen"]),
        address: service.listen_address(),
        given: service.listen.is_some(),
    });
    std::iter::once(admin).chain(each).collect()
}

/// Whether both cannot be bound. Port 0 is a free port each time.
fn clash(a: SocketAddr, b: SocketAddr) -> bool {
    let wide = a.ip().is_unspecified() || b.ip().is_unspecified();
    a.port() == b.port() && a.port() != 0 && (wide || a.ip() == b.ip())
}

/// Whether a connection to this address ends at the listener.
fn reaches(ip: IpAddr, port: u16, listener: SocketAddr) -> bool {
    let wide = listener.ip().is_unspecified() && (ip.is_loopback() || ip.is_unspecified());
    port == listener.port() && (wide || ip == listener.ip())
}

/// The address that a host stands for without asking anyone.
fn local(host: &str) -> Option<IpAddr> {
    match host.eq_ignore_ascii_case("localhost") {
        true => Some(IpAddr::from([127, 0, 0, 1])),
        false => host.parse().ok(),
    }
}
