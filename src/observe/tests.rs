//! The record from its opening to everyone who reads it.

mod fixtures;

mod headlines;
mod metrics;
mod records;
mod reference;
mod words;
