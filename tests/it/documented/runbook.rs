//! The runbook: each of its commands works against a running process, and each metric and event that it names exists.

use crate::support::{Origin, Setup, Step};
use glossary::Term;
use pointsman::endpoint::EventKind;
use pointsman::observe::metrics::FAMILIES;
use serde_json::Value;

const PAGE: &str = include_str!("../../../docs/runbook.md");

/// The words of each command, quotes resolved.
fn commands() -> Vec<Vec<String>> {
    let starts = PAGE.split("curl -s ").skip(1);
    starts
        .map(|rest| {
            let line = rest.split(['`', '\n', '#']).next().unwrap();
            let mut words = vec![String::new()];
            let mut quote = None;
            for c in line.trim().chars() {
                match c {
                    '\'' | '"' if quote.is_none() => quote = Some(c),
                    _ if quote == Some(c) => quote = None,
                    ' ' if quote.is_none() => words.push(String::new()),
                    _ => words.last_mut().unwrap().push(c),
                }
            }
            words
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_of_the_runbook_works() {
    let (one, other) = (
        Origin::start(|_| Step::json(200, "{}")).await,
        Origin::start(|_| Step::json(200, "{}")).await,
    );
    let endpoints = [("one", &one), ("other", &other)];
    let endpoints = endpoints.map(|(name, at)| format!("{{name: {name}, url: \"{}\"}}", at.url()));
    let folder = tempfile::tempdir().unwrap();
    let setup = Setup::new("http", &endpoints).section("process: {reload_delay: 1h}");
    let proxy = setup.start_from(&folder.path().join("file.yaml")).await;
    for number in 0..120 {
        let target = format!("/{number}");
        proxy
            .request("GET", &target, "x-request-id: why\r\n", b"")
            .await;
    }
    let all = commands();
    assert!(all.len() > 20, "{all:?}");
    for words in all {
        let text = words.join(" ");
        if text.contains("http://HOST") && !text.contains("$api") {
            continue;
        }
        let (mut method, mut body, mut path) = ("GET", Value::Null, String::new());
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-X" => method = words.next().unwrap(),
                "-d" => {
                    let data = words.next().unwrap();
                    let data = data
                        .replace("SERVICE", "db")
                        .replace("HOST:PORT", "127.0.0.1:9");
                    body = serde_json::from_str(&data).unwrap();
                }
                url => path.push_str(url),
            }
        }
        let path = path
            .replace("$api", "/api/coordination")
            .replace("$admin", "")
            .replace("SERVICE", "db")
            .replace("NAME", "one");
        let response = proxy.operate(method, &path, "", &body).await;
        assert_eq!(response.status, 200, "{text}: {}", response.text());
    }
}

#[test]
fn every_metric_and_event_of_the_runbook_exists() {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let metrics = PAGE.split("pointsman_").skip(1);
    for rest in metrics {
        let name: String = rest.chars().take_while(|c| is_part(*c)).collect();
        let known = |row: &pointsman::observe::metrics::Row| row.name == name;
        assert!(FAMILIES.iter().any(known), "pointsman_{name}");
    }
    let events = PAGE.lines().filter(|line| line.starts_with("Event"));
    let words = events.flat_map(|line| line.split('`').skip(1).step_by(2));
    for word in words.filter(|word| word.chars().all(is_part) && !word.starts_with("pointsman_")) {
        let known = |term: &Term| term.word == word;
        assert!(EventKind::GLOSSARY.iter().any(known), "{word}");
    }
}
