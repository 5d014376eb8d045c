//! What is printed from the table: the JSON schema, a file with every key, and the reference. All
//! three are checked in under `config/` and `docs/`; a test fails when they are stale.

mod markdown;
mod sample;
mod schema;
mod words;
mod yaml;

pub use markdown::markdown;
pub use sample::sample;
pub use schema::schema;
pub use yaml::yaml;
