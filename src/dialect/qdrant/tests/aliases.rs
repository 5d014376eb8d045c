//! The alias table: what it adds to tags, and when it is not believed.

use super::{call, informed, knows_aliases, learn, learn_as, response, tags};
use crate::dialect::qdrant::{Qdrant, QdrantSettings, alias_table};
use crate::dialect::{Dialect, Tag, Target};
use bytes::Bytes;
use http::HeaderMap;

const POINTS: &str = "/collections/docs/points?wait=true";
const CREATE: &str =
    r#"{"actions":[{"create_alias":{"collection_name":"fresh","alias_name":"current"}}]}"#;

fn write(dialect: &Qdrant) -> Vec<Tag> {
    call(dialect, "PUT", POINTS, "{}").invalidates
}

fn change(dialect: &Qdrant) -> crate::dialect::Call {
    call(dialect, "POST", "/collections/aliases", CREATE)
}

fn answered(dialect: &Qdrant, call: &crate::dialect::Call) {
    dialect.judge(
        call,
        &response(200, &HeaderMap::new(), &Bytes::from_static(b"{}")),
    );
}

#[test]
fn a_write_through_an_alias_invalidates_its_target() {
    let call = call(&informed(), "PUT", "/collections/current/points", "{}");
    assert_eq!(
        tags(&call.invalidates),
        ["qdrant/vectors/current", "qdrant/vectors/docs"]
    );
}

#[test]
fn while_names_are_unknown_a_write_invalidates_the_service() {
    let dialect = Qdrant::new("vectors", QdrantSettings::default());
    assert_eq!(
        tags(&write(&dialect)),
        ["qdrant/vectors/docs", "qdrant/vectors"]
    );
    learn(&dialect, &[]);
    assert_eq!(tags(&write(&dialect)), ["qdrant/vectors/docs"]);
}

#[test]
fn a_change_of_aliases_invalidates_old_and_new_targets() {
    let invalidated = change(&informed()).invalidates;
    let invalidated = tags(&invalidated);
    for tag in ["fresh", "current", "docs", "/aliases"] {
        assert!(
            invalidated.contains(&format!("qdrant/vectors/{tag}").as_str()),
            "{tag}"
        );
    }
    assert!(!invalidated.contains(&"qdrant/vectors"));
}

#[test]
fn a_change_of_aliases_that_cannot_be_read_invalidates_the_service() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"actions":{}}"#,
        r#"{"actions":[["a","b"]]}"#,
        r#"{"actions":[{"create_alias":["docs","b"]}]}"#,
        r#"{"actions":[{"create_alias":{"collection_name":1,"alias_name":"b"}}]}"#,
    ] {
        let call = call(&informed(), "POST", "/collections/aliases", body);
        assert!(
            tags(&call.invalidates).contains(&"qdrant/vectors"),
            "{body}"
        );
    }
}

#[test]
fn names_are_unknown_until_a_query_begun_after_the_response_to_the_change() {
    let dialect = informed();
    let early = dialect.metadata_queries().remove(0);
    let change = change(&dialect);
    assert!(!knows_aliases(&dialect));
    learn_as(&dialect, &early, &[]);
    assert!(!knows_aliases(&dialect));
    let between = dialect.metadata_queries().remove(0);
    answered(&dialect, &change);
    learn_as(&dialect, &between, &[]);
    assert!(!knows_aliases(&dialect));
    learn(&dialect, &[("current", "fresh")]);
    assert!(knows_aliases(&dialect));
    assert_eq!(
        tags(&call(&dialect, "GET", "/collections/current/points/1", "").reads).len(),
        3
    );
}

#[test]
fn a_change_without_a_response_is_given_up_after_a_while() {
    let dialect = informed();
    change(&dialect);
    let needed = (1..100).find(|_| {
        learn(&dialect, &[]);
        knows_aliases(&dialect)
    });
    assert_eq!(needed, Some(31));
}

#[test]
fn every_change_of_names_makes_them_unknown() {
    for (method, target) in [
        ("PUT", "/collections/docs"),
        ("DELETE", "/collections/docs"),
        ("POST", "/collections/aliases"),
        ("PUT", "/collections/docs/snapshots/recover"),
        ("POST", "/cluster/recover"),
        ("POST", "/not/known"),
        ("POST", "/collections/%2e%2e/aliases"),
    ] {
        let dialect = informed();
        let change = call(&dialect, method, target, "{}");
        assert!(!knows_aliases(&dialect), "{method} {target}");
        answered(&dialect, &change);
        learn(&dialect, &[]);
        assert!(knows_aliases(&dialect), "{method} {target}");
    }
}

