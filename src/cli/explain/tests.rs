use super::*;
use crate::dialect::canonical::{Builder, CanonicalBody};
use crate::dialect::*;
use crate::rejection::Rejection;
use ::http::header::AUTHORIZATION;
use clap::{CommandFactory, Parser};
use serde_json::{Value, json};

/// A dialect that says what it was given: GET is a read, everything else a write.
struct Echo {
    service: String,
}

impl Dialect for Echo {
    fn name(&self) -> &'static str {
        "qdrant"
    }

    fn store(&self) -> StoreKind {
        StoreKind::Vectors
    }

    fn understand(&self, request: &Request<'_>) -> Call {
        let collection = Tag::service("qdrant", &self.service).below(&["docs"]);
        let (length, whole) = match request.body {
            Body::Whole(body) => (body.len(), true),
            Body::Prefix(head) => (head.len(), false),
        };
        let read = request.method == ::http::Method::GET || request.headers.contains_key("x-read");
        let authorization = request
            .headers
            .get(AUTHORIZATION)
            .map_or(&b""[..], |v| v.as_bytes());
        let mut key = Builder::new("echo");
        if !authorization.is_empty() {
            key = key.credential("authorization", authorization);
        }
        Call {
            operation: "points.query",
            effect: if read { Effect::Read } else { Effect::Write },
            target: Target::Collection("docs".into()),
            query_type: QueryType::SemanticSearch,
            features: Features {
                text_length: length as u32,
                members: 1,
                ..Features::default()
            },
            reads: if read {
                vec![collection.clone()]
            } else {
                Vec::new()
            },
            invalidates: if read { Vec::new() } else { vec![collection] },
            storability: if read {
                Storability::Yes
            } else {
                Storability::Never("not_a_read")
            },
            shape: 0xabc,
            canonical: read.then(|| key.body(CanonicalBody::default())),
            reason: if !whole {
                "body not read whole"
            } else if request.headers.get("content-type").is_some() {
                "typed"
            } else {
                "untyped"
            },
            ..Call::unknown("test")
        }
    }

    fn outgoing(&self, _: &Call, _: &Request<'_>, _: bool) -> RequestEdits {
        RequestEdits::default()
    }

    fn judge(&self, _: &Call, _: &Response<'_>) -> Judgement {
        Judgement::success()
    }

    fn refused_as_write(&self, call: &Call, _: &Request<'_>) -> Call {
        call.clone()
    }

    fn refusal(&self, rejection: &Rejection, _: Option<&Request<'_>>) -> ErrorResponse {
        ErrorResponse {
            status: rejection.reason.row().status,
            content_type: "text/plain",
            body: String::new(),
            fields: Vec::new(),
        }
    }

    fn probes(&self) -> Vec<Probe> {
        Vec::new()
    }
}

fn dialect(name: &str, service: &str) -> Option<Box<dyn Dialect>> {
    (name == "qdrant").then(|| {
        Box::new(Echo {
            service: service.to_owned(),
        }) as Box<dyn Dialect>
    })
}

#[derive(clap::Parser)]
struct ExplainCommand {
    #[command(flatten)]
    args: ExplainArgs,
}

fn explained(flags: &[&str], input: &str) -> (Vec<Value>, bool) {
    let args = ExplainCommand::try_parse_from([&["explain"], flags].concat())
        .unwrap()
        .args;
    let mut output = Vec::new();
    let code = run(
        &args,
        &Config::default(),
        &dialect,
        input.as_bytes(),
        &mut output,
    );
    let lines = output
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    let outputs = lines
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    (outputs, code == ExitCode::SUCCESS)
}

fn one(input: Value) -> Value {
    let (mut outputs, good) = explained(&[], &input.to_string());
    assert!(good, "{outputs:?}");
    assert_eq!(outputs.len(), 1);
    outputs.remove(0)
}

#[test]
fn the_flags_are_sound() {
    ExplainCommand::command().debug_assert();
}

