use super::*;
use http::header::{ACCEPT_ENCODING, HeaderName};
use proptest::prelude::*;

fn out(neo4j: &Neo4j, sent: &Sent, after_write: bool) -> RequestEdits {
    let call = neo4j.understand(&sent.request());
    neo4j.outgoing(&call, &sent.request(), after_write)
}

fn sent_body(body: &str) -> serde_json::Value {
    let out = out(
        &plain(),
        &Sent::new("POST", "/db/neo4j/query/v2", body),
        false,
    );
    serde_json::from_slice(&out.body.unwrap()).unwrap()
}

#[test]
fn the_fence_is_put_into_the_body_of_the_query_api() {
    for body in [
        r#"{"statement":"RETURN 1"}"#,
        " {\n\t\"statement\" : \"RETURN 1\" } ",
        r#"{"statement":"RETURN 1","accessMode":null}"#,
        r#"{"accessMode" : null , "statement":"RETURN 1"}"#,
        r#"{"access\u004dode":null,"statement":"RETURN 1"}"#,
        r#"{"parameters":{"accessMode":"WRITE"},"statement":"RETURN 1"}"#,
    ] {
        let json = sent_body(body);
        assert_eq!(json["accessMode"], "READ", "{body}");
        assert_eq!(json["statement"], "RETURN 1");
    }
}

#[test]
fn the_fence_is_a_header_of_the_transactional_api() {
    let out = out(&plain(), &tx(&["RETURN 1"]), false);
    let name = HeaderName::from_static("access-mode");
    assert_eq!(out.set, [(name, "READ".parse().unwrap())]);
    assert_eq!((out.body, out.target), (None, None));
}

#[test]
fn only_reads_of_ours_are_fenced() {
    let neo4j = plain();
    let untouched = [
        query("CREATE (n)"),
        query("FROBNICATE"),
        tx(&["CREATE (n)"]),
        tx(&["RETURN 1"]).header("access-mode", "READ"),
        Sent::new(
            "POST",
            "/db/neo4j/query/v2",
            r#"{"statement":"RETURN 1","accessMode":"WRITE"}"#,
        ),
        Sent::new(
            "POST",
            "/db/neo4j/query/v2",
            r#"{"statement":"RETURN 1","statement":"RETURN 2"}"#,
        ),
        Sent::new("GET", "/", ""),
        Sent::new("POST", "/elsewhere", "{}"),
    ];
    for sent in &untouched {
        assert_eq!(
            out(&neo4j, sent, false),
            RequestEdits::default(),
            "{}",
            sent.target
        );
    }
    let begin = Sent::new(
        "POST",
        "/db/neo4j/query/v2/tx",
        r#"{"statement":"RETURN 1"}"#,
    );
    let changed = out(&neo4j, &begin, false);
    assert_eq!(
        (changed.body, changed.set.len(), changed.remove),
        (None, 0, vec![ACCEPT_ENCODING])
    );
}

#[test]
fn a_fill_in_a_cluster_carries_the_newest_bookmark() {
    let alone = plain();
    alone.knowledge.bookmarks.remember("neo4j", "FB:new");
    assert!(
        !String::from_utf8_lossy(&out(&alone, &query("RETURN 1"), true).body.unwrap())
            .contains("FB:new")
    );
    let neo4j = informed(Neo4jSettings {
        cluster: true,
        ..Neo4jSettings::new("graph")
    });
    neo4j.knowledge.bookmarks.remember("neo4j", "FB:new");
    let body = out(&neo4j, &query("RETURN 1"), true).body.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&json["bookmarks"][0], &json["accessMode"]),
        (&"FB:new".into(), &"READ".into())
    );
    let header = out(&neo4j, &tx(&["RETURN 1"]), true);
    assert!(
        header
            .set
            .iter()
            .any(|(name, value)| name == "bookmarks" && value == r#"["FB:new"]"#)
    );
    let own = Sent::new(
        "POST",
        "/db/neo4j/query/v2",
        r#"{"statement":"RETURN 1","bookmarks":["FB:old"]}"#,
    );
    let body = out(&neo4j, &own, true).body.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["bookmarks"], serde_json::json!(["FB:old"]));
    assert_eq!(
        out(&neo4j, &query("CREATE (n)"), true),
        RequestEdits::default()
    );
}

#[test]
fn the_token_is_taken_out_of_the_path() {
    let neo4j = plain();
    let cases = [
        ("/db/neo4j/tx/9-abcdefgh", "/db/neo4j/tx/9"),
        ("/db/neo4j/tx/-9-abcdefgh/commit", "/db/neo4j/tx/-9/commit"),
        (
            "/db/neo4j/query/v2/tx/ff25-abcdefgh/commit?x=/tx/1",
            "/db/neo4j/query/v2/tx/ff25/commit?x=/tx/1",
        ),
        ("/db/tx/tx/9-abcdefgh", "/db/tx/tx/9"),
    ];
    for (target, wanted) in cases {
        let changed = out(&neo4j, &Sent::new("POST", target, "{}"), false);
        assert_eq!(changed.target.as_deref(), Some(wanted));
    }
    assert_eq!(
        out(&neo4j, &Sent::new("POST", "/db/neo4j/tx/9", "{}"), false).target,
        None
    );
}

#[test]
fn a_path_that_would_mean_something_else_without_its_token_is_a_write_passed_on() {
    let neo4j = plain();
    for id in [
        "commit-abcdefgh",
        "commit%3F-abcdefgh",
        "commit%23-abcdefgh",
        "%63ommit-abcdefgh",
        "commi%74",
        "9%2dabcdefgh",
        "9%7E-abcdefgh",
        "..-abcdefgh",
        ".-abcdefgh",
        "-abcdefgh",
        "9%20-abcdefgh",
        "\u{e9}-abcdefgh",
    ] {
        for target in [
            format!("/db/neo4j/tx/{id}"),
            format!("/db/neo4j/tx/{id}/commit"),
            format!("/db/neo4j/query/v2/tx/{id}"),
        ] {
            let sent = Sent::new(
                "POST",
                &target,
                r#"{"statements":[{"statement":"CREATE (n)"}]}"#,
            );
            let call = neo4j.understand(&sent.request());
            assert_eq!(call.effect, Effect::Unknown, "{target}");
            assert_eq!(call.invalidates, [tags::service("graph")], "{target}");
            assert_eq!(
                out(&neo4j, &sent, false),
                RequestEdits::default(),
                "{target}"
            );
        }
    }
}

proptest! {
    #[test]
    fn a_fenced_body_says_what_the_body_said_and_read(
        statement in "MATCH \\(n\\) WHERE n\\.x = '[a-z{}\\[\\]:, ]{0,12}' RETURN n",
        value in any::<i64>(),
        space in "[ \n\t]{0,3}",
        null in any::<bool>(),
    ) {
        let null = if null { r#","accessMode":null"# } else { "" };
        let text = serde_json::Value::from(statement.clone());
        let body = format!(r#"{space}{{{space}"parameters"{space}:{{"accessMode":{value}}},"statement":{text}{null}{space}}}{space}"#);
        let json = sent_body(&body);
        prop_assert_eq!(&json["accessMode"], "READ");
        prop_assert_eq!(&json["statement"], &statement);
        prop_assert_eq!(&json["parameters"]["accessMode"], &serde_json::Value::from(value));
        prop_assert_eq!(json.as_object().unwrap().len(), 3);
    }
}
