//! Servers that answer like Qdrant and Neo4j, inside the process, with faults to order.
//!
//! They hold real engines (`qdrant-edge`, `graphdblite`) behind the HTTP shapes that the
//! databases showed when they were recorded. They serve the demo and the tests; the proxy
//! never depends on them. Every server stops when its handle is dropped.

mod delivery;
pub mod faults;
pub mod graph;
pub mod neo4j;
pub mod qdrant;
pub mod sample;
pub mod server;
