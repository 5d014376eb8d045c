//! The table: one row for every operation that Qdrant 1.19 serves over REST, from its own
//! description and, below that, from its source. Adding an operation is adding a row; matching,
//! classification and documents are made from it. Effects, storing and tags follow the semantics
//! that were tested on real servers.

use super::operation::Acknowledged::{IfAwaited, Never, UnlessUnawaited};
use super::operation::BodyForm::{self, Batch, Count, Facet, Groups, Ids, Single};
use super::operation::Operation;
use super::operation::Scope::{
    Aliases, Collection, CollectionAndNames, List, Names, Nothing, Service,
};
use crate::dialect::QueryType::{
    ContextualSearch, EntityLookup, Health, SemanticSearch, Statistics, Unknown,
};
use crate::dialect::Storability::{self, Short, Yes};

/// Every operation that is known.
#[rustfmt::skip]
pub const OPERATIONS: &[Operation] = &[
    // shards
    Operation::schema("PUT", "/collections/{collection}/shards", "shards.create"),
    Operation::read("GET", "/collections/{collection}/shards", "shards.list").stored(Short, Collection),
    Operation::schema("POST", "/collections/{collection}/shards/delete", "shards.delete"),
    // service
    Operation::read("GET", "/", "service.root").kind(Health),
    Operation::admin("GET", "/telemetry", "service.telemetry").local(),
    Operation::admin("GET", "/metrics", "service.metrics").local(),
    Operation::read("GET", "/healthz", "service.healthz").kind(Health),
    Operation::read("GET", "/livez", "service.livez").kind(Health),
    Operation::read("GET", "/readyz", "service.readyz").kind(Health),
    Operation::admin("GET", "/issues", "issues.list").local(),
    Operation::admin("DELETE", "/issues", "issues.clear").local(),
    Operation::admin("GET", "/cluster", "cluster.status").local(),
    Operation::admin("GET", "/cluster/telemetry", "cluster.telemetry").local(),
    Operation::admin("POST", "/cluster/recover", "cluster.recover").local().scope(Service).acknowledged(Never),
    Operation::admin("DELETE", "/cluster/peer/{peer}", "cluster.remove_peer").scope(Service).acknowledged(Never),
    Operation::admin("GET", "/quotas", "quotas.get"),
    Operation::admin("PUT", "/quotas", "quotas.update"),
    // collections
    Operation::read("GET", "/collections", "collections.list").stored(Yes, List),
    Operation::read("GET", "/collections/{collection}", "collections.get").stored(Short, Collection),
    Operation::schema("PUT", "/collections/{collection}", "collections.create").scope(CollectionAndNames),
    Operation::schema("PATCH", "/collections/{collection}", "collections.update").acknowledged(Never),
    Operation::schema("DELETE", "/collections/{collection}", "collections.delete").scope(CollectionAndNames),
    Operation::schema("POST", "/collections/aliases", "aliases.update").scope(Aliases).reading(BodyForm::Aliases),
    Operation::schema("PUT", "/collections/{collection}/index", "index.create").acknowledged(IfAwaited),
    Operation::read("GET", "/collections/{collection}/exists", "collections.exists").stored(Yes, CollectionAndNames),
    Operation::schema("DELETE", "/collections/{collection}/index/{field}", "index.delete").acknowledged(IfAwaited),
    Operation::schema("PUT", "/collections/{collection}/vectors/{vector}", "vectors.create").acknowledged(IfAwaited),
    Operation::schema("DELETE", "/collections/{collection}/vectors/{vector}", "vectors.drop").acknowledged(IfAwaited),
    Operation::admin("GET", "/collections/{collection}/cluster", "collections.cluster").local(),
    Operation::admin("POST", "/collections/{collection}/cluster", "collections.cluster_update").scope(Collection).acknowledged(Never),
    Operation::admin("GET", "/collections/{collection}/optimizations", "collections.optimizations").local(),
    Operation::read("GET", "/collections/{collection}/aliases", "collections.aliases").stored(Yes, CollectionAndNames),
    Operation::read("GET", "/aliases", "aliases.list").stored(Yes, Names),
    // snapshots
    Operation::schema("POST", "/collections/{collection}/snapshots/upload", "snapshots.upload").local().scope(CollectionAndNames).acknowledged(UnlessUnawaited),
    Operation::schema("PUT", "/collections/{collection}/snapshots/recover", "snapshots.recover").local().scope(CollectionAndNames).acknowledged(UnlessUnawaited),
    Operation::read("GET", "/collections/{collection}/snapshots", "snapshots.list").local(),
    Operation::admin("POST", "/collections/{collection}/snapshots", "snapshots.create").local(),
    Operation::admin("DELETE", "/collections/{collection}/snapshots/{snapshot}", "snapshots.delete").local(),
    Operation::read("GET", "/collections/{collection}/snapshots/{snapshot}", "snapshots.get").local(),
    Operation::read("GET", "/snapshots", "storage_snapshots.list").local(),
    Operation::admin("POST", "/snapshots", "storage_snapshots.create").local(),
    Operation::admin("DELETE", "/snapshots/{snapshot}", "storage_snapshots.delete").local(),
    Operation::read("GET", "/snapshots/{snapshot}", "storage_snapshots.get").local(),
    Operation::read("GET", "/collections/{collection}/shards/{shard}/snapshot", "shard_snapshots.stream").local(),
    Operation::schema("POST", "/collections/{collection}/shards/{shard}/snapshots/upload", "shard_snapshots.upload").local().acknowledged(Never),
    Operation::schema("PUT", "/collections/{collection}/shards/{shard}/snapshots/recover", "shard_snapshots.recover").local().acknowledged(Never),
    Operation::read("GET", "/collections/{collection}/shards/{shard}/snapshots", "shard_snapshots.list").local(),
    Operation::admin("POST", "/collections/{collection}/shards/{shard}/snapshots", "shard_snapshots.create").local(),
    Operation::admin("DELETE", "/collections/{collection}/shards/{shard}/snapshots/{snapshot}", "shard_snapshots.delete").local(),
    Operation::read("GET", "/collections/{collection}/shards/{shard}/snapshots/{snapshot}", "shard_snapshots.get").local(),
    // points
    Operation::read("GET", "/collections/{collection}/points/{id}", "points.get").stored(Yes, Collection).kind(EntityLookup),
    Operation::data("/collections/{collection}/points", "points.retrieve", EntityLookup, Ids),
    Operation::write("PUT", "/collections/{collection}/points", "points.upsert"),
    Operation::write("POST", "/collections/{collection}/points/delete", "points.delete"),
    Operation::write("PUT", "/collections/{collection}/points/vectors", "points.update_vectors"),
    Operation::write("POST", "/collections/{collection}/points/vectors/delete", "points.delete_vectors"),
    Operation::write("POST", "/collections/{collection}/points/payload", "points.set_payload"),
    Operation::write("PUT", "/collections/{collection}/points/payload", "points.overwrite_payload"),
    Operation::write("POST", "/collections/{collection}/points/payload/delete", "points.delete_payload"),
    Operation::write("POST", "/collections/{collection}/points/payload/clear", "points.clear_payload"),
    Operation::write("POST", "/collections/{collection}/points/batch", "points.batch"),
    Operation::data("/collections/{collection}/points/scroll", "points.scroll", EntityLookup, Single),
    Operation::data("/collections/{collection}/points/count", "points.count", Statistics, Count),
    Operation::data("/collections/{collection}/facet", "points.facet", Statistics, Facet),
    // search
    Operation::data("/collections/{collection}/points/query", "points.query", SemanticSearch, Single),
    Operation::data("/collections/{collection}/points/query/batch", "points.query_batch", SemanticSearch, Batch),
    Operation::data("/collections/{collection}/points/query/groups", "points.query_groups", ContextualSearch, Groups),
    Operation::data("/collections/{collection}/points/search/matrix/pairs", "points.matrix_pairs", SemanticSearch, Single).stored(Storability::Never("random"), Collection),
    Operation::data("/collections/{collection}/points/search/matrix/offsets", "points.matrix_offsets", SemanticSearch, Single).stored(Storability::Never("random"), Collection),
    // Served, though not in the description: the search endpoints that /points/query replaced.
    Operation::data("/collections/{collection}/points/search", "points.search", SemanticSearch, Single),
    Operation::data("/collections/{collection}/points/search/batch", "points.search_batch", SemanticSearch, Batch),
    Operation::data("/collections/{collection}/points/search/groups", "points.search_groups", ContextualSearch, Groups),
    Operation::data("/collections/{collection}/points/recommend", "points.recommend", SemanticSearch, Single),
    Operation::data("/collections/{collection}/points/recommend/batch", "points.recommend_batch", SemanticSearch, Batch),
    Operation::data("/collections/{collection}/points/recommend/groups", "points.recommend_groups", ContextualSearch, Groups),
    Operation::data("/collections/{collection}/points/discover", "points.discover", SemanticSearch, Single),
    Operation::data("/collections/{collection}/points/discover/batch", "points.discover_batch", SemanticSearch, Batch),
    // Served, though not in the description: one shard of one node.
    Operation::data("/collections/{collection}/shards/{shard}/points", "shard_points.retrieve", EntityLookup, Ids).local(),
    Operation::data("/collections/{collection}/shards/{shard}/points/scroll", "shard_points.scroll", EntityLookup, Single).local(),
    Operation::data("/collections/{collection}/shards/{shard}/points/count", "shard_points.count", Statistics, Count).local(),
    Operation::write("POST", "/collections/{collection}/shards/{shard}/cleanup", "shards.cleanup"),
    Operation::read("POST", "/collections/{collection}/shards/{shard}/snapshot/partial/create", "shard_snapshots.partial_create").local(),
    Operation::schema("POST", "/collections/{collection}/shards/{shard}/snapshot/partial/recover", "shard_snapshots.partial_recover").local().acknowledged(Never),
    Operation::schema("POST", "/collections/{collection}/shards/{shard}/snapshot/partial/recover_from", "shard_snapshots.partial_recover_from").local().acknowledged(Never),
    Operation::read("GET", "/collections/{collection}/shards/{shard}/snapshot/partial/manifest", "shard_snapshots.partial_manifest").local(),
    // Served, though not in the description: the server itself.
    Operation::write("POST", "/collections/{collection}/truncate_unapplied_wal", "collections.truncate_unapplied_wal").acknowledged(Never),
    Operation::admin("GET", "/collections/{collection}/memory", "collections.memory").local(),
    Operation::admin("GET", "/profiler/slow_requests", "profiler.slow_requests").local(),
    Operation::admin("POST", "/audit/logs", "audit.logs").local(),
    Operation::admin("GET", "/logger", "logger.get").local(),
    Operation::admin("POST", "/logger", "logger.update").local(),
    Operation::admin("GET", "/debugger", "debugger.get").local(),
    Operation::admin("PATCH", "/debugger", "debugger.update").local(),
    Operation::admin("GET", "/stacktrace", "service.stacktrace").local(),
    Operation::read("GET", "/cluster/metadata/keys", "metadata.list"),
    Operation::read("GET", "/cluster/metadata/keys/{key}", "metadata.get"),
    Operation::admin("PUT", "/cluster/metadata/keys/{key}", "metadata.put"),
    Operation::admin("DELETE", "/cluster/metadata/keys/{key}", "metadata.delete"),
];

/// What holds for a request that no row above matches, by method and place. The first row that matches decides.
#[rustfmt::skip]
pub const OTHERS: &[Operation] = &[
    Operation::read("GET", "/dashboard/*", "dashboard.get").kind(Unknown),
    Operation::read("GET", "/*", "other.get").stored(Storability::Never("unknown_operation"), Nothing).kind(Unknown),
    Operation::read("HEAD", "/*", "other.head").stored(Storability::Never("unknown_operation"), Nothing).kind(Unknown),
    Operation::read("OPTIONS", "/*", "other.options").stored(Storability::Never("unknown_operation"), Nothing).kind(Unknown),
    // `POST /collections/aliases` shows that a word in the collection's place may mean more than a collection.
    Operation::unknown("POST", "/collections/{word}", "other.write").scope(Service),
    Operation::unknown("*", "/collections/{collection}/*", "other.collection_write"),
    Operation::unknown("*", "/*", "other.write").scope(Service),
];
