//! The process: its log, its threads, its file and its end.

use super::given::Given;
use super::observe::*;
use crate::support::{Process, wait_until};
use serde_json::Value;

const LISTENING: &str = "admin API listening";

/// The binary with the key, over an origin that serves, once it listens.
async fn started(given: &Given, more: &[(&str, &str)]) -> Process {
    let origin = good().await;
    let mut setup = given.over("http", &[&origin]);
    for (key, value) in more {
        setup = setup.set(key, value);
    }
    let process = setup.start_binary();
    process.says(&[LISTENING]).await;
    process
}

/// Threads of the path.
fn workers(process: &Process) -> usize {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", process.id())).expect("a process");
    let names = tasks
        .flatten()
        .map(|task| std::fs::read_to_string(task.path().join("comm")));
    names
        .flatten()
        .filter(|name| name.trim() == "pointsman-path")
        .count()
}

observations! {
    line_of_a_sweep(given) {
        let process = started(&given, &[("cache.cleanup_interval", "10ms")]).await;
        given.comes(async || process.line(&["DEBUG", "cache swept"]).is_some()).await
    }
    line_is_json(given) {
        let process = started(&given, &[]).await;
        let line = process.line(&[LISTENING]).unwrap_or_default();
        serde_json::from_str::<Value>(&line).is_ok()
    }
    line_of_a_request(given) {
        let process = started(&given, &[]).await;
        let url = process.url(&["listening", "service=\"db\""]).await;
        reqwest::get(format!("{url}/asked-for")).await.expect("a response");
        given.comes(async || process.line(&["/asked-for"]).is_some()).await
    }
    eight_workers(given) {
        workers(&started(&given, &[]).await) >= 8
    }
    stop_of_the_listeners(given) {
        let process = started(&given, &[]).await;
        process.signal("TERM");
        given.comes(async || process.line(&["no new connections"]).is_some()).await
    }
    changed_file(given) {
        let process = started(&given, &[]).await;
        let text = std::fs::read_to_string(&process.file).expect("the file");
        std::fs::write(&process.file, format!("{text}balance: {{max_retries: 2}}\n")).expect("a file");
        given.comes(async || process.line(&["configuration taken"]).is_some()).await
    }
    cut_by_a_stop(given) {
        let origin = slow().await;
        let proxy = given.over("http", &[&origin]).start().await;
        let mut client = proxy.client().await;
        client.send("GET / HTTP/1.1\r\nhost: test\r\n\r\n").await;
        wait_until("the request", || origin.count() == 1).await;
        proxy.server.stop().await
    }
}
