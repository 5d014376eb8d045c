//! The testbed against what was recorded from the real databases, and its own promises.

mod graph;
mod neo4j;
mod qdrant;
mod sample;
mod support;