#[test]
fn writes_of_points_leave_the_names_known() {
    let dialect = informed();
    let write = call(&dialect, "PUT", POINTS, "{}");
    answered(&dialect, &write);
    assert!(knows_aliases(&dialect));
}

#[test]
fn a_write_that_a_change_of_names_overtook_invalidates_the_service_at_its_end() {
    let dialect = informed();
    let write = call(&dialect, "PUT", "/collections/current/points", "{}");
    assert_eq!(dialect.invalidates_after(&write), write.invalidates);
    answered(&dialect, &change(&dialect));
    assert!(tags(&dialect.invalidates_after(&write)).contains(&"qdrant/vectors"));
    learn(&dialect, &[("current", "fresh")]);
    assert!(tags(&dialect.invalidates_after(&write)).contains(&"qdrant/vectors"));
}

#[test]
fn what_was_stored_under_other_names_is_not_found_again() {
    let dialect = Qdrant::new("vectors", QdrantSettings::default());
    let key = || {
        call(&dialect, "GET", "/collections/current/points/1", "")
            .canonical
            .unwrap()
    };
    let unknown = key();
    learn(&dialect, &[("current", "docs")]);
    let known = key();
    learn(&dialect, &[("current", "fresh")]);
    let moved = key();
    answered(&dialect, &change(&dialect));
    let unknown_again = key();
    let keys = [&unknown, &known, &moved, &unknown_again];
    for (i, a) in keys.iter().enumerate() {
        assert!(keys.iter().skip(i + 1).all(|b| a != b));
    }
    learn(&dialect, &[("current", "docs")]);
    assert_eq!(key(), known);
}

#[test]
fn a_response_that_is_no_alias_table_teaches_nothing() {
    for body in [
        "",
        "[]",
        r#"{"result":{}}"#,
        r#"{"result":{"aliases":[{"alias_name":"a"}]}}"#,
    ] {
        assert!(alias_table::read_table(body.as_bytes()).is_none(), "{body}");
    }
    let dialect = informed();
    let metadata_query = dialect.metadata_queries().remove(0);
    let refused = Bytes::from_static(b"Must provide an API key");
    dialect.learn(&metadata_query, &response(401, &HeaderMap::new(), &refused));
    assert!(knows_aliases(&dialect));
}

#[test]
fn too_many_aliases_leave_the_names_unknown() {
    let alias = |i: usize| format!(r#"{{"alias_name":"a{i}","collection_name":"c"}}"#);
    let list = |n: usize| (0..n).map(alias).collect::<Vec<_>>().join(",");
    let table = |n: usize| {
        alias_table::read_table(format!(r#"{{"result":{{"aliases":[{}]}}}}"#, list(n)).as_bytes())
    };
    assert_eq!(
        table(alias_table::MAX_ALIASES).unwrap().len(),
        alias_table::MAX_ALIASES
    );
    assert!(table(alias_table::MAX_ALIASES + 1).is_none());
}

#[test]
fn an_unknown_table_is_asked_for_sooner() {
    let dialect = Qdrant::new("vectors", QdrantSettings::default());
    assert!(dialect.metadata_queries()[0].every < informed().metadata_queries()[0].every);
}

/// Endpoint tags name collections: with the alias in their place no endpoint took a call that named one.
#[test]
fn an_endpoint_must_hold_the_collection_behind_an_alias() {
    let facts = |dialect: &Qdrant, name: &str| {
        let path = format!("/collections/{name}/points/search");
        call(dialect, "POST", &path, "{}").facts()
    };
    let held = |dialect: &Qdrant, name: &str| facts(dialect, name).held;
    let docs = Target::Collection("docs".into()).hashed();
    let informed = informed();
    assert_eq!(held(&informed, "current"), docs);
    assert_eq!(held(&informed, "docs"), docs);
    let unknown = Qdrant::new("vectors", QdrantSettings::default());
    assert_eq!(held(&unknown, "current"), 0, "any endpoint may hold it");
}
