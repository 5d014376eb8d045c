//! What is carried from one snapshot to the next.

use super::{Carried, Service, Snapshot};
use crate::clock::Clock;
use crate::config;
use crate::endpoint::Registry;
use balancing::policies::PolicyRegistry;
use std::collections::BTreeMap;
use std::sync::Arc;

struct Process {
    registry: Arc<Registry>,
    last: Option<Snapshot>,
}

impl Process {
    fn new() -> Self {
        Self {
            registry: Arc::default(),
            last: None,
        }
    }

    /// Takes services, each a line, as a reload does.
    fn take(&mut self, services: &[&str]) -> &Snapshot {
        let text = format!("services:\n  {}\n", services.join("\n  "));
        let loaded = config::read(&text, "f.yaml", &BTreeMap::new(), &[]).unwrap();
        let generation = self.last.as_ref().map_or(1, |last| last.generation + 1);
        let carried = Carried {
            clock: &Clock::manual(),
            registry: &self.registry,
            policies: &PolicyRegistry::default(),
        };
        let config = Arc::new(loaded.config);
        let next = Snapshot::compile(config, generation, carried, self.last.as_ref()).unwrap();
        self.last.insert(next)
    }

    fn service(&mut self, services: &[&str]) -> Arc<Service> {
        self.take(services).services().next().unwrap().clone()
    }
}

/// Whether two dialects stand on the same learned state.
fn share(one: &Service, other: &Service) -> bool {
    match (one.dialect.learned(), other.dialect.learned()) {
        (Some(one), Some(other)) => Arc::ptr_eq(&one, &other),
        _ => false,
    }
}

#[test]
fn replicas_that_come_and_go_take_nothing_that_was_learned_or_stored() {
    for dialect in ["qdrant", "neo4j"] {
        let with = |urls: &str| format!("s: {{dialect: {dialect}, endpoints: [{urls}]}}");
        let mut process = Process::new();
        let first = process.service(&[&with("http://a:1, http://b:1")]);
        let more = process.service(&[&with("http://b:1, http://c:1")]);
        assert!(share(&first, &more), "{dialect}");
        assert_eq!(first.cache_name, more.cache_name);
        assert!(!Arc::ptr_eq(&first.dialect, &more.dialect));
        let other = process.service(&[&with("http://d:1")]);
        assert!(!share(&more, &other), "{dialect}");
        assert_ne!(more.cache_name, other.cache_name);
        let back = process.service(&[&with("http://b:1, http://c:1")]);
        assert_ne!(more.cache_name, back.cache_name);
    }
}

#[test]
fn a_service_that_was_away_finds_nothing_of_before() {
    let mut process = Process::new();
    let one = "one: {dialect: qdrant, endpoints: [http://a:1]}";
    let two = "two: {dialect: neo4j, endpoints: [http://b:1]}";
    let first = process.service(&[one]);
    process.take(&[two]);
    let again = process.service(&[one]);
    assert!(!share(&first, &again));
    assert_ne!(first.cache_name, again.cache_name);
}

#[test]
fn a_listener_finds_the_service_that_has_its_address_now() {
    let service = |name: &str, port: &str| {
        format!("{name}: {{dialect: http, listen: '127.0.0.1:{port}', endpoints: [http://a:1]}}")
    };
    let mut process = Process::new();
    let name = |snapshot: &Snapshot, listener: &str| {
        let service = snapshot.at(listener);
        service.map(|service| service.name.to_string())
    };
    let snapshot = process.take(&[&service("a", "81"), &service("b", "82"), &service("c", "0")]);
    assert_eq!(name(snapshot, "127.0.0.1:81").as_deref(), Some("a"));
    assert_eq!(name(snapshot, "c").as_deref(), Some("c"));
    let snapshot = process.take(&[&service("b", "81"), &service("x", "82")]);
    assert_eq!(name(snapshot, "127.0.0.1:81").as_deref(), Some("b"));
    assert_eq!(name(snapshot, "127.0.0.1:82").as_deref(), Some("x"));
    assert_eq!(name(snapshot, "c"), None);
}

#[test]
fn the_cache_knows_an_endpoint_by_its_address_not_by_its_name() {
    let mut process = Process::new();
    let named = |name: &str, url: &str| {
        format!("s: {{dialect: qdrant, endpoints: [{{name: {name}, url: 'http://{url}'}}]}}")
    };
    let id = |service: &Service| service.pool.endpoints()[0].id;
    let first = id(&process.service(&[&named("x", "a:1")]));
    let renamed = id(&process.service(&[&named("y", "a:1")]));
    let moved = id(&process.service(&[&named("y", "b:1")]));
    assert_eq!(first, renamed);
    assert_ne!(renamed, moved);
}

#[test]
fn a_server_that_drains_is_not_taken_for_the_one_that_has_its_name_now() {
    let mut process = Process::new();
    let at = |url: &str| {
        format!("s: {{dialect: qdrant, endpoints: [{{name: x, url: 'http://{url}'}}]}}")
    };
    let drains = process.service(&[&at("a:1")]).pool.endpoints()[0].clone();
    let after = process.service(&[&at("b:1")]);
    assert_eq!(after.token_of(drains.id), None);
    assert_ne!(after.pool.endpoints()[0].id, drains.id);
}
