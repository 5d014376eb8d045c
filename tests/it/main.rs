//! The tests of pointsman as a whole, in one binary.

mod classification;
mod config;
mod config_keys;
mod documented;
mod fault_table;
mod faults;
mod freshness;
mod hedging;
mod neo4j;
mod neo4j_real;
mod neo4j_statements;
mod operate;
mod path_bodies;
mod path_cache;
mod path_drain;
mod path_failures;
mod path_input;
mod path_limits;
mod path_queue;
mod path_transparent;
mod process;
mod regression;
mod reload;
mod simulator_defaults;
mod support;
mod trial;
