//! Endpoints among themselves: at least one, none twice, and ports that are probably not meant.

use super::{endpoint_path, path};
use crate::config::{Config, Endpoint, Service};
use config_table::{Findings, one_of, quoted};
use std::collections::HashMap;

/// Checks the endpoints of each service.
pub fn check(config: &Config, findings: &mut Findings) {
    for (name, service) in &config.services {
        some_endpoint(findings, name, service);
        ports(findings, name, service);
        tag_kinds(findings, name, service);
        duplicates(findings, name, service, "url", |endpoint| {
            let address = endpoint.address().map(|address| address.to_string());
            address.unwrap_or_else(|| endpoint.url.to_lowercase())
        });
        duplicates(findings, name, service, "name", |endpoint| {
            endpoint.name.clone()
        });
    }
}

/// The endpoints in which nothing was refused, by their place in the list.
pub fn sound<'c>(
    findings: &Findings,
    name: &str,
    service: &'c Service,
) -> Vec<(usize, &'c Endpoint)> {
    let list = path(&["services", name, "endpoints"]);
    let lost = |problem: &config_table::Problem| {
        problem.path.starts_with(&list) && problem.path.len() <= list.len() + 1
    };
    if findings.problems.iter().any(lost) {
        // An item is missing from the list, so that positions in it mean nothing.
        return Vec::new();
    }
    let each = service.endpoints.iter().enumerate();
    each.filter(|(index, _)| {
        let mut item = list.clone();
        item.push((*index).into());
        findings.is_clean(&item)
    })
    .collect()
}

fn some_endpoint(findings: &mut Findings, name: &str, service: &Service) {
    let list = path(&["services", name, "endpoints"]);
    let whole = path(&["services", name]);
    let lost = findings
        .problems
        .iter()
        .any(|problem| problem.path == whole);
    if service.endpoints.is_empty() && findings.is_clean(&list) && !lost {
        let expected = "at least one, such as `- http://127.0.0.1:6333`";
        findings.refuse(list, "no endpoint", expected);
    }
}

fn ports(findings: &mut Findings, name: &str, service: &Service) {
    for (index, endpoint) in sound(findings, name, service) {
        let port = endpoint.address().map(|address| address.port);
        let unlikely = service.dialect.row().unlikely_ports.iter();
        for (_, words) in unlikely.filter(|(unlikely, _)| Some(*unlikely) == port) {
            findings.note(&endpoint_path(name, index, "url"), words);
        }
    }
}

/// A kind that is not known is a word like any other, which is probably not meant.
fn tag_kinds(findings: &mut Findings, name: &str, service: &Service) {
    const KINDS: &[&str] = &["collection", "database"];
    for (index, endpoint) in sound(findings, name, service) {
        for (position, tag) in endpoint.tags.iter().enumerate() {
            let kind = tag.split_once(':').map(|(kind, _)| kind);
            let Some(kind) = kind.filter(|kind| !KINDS.contains(kind)) else {
                continue;
            };
            let mut path = endpoint_path(name, index, "tags");
            path.push(position.into());
            let kinds = one_of(kind, KINDS);
            let words = format!(
                "{} names nothing that a request asks for; before the colon stands {kinds}",
                quoted(tag)
            );
            findings.note(&path, &words);
        }
    }
}

fn duplicates(
    findings: &mut Findings,
    name: &str,
    service: &Service,
    key: &str,
    value: fn(&Endpoint) -> String,
) {
    let mut first: HashMap<String, usize> = HashMap::new();
    for (index, endpoint) in sound(findings, name, service) {
        let value = value(endpoint);
        if let Some(first) = first.get(&value) {
            let found = format!("{}, which endpoints[{first}] has as well", quoted(&value));
            let expected = format!("another {key} for each endpoint of a service");
            findings.refuse(endpoint_path(name, index, key), found, expected);
        } else {
            first.insert(value, index);
        }
    }
}