#[test]
fn a_request_is_explained_wholly() {
    let output = one(
        json!({"dialect": "qdrant", "method": "GET", "path": "/collections/docs/points/1", "headers": {}}),
    );
    let expected = json!({
        "operation": "points.query",
        "effect": "read",
        "target": {"collection": "docs"},
        "tags": {"reads": ["qdrant/qdrant/docs"], "invalidates": []},
        "type": "semantic_search",
        "features": {"text_length": 0, "word_count": 0, "has_vector": false, "has_filters": false, "entity_types": 0,
            "relationship_types": 0, "max_depth": 0, "vector_limit": 0, "graph_limit": 0, "final_limit": 0, "members": 1},
        "complexity": {"level": "simple", "score": 0.09, "terms": {"words": 0.0, "type": 0.09, "filters": 0.0, "depth": 0.0,
            "entity_types": 0.0, "relationship_types": 0.0, "results": 0.0}},
        "cost": 0.5, "time": 0.1, "execution": "vector_only",
        "priority": 5,
        "cache": {"policy": "store", "category": "vector", "ttl": 3600.0, "reason": "category"},
        "placement": "writer", "fence": "none", "acknowledgement": "applied",
        "shape": "0000000000000abc", "reason": "untyped",
    });
    assert_eq!(output, expected);
}

#[test]
fn a_write_is_not_kept_and_invalidates_its_tags() {
    let output = one(
        json!({"dialect": "qdrant", "method": "PUT", "path": "/collections/docs/points", "body": {"points": []}}),
    );
    assert_eq!(output["effect"], "write");
    assert_eq!(
        output["tags"],
        json!({"reads": [], "invalidates": ["qdrant/qdrant/docs"]})
    );
    assert_eq!(
        output["cache"],
        json!({"policy": "never", "category": null, "ttl": null, "reason": "not_a_read"})
    );
}

