//! Scored reads: `query` and its batch, and the older `search`, `recommend` and `discover`,
//! which are read as queries.

use qdrant_edge::{Filter, ScoredPoint, SearchParams, WithPayloadInterface, WithVector};
use serde::{Deserialize, Serialize};

use super::call::Call;
use super::point_json::RankedPoint;
use super::query::{Place, run};
use super::query_body::{Input, Kind, Lookup, Pairs, Query, QueryBody, Recommend, Strategy};
use super::responses::{ApiError, ApiResult, ok_with_usage};

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
pub fn query(call: &Call, place: &Place<'_>) -> ApiResult {
    ok_with_usage(
        call.started,
        Points {
            points: ranked(run(place, call.json()?)?),
        },
    )
}

/// POST points/query/batch.
pub fn query_batch(call: &Call, place: &Place<'_>) -> ApiResult {
    let asked: Searches<QueryBody> = call.json()?;
    let run_one = |body| {
        Ok(Points {
            points: ranked(run(place, body)?),
        })
    };
    let found: Result<Vec<Points>, ApiError> = asked.searches.into_iter().map(run_one).collect();
    ok_with_usage(call.started, found?)
}

/// POST points/{search,recommend,discover}.
pub fn legacy<T: AsQuery>(call: &Call, place: &Place<'_>) -> ApiResult {
    let asked: T = call.json()?;
    ok_with_usage(call.started, ranked(run(place, asked.query())?))
}

/// POST points/{search,recommend,discover}/batch.
pub fn legacy_batch<T: AsQuery>(call: &Call, place: &Place<'_>) -> ApiResult {
    let asked: Searches<T> = call.json()?;
    let run_one = |body: T| Ok(ranked(run(place, body.query())?));
    let found: Result<Vec<Vec<RankedPoint>>, ApiError> =
        asked.searches.into_iter().map(run_one).collect();
    ok_with_usage(call.started, found?)
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
