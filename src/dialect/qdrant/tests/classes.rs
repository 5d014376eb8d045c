//! What requests are taken for.

use super::{call, call_with, informed, never, query, tags};
use crate::dialect::{Acknowledgement, Call, Effect, Placement, QueryType, Target};

fn at(method: &str, target: &str) -> Call {
    call(&informed(), method, target, "{}")
}

#[test]
fn a_path_is_read_as_qdrant_routes_it() {
    for target in [
        "/collections/docs/points/query",
        "//collections/docs///points/query/",
        "/collections/d%6Fcs/%70oints/query?timeout=3",
    ] {
        let call = at("POST", target);
        assert_eq!(call.operation, "points.query", "{target}");
        assert_eq!(call.target, Target::Collection("docs".into()));
    }
}

#[test]
fn an_ambiguous_path_is_a_write_that_invalidates_everything() {
    for target in [
        "/collections/docs%2Fpoints/query",
        "/collections/docs/%2e%2e/x/points/query",
        "/collections/../points",
        "/collections/docs/..;/points/query",
        "/collections/docs/;/points/query",
        "/collections/%ff/points/query",
        "/collections/docs%zz/points/query",
        "/collections/docs%2570/points/query",
        "/collections/docs%/points/query",
        "/collections/docs%00/points/query",
        "/collections/docs\\x/points/query",
        "/collections/docs/points/query#x",
        "/collections/d\u{f6}cs/points/query",
        "collections/docs/points/query",
        "http://host/collections/docs/points/query",
        "*",
        "",
    ] {
        for method in ["GET", "POST"] {
            let call = call(&informed(), method, target, "{}");
            assert_eq!(call.effect, Effect::Unknown, "{target}");
            assert_eq!(tags(&call.invalidates), ["qdrant/vectors"], "{target}");
        }
    }
}

#[test]
fn a_wrong_method_or_an_unknown_path_below_a_collection_invalidates_the_collection() {
    for (method, target) in [
        ("PATCH", "/collections/docs/points/query"),
        ("POST", "/collections/docs/points/new"),
        ("DELETE", "/collections/docs/a/b/c/d/e/f/g/h/i/j/k"),
        ("BREW", "/collections/docs/points"),
    ] {
        let call = at(method, target);
        assert_eq!(call.effect, Effect::Unknown, "{method} {target}");
        assert_eq!(tags(&call.invalidates), ["qdrant/vectors/docs"]);
        assert_eq!(call.acknowledgement, Acknowledgement::Queued);
    }
}

#[test]
fn an_unknown_write_elsewhere_invalidates_the_service() {
    for (method, target) in [
        ("POST", "/x"),
        ("PUT", "/"),
        ("POST", "/collections/docs"),
        ("TRACE", "/"),
    ] {
        let call = at(method, target);
        assert_eq!(call.effect, Effect::Unknown, "{method} {target}");
        assert_eq!(tags(&call.invalidates), ["qdrant/vectors"]);
    }
}

#[test]
fn an_unknown_get_is_a_read_that_is_never_stored() {
    let call = at("GET", "/collections/docs/something/new");
    assert_eq!(call.effect, Effect::Read);
    assert_eq!(never(&call), "unknown_operation");
    assert_eq!(call.placement, Placement::Any);
    assert!(call.invalidates.is_empty());
}

#[test]
fn what_belongs_to_one_node_is_asked_there() {
    for target in [
        "/telemetry",
        "/metrics",
        "/cluster",
        "/collections/docs/cluster",
        "/snapshots/x",
        "/logger",
    ] {
        assert_eq!(at("GET", target).placement, Placement::Local, "{target}");
    }
    assert_eq!(
        at("PUT", "/collections/docs/snapshots/recover").placement,
        Placement::Local
    );
    assert_eq!(
        at("PUT", "/collections/docs/points").placement,
        Placement::Any
    );
}

#[test]
fn a_success_without_wait_true_only_means_queued() {
    let queued = |query: &str| {
        let call = at("PUT", &format!("/collections/docs/points{query}"));
        call.acknowledgement == Acknowledgement::Queued
    };
    assert!(queued("") && queued("?wait=false") && queued("?wait") && queued("?wait=1"));
    assert!(queued("?wait=true&wait=true") && queued("?wait=true&w%61it=false"));
    assert!(!queued("?wait=true") && !queued("?ordering=strong&w%61it=tr%75e&timeout=5"));
}

#[test]
fn recovering_a_snapshot_waits_unless_told_otherwise() {
    let ack = |query: &str| {
        at(
            "PUT",
            &format!("/collections/docs/snapshots/recover{query}"),
        )
        .acknowledgement
    };
    assert_eq!(ack(""), Acknowledgement::Applied);
    assert_eq!(ack("?wait=false"), Acknowledgement::Queued);
}

