use super::*;

fn edit(body: &str, size: usize) -> String {
    let mut editor = editor::TokenEditor::new("abcdefgh");
    let mut out = Vec::new();
    let chunks: Vec<_> = body.as_bytes().chunks(size).collect();
    for (at, chunk) in chunks.iter().enumerate() {
        let end = at + 1 == chunks.len();
        out.extend_from_slice(&editor.chunk(Bytes::copy_from_slice(chunk), end));
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn ids_and_urls_get_the_token_whatever_the_chunks() {
    let cases = [
        (
            r#"{"results":[],"errors":[],"commit":"http://h:7474/db/neo4j/tx/9/commit","transaction":{"expires":"Sat"}}"#,
            r#"{"results":[],"errors":[],"commit":"http://h:7474/db/neo4j/tx/9-abcdefgh/commit","transaction":{"expires":"Sat"}}"#,
        ),
        (
            r#"{"data":{"fields":["commit"],"values":[["http://h/db/neo4j/tx/9/commit",{"commit":"/tx/1/commit","transaction":{"id":"x"}}]]},"transaction":{"id":"ff25","expires":"2026"}}"#,
            r#"{"data":{"fields":["commit"],"values":[["http://h/db/neo4j/tx/9/commit",{"commit":"/tx/1/commit","transaction":{"id":"x"}}]]},"transaction":{"id":"ff25-abcdefgh","expires":"2026"}}"#,
        ),
        (
            "{ \"transaction\" : { \"other\" : { \"id\" : \"no\" }, \"id\" : \"d55a\" }, \"x\": \"\\\"commit\\\":\\\"/tx/1/commit\" }",
            "{ \"transaction\" : { \"other\" : { \"id\" : \"no\" }, \"id\" : \"d55a-abcdefgh\" }, \"x\": \"\\\"commit\\\":\\\"/tx/1/commit\" }",
        ),
        (
            r#"{"transaction":["id","x"],"id":"y"}"#,
            r#"{"transaction":["id","x"],"id":"y"}"#,
        ),
        (
            r#"["commit","/tx/1/commit"]"#,
            r#"["commit","/tx/1/commit"]"#,
        ),
        (r#"{"commit":"no url"}"#, r#"{"commit":"no url"}"#),
        ("", ""),
    ];
    for (body, wanted) in cases {
        for size in 1..=body.len().max(1) {
            assert_eq!(edit(body, size), wanted, "{size}");
        }
    }
}

#[test]
fn recorded_responses_lead_back_to_their_endpoint() {
    for note in [
        "tx: begin",
        "tx: run",
        "query tx: begin",
        "query tx: run",
        "query tx: begin, empty",
        "tx: commit",
    ] {
        let record = recorded(note).unwrap();
        let body = record["response"]["body"].as_str().unwrap();
        let edited: serde_json::Value = serde_json::from_str(&edit(body, 7)).unwrap();
        let url = edited["commit"]
            .as_str()
            .is_some_and(|url| url.ends_with("-abcdefgh/commit"));
        let id = edited["transaction"]["id"]
            .as_str()
            .is_some_and(|id| id.ends_with("-abcdefgh"));
        assert!(url || id, "{note}: {edited}");
    }
}

#[test]
fn the_location_gets_the_token() {
    let mut headers = HeaderMap::new();
    headers.insert(
        "location",
        "http://proxy.example:7474/db/neo4j/tx/9".parse().unwrap(),
    );
    editor::TokenEditor::new("abcdefgh").headers(&mut headers);
    assert_eq!(
        headers["location"],
        "http://proxy.example:7474/db/neo4j/tx/9-abcdefgh"
    );
}

#[test]
fn a_long_value_is_not_held_back() {
    let body = format!(r#"{{"commit":"{}/tx/1/commit"}}"#, "x".repeat(100_000));
    assert_eq!(edit(&body, 1000), body);
}

#[test]
fn only_responses_of_open_transactions_are_edited() {
    let neo4j = plain();
    let edited = |method: &str, target: &str| {
        let call = neo4j.understand(&Sent::new(method, target, r#"{"statements":[]}"#).request());
        neo4j.editor(&call, "abcdefgh").is_some()
    };
    assert!(edited("POST", "/db/neo4j/tx"));
    assert!(edited("POST", "/db/neo4j/tx/9-abcdefgh"));
    assert!(edited("POST", "/db/neo4j/tx/9-abcdefgh/commit"));
    assert!(!edited("DELETE", "/db/neo4j/tx/9-abcdefgh"));
    assert!(!edited("POST", "/db/neo4j/tx/commit"));
    assert!(!edited("POST", "/db/neo4j/query/v2"));
}
