//! Servers shaped like Qdrant and Neo4j, inside the process, with fault injection.
//!
//! They hold real engines (`qdrant-edge`, `graphdblite`) behind the HTTP shapes that the
//! databases showed when they were recorded. The demo and the tests use them; the proxy
//! never depends on them. Every server stops when its handle is dropped.

pub mod client;
mod delivery;
pub mod faults;
pub mod graph;
pub mod link;
pub mod listeners;
pub mod neo4j;
pub mod qdrant;
pub mod sample;
pub mod server;
