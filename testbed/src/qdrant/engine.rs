//! A collection: its engines, one per copy of the data, and what the engine does not keep
//! (the configuration as requested, the schemas of the indexes).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};
use qdrant_edge::{
    CreateIndex, Distance, EdgeConfig, EdgeShard, EdgeSparseVectorParams, EdgeVectorParams,
    FieldIndexOperations, JsonPath, Modifier, MultiVectorConfig, OperationError, OperationResult,
    PayloadFieldSchema, PointInsertOperations, PointOperations, PointStructPersisted,
    ScrollRequest, UpdateOperation, VectorStructPersisted, WalOptions, WithPayloadInterface,
    WithVector,
};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

/// Points per step when an engine is copied.
const COPY_STEP: usize = 1_000;

/// The body of `PUT /collections/{c}`, as far as the engine needs it.
#[derive(Clone, Deserialize)]
pub struct CollectionConfig {
    #[serde(default)]
    vectors: Option<Vectors>,
    #[serde(default)]
    sparse_vectors: HashMap<String, Sparse>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Vectors {
    Single(Dense),
    Named(HashMap<String, Dense>),
}

#[derive(Clone, Deserialize)]
struct Dense {
    size: usize,
    distance: Distance,
    #[serde(default)]
    multivector_config: Option<MultiVectorConfig>,
}

#[derive(Clone, Deserialize)]
struct Sparse {
    #[serde(default)]
    modifier: Option<Modifier>,
}

/// One engine and its folder, which is removed with it.
pub struct Shard {
    pub edge: EdgeShard,
    _folder: TempDir,
    _root: Arc<TempDir>,
}

/// A collection. Engine 0 is shared by all listeners that do not lag.
pub struct Collection {
    pub config_json: Value,
    config: CollectionConfig,
    root: Arc<TempDir>,
    copies: RwLock<Vec<Arc<Shard>>>,
    operations: AtomicU64,
    indexes: Mutex<BTreeMap<String, CreateIndex>>,
}

impl Collection {
    /// Creates the engines of this many copies.
    pub fn create(
        root: Arc<TempDir>,
        config_json: Value,
        config: CollectionConfig,
        copies: usize,
    ) -> OperationResult<Self> {
        let collection = Self {
            config_json,
            config,
            root,
            copies: RwLock::default(),
            operations: AtomicU64::new(0),
            indexes: Mutex::default(),
        };
        for _ in 0..copies {
            let shard = collection.new_shard()?;
            collection.copies.write().push(shard);
        }
        Ok(collection)
    }

    /// The engine of a copy, or the shared one.
    pub fn shard(&self, copy: usize) -> OperationResult<Arc<Shard>> {
        let copies = self.copies.read();
        let shard = copies.get(copy).or_else(|| copies.first()).cloned();
        shard.ok_or_else(|| OperationError::validation_error("the collection has no engine"))
    }

    /// The next `operation_id`, from 1.
    pub fn next_operation(&self) -> u64 {
        self.operations.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Records the schema of an index, or its removal, for further copies.
    pub fn record_index(&self, operation: &FieldIndexOperations) {
        let mut indexes = self.indexes.lock();
        match operation {
            FieldIndexOperations::CreateIndex(index) => {
                indexes.insert(index.field_name.to_string(), index.clone());
            }
            FieldIndexOperations::DeleteIndex(field) => {
                indexes.remove(&field.to_string());
            }
        }
    }

    /// Adds an engine with a copy of the shared one. No write may run meanwhile.
    pub fn add_copy(&self) -> OperationResult<()> {
        let (from, to) = (self.shard(0)?, self.new_shard()?);
        for index in self.indexes.lock().values() {
            let create = FieldIndexOperations::CreateIndex(index.clone());
            to.edge
                .update(UpdateOperation::FieldIndexOperation(create))?;
        }
        copy_points(&from.edge, &to.edge)?;
        self.copies.write().push(to);
        Ok(())
    }

    fn new_shard(&self) -> OperationResult<Arc<Shard>> {
        let folder = tempfile::tempdir_in(self.root.path())
            .map_err(|error| OperationError::service_error_light(error.to_string()))?;
        let edge = EdgeShard::new(folder.path(), self.config.config())?;
        Ok(Arc::new(Shard {
            edge,
            _folder: folder,
            _root: self.root.clone(),
        }))
    }
}

impl CollectionConfig {
    fn config(&self) -> EdgeConfig {
        let mut config = EdgeConfig {
            wal_options: Some(WalOptions {
                segment_capacity: 4 << 20,
                ..WalOptions::default()
            }),
            ..EdgeConfig::default()
        };
        match &self.vectors {
            None => {}
            Some(Vectors::Single(dense)) => {
                config.vectors.insert(String::new(), dense.params());
            }
            Some(Vectors::Named(named)) => {
                config.vectors.extend(
                    named
                        .iter()
                        .map(|(name, dense)| (name.clone(), dense.params())),
                );
            }
        }
        config
            .sparse_vectors
            .extend(self.sparse_vectors.iter().map(|(name, sparse)| {
                let params = EdgeSparseVectorParams {
                    full_scan_threshold: None,
                    on_disk: None,
                    modifier: sparse.modifier,
                    datatype: None,
                };
                (name.clone(), params)
            }));
        config
    }
}

impl Dense {
    fn params(&self) -> EdgeVectorParams {
        EdgeVectorParams {
            size: self.size,
            distance: self.distance,
            on_disk: None,
            multivector_config: self.multivector_config,
            datatype: None,
            quantization_config: None,
            hnsw_config: None,
        }
    }
}

fn copy_points(from: &EdgeShard, to: &EdgeShard) -> OperationResult<()> {
    let mut offset = None;
    loop {
        let (records, next) = from.scroll(ScrollRequest {
            offset,
            limit: Some(COPY_STEP),
            with_payload: Some(WithPayloadInterface::Bool(true)),
            with_vector: WithVector::Bool(true),
            ..ScrollRequest::default()
        })?;
        let points = records.into_iter().map(|record| PointStructPersisted {
            id: record.id,
            vector: record
                .vector
                .map_or_else(no_vectors, VectorStructPersisted::from),
            payload: record.payload,
        });
        let insert = PointInsertOperations::PointsList(points.collect());
        to.update(UpdateOperation::PointOperation(
            PointOperations::UpsertPoints(insert),
        ))?;
        if next.is_none() {
            return Ok(());
        }
        offset = next;
    }
}

fn no_vectors() -> VectorStructPersisted {
    VectorStructPersisted::Named(HashMap::new())
}

/// An index to create, from the path and schema of a request.
pub fn index(
    field_name: JsonPath,
    field_schema: Option<PayloadFieldSchema>,
) -> FieldIndexOperations {
    FieldIndexOperations::CreateIndex(CreateIndex {
        field_name,
        field_schema,
    })
}
