//! The tests of pointsman as a whole, in one binary.

mod config;
mod freshness;
mod process;
mod reload;
mod trial;
