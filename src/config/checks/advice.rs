//! What fits together and is probably not meant, or leaves a service without a way out. It is noted, and nothing is refused.

use super::{endpoint_path, path};
use crate::config::{Config, Endpoint, RoleChoice, Service, StrategyName};
use balancing::policies::Strategy;
use config_table::{Findings, quoted};

/// Kinds of tags that endpoints are for, with what an endpoint without one of the kind takes.
const KINDS: &[(&str, &str)] = &[("collection:", "collections"), ("database:", "databases")];
/// Rules of affinity that people still foresee the effect of.
const FEW_RULES: usize = 10;
/// The priority of a request that nothing raises or lowers.
const USUAL_PRIORITY: u32 = 5;

/// Notes what is worth a second look.
pub fn check(config: &Config, findings: &mut Findings) {
    for (name, service) in &config.services {
        if findings.is_clean(&path(&["services", name])) {
            lone_tags(name, service, findings);
            weights(name, service, config, findings);
            readers(name, service, findings);
        }
    }
    if findings.is_clean(&path(&["balance"])) {
        places(config, findings);
        rules(config, findings);
        retries(config, findings);
        shedding(config, findings);
    }
    unwatched(config, findings);
}

/// A tag that makes one endpoint the only one that takes what it names.
fn lone_tags(name: &str, service: &Service, findings: &mut Findings) {
    if service.endpoints.len() < 2 {
        return;
    }
    for (index, endpoint) in service.endpoints.iter().enumerate() {
        for tag in &endpoint.tags {
            let takes = |one: &&Endpoint| takes(one, tag);
            if service.endpoints.iter().filter(takes).count() == 1 {
                let words = format!(
                    "only this endpoint takes {}: nobody does while it is out",
                    quoted(tag)
                );
                findings.note(&endpoint_path(name, index, "tags"), &words);
            }
        }
    }
}

/// Whether an endpoint takes what a tag names. Of words of the operator it takes all.
fn takes(endpoint: &Endpoint, tag: &str) -> bool {
    let has = |word: &str| endpoint.tags.iter().any(|own| own == word);
    if tag == "read" || tag == "write" {
        return has(tag) || !has("read") && !has("write");
    }
    let kind = KINDS.iter().find(|(kind, _)| tag.starts_with(kind));
    kind.is_none_or(|(kind, _)| {
        let mut own = endpoint.tags.iter();
        has(tag) || !own.any(|own| own.starts_with(kind))
    })
}

/// Weights of 0, and weights that the strategy does not heed.
fn weights(name: &str, service: &Service, config: &Config, findings: &mut Findings) {
    let has_weight = |one: &Endpoint| one.weight > 0.0;
    let some = service.endpoints.iter().any(has_weight);
    for (index, endpoint) in service.endpoints.iter().enumerate() {
        if some && !has_weight(endpoint) {
            let words =
                "takes no traffic while another endpoint has a weight, even if that one is out";
            findings.note(&endpoint_path(name, index, "weight"), words);
        }
    }
    let mut rest = service.endpoints.iter().skip(1);
    let first = service.endpoints.first().map(|one| one.weight);
    let differ = rest.any(|one| Some(one.weight) != first);
    let strategy = service.strategy(&config.balance);
    if differ && strategy == StrategyName::BuiltIn(Strategy::RoundRobin) {
        let words =
            "the weights differ, and round_robin does not heed them; weighted_round_robin does";
        findings.note(&path(&["services", name, "endpoints"]), words);
    }
}

/// Writes need an endpoint.
fn readers(name: &str, service: &Service, findings: &mut Findings) {
    let mut endpoints = service.endpoints.iter();
    if endpoints.all(|one| one.role == RoleChoice::Reader) {
        let words = "every endpoint is a reader: writes are refused";
        findings.note(&path(&["services", name, "endpoints"]), words);
    }
}

/// A place that is preferred and where nobody is.
fn places(config: &Config, findings: &mut Findings) {
    let balance = &config.balance;
    let endpoints = || config.services.values().flat_map(|one| &one.endpoints);
    let (region, zone) = (&balance.preferred_region, &balance.preferred_zone);
    let checks = [
        (
            "preferred_region",
            region,
            endpoints().any(|one| one.region == *region),
        ),
        (
            "preferred_zone",
            zone,
            endpoints().any(|one| one.zone == *zone),
        ),
    ];
    for (key, wanted, is_there) in checks {
        if wanted.is_some() && !is_there {
            let words = "no endpoint of any service is there";
            findings.note(&path(&["balance", key]), words);
        }
    }
}

fn rules(config: &Config, findings: &mut Findings) {
    let count = config.balance.affinity_rules.len();
    if count > FEW_RULES {
        let words = format!(
            "{count} rules: each request is held against all of them, and what they do together is hard to foresee"
        );
        findings.note(&path(&["balance", "affinity_rules"]), &words);
    }
}

fn retries(config: &Config, findings: &mut Findings) {
    let balance = &config.balance;
    if balance.max_retries > 1 && balance.retry_budget == 0.0 && balance.retry_floor == 0 {
        let words = "0, and retry_floor is 0: a read that failed is never tried elsewhere";
        findings.note(&path(&["balance", "retry_budget"]), words);
    }
}

fn shedding(config: &Config, findings: &mut Findings) {
    if config.balance.degradation.shed_below > USUAL_PRIORITY {
        let words = "above 5, the priority of usual requests: under lasting pressure these do not wait either";
        findings.note(&path(&["balance", "degradation", "shed_below"]), words);
    }
}

/// Nothing would take an endpoint out that fails.
fn unwatched(config: &Config, findings: &mut Findings) {
    if !config.health.enabled && !config.breaker.enabled {
        let words =
            "off, and health.enabled is off: an endpoint that fails goes on taking requests";
        findings.note(&path(&["breaker", "enabled"]), words);
    }
}
