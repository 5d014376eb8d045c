use super::*;
use crate::config::EndpointAddress;
use crate::endpoint::{EventKind, EventLog, Identity, ProbeTrigger};
use balancing::health::Peers;
use parking_lot::Mutex;

/// Gives each look-up the next thing on its list; an empty list of addresses is an error.
struct Names(Mutex<Vec<Vec<&'static str>>>);

#[async_trait]
impl NameLookup for Names {
    async fn lookup(&self, _host: &str, _port: u16) -> io::Result<Vec<SocketAddr>> {
        let next = self.0.lock().remove(0);
        match next.is_empty() {
            true => Err(io::Error::other("no such name")),
            false => Ok(next.iter().map(|a| a.parse().unwrap()).collect()),
        }
    }
}

fn named(host: &str, events: &Arc<EventLog>) -> Arc<Condition> {
    let identity = Identity {
        service: "graph".into(),
        name: "a".into(),
        address: EndpointAddress {
            host: host.into(),
            port: 7474,
        },
    };
    let probe_trigger = Arc::<ProbeTrigger>::default();
    Arc::new(Condition::new(
        identity,
        Arc::<Peers>::default().join(0),
        events.clone(),
        probe_trigger,
        Arc::default(),
    ))
}

#[tokio::test]
async fn names_are_resolved_and_the_last_good_addresses_kept() {
    let events = Arc::<EventLog>::default();
    let name = named("graph", &events);
    let found = vec![
        vec![],
        vec![],
        vec!["10.0.0.1:7474"],
        vec![],
        vec!["10.0.0.2:7474"],
    ];
    let lookup = Arc::new(Names(Mutex::new(found)));
    let resolver = Resolver::new(std::slice::from_ref(&name), lookup, Clock::manual());
    let mut seen = Vec::new();
    for _ in 0..5 {
        resolver.round().await;
        seen.push(name.server().address().map(|a| a.ip().to_string()));
    }
    let (one, two) = (Some("10.0.0.1".to_owned()), Some("10.0.0.2".to_owned()));
    assert_eq!(seen, [None, None, one.clone(), one, two]);
    let told: Vec<_> = events.after(0).iter().map(|e| e.what).collect();
    use EventKind::*;
    assert_eq!(
        told,
        [ResolutionFailed, Resolved, ResolutionFailed, Resolved]
    );
}

#[tokio::test]
async fn literal_addresses_are_never_looked_up() {
    let literal = named("127.0.0.1", &Arc::default());
    let lookup = Arc::new(Names(Mutex::new(Vec::new())));
    Resolver::new(std::slice::from_ref(&literal), lookup, Clock::manual())
        .round()
        .await;
    assert!(literal.server().is_resolved());
}

#[tokio::test]
async fn the_system_knows_localhost() {
    let found = SystemLookup.lookup("localhost", 80).await.unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback()));
    assert!(!found.is_empty());
}

/// Each reload starts a resolver, and each one told again that the name has no address.
#[tokio::test]
async fn a_reload_does_not_tell_a_failure_again_and_its_end_is_told() {
    let events = Arc::<EventLog>::default();
    let name = named("graph", &events);
    let found = vec![vec!["10.0.0.1:7474"], vec![], vec![], vec!["10.0.0.1:7474"]];
    let lookup = Arc::new(Names(Mutex::new(found)));
    for _reload in 0..4 {
        let names = std::slice::from_ref(&name);
        Resolver::new(names, lookup.clone(), Clock::manual())
            .round()
            .await;
    }
    let told: Vec<_> = events.after(0).iter().map(|e| e.what).collect();
    use EventKind::*;
    assert_eq!(told, [Resolved, ResolutionFailed, Resolved]);
}