#[test]
fn a_json_body_is_taken_byte_for_byte_and_a_string_is_its_own_text() {
    let length = |body: &str| {
        let line = format!(r#"{{"dialect":"qdrant","method":"GET","path":"/x","body":{body}}}"#);
        let (outputs, good) = explained(&[], &line);
        assert!(good);
        (
            outputs[0]["features"]["text_length"].clone(),
            outputs[0]["reason"].clone(),
        )
    };
    assert_eq!(length(r#"{"a": [1.50, 2]}"#), (json!(16), json!("typed")));
    assert_eq!(length(r#""{\"a\": 1}""#), (json!(8), json!("untyped")));
    assert_eq!(length(r#""\u00e4""#), (json!(2), json!("untyped")));
    assert_eq!(length("null"), (json!(0), json!("untyped")));
    assert_eq!(length("[1,2]"), (json!(5), json!("typed")));
}

#[test]
fn a_body_beyond_the_peek_limit_is_seen_by_its_beginning() {
    let limit = Config::default().path.peek_limit.bytes();
    let body = "x".repeat(limit + 1);
    let output = one(json!({"dialect": "qdrant", "method": "GET", "path": "/x", "body": body}));
    assert_eq!(output["reason"], "body not read whole");
    assert_eq!(output["features"]["text_length"], limit);
    let whole =
        one(json!({"dialect": "qdrant", "method": "GET", "path": "/x", "body": &body[1..]}));
    assert_eq!(whole["reason"], "untyped");
}

#[test]
fn bad_lines_are_reported_in_their_place_and_the_others_go_on() {
    let good = r#"{"dialect":"qdrant","method":"GET","path":"/x"}"#;
    let bad = [
        "{",
        r#"{"dialect":"mysql","path":"/x"}"#,
        r#"{"dialect":"qdrant","path":"x"}"#,
        r#"{"dialect":"qdrant","path":"/x","method":"G T"}"#,
        r#"{"dialect":"qdrant","path":"/x","headers":{"a b":"c"}}"#,
        r#"{"dialect":"qdrant","path":"/x","headers":{"a":"\n"}}"#,
        r#"{"dialect":"qdrant","path":"/x","body_base64":"*"}"#,
        r#"{"dialect":"qdrant","path":"/x","body":1,"body_base64":""}"#,
    ];
    let input: String = bad
        .iter()
        .map(|line| format!("{line}\n{good}\n\n"))
        .collect();
    let (outputs, all_good) = explained(&[], &input);
    assert!(!all_good);
    assert_eq!(outputs.len(), 2 * bad.len());
    for (at, pair) in outputs.chunks(2).enumerate() {
        assert_eq!(pair[0]["line"], 3 * at + 1, "{}", pair[0]);
        assert!(
            pair[0]["error"]
                .as_str()
                .is_some_and(|error| !error.is_empty())
        );
        assert_eq!(pair[1]["operation"], "points.query");
    }
}

#[test]
fn errors_show_no_header_values() {
    let line = r#"{"dialect":"qdrant","path":"/x","headers":{"api-key":"s3cret\n"}}"#;
    let (outputs, _) = explained(&[], line);
    assert!(!outputs[0].to_string().contains("s3cret"));
}

#[test]
fn the_user_of_the_request_sets_its_priority() {
    let headers = json!({"X-User-Id": "premium_ada", "accept": ["a", "b"]});
    let output =
        one(json!({"dialect": "qdrant", "method": "GET", "path": "/x", "headers": headers}));
    assert_eq!(output["priority"], 8);
}

#[test]
fn a_credential_limits_the_life_of_an_entry() {
    let headers = json!({"Authorization": "Bearer x"});
    let output =
        one(json!({"dialect": "qdrant", "method": "GET", "path": "/x", "headers": headers}));
    assert_eq!(output["cache"]["ttl"], 3600.0);
    assert_eq!(output["cache"]["at_most"], 300.0);
}

#[test]
fn flags_ask_for_one_request() {
    let flags = [
        "--dialect",
        "qdrant",
        "--path",
        "/x",
        "--service",
        "docs",
        "-H",
        "X-Read: 1",
        "-H",
        "content-type:a/b",
        "--body",
        "{}",
    ];
    let (outputs, good) = explained(&flags, "not read");
    assert!(good);
    assert_eq!(outputs.len(), 1);
    assert_eq!(outputs[0]["tags"]["reads"], json!(["qdrant/docs/docs"]));
    assert_eq!(
        (
            &outputs[0]["reason"],
            &outputs[0]["features"]["text_length"]
        ),
        (&json!("typed"), &json!(2))
    );
}

#[test]
fn the_method_follows_the_body_where_it_is_not_given() {
    let effect = |flags: &[&str]| {
        explained(
            &[&["--dialect", "qdrant", "--path", "/x"], flags].concat(),
            "",
        )
        .0[0]["effect"]
            .clone()
    };
    assert_eq!(effect(&[]), "read");
    assert_eq!(effect(&["--body", "{}"]), "write");
    assert_eq!(effect(&["--body", "{}", "--method", "GET"]), "read");
    assert_eq!(effect(&["--body-base64", "e30="]), "write");
}

#[test]
fn a_body_may_come_from_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "12345").unwrap();
    let body = format!("@{}", file.path().display());
    let (outputs, good) = explained(
        &["--dialect", "qdrant", "--path", "/x", "--body", &body],
        "",
    );
    assert!(good);
    assert_eq!(outputs[0]["features"]["text_length"], 5);
    let (outputs, good) = explained(
        &[
            "--dialect",
            "qdrant",
            "--path",
            "/x",
            "--body",
            "@/no/such/file",
        ],
        "",
    );
    assert!(!good && outputs[0].get("line").is_none() && outputs[0]["error"].is_string());
}

#[test]
fn an_output_is_handed_over_before_the_next_line_is_read() {
    struct Counted<'a>(&'a std::cell::Cell<usize>);
    impl Write for Counted<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            self.0.set(self.0.get() + 1);
            Ok(())
        }
    }
    let flushes = std::cell::Cell::new(0);
    let line = "{\"dialect\":\"qdrant\",\"path\":\"/x\"}\n";
    run(
        &ExplainArgs::default(),
        &Config::default(),
        &dialect,
        line.repeat(3).as_bytes(),
        Counted(&flushes),
    );
    assert_eq!(flushes.get(), 3);
}
