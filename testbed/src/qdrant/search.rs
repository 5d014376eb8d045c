//! Scored reads: `query`, its batch and groups, and the older `search`, `recommend` and `discover`,
//! which are read as queries.

use qdrant_edge::{Filter, PointId, ScoredPoint, SearchParams, WithPayloadInterface, WithVector};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::{Answered, Refusal, ok_used};
use super::call::Call;
use super::query::{Input, Kind, Lookup, Pairs, Place, Query, QueryBody, Recommend, Strategy, run};
use super::wire::RankedPoint;

/// How many candidates the grouping by hand looks at.
const CANDIDATES: usize = 10_000;

#[derive(Serialize)]
struct Points {
    points: Vec<RankedPoint>,
}

#[derive(Deserialize)]
struct Searches<T> {
    searches: Vec<T>,
}

/// A body that can be read as a query.
pub trait AsQuery: serde::de::DeserializeOwned {
    fn query(self) -> QueryBody;
}

impl AsQuery for QueryBody {
    fn query(self) -> QueryBody {
        self
    }
}

/// POST points/query.
pub fn query(call: &Call, place: &Place<'_>) -> Answered {
    ok_used(
        call.started,
        Points {
            points: ranked(run(place, call.json()?)?),
        },
    )
}

/// POST points/query/batch.
pub fn query_batch(call: &Call, place: &Place<'_>) -> Answered {
    let asked: Searches<QueryBody> = call.json()?;
    let answer = |body| {
        Ok(Points {
            points: ranked(run(place, body)?),
        })
    };
    let found: Result<Vec<Points>, Refusal> = asked.searches.into_iter().map(answer).collect();
    ok_used(call.started, found?)
}

/// POST points/{search,recommend,discover}.
pub fn legacy<T: AsQuery>(call: &Call, place: &Place<'_>) -> Answered {
    let asked: T = call.json()?;
    ok_used(call.started, ranked(run(place, asked.query())?))
}

/// POST points/{search,recommend,discover}/batch.
pub fn legacy_batch<T: AsQuery>(call: &Call, place: &Place<'_>) -> Answered {
    let asked: Searches<T> = call.json()?;
    let answer = |body: T| Ok(ranked(run(place, body.query())?));
    let found: Result<Vec<Vec<RankedPoint>>, Refusal> =
        asked.searches.into_iter().map(answer).collect();
    ok_used(call.started, found?)
}

fn ranked(points: Vec<ScoredPoint>) -> Vec<RankedPoint> {
    points.into_iter().map(RankedPoint::from).collect()
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum NamedVector {
    Plain(Vec<f32>),
    Named { name: String, vector: Input },
}

#[derive(Deserialize)]
pub struct SearchBody {
    vector: NamedVector,
    filter: Option<Filter>,
    params: Option<SearchParams>,
    score_threshold: Option<f32>,
    limit: Option<usize>,
    offset: Option<usize>,
    #[serde(alias = "with_vectors")]
    with_vector: Option<WithVector>,
    with_payload: Option<WithPayloadInterface>,
}

impl AsQuery for SearchBody {
    fn query(self) -> QueryBody {
        let (using, input) = match self.vector {
            NamedVector::Plain(values) => (None, Input::Dense(values)),
            NamedVector::Named { name, vector } => (Some(name), vector),
        };
        QueryBody {
            using,
            filter: self.filter,
            params: self.params,
            score_threshold: self.score_threshold,
            limit: self.limit,
            offset: self.offset,
            with_vector: self.with_vector,
            with_payload: self.with_payload,
            ..QueryBody::of(Query::Nearest(input))
        }
    }
}

/// Fields that `recommend` and `discover` share.
#[derive(Deserialize)]
pub struct ExamplesBody {
    #[serde(default)]
    positive: Vec<Input>,
    #[serde(default)]
    negative: Vec<Input>,
    strategy: Option<Strategy>,
    target: Option<Input>,
    context: Option<Pairs>,
    using: Option<String>,
    filter: Option<Filter>,
    params: Option<SearchParams>,
    score_threshold: Option<f32>,
    limit: Option<usize>,
    offset: Option<usize>,
    #[serde(alias = "with_vectors")]
    with_vector: Option<WithVector>,
    with_payload: Option<WithPayloadInterface>,
    lookup_from: Option<Lookup>,
}

impl AsQuery for ExamplesBody {
    fn query(self) -> QueryBody {
        let kind = match (self.target, self.context) {
            (Some(target), context) => Kind::Discover { target, context },
            (None, Some(pairs)) => Kind::Context(pairs),
            (None, None) => Kind::Recommend(Recommend {
                positive: self.positive,
                negative: self.negative,
                strategy: self.strategy,
            }),
        };
        QueryBody {
            using: self.using,
            filter: self.filter,
            params: self.params,
            score_threshold: self.score_threshold,
            limit: self.limit,
            offset: self.offset,
            with_vector: self.with_vector,
            with_payload: self.with_payload,
            lookup_from: self.lookup_from,
            ..QueryBody::of(Query::Other(Box::new(kind)))
        }
    }
}

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
    lookup: Option<super::wire::PlainPoint>,
}

/// POST points/{query,search,recommend}/groups: the best candidates, sorted into groups by hand.
pub fn groups<T: AsQuery>(call: &Call, place: &Place<'_>) -> Answered {
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
    ok_used(call.started, Groups { groups })
}

impl Group {
    fn look_up(&mut self, place: &Place<'_>, lookup: &WithLookup) -> Result<(), Refusal> {
        let (WithLookup::Name(name) | WithLookup::Body { collection: name }) = lookup;
        let shard = place.catalog.find(name)?.shard(place.lane)?;
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
