//! One node of the cluster, behind one listener: routes, the API key, and writes to all copies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use qdrant_edge::{JsonPath, PayloadFieldSchema, UpdateOperation};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::call::Call;
use super::engine::{Collection, Shard, index};
use super::query::Place;
use super::query_body::QueryBody;
use super::responses::{
    ApiError, ApiResult, error_response, json as raw_json, ok, ok_with_usage, text, unknown_route,
};
use super::search::{ExamplesBody, SearchBody};
use super::update::{
    Batch, DeletePayload, DeleteVectors, Selection, SetPayload, UpdateVectors, Upsert,
};
use super::{Shared, collections, groups, points, search};
use crate::server::{Application, segments};

/// The node behind one listener.
pub struct Node {
    pub shared: Arc<Shared>,
    /// The copy of the data that it reads; 0 is the shared one.
    pub copy: AtomicUsize,
    pub peer: u64,
}

/// Paths under /collections/{c} that are reads although their method is POST.
const READS_BY_POST: &[&[&str]] = &[
    &["points"],
    &["facet"],
    &["points", "scroll"],
    &["points", "count"],
    &["points", "query"],
    &["points", "query", "batch"],
    &["points", "query", "groups"],
    &["points", "search"],
    &["points", "search", "batch"],
    &["points", "search", "groups"],
    &["points", "recommend"],
    &["points", "recommend", "batch"],
    &["points", "recommend", "groups"],
    &["points", "discover"],
    &["points", "discover", "batch"],
];

/// Paths that need no API key.
const OPEN: &[&str] = &["/", "/healthz", "/livez", "/readyz"];

impl Application for Node {
    fn respond(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let call = Call::new(request);
        let path = segments(request.uri().path());
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.checked(request, &call, &path).unwrap_or_else(|error| {
            let of_points = matches!(path.as_slice(), ["collections", _, "points" | "facet", ..]);
            error_response(call.started, &error, of_points && !error.is_unparsed())
        })
    }

    fn is_write(&self, request: &Request<Bytes>) -> bool {
        let path = segments(request.uri().path());
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::GET | &Method::HEAD | &Method::OPTIONS, _) => false,
            (&Method::POST, ["collections", _, rest @ ..]) => !READS_BY_POST.contains(&rest),
            _ => true,
        }
    }
}

#[derive(Deserialize)]
struct IndexBody {
    field_name: JsonPath,
    #[serde(alias = "field_type")]
    field_schema: Option<PayloadFieldSchema>,
}

impl Node {
    fn checked(&self, request: &Request<Bytes>, call: &Call, path: &[&str]) -> ApiResult {
        if let Some(error) = self.without_key(request) {
            return Ok(error);
        }
        match path {
            ["collections", name, rest @ ..] if !(*name == "aliases" && rest.is_empty()) => {
                self.collection(request.method(), call, name, rest)
            }
            _ => self.service(request.method(), call, path),
        }
    }

