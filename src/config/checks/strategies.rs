//! Strategies that need more than their name: that there is one of the name, and figures of those of `balance.custom`.

use super::super::{Config, CustomRules, StrategyName};
use super::path;
use balancing::policies::{MAX_KEYS, PolicyRegistry, Strategy};
use config_table::{Findings, Step, one_of, quoted};

/// Strategies of `balance.custom` at most.
const MAX_CUSTOM: usize = 64;

/// Reports what does not fit together. `policies`: what the program registers.
pub fn check(config: &Config, policies: &PolicyRegistry, findings: &mut Findings) {
    if findings.is_clean(&path(&["balance"])) {
        custom(config, policies, findings);
    }
    names(config, policies, findings);
    tags(config, findings);
}

/// The strategies that may be named, in the order in which people read them.
pub fn available<'a>(config: &'a Config, policies: &'a PolicyRegistry) -> Vec<&'a str> {
    let own = config.balance.custom.keys().map(String::as_str);
    let built_in = Strategy::ALL.iter().map(|one| one.word());
    built_in.chain(own).chain(policies.names()).collect()
}

fn custom(config: &Config, policies: &PolicyRegistry, findings: &mut Findings) {
    let all = &config.balance.custom;
    if all.len() > MAX_CUSTOM {
        let found = format!("{} strategies", all.len());
        findings.refuse(path(&["balance", "custom"]), found, "at most 64");
    }
    for (name, rules) in all {
        if Strategy::of(name).is_some() || policies.has(name) {
            let found = format!("{}, which is a strategy already", quoted(name));
            findings.refuse(path(&["balance", "custom", name]), found, "another name");
        }
        keys_and_weights(name, rules, findings);
    }
}

fn keys_and_weights(name: &str, rules: &CustomRules, findings: &mut Findings) {
    let refused = match (rules.keys.len(), rules.weights.len()) {
        (0, 0) => Some((
            "keys",
            "no figures".to_owned(),
            "figures in order, such as [errors, load]; or weights, such as [{figure: load, weight: 0.6}, {figure: time, weight: 0.4}]",
        )),
        (1.., 1..) => Some((
            "weights",
            "weights beside keys".to_owned(),
            "either of them",
        )),
        (keys, _) if keys > MAX_KEYS => Some(("keys", format!("{keys} figures"), "at most 8")),
        _ => None,
    };
    if let Some((key, found, expected)) = refused {
        let path = path(&["balance", "custom", name, key]);
        findings.refuse(path, found, expected);
    }
}

/// One that no strategy has would choose nothing.
fn names(config: &Config, policies: &PolicyRegistry, findings: &mut Findings) {
    let available = available(config, policies);
    let balance = &config.balance;
    let mut named = vec![(path(&["balance", "strategy"]), &balance.strategy)];
    let shadow = balance.shadow.iter();
    named.extend(shadow.map(|name| (path(&["balance", "shadow"]), name)));
    for (index, rule) in balance.affinity_rules.iter().enumerate() {
        let mut at = path(&["balance", "affinity_rules"]);
        at.extend([index.into(), "strategy".into()]);
        named.extend(rule.strategy.iter().map(|name| (at.clone(), name)));
    }
    for (service, settings) in &config.services {
        let own = settings.strategy.iter();
        named.extend(own.map(|name| (path(&["services", service, "strategy"]), name)));
    }
    for (path, name) in named {
        refuse_unknown(path, name, &available, findings);
    }
}

fn refuse_unknown(
    path: Vec<Step>,
    name: &StrategyName,
    available: &[&str],
    findings: &mut Findings,
) {
    let word = name.word();
    if !available.contains(&word) && findings.is_clean(&path) {
        findings.refuse(path, quoted(word), one_of(word, available));
    }
}

/// A service whose strategy asks for tags that none of its endpoints carries would serve nothing.
fn tags(config: &Config, findings: &mut Findings) {
    for (name, service) in &config.services {
        let strategy = service.strategy(&config.balance);
        let Some(rules) = config.balance.custom.get(strategy.word()) else {
            continue;
        };
        let wanted = &rules.tags;
        let mut endpoints = service.endpoints.iter();
        let carried = endpoints.any(|one| wanted.iter().all(|tag| one.tags.contains(tag)));
        let path = path(&["services", name, "endpoints"]);
        if !carried && findings.is_clean(&path) {
            let found = format!(
                "no endpoint with the tags of balance.custom.{}",
                strategy.word()
            );
            let expected = format!("tags: [{}] at one of them", wanted.join(", "));
            findings.refuse(path, found, expected);
        }
    }
}