#[test]
fn searches_are_classed_by_what_they_ask() {
    let class = |body: &str| query(body).query_type;
    assert_eq!(class(r#"{"query":[0.1,0.2]}"#), QueryType::SemanticSearch);
    assert_eq!(
        class(r#"{"query":[0.1],"filter":null}"#),
        QueryType::SemanticSearch
    );
    assert_eq!(
        class(r#"{"query":[0.1],"filter":{"must":[]}}"#),
        QueryType::ContextualSearch
    );
    assert_eq!(
        class(r#"{"prefetch":{"query":[0.1]},"query":{"fusion":"rrf"}}"#),
        QueryType::ContextualSearch
    );
    assert_eq!(
        class(r#"{"query":{"text":"who knows","model":"m"}}"#),
        QueryType::ContextualSearch
    );
    let groups = call(
        &informed(),
        "POST",
        "/collections/docs/points/query/groups",
        r#"{"group_by":"g"}"#,
    );
    assert_eq!(groups.query_type, QueryType::ContextualSearch);
    assert_eq!(
        at("GET", "/collections/docs/points/7").query_type,
        QueryType::EntityLookup
    );
    assert_eq!(
        at("POST", "/collections/docs/points/count").query_type,
        QueryType::Statistics
    );
    assert_eq!(
        at("GET", "/collections/docs").query_type,
        QueryType::Statistics
    );
    assert_eq!(at("GET", "/readyz").query_type, QueryType::Health);
}

#[test]
fn features_are_counted() {
    let plain =
        query(r#"{"query":[0.1,0.2],"limit":7,"filter":{"must":[{"has_id":[1,2]}]}}"#).features;
    assert!(plain.has_vector && plain.has_filters);
    assert_eq!(
        (plain.vector_limit, plain.final_limit, plain.members),
        (7, 7, 1)
    );

    let fused =
        query(r#"{"prefetch":[{"query":[0.1],"limit":50}],"query":{"fusion":"rrf"}}"#).features;
    assert_eq!((fused.vector_limit, fused.final_limit), (50, 10));

    let by_id = query(r#"{"query":{"recommend":{"positive":[1,2]}}}"#).features;
    assert!(!by_id.has_vector && !by_id.has_filters);
    assert!(
        query(r#"{"query":{"recommend":{"positive":[[0.1,0.2]]}}}"#)
            .features
            .has_vector
    );
    assert!(
        query(r#"{"query":{"indices":[1],"values":[0.5]}}"#)
            .features
            .has_vector
    );

    let text = query(r#"{"query":{"text":"who knows whom","model":"m"}}"#).features;
    assert_eq!((text.text_length, text.word_count), (14, 3));

    let batch = r#"{"searches":[{"query":[0.1],"limit":2},{"query":[0.1]}]}"#;
    let batch = call(
        &informed(),
        "POST",
        "/collections/docs/points/query/batch",
        batch,
    )
    .features;
    assert_eq!((batch.members, batch.final_limit), (2, 10));

    let groups = r#"{"query":[0.1],"group_by":"g","limit":4,"group_size":5}"#;
    let groups = call(
        &informed(),
        "POST",
        "/collections/docs/points/query/groups",
        groups,
    )
    .features;
    assert_eq!(groups.final_limit, 20);

    let ids = call(
        &informed(),
        "POST",
        "/collections/docs/points",
        r#"{"ids":[1,2,3]}"#,
    )
    .features;
    assert_eq!(
        (ids.final_limit, ids.vector_limit, ids.has_vector),
        (3, 0, false)
    );
}

#[test]
fn a_count_has_no_limit_and_a_facet_has_one() {
    let count = at("POST", "/collections/docs/points/count").features;
    assert_eq!((count.final_limit, count.vector_limit), (0, 0));
    let facet = at("POST", "/collections/docs/facet").features;
    assert_eq!((facet.final_limit, facet.vector_limit), (10, 0));
}

#[test]
fn a_shape_forgets_literals_and_keeps_structure() {
    let shape = |body: &str| query(body).shape;
    let base = shape(
        r#"{"query":[0.1,0.2],"limit":3,"filter":{"must":[{"key":"a","match":{"value":"x"}}]}}"#,
    );
    let same = shape(
        r#"{"limit":9,"filter":{"must":[{"match":{"value":"y"},"key":"a"}]},"query":[1.1,2.2,3.3]}"#,
    );
    let field = shape(
        r#"{"query":[0.1,0.2],"limit":3,"filter":{"must":[{"key":"b","match":{"value":"x"}}]}}"#,
    );
    assert_eq!(base, same);
    assert_ne!(base, field);
    assert_ne!(base, shape(r#"{"query":[0.1,0.2],"limit":3}"#));
    // The same in every process: it is the key of what is kept over restarts.
    assert_eq!(shape(r#"{"query":[0.1],"limit":3}"#), STABLE);
}

const STABLE: u64 = 9_097_912_191_258_971_440;

#[test]
fn only_responses_that_must_be_judged_are_requested_unencoded() {
    use crate::dialect::{Body, Dialect, Request};
    let dialect = informed();
    let encodings = super::headers(&[("accept-encoding", "gzip")]);
    let removed = |method: &str, target: &str| {
        let request = Request {
            method: &http::Method::from_bytes(method.as_bytes()).unwrap(),
            target,
            headers: &encodings,
            body: Body::Whole(&bytes::Bytes::new()),
        };
        !dialect
            .outgoing(&dialect.understand(&request), &request, false)
            .remove
            .is_empty()
    };
    assert!(removed("PUT", "/collections/docs/points"));
    assert!(removed("POST", "/collections/docs/points/query"));
    assert!(!removed("GET", "/collections/docs/snapshots/x"));
    assert!(!removed("GET", "/dashboard/app.js"));
    assert!(!removed("POST", "/something/else"));
}

#[test]
fn credentials_do_not_change_what_a_request_is() {
    let plain = at("GET", "/collections/docs/points/7");
    let keyed = call_with(
        &informed(),
        "GET",
        "/collections/docs/points/7",
        &[("api-key", "k")],
        "",
    );
    assert_eq!(plain.operation, keyed.operation);
}
