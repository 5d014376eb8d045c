//! Grouped reads: the engine has none, so the best candidates are grouped here.

use qdrant_edge::{PointId, ScoredPoint, WithPayloadInterface};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call::Call;
use super::point_json::RankedPoint;
use super::query::{Place, run};
use super::responses::{ApiError, ApiResult, ok_with_usage};
use super::search::AsQuery;

/// How many candidates are considered.
const CANDIDATES: usize = 10_000;

#[derive(Deserialize)]
struct Grouping {
    group_by: String,
    group_size: Option<usize>,
    limit: Option<usize>,
    with_payload: Option<WithPayloadInterface>,
    with_lookup: Option<WithLookup>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WithLookup {
    Name(String),
    Body { collection: String },
}

#[derive(Serialize)]
struct Groups {
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    id: Value,
    hits: Vec<RankedPoint>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lookup: Option<super::point_json::PlainPoint>,
}

/// POST points/{query,search,recommend}/groups: the best candidates, grouped.
pub fn groups<T: AsQuery>(call: &Call, place: &Place<'_>) -> ApiResult {
    let grouping: Grouping = call.json()?;
    let mut body = call.json::<T>()?.query();
    body.limit = Some(CANDIDATES);
    body.with_payload = Some(WithPayloadInterface::Bool(true));
    let shown = grouping
        .with_payload
        .unwrap_or(WithPayloadInterface::Bool(false));
    let mut groups = Vec::new();
    for point in run(place, body)? {
        sort_in(
            &mut groups,
            point,
            &grouping.group_by,
            grouping.group_size.unwrap_or(3),
            &shown,
        );
    }
    groups.truncate(grouping.limit.unwrap_or(10));
    if let Some(lookup) = &grouping.with_lookup {
        groups
            .iter_mut()
            .try_for_each(|group| group.look_up(place, lookup))?;
    }
    ok_with_usage(call.started, Groups { groups })
}

impl Group {
    fn look_up(&mut self, place: &Place<'_>, lookup: &WithLookup) -> Result<(), ApiError> {
        let (WithLookup::Name(name) | WithLookup::Body { collection: name }) = lookup;
        let shard = place.catalog.find(name)?.shard(place.copy)?;
        let Ok(id) = serde_json::from_value::<PointId>(self.id.clone()) else {
            return Ok(());
        };
        self.lookup = shard
            .edge
            .retrieve(&[id], None, None)?
            .into_iter()
            .next()
            .map(Into::into);
        Ok(())
    }
}

fn sort_in(
    groups: &mut Vec<Group>,
    mut point: ScoredPoint,
    path: &str,
    size: usize,
    shown: &WithPayloadInterface,
) {
    let ids = group_ids(&point, path);
    if *shown == WithPayloadInterface::Bool(false) {
        point.payload = None;
    }
    for id in ids {
        match groups.iter_mut().find(|group| group.id == id) {
            Some(group) if group.hits.len() < size => group.hits.push(point.clone().into()),
            Some(_) => {}
            None => groups.push(Group {
                id,
                hits: vec![point.clone().into()],
                lookup: None,
            }),
        }
    }
}

fn group_ids(point: &ScoredPoint, path: &str) -> Vec<Value> {
    let Some(payload) = &point.payload else {
        return Vec::new();
    };
    let mut keys = path.split('.');
    let first = keys.next().and_then(|key| payload.0.get(key));
    match keys.fold(first, |value, key| value.and_then(|value| value.get(key))) {
        Some(Value::Array(values)) => values.clone(),
        Some(value @ (Value::String(_) | Value::Number(_))) => vec![value.clone()],
        _ => Vec::new(),
    }
}
