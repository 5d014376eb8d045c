use super::*;
use crate::config::{AffinityKey, AffinityRule};
use balancing::policies::Strategy;

fn endpoint(name: &str, port: u16) -> Endpoint {
    Endpoint {
        name: name.into(),
        url: format!("http://127.0.0.1:{port}"),
        ..Endpoint::default()
    }
}

/// A file with one service over these endpoints, each by name and port.
fn file(endpoints: &[(&str, u16)]) -> Config {
    let mut config = Config::default();
    let service = Service {
        endpoints: endpoints
            .iter()
            .map(|(name, port)| endpoint(name, *port))
            .collect(),
        ..Service::default()
    };
    config.services.insert("db".into(), service);
    config
}

fn names(config: &Config) -> Vec<&str> {
    let endpoints = config.services["db"].endpoints.iter();
    endpoints.map(|one| one.name.as_str()).collect()
}

fn changed(first: &Config) -> Overlay {
    let now = &first.services["db"];
    Overlay::default()
        .with_endpoint("db", now, endpoint("c", 3))
        .and_then(|one| one.without_endpoint("db", now, first, "a"))
        .and_then(|one| one.with_strategy(Some("db"), Some("round_robin"), &["round_robin"]))
        .unwrap()
}

#[test]
fn another_file_ends_strategies_and_keeps_instances() {
    let first = file(&[("a", 1), ("b", 2)]);
    let overlay = changed(&first);
    let serves = overlay.over(&first);
    assert_eq!(names(&serves), ["b", "c"]);
    assert_eq!(
        serves.services["db"].strategy,
        Some(Strategy::RoundRobin.into())
    );
    let next = file(&[("a", 1), ("b", 2), ("d", 4)]);
    let serves = overlay.after_reload(&next).over(&next);
    assert_eq!(names(&serves), ["b", "d", "c"]);
    assert_eq!(serves.services["db"].strategy, None);
}

#[test]
fn the_file_wins_where_it_names_what_was_added_or_lacks_what_was_removed() {
    let overlay = changed(&file(&[("a", 1), ("b", 2)]));
    let next = file(&[("b", 2), ("other", 3)]);
    let kept = overlay.after_reload(&next);
    assert_eq!(kept, Overlay::default());
}

#[test]
fn a_removal_that_would_leave_a_service_empty_ends() {
    let overlay = changed(&file(&[("a", 1), ("b", 2)]));
    let next = file(&[("a", 1), ("c", 3)]);
    assert_eq!(names(&overlay.after_reload(&next).over(&next)), ["c"]);
    let next = file(&[("a", 3)]);
    assert_eq!(names(&overlay.after_reload(&next).over(&next)), ["a"]);
}

#[test]
fn bypass_plans_and_caches_nothing_and_takes_each_endpoint_in_turn() {
    let bypass = ModeChange {
        mode: Some("bypass".into()),
        features: BTreeMap::new(),
    };
    let mut first = file(&[("a", 1)]);
    first.services.get_mut("db").unwrap().strategy = Some(Strategy::Adaptive.into());
    first.balance.preferred_zone = Some("a".into());
    first.balance.affinity.by = Some(AffinityKey::Target);
    first.balance.affinity_rules = vec![AffinityRule {
        prefer: vec!["a".into()],
        never: vec!["b".into()],
        ..AffinityRule::default()
    }];
    let layers = Layers {
        file: Arc::new(first),
        overlay: Overlay::default().with_mode(&bypass).unwrap(),
    };
    let serves = layers.effective();
    assert!(!serves.cache.enabled && !serves.planner.enabled);
    let strategy = serves.services["db"].strategy(&serves.balance);
    assert_eq!(strategy, Strategy::RoundRobin.into());
    let balance = &serves.balance;
    assert_eq!(
        (balance.affinity.by, &balance.preferred_zone),
        (None, &None)
    );
    let [rule] = &*balance.affinity_rules else {
        panic!("{:?}", balance.affinity_rules);
    };
    assert!(
        rule.prefer.is_empty() && rule.never == ["b"],
        "what an endpoint never takes stays so"
    );
    assert!(!balance.hedging);
}
