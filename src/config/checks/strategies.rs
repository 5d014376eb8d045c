//! Strategies that need more than their name: figures of a custom one, the header of an affinity.

use super::super::{AffinityKey, Config, StrategyName};
use super::path;
use balancing::policies::MAX_KEYS;
use config_table::Findings;

/// Reports what does not fit together.
pub fn check(config: &Config, findings: &mut Findings) {
    if findings.is_clean(&path(&["balance"])) {
        keys_and_weights(config, findings);
        affinity(config, findings);
    }
    tags(config, findings);
}

fn keys_and_weights(config: &Config, findings: &mut Findings) {
    let custom = &config.balance.custom;
    let refused = match (custom.keys.len(), custom.weights.len()) {
        (0, 0) if is_used(config) => Some((
            "keys",
            "no figures, though a strategy is `custom`".to_owned(),
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
        findings.refuse(path(&["balance", "custom", key]), found, expected);
    }
}

fn is_used(config: &Config) -> bool {
    let balance = &config.balance;
    let own = config.services.values().filter_map(|one| one.strategy);
    let all = [Some(balance.strategy), balance.shadow]
        .into_iter()
        .flatten();
    all.chain(own).any(|name| name == StrategyName::Custom)
}

fn affinity(config: &Config, findings: &mut Findings) {
    let affinity = &config.balance.affinity;
    let by_header = affinity.by == Some(AffinityKey::Header);
    if by_header != affinity.header.is_some() {
        let (found, expected) = match by_header {
            true => (
                "no header, though by is `header`",
                "the name of a header field",
            ),
            false => (
                "a header, though by is not `header`",
                "by: header, or no header",
            ),
        };
        findings.refuse(path(&["balance", "affinity", "header"]), found, expected);
    }
}

/// A service whose strategy asks for tags that none of its endpoints carries would serve nothing.
fn tags(config: &Config, findings: &mut Findings) {
    let wanted = &config.balance.custom.tags;
    for (name, service) in &config.services {
        let is_custom = service.strategy(&config.balance) == StrategyName::Custom;
        let mut endpoints = service.endpoints.iter();
        let carried = endpoints.any(|one| wanted.iter().all(|tag| one.tags.contains(tag)));
        let path = path(&["services", name, "endpoints"]);
        if is_custom && !carried && findings.is_clean(&path) {
            let found = "no endpoint with the tags of balance.custom.tags";
            let expected = format!("tags: [{}] at one of them", wanted.join(", "));
            findings.refuse(path, found, expected);
        }
    }
}
