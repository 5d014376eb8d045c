//! Strategies of the user's own: figures that a configuration names, and policies that a program registers.

use crate::support::{Origin, Proxy, Setup, Step, eventually};
use balancing::policies::PolicyRegistry;
use balancing::{Ask, Pick, Policy, PoolView, Random, RouteReason};
use serde_json::json;
use std::collections::BTreeMap;

const OK: &str = r#"{"result":{"id":7},"status":"ok","time":0.1}"#;
const POINT: &str = "/collections/a/points/7";
const STRATEGY: &str = "/api/coordination/strategy";

/// The last endpoint, whatever the others are.
struct Last;

impl Policy for Last {
    fn pick(&self, pool: &PoolView<'_>, _: &Ask, _: &mut Random) -> Option<Pick> {
        let (index, _) = pool.iter().last()?;
        Some(Pick::because(index, RouteReason::Rotation))
    }
}

fn registered() -> PolicyRegistry {
    let policies = PolicyRegistry::default();
    policies.with("last", |_| Last).unwrap()
}

async fn origins() -> [Origin; 3] {
    let one = || Origin::start(|_| Step::json(200, OK));
    [one().await, one().await, one().await]
}

/// A server over these origins, `a` to `c`, of which only `c` has the tag `gpu`.
async fn proxy(origins: &[Origin; 3], balance: &str, file: &std::path::Path) -> Proxy {
    let named = ["a", "b", "c"].into_iter().zip(origins);
    let endpoints = named.map(|(name, origin)| {
        let tags = if name == "c" { ", tags: [gpu]" } else { "" };
        format!("{{name: {name}, url: \"{}\"{tags}}}", origin.url())
    });
    Setup::new("qdrant", &endpoints.collect::<Vec<_>>())
        .service("cache: false")
        .section(balance)
        .section("process: {reload_delay: 1h}")
        .policies(registered())
        .start_from(file)
        .await
}

/// How many of six reads each endpoint takes.
async fn shares(proxy: &Proxy, origins: &[Origin; 3]) -> [usize; 3] {
    let counts = || [0, 1, 2].map(|index: usize| origins[index].count());
    let before = counts();
    for _ in 0..6 {
        let response = proxy.request("GET", POINT, "", b"").await;
        assert_eq!(response.status, 200, "{}", response.text());
    }
    let after = counts();
    std::array::from_fn(|index| after[index] - before[index])
}

fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pointsman.yaml");
    (folder, file)
}

#[tokio::test]
async fn a_process_routes_by_a_policy_that_its_program_registers() {
    let (_folder, file) = folder();
    let origins = origins().await;
    let proxy = proxy(&origins, "balance: {strategy: last}", &file).await;
    assert_eq!(shares(&proxy, &origins).await, [0, 0, 6]);
    let page = proxy.data(STRATEGY).await;
    assert_eq!(page["services"]["db"]["strategy"], "last");
    let available = page["available"].as_array().unwrap();
    assert!(available.contains(&json!("last")), "{page}");
    proxy
        .request("GET", POINT, "x-request-id: own\r\n", b"")
        .await;
    eventually("its record", || async {
        let record = proxy.data("/api/coordination/explain/own").await;
        record["route"]["strategy"] == "last"
    })
    .await;
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("last", "lost")).unwrap();
    let refused = proxy.server.reload().await.unwrap_err().to_string();
    assert!(
        refused.contains("adaptive, last; perhaps `last`"),
        "{refused}"
    );
    assert_eq!(shares(&proxy, &origins).await, [0, 0, 6], "it goes on");
}

#[test]
fn a_policy_is_known_to_the_program_that_registers_it_and_to_no_other() {
    let text = "services:\n  a: {dialect: http, endpoints: [http://x:1], strategy: last}\n";
    let refused = pointsman::config::read(text, "f.yaml", &BTreeMap::new(), &[]).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.starts_with("f.yaml:2:"), "{refused}");
    assert!(refused.contains("services.a.strategy: `last`; expected one of round_robin,"));
}

#[tokio::test]
async fn strategies_of_figures_have_names_and_a_service_takes_the_one_it_names() {
    let (_folder, file) = folder();
    let origins = origins().await;
    let balance = "balance: {strategy: everywhere, custom: {everywhere: {keys: [in_flight]}, on_gpu: {tags: [gpu], keys: [in_flight]}}}";
    let proxy = proxy(&origins, balance, &file).await;
    assert_eq!(shares(&proxy, &origins).await, [2, 2, 2]);
    let change = json!({"service": "db", "strategy": "on_gpu"});
    let response = proxy.operate("PUT", STRATEGY, "", &change).await;
    assert_eq!(response.status, 200, "{}", response.text());
    assert_eq!(shares(&proxy, &origins).await, [0, 0, 6]);
}

/// It was taken, and the service then served nothing.
#[tokio::test]
async fn a_switch_to_a_strategy_that_a_file_could_not_name_is_refused_with_the_reason() {
    let (_folder, file) = folder();
    let origins = origins().await;
    let balance =
        "balance: {strategy: round_robin, custom: {on_tpu: {tags: [tpu], keys: [in_flight]}}}";
    let proxy = proxy(&origins, balance, &file).await;
    let change = json!({"strategy": "on_tpu"});
    let response = proxy.operate("PUT", STRATEGY, "", &change).await;
    assert_eq!(response.status, 409, "{}", response.text());
    assert!(
        response
            .text()
            .contains("no endpoint with the tags of balance.custom.on_tpu")
    );
    assert_eq!(
        shares(&proxy, &origins).await,
        [2, 2, 2],
        "the one before stays"
    );
}