    fn without_key(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let wanted = self.shared.options.api_key.as_deref()?;
        if OPEN.contains(&request.uri().path()) {
            return None;
        }
        let header = |name: &str| {
            request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        match header("api-key").or(bearer) {
            Some(key) if key == wanted => None,
            Some(_) => Some(text(StatusCode::UNAUTHORIZED, "Invalid API key or JWT")),
            None => Some(text(
                StatusCode::UNAUTHORIZED,
                "Must provide an API key or an Authorization bearer token",
            )),
        }
    }

    fn service(&self, method: &Method, call: &Call, path: &[&str]) -> ApiResult {
        let catalog = &self.shared.catalog;
        match (method.as_str(), path) {
            ("GET", []) => raw_json(
                StatusCode::OK,
                &json!({
                    "title": "qdrant - vector search engine",
                    "version": "1.19.0",
                    "commit": "74f3e85b9473c62560006c043e13737ce6b48412",
                }),
            ),
            ("GET", ["healthz" | "livez"]) => Ok(text(StatusCode::OK, "healthz check passed")),
            ("GET", ["readyz"]) => Ok(text(StatusCode::OK, "all shards are ready")),
            ("GET", ["collections"]) => collections::list(call, catalog),
            ("GET", ["aliases"]) => collections::aliases(call, catalog, None),
            ("POST", ["collections", "aliases"]) => collections::change_aliases(call, catalog),
            ("GET", ["cluster"]) => self.cluster(call),
            ("GET", ["telemetry"]) => ok(
                call.started,
                json!({
                    "id": self.peer.to_string(),
                    "app": { "name": "qdrant", "version": "1.19.0" },
                    "collections": { "number_of_collections": catalog.names().len() },
                }),
            ),
            ("GET", ["issues"]) => ok(call.started, json!({ "issues": [] })),
            ("GET", ["metrics"]) => Ok(text(
                StatusCode::OK,
                "app_info{name=\"qdrant\",version=\"1.19.0\"} 1\n",
            )),
            _ => Ok(unknown_route()),
        }
    }

    fn cluster(&self, call: &Call) -> ApiResult {
        let peers: serde_json::Map<String, serde_json::Value> = (0..self.shared.options.listeners)
            .map(|listener| {
                (
                    super::peer_id(listener).to_string(),
                    json!({ "uri": "http://127.0.0.1:6335/" }),
                )
            })
            .collect();
        ok(
            call.started,
            json!({
                "status": "enabled",
                "peer_id": self.peer,
                "peers": peers,
                "raft_info": {
                    "term": 1, "commit": 1, "pending_operations": 0, "leader": super::peer_id(0),
                    "role": if self.peer == super::peer_id(0) { "Leader" } else { "Follower" },
                    "is_voter": true,
                },
                "consensus_thread_status": { "consensus_thread_status": "working" },
                "message_send_failures": {},
            }),
        )
    }

    fn collection(&self, method: &Method, call: &Call, name: &str, rest: &[&str]) -> ApiResult {
        let (catalog, copy) = (&self.shared.catalog, self.copy());
        match (method.as_str(), rest) {
            ("GET", []) => collections::describe(call, catalog, name, copy),
            ("PUT", []) => {
                let _guard = self.shared.structure.lock();
                collections::create(call, catalog, name, self.shared.copies.len())
            }
            ("PATCH", []) => collections::patch(call, catalog, name),
            ("DELETE", []) => collections::delete(call, catalog, name),
            ("GET", ["exists"]) => collections::exists(call, catalog, name),
            ("GET", ["aliases"]) => collections::aliases(call, catalog, Some(name)),
            ("GET", ["cluster"]) => collections::cluster(call, catalog, name, copy, self.peer),
            ("PUT", ["index"]) => self.create_index(call, name),
            ("DELETE", ["index", field]) => self.delete_index(call, name, field),
            ("POST", ["facet"]) => points::facet(call, &*self.shard(name)?),
            (method, ["points", rest @ ..]) => self.points(method, call, name, rest),
            _ => Ok(unknown_route()),
        }
    }

    fn points(&self, method: &str, call: &Call, name: &str, rest: &[&str]) -> ApiResult {
        match (method, rest) {
            ("POST", []) => points::some(call, &*self.shard(name)?),
            ("PUT", []) => self.write(call, name, Upsert::operation),
            ("GET", [id]) => points::one(call, &*self.shard(name)?, id),
            ("POST", ["scroll"]) => points::scroll(call, &*self.shard(name)?),
            ("POST", ["count"]) => points::count(call, &*self.shard(name)?),
            ("POST", ["delete"]) => self.write(call, name, Selection::delete),
            ("POST", ["payload"]) => self.write(call, name, SetPayload::set),
            ("PUT", ["payload"]) => self.write(call, name, SetPayload::overwrite),
            ("POST", ["payload", "delete"]) => self.write(call, name, DeletePayload::operation),
            ("POST", ["payload", "clear"]) => self.write(call, name, Selection::clear_payload),
            ("PUT", ["vectors"]) => self.write(call, name, UpdateVectors::operation),
            ("POST", ["vectors", "delete"]) => self.write(call, name, DeleteVectors::operation),
            ("POST", ["batch"]) => self.batch(call, name),
            ("POST", [kind, form @ ..]) => self.scored(call, name, kind, form),
            _ => Ok(unknown_route()),
        }
    }

    fn scored(&self, call: &Call, name: &str, kind: &str, form: &[&str]) -> ApiResult {
        let handler: fn(&Call, &Place<'_>) -> ApiResult = match (kind, form) {
            ("query", []) => search::query,
            ("query", ["batch"]) => search::query_batch,
            ("query", ["groups"]) => groups::groups::<QueryBody>,
            ("search", []) => search::legacy::<SearchBody>,
            ("search", ["batch"]) => search::legacy_batch::<SearchBody>,
            ("search", ["groups"]) => groups::groups::<SearchBody>,
            ("recommend" | "discover", []) => search::legacy::<ExamplesBody>,
            ("recommend" | "discover", ["batch"]) => search::legacy_batch::<ExamplesBody>,
            ("recommend", ["groups"]) => groups::groups::<ExamplesBody>,
            _ => return Ok(unknown_route()),
        };
        call.check_query()?;
        let shard = self.shard(name)?;
        handler(
            call,
            &Place {
                catalog: &self.shared.catalog,
                copy: self.copy(),
                shard,
            },
        )
    }

    fn write<T: DeserializeOwned>(
        &self,
        call: &Call,
        name: &str,
        operation: fn(T) -> Result<UpdateOperation, ApiError>,
    ) -> ApiResult {
        let operation = operation(call.json()?)?;
        let wait = call.flag("wait")?;
        let collection = self.shared.catalog.find(name)?;
        let done = self.apply(&collection, &operation, wait)?;
        if wait {
            ok_with_usage(call.started, done)
        } else {
            ok(call.started, done)
        }
    }

    fn batch(&self, call: &Call, name: &str) -> ApiResult {
        let batch: Batch = call.json()?;
        let wait = call.flag("wait")?;
        let collection = self.shared.catalog.find(name)?;
        let apply =
            |member: super::update::Member| self.apply(&collection, &member.operation()?, wait);
        let done: Result<Vec<_>, ApiError> = batch.operations.into_iter().map(apply).collect();
        ok_with_usage(call.started, done?)
    }

    fn create_index(&self, call: &Call, name: &str) -> ApiResult {
        let body: IndexBody = call.json()?;
        self.change_index(call, name, index(body.field_name, body.field_schema))
    }

    fn delete_index(&self, call: &Call, name: &str, field: &str) -> ApiResult {
        let bad = || ApiError::wrong_input(format!("Invalid json path: '{field}'"));
        let field: JsonPath = field.parse().map_err(|()| bad())?;
        self.change_index(
            call,
            name,
            qdrant_edge::FieldIndexOperations::DeleteIndex(field),
        )
    }

    fn change_index(
        &self,
        call: &Call,
        name: &str,
        change: qdrant_edge::FieldIndexOperations,
    ) -> ApiResult {
        let wait = call.flag("wait")?;
        let collection = self.shared.catalog.find(name)?;
        collection.record_index(&change);
        ok(
            call.started,
            self.apply(
                &collection,
                &UpdateOperation::FieldIndexOperation(change),
                wait,
            )?,
        )
    }

    /// Writes to all copies; returns `operation_id` and `status`.
    fn apply(
        &self,
        collection: &Collection,
        operation: &UpdateOperation,
        wait: bool,
    ) -> Result<serde_json::Value, ApiError> {
        let id = collection.next_operation();
        let later = (!wait).then(|| *self.shared.apply_delay.lock());
        self.shared
            .copies
            .write(collection, operation, self.copy(), later)?
            .wait()?;
        let status = if wait { "completed" } else { "acknowledged" };
        Ok(json!({ "operation_id": id, "status": status }))
    }

    fn shard(&self, name: &str) -> Result<Arc<Shard>, ApiError> {
        self.shared.copies.catch_up(self.copy());
        Ok(self.shared.catalog.find(name)?.shard(self.copy())?)
    }

    fn copy(&self) -> usize {
        self.copy.load(Ordering::SeqCst)
    }
}
