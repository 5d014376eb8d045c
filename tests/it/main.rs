//! The tests of pointsman as a whole, in one binary.

mod config;
mod freshness;
mod neo4j;
mod neo4j_support;
mod path_transparent;
mod support;
mod trial;
