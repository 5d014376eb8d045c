//! Affinity: the header of a key, and rules that name what there is.

use super::super::{AffinityKey, AffinityRule, Config, KeyAffinity, Service};
use super::path;
use config_table::{Findings, Step, one_of, quoted};

/// Rules at most: those that match a request are a bit each.
const MAX_RULES: usize = 64;

/// Reports what does not fit together.
pub fn check(config: &Config, findings: &mut Findings) {
    key(
        &config.balance.affinity,
        path(&["balance", "affinity"]),
        findings,
    );
    for (name, service) in &config.services {
        if let Some(own) = &service.affinity {
            key(own, path(&["services", name, "affinity"]), findings);
        }
    }
    let list = path(&["balance", "affinity_rules"]);
    if !findings.is_clean(&list) || !findings.is_clean(&path(&["services"])) {
        return;
    }
    let rules = &config.balance.affinity_rules;
    if rules.len() > MAX_RULES {
        findings.refuse(list, format!("{} rules", rules.len()), "at most 64");
    }
    for (index, one) in rules.iter().enumerate() {
        rule(config, index, one, findings);
    }
}

fn key(rules: &KeyAffinity, mut at: Vec<Step>, findings: &mut Findings) {
    let by_header = rules.by == Some(AffinityKey::Header);
    if by_header == rules.header.is_some() || !findings.is_clean(&at) {
        return;
    }
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
    at.push("header".into());
    findings.refuse(at, found, expected);
}

fn rule(config: &Config, index: usize, rule: &AffinityRule, findings: &mut Findings) {
    let at = |key: &str| {
        let mut at = path(&["balance", "affinity_rules"]);
        at.extend([index.into(), key.into()]);
        at
    };
    if rule.prefer.is_empty() && rule.never.is_empty() && rule.strategy.is_none() {
        findings.refuse(
            at("never"),
            "no endpoint",
            "endpoints: prefer or never, or both; or a strategy",
        );
    }
    if rule.value.is_some() && rule.header.is_none() {
        findings.refuse(
            at("value"),
            "a value without a header",
            "header: NAME beside it",
        );
    }
    if rule.tenant.is_some() && config.balance.queue.tenant_header.is_none() {
        let found = "a tenant, though no header names tenants";
        findings.refuse(at("tenant"), found, "balance.queue.tenant_header");
    }
    let names: Vec<&str> = config.services.keys().map(String::as_str).collect();
    if let Some(service) = rule.service.as_deref().filter(|name| !names.contains(name)) {
        findings.refuse(at("service"), quoted(service), one_of(service, &names));
        return;
    }
    let about = || services(config, rule);
    let operations = about().flat_map(|one| (one.dialect.row().operations)());
    let operations: Vec<&str> = operations.collect();
    if let Some(name) = &rule.operation {
        unknown(at("operation"), name, &operations, findings);
    }
    let endpoints = about().flat_map(|one| &one.endpoints);
    let endpoints: Vec<&str> = endpoints.map(|one| one.name.as_str()).collect();
    for (key, list) in [("prefer", &rule.prefer), ("never", &rule.never)] {
        for (position, name) in list.iter().enumerate() {
            let mut at = at(key);
            at.push(position.into());
            unknown(at, name, &endpoints, findings);
        }
    }
}

/// The services that a rule is about.
fn services<'c>(config: &'c Config, rule: &'c AffinityRule) -> impl Iterator<Item = &'c Service> {
    let all = config.services.iter();
    let is_meant = move |name: &String| rule.service.as_ref().is_none_or(|own| own == name);
    all.filter(move |(name, _)| is_meant(name))
        .map(|(_, service)| service)
}

/// What is not there would match nothing, and a rule that says never would say nothing.
fn unknown(at: Vec<Step>, name: &str, known: &[&str], findings: &mut Findings) {
    if !known.contains(&name) {
        findings.refuse(at, quoted(name), one_of(name, known));
    }
}
