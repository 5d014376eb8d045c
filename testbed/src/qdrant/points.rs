//! Reads of points without a score: retrieve, scroll, count, facet.

use qdrant_edge::{
    CountRequest, FacetRequest, PointId, ScrollRequest, WithPayloadInterface, WithVector,
};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::engine::Shard;
use super::point_json::{Hit, PlainPoint};
use super::responses::{ApiError, ApiResult, ok_with_usage};

#[derive(Deserialize)]
struct Retrieve {
    ids: Vec<PointId>,
    with_payload: Option<WithPayloadInterface>,
    #[serde(alias = "with_vectors")]
    with_vector: Option<WithVector>,
}

#[derive(Serialize)]
struct Page {
    points: Vec<PlainPoint>,
    next_page_offset: Option<PointId>,
}

#[derive(Serialize)]
struct Counted {
    count: usize,
}

#[derive(Serialize)]
struct Facets {
    hits: Vec<Hit>,
}

/// An id of a path: a number or a UUID.
pub fn point_id(text: &str) -> Result<PointId, ApiError> {
    let bad = || ApiError::wrong_input(format!("Can not recognize \"{text}\" as point id"));
    text.parse().map_err(|_| bad())
}

/// GET points/{id}: payload and vectors.
pub fn one(call: &Call, shard: &Shard, id: &str) -> ApiResult {
    let id = point_id(id)?;
    let all = (
        Some(WithPayloadInterface::Bool(true)),
        Some(WithVector::Bool(true)),
    );
    let record = shard.edge.retrieve(&[id], all.0, all.1)?.into_iter().next();
    let missing = || ApiError::not_found(format!("Point with id {id} does not exists!"));
    ok_with_usage(call.started, PlainPoint::from(record.ok_or_else(missing)?))
}

/// POST points: in the order of the ids; without payload and vectors unless requested.
pub fn some(call: &Call, shard: &Shard) -> ApiResult {
    let asked: Retrieve = call.json()?;
    let payload = asked
        .with_payload
        .unwrap_or(WithPayloadInterface::Bool(false));
    let records = shard
        .edge
        .retrieve(&asked.ids, Some(payload), asked.with_vector)?;
    ok_with_usage(
        call.started,
        records
            .into_iter()
            .map(PlainPoint::from)
            .collect::<Vec<_>>(),
    )
}

/// POST points/scroll.
pub fn scroll(call: &Call, shard: &Shard) -> ApiResult {
    let asked: ScrollRequest = call.json()?;
    let (records, next_page_offset) = shard.edge.scroll(asked)?;
    let points = records.into_iter().map(PlainPoint::from).collect();
    ok_with_usage(
        call.started,
        Page {
            points,
            next_page_offset,
        },
    )
}

/// POST points/count.
pub fn count(call: &Call, shard: &Shard) -> ApiResult {
    let asked: CountRequest = call.json()?;
    ok_with_usage(
        call.started,
        Counted {
            count: shard.edge.count(asked)?,
        },
    )
}

/// POST facet.
pub fn facet(call: &Call, shard: &Shard) -> ApiResult {
    let asked: FacetRequest = call.json()?;
    let found = shard.edge.facet(asked)?;
    ok_with_usage(
        call.started,
        Facets {
            hits: found.hits.into_iter().map(Hit::from).collect(),
        },
    )
}
