//! The table against Qdrant's own description, and against itself.

use crate::dialect::qdrant::path::Path;
use crate::dialect::qdrant::{OPERATIONS, Operation, routes, rows};
use crate::dialect::{Effect, Storability};
use http::Method;
use std::collections::{BTreeSet, HashSet};

const DESCRIBED: &str = include_str!("../../../../tests/fixtures/qdrant-operations.txt");

/// `PUT /collections/{}/points`: method and path without the names of its parameters.
fn plain(method: &str, pattern: &str) -> String {
    let parts = pattern
        .split('/')
        .map(|part| if part.starts_with('{') { "{}" } else { part });
    format!("{method} {}", parts.collect::<Vec<_>>().join("/"))
}

fn described() -> BTreeSet<String> {
    let rows = DESCRIBED.lines().filter_map(|line| line.split_once(' '));
    rows.map(|(method, path)| plain(method, path)).collect()
}

fn known() -> BTreeSet<String> {
    OPERATIONS
        .iter()
        .map(|row| plain(row.method, row.pattern))
        .collect()
}

/// Served by Qdrant 1.19, though its description does not say so.
const UNDESCRIBED: &[&str] = &[
    "POST /collections/{}/points/search",
    "POST /collections/{}/points/search/batch",
    "POST /collections/{}/points/search/groups",
    "POST /collections/{}/points/recommend",
    "POST /collections/{}/points/recommend/batch",
    "POST /collections/{}/points/recommend/groups",
    "POST /collections/{}/points/discover",
    "POST /collections/{}/points/discover/batch",
    "POST /collections/{}/shards/{}/points",
    "POST /collections/{}/shards/{}/points/scroll",
    "POST /collections/{}/shards/{}/points/count",
    "POST /collections/{}/shards/{}/cleanup",
    "POST /collections/{}/shards/{}/snapshot/partial/create",
    "POST /collections/{}/shards/{}/snapshot/partial/recover",
    "POST /collections/{}/shards/{}/snapshot/partial/recover_from",
    "GET /collections/{}/shards/{}/snapshot/partial/manifest",
    "POST /collections/{}/truncate_unapplied_wal",
    "GET /collections/{}/memory",
    "GET /profiler/slow_requests",
    "POST /audit/logs",
    "GET /logger",
    "POST /logger",
    "GET /debugger",
    "PATCH /debugger",
    "GET /stacktrace",
    "GET /cluster/metadata/keys",
    "GET /cluster/metadata/keys/{}",
    "PUT /cluster/metadata/keys/{}",
    "DELETE /cluster/metadata/keys/{}",
];

#[test]
fn every_described_operation_has_a_row() {
    assert_eq!(described().len(), 69);
    let missing: Vec<_> = described().difference(&known()).cloned().collect();
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn every_row_is_described_or_known_to_be_served() {
    let extra: BTreeSet<_> = known().difference(&described()).cloned().collect();
    let served: BTreeSet<_> = UNDESCRIBED.iter().map(|row| (*row).to_owned()).collect();
    assert_eq!(extra, served);
}

#[test]
fn names_are_unique_and_patterns_too() {
    let names: HashSet<_> = OPERATIONS.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), OPERATIONS.len());
    assert_eq!(known().len(), OPERATIONS.len());
}

/// A path that a row matches.
pub fn example(row: &Operation) -> String {
    let parts = row.pattern.split('/').map(|part| match part {
        "{collection}" => "docs",
        part if part.starts_with('{') => "7",
        "*" => "x",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_row_is_found_by_its_own_path_and_no_other_row_is() {
    for row in OPERATIONS {
        let target = example(row);
        let path = Path::read(&target).unwrap();
        let method = Method::from_bytes(row.method.as_bytes()).unwrap();
        let found = routes::find(&method, &path.segments()).unwrap();
        assert_eq!(found.name, row.name, "{target}");
    }
}

#[test]
fn only_reads_are_stored_and_no_response_of_one_node_is() {
    for row in rows() {
        let stored = !matches!(row.storability, Storability::Never(_));
        assert!(
            !stored || (row.effect == Effect::Read && !row.local),
            "{}",
            row.name
        );
    }
}
