//! Checks across values: what each key alone cannot see. A value that was refused before is left
//! out here, so that one mistake is reported once.

mod addresses;
mod advice;
mod affinity;
mod endpoints;
mod monitor;
mod operations;
pub mod strategies;
mod tenants;

use super::{Config, DialectName, Service, ServiceProbe};
use balancing::policies::PolicyRegistry;
use config_table::units::duration_text;
use config_table::{Findings, Step};

/// Reports everything that does not fit together. `policies`: what the program registers.
pub fn check(config: &Config, policies: &PolicyRegistry, findings: &mut Findings) {
    services(config, findings);
    endpoints::check(config, findings);
    addresses::check(config, findings);
    operations::check(config, findings);
    strategies::check(config, policies, findings);
    affinity::check(config, findings);
    tenants::check(config, findings);
    admin(config, findings);
    breaker(config, findings);
    monitor::check(config, findings);
    advice::check(config, findings);
    for (name, service) in &config.services {
        probe_credential(name, &service.probe, findings);
        probe_question(name, service, findings);
    }
}

/// A user without a password, or a password without a user, would be sent to nobody.
fn probe_credential(service: &str, probe: &ServiceProbe, findings: &mut Findings) {
    let (missing, given) = match (&probe.user, &probe.password) {
        (Some(_), None) => ("password", "user"),
        (None, Some(_)) => ("user", "password"),
        _ => return,
    };
    if findings.is_clean(&path(&["services", service, "probe"])) {
        let found = format!("no {missing}, though {given} is set");
        let expected = "both, or neither";
        let path = path(&["services", service, "probe", missing]);
        findings.refuse(path, found, expected);
    }
}

/// The other dialects know what to ask.
fn probe_question(name: &str, service: &Service, findings: &mut Findings) {
    let default = ServiceProbe::default();
    let is_http = service.dialect == DialectName::Http;
    for (key, is_set) in [
        ("path", service.probe.path != default.path),
        ("expect", service.probe.expect != default.expect),
    ] {
        let path = path(&["services", name, "probe", key]);
        if is_set && !is_http && findings.is_clean(&path) {
            let dialect = service.dialect.word();
            let found = format!("a {key}, though the dialect is {dialect}");
            findings.refuse(path, found, "none, or dialect: http");
        }
    }
}

fn services(config: &Config, findings: &mut Findings) {
    let path = path(&["services"]);
    if config.services.is_empty() && findings.is_clean(&path) {
        let expected = "at least one, with a dialect and endpoints";
        findings.refuse(path, "no service", expected);
    }
}

fn admin(config: &Config, findings: &mut Findings) {
    let admin = &config.admin;
    let path = path(&["admin", "operate_token"]);
    let open = !admin.listen.ip().is_loopback() && admin.operate_token.is_none();
    if open && findings.is_clean(&path) {
        let found = format!("no token, though admin.listen is {}", admin.listen);
        let expected = "a token, or a loopback address such as 127.0.0.1:9600";
        findings.refuse(path, found, expected);
    }
}

fn breaker(config: &Config, findings: &mut Findings) {
    let (low, high) = (config.breaker.open_for, config.breaker.open_at_most);
    if high < low && findings.is_clean(&path(&["breaker"])) {
        let expected = format!("at least breaker.open_for, {}", duration_text(low));
        let path = path(&["breaker", "open_at_most"]);
        findings.refuse(path, duration_text(high), expected);
    }
}

/// A path of keys.
fn path(parts: &[&str]) -> Vec<Step> {
    parts.iter().map(|part| Step::from(*part)).collect()
}

/// The path of a key of an endpoint.
fn endpoint_path(service: &str, index: usize, key: &str) -> Vec<Step> {
    let mut path = path(&["services", service, "endpoints"]);
    path.extend([index.into(), key.into()]);
    path
}
