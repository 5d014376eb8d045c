//! The cache and its times to live.

use super::given::Given;
use super::observe::*;
use crate::support::{Origin, ReceivedRequest, Response, Setup, Step, wait_until};

const SEARCH: &str = "/collections/a/points/query";
const VECTOR: &str = r#"{"query":[1.0,2.0],"limit":3}"#;
const QUEUED: &str =
    r#"{"result":{"operation_id":1,"status":"acknowledged"},"status":"ok","time":0.1}"#;

fn is_write(request: &ReceivedRequest) -> bool {
    request.method() == "PUT"
}

/// Whether the planned time to live is above 1.4 h, after it was cut by up to a tenth.
async fn lives_long(setup: Setup, target: &str, body: &str) -> bool {
    let proxy = setup.start().await;
    let record = record(&proxy, target, "", body).await;
    let seconds = record["plan"]["cache"]["ttl"].as_f64();
    seconds.unwrap_or_else(|| panic!("{record}")) > 5000.0
}

async fn read_lives_long(given: Given, target: &str, body: &str) -> bool {
    let origin = good().await;
    lives_long(given.over("qdrant", &[&origin]), target, body).await
}

async fn statement_lives_long(given: Given, statement: &str) -> bool {
    let origin = good().await;
    let body = format!(r#"{{"statement":"{statement}"}}"#);
    lives_long(given.over("neo4j", &[&origin]), QUERY, &body).await
}

/// Whether a hit may be served for longer than 1.4 h.
fn stays_long(hit: &Response) -> bool {
    let ttl = hit.cache().split("ttl=").nth(1).map(|rest| {
        rest.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    });
    let seconds: Option<u64> = ttl.and_then(|ttl| ttl.parse().ok());
    seconds.unwrap_or_else(|| panic!("{}", hit.cache())) > 5000
}

observations! {
    second_read(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        proxy.post(SEARCH, VECTOR).await;
        proxy.post(SEARCH, VECTOR).await.is_hit()
    }
    reads_that_stay(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        for id in 0..20 {
            get(&proxy, &format!("/collections/a/points/{id}")).await;
        }
        let mut hits = 0;
        for id in 0..20 {
            hits += usize::from(get(&proxy, &format!("/collections/a/points/{id}")).await.is_hit());
        }
        hits == 20
    }
    read_after_an_unfinished_write(given) {
        let origin = Origin::start(|seen| Step::json(200, if is_write(seen) { QUEUED } else { OK })).await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        proxy.request("PUT", "/collections/a/points", JSON, UPSERT).await;
        given.comes(async || get(&proxy, POINT).await.is_hit()).await
    }
    read_after_a_failure(given) {
        let origin = Origin::start(|seen| match seen.number {
            0 => vec![Step::Reset],
            _ => Step::json(200, OK),
        }).await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        get(&proxy, POINT).await;
        given.comes(async || get(&proxy, POINT).await.is_hit()).await
    }
    expired_entry_that_nobody_reads(given) {
        let origin = good().await;
        let setup = given.over("qdrant", &[&origin]);
        let proxy = setup.set("cache.categories.entity", "1ms").start().await;
        get(&proxy, POINT).await;
        let stats = async || proxy.data("/api/performance/cache/stats").await;
        given.comes(async || stats().await["expired"] == 1).await
    }
    /// Whether a read goes to the endpoint while the same read of another client waits there.
    read_beside_the_same_read(given) {
        let (origin, releases) = holding_two().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        let first = get(&proxy, POINT);
        let second = async {
            wait_until("the first read", || origin.count() == 1).await;
            get(&proxy, POINT).await
        };
        let alone = async {
            let alone = given.comes(async || origin.count() == 2).await;
            releases.iter().for_each(|release| release.notify_one());
            alone
        };
        let (first, second, alone) = tokio::join!(first, second, alone);
        (first.status, second.status, alone)
    }
    life_without_a_plan(given) {
        let origin = good().await;
        lives_long(given.over("qdrant", &[&origin]).section("planner: {enabled: false}"), POINT, "").await
    }
    life_of_an_entity(given) {
        read_lives_long(given, POINT, "").await
    }
    life_of_a_vector_search(given) {
        read_lives_long(given, SEARCH, VECTOR).await
    }
    life_of_a_count(given) {
        read_lives_long(given, "/collections/a/points/count", r#"{"exact":true}"#).await
    }
    life_of_a_relation(given) {
        statement_lives_long(given, "MATCH (a:A)-[r:R]->(b:B) RETURN b.n").await
    }
    life_of_a_path(given) {
        statement_lives_long(given, "MATCH (a:A)-[:R*1..3]->(b:B) RETURN b.n").await
    }
    life_of_a_query(given) {
        statement_lives_long(given, "UNWIND [1, 2] AS x RETURN x").await
    }
    life_of_collection_information(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        get(&proxy, "/collections/a").await;
        stays_long(&get(&proxy, "/collections/a").await)
    }
    life_with_a_credential(given) {
        let origin = good().await;
        let proxy = given.over("qdrant", &[&origin]).start().await;
        let read = async || proxy.request("GET", POINT, "api-key: secret\r\n", b"").await;
        read().await;
        stays_long(&read().await)
    }
}
