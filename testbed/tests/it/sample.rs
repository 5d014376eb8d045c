//! The sample data.

use std::collections::HashSet;

use serde_json::{Value, json};
use testbed::graph::{Graph, Options};
use testbed::qdrant::Cluster;
use testbed::sample::{INFLUENCED, PEOPLE, QUESTIONS, SIZE, WORKS, embed, load_neo4j, load_qdrant};

use crate::support::json as send_json;

#[test]
fn names_and_ids_of_the_sample_hang_together() {
    let people: HashSet<&str> = PEOPLE.iter().map(|person| person.name).collect();
    let years = |id: u64| {
        WORKS
            .iter()
            .find(|work| work.id == id)
            .map(|work| work.year)
    };
    let born = |name: &str| {
        PEOPLE
            .iter()
            .find(|person| person.name == name)
            .map(|person| person.born)
            .unwrap()
    };
    assert_eq!(people.len(), PEOPLE.len());
    for (place, work) in (1..).zip(WORKS) {
        assert_eq!(work.id, place);
        assert!(
            work.authors
                .iter()
                .all(|author| people.contains(author) && born(author) + 15 < work.year),
            "{}",
            work.title
        );
        assert!(
            work.cites
                .iter()
                .all(|cited| years(*cited).unwrap() <= work.year),
            "{}",
            work.title
        );
    }
    assert!(
        INFLUENCED
            .iter()
            .all(|(from, to)| people.contains(from) && people.contains(to))
    );
    let authors: HashSet<&str> = WORKS
        .iter()
        .flat_map(|work| work.authors.iter().copied())
        .collect();
    assert_eq!(authors, people);
}

#[test]
fn embeddings_are_of_length_one_and_near_for_shared_words() {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let (a, b) = (
        embed("public key cryptography"),
        embed("Keys that are public"),
    );
    assert_eq!(a.len(), SIZE);
    assert!((dot(&a, &a) - 1.0).abs() < 1e-5);
    assert!(dot(&a, &b) > 0.5 && dot(&a, &embed("the seven bridges of Königsberg")) < dot(&a, &b));
    assert!(embed("of the").iter().all(|value| *value == 0.0));
}

#[tokio::test]
async fn the_sample_loads_twice_and_its_queries_find_what_they_should() {
    let (cluster, graph) = (Cluster::start(1), Graph::start(Options::default()).unwrap());
    for _ in 0..2 {
        load_qdrant(&cluster.url(0)).await.unwrap();
        load_neo4j(&graph.url(0)).await.unwrap();
    }
    let url = format!("{}/collections/works/points/query", cluster.url(0));
    let asked =
        json!({"query": embed("seven bridges of Königsberg"), "limit": 1, "with_payload": true});
    let found = send_json("POST", &url, asked).await.json();
    assert_eq!(found["result"]["points"][0]["id"], 2, "{found}");
    let url = format!("{}/db/neo4j/query/v2", graph.url(0));
    let ask = |statement: &'static str| {
        let url = url.clone();
        async move {
            send_json("POST", &url, json!({"statement": statement}))
                .await
                .json()["data"]["values"]
                .clone()
        }
    };
    assert_eq!(
        ask("MATCH (w:Work) RETURN count(w)").await,
        json!([[WORKS.len()]])
    );
    assert_eq!(
        ask("MATCH ()-[r:INFLUENCED]->() RETURN count(r)").await,
        json!([[INFLUENCED.len()]])
    );
    for (question, statement) in QUESTIONS {
        let rows = ask(statement).await;
        assert!(
            rows.as_array().is_some_and(|rows| !rows.is_empty()),
            "{question}: {rows}"
        );
    }
    let way: Value = ask(QUESTIONS[4].1).await;
    assert_eq!(way[0][0].as_array().map(Vec::len), Some(4), "{way}");
}
