//! Collections: create, list, describe, delete, aliases, and the node's view of its shards.

use qdrant_edge::OperationResult;
use serde_json::{Map, Value, json};

use super::call::Call;
use super::catalog::{AliasActions, Catalog};
use super::engine::{Collection, CollectionConfig};
use super::responses::{ApiError, ApiResult, ok};

/// Sections of a collection's configuration, with their defaults.
fn sections() -> [(&'static str, Value); 4] {
    [
        (
            "hnsw_config",
            json!({
                "m": 16, "ef_construct": 100, "full_scan_threshold": 10_000,
                "max_indexing_threads": 0, "on_disk": false
            }),
        ),
        (
            "optimizer_config",
            json!({
                "deleted_threshold": 0.2, "vacuum_min_vector_number": 1_000,
                "default_segment_number": 0, "max_segment_size": null, "memmap_threshold": null,
                "indexing_threshold": 10_000, "flush_interval_sec": 5,
                "max_optimization_threads": null, "prevent_unoptimized": null
            }),
        ),
        (
            "wal_config",
            json!({ "wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1 }),
        ),
        ("quantization_config", Value::Null),
    ]
}

/// PUT /collections/{c}.
pub fn create(call: &Call, catalog: &Catalog, name: &str, copies: usize) -> ApiResult {
    let wanted: CollectionConfig = call.json()?;
    let asked: Value = call.json()?;
    catalog.create(name, asked, wanted, copies)?;
    ok(call.started, true)
}

/// PATCH /collections/{c}: parsed and acknowledged; the engine has nothing to set.
pub fn patch(call: &Call, catalog: &Catalog, name: &str) -> ApiResult {
    let _: Map<String, Value> = call.json()?;
    catalog.find(name)?;
    ok(call.started, true)
}

/// DELETE /collections/{c}: false when there was none, also for an alias.
pub fn delete(call: &Call, catalog: &Catalog, name: &str) -> ApiResult {
    ok(call.started, catalog.delete(name))
}

/// GET /collections.
pub fn list(call: &Call, catalog: &Catalog) -> ApiResult {
    let names: Vec<Value> = catalog
        .names()
        .into_iter()
        .map(|name| json!({ "name": name }))
        .collect();
    ok(call.started, json!({ "collections": names }))
}

/// GET /collections/{c}/exists.
pub fn exists(call: &Call, catalog: &Catalog, name: &str) -> ApiResult {
    ok(
        call.started,
        json!({ "exists": catalog.find(name).is_ok() }),
    )
}

/// GET /aliases and /collections/{c}/aliases.
pub fn aliases(call: &Call, catalog: &Catalog, of: Option<&str>) -> ApiResult {
    if let Some(name) = of {
        catalog.find(name)?;
    }
    let pairs = catalog.aliases(of).into_iter();
    let shown: Vec<Value> = pairs
        .map(|(alias, name)| json!({ "alias_name": alias, "collection_name": name }))
        .collect();
    ok(call.started, json!({ "aliases": shown }))
}

/// POST /collections/aliases.
pub fn change_aliases(call: &Call, catalog: &Catalog) -> ApiResult {
    catalog.change_aliases(call.json::<AliasActions>()?)?;
    ok(call.started, true)
}

/// GET /collections/{c}.
pub fn describe(call: &Call, catalog: &Catalog, name: &str, copy: usize) -> ApiResult {
    let collection = catalog.find(name)?;
    let info = collection.shard(copy)?.edge.info();
    let schema: Result<Map<String, Value>, ApiError> = info
        .payload_schema
        .iter()
        .map(|(field, index)| {
            Ok((
                field.to_string(),
                serde_json::to_value(index).map_err(ApiError::internal)?,
            ))
        })
        .collect();
    ok(
        call.started,
        json!({
            "status": "green",
            "optimizer_status": "ok",
            "indexed_vectors_count": info.indexed_vectors_count,
            "points_count": info.points_count,
            "segments_count": info.segments_count,
            "config": config(&collection.config_json),
            "payload_schema": schema?,
            "update_queue": { "length": 0 },
        }),
    )
}

/// GET /collections/{c}/cluster.
pub fn cluster(call: &Call, catalog: &Catalog, name: &str, copy: usize, peer: u64) -> ApiResult {
    let points = points_count(&*catalog.find(name)?, copy)?;
    ok(
        call.started,
        json!({
            "peer_id": peer,
            "shard_count": 1,
            "local_shards": [{ "shard_id": 0, "points_count": points, "state": "Active" }],
            "remote_shards": [],
            "shard_transfers": [],
        }),
    )
}

fn points_count(collection: &Collection, copy: usize) -> OperationResult<usize> {
    Ok(collection.shard(copy)?.edge.info().points_count)
}

fn config(asked: &Value) -> Value {
    let mut params = Map::new();
    params.insert(
        "vectors".into(),
        asked.get("vectors").cloned().unwrap_or_else(|| json!({})),
    );
    if let Some(sparse) = asked.get("sparse_vectors") {
        params.insert("sparse_vectors".into(), sparse.clone());
    }
    params.insert(
        "shard_number".into(),
        asked.get("shard_number").cloned().unwrap_or(json!(1)),
    );
    params.insert("replication_factor".into(), json!(1));
    params.insert("write_consistency_factor".into(), json!(1));
    params.insert("on_disk_payload".into(), json!(true));
    let mut config = Map::from_iter([("params".to_owned(), Value::Object(params))]);
    config.extend(sections().map(|(name, value)| (name.to_owned(), value)));
    Value::Object(config)
}
