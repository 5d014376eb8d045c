//! The tests of pointsman as a whole, in one binary.

mod config;
mod neo4j;
mod neo4j_real;
mod neo4j_statements;
mod neo4j_support;
