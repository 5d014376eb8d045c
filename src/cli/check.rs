//! `pointsman check`: reads a configuration and prints all that is wrong, or that it is good.

use super::CheckArgs;
use crate::config::{Config, Loaded, load};
use balancing::policies::PolicyRegistry;
use std::collections::BTreeSet;
use std::io::Write;
use std::net::ToSocketAddrs;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long all names may take to resolve.
const PATIENCE: Duration = Duration::from_secs(2);

/// Checks and prints: problems on standard error, everything else on standard output.
pub fn run(args: &CheckArgs, policies: PolicyRegistry) -> ExitCode {
    match load(&args.source.source().with_policies(policies)) {
        Ok(loaded) => {
            let _ = std::io::stdout().write_all(good(&loaded).as_bytes());
            ExitCode::SUCCESS
        }
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report}");
            ExitCode::FAILURE
        }
    }
}

fn good(loaded: &Loaded) -> String {
    let warnings = unresolved(&loaded.config).into_iter().map(|host| {
        format!(
            "{}: warning: {host} does not resolve now; its endpoints are unhealthy until it does",
            loaded.name
        )
    });
    let mut lines: Vec<String> = loaded.note_lines().chain(warnings).collect();
    lines.push(format!(
        "{}: good: {}",
        loaded.name,
        summary(&loaded.config)
    ));
    lines.join("\n") + "\n"
}

fn summary(config: &Config) -> String {
    let endpoints = config
        .services
        .values()
        .map(|service| service.endpoints.len())
        .sum();
    format!(
        "{}, {}",
        counted(config.services.len(), "service"),
        counted(endpoints, "endpoint")
    )
}

fn counted(number: usize, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {word}{plural}")
}

/// The hosts that do not resolve in time. Threads that hang end with the process.
fn unresolved(config: &Config) -> BTreeSet<String> {
    let mut waiting = names(config);
    let (sender, results) = mpsc::channel();
    for host in waiting.clone() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let found = (host.as_str(), 0)
                .to_socket_addrs()
                .is_ok_and(|mut all| all.next().is_some());
            // The receiver is gone when time is up.
            let _ = sender.send((host, found));
        });
    }
    drop(sender);
    let end = Instant::now() + PATIENCE;
    let mut failed = BTreeSet::new();
    while let Ok((host, found)) =
        results.recv_timeout(end.saturating_duration_since(Instant::now()))
    {
        waiting.remove(&host);
        if !found {
            failed.insert(host);
        }
    }
    failed.extend(waiting);
    failed
}

/// The hosts that are names. At most this number is resolved: `check` must stay quick.
fn names(config: &Config) -> BTreeSet<String> {
    let endpoints = config
        .services
        .values()
        .flat_map(|service| &service.endpoints);
    let hosts = endpoints
        .filter_map(|endpoint| endpoint.address())
        .map(|address| address.host);
    let named = hosts.filter(|host| host.parse::<std::net::IpAddr>().is_err());
    named.map(|host| host.to_string()).take(100).collect()
}
