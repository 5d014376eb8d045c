//! What is printed from the table: the JSON schema, a file with every key, and the reference.

mod markdown;
mod schema;
mod words;
mod yaml;

pub use markdown::markdown;
pub use schema::schema;
pub use yaml::yaml;
