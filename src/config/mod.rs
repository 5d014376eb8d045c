//! Configuration: one file a section of keys, the checks across keys, and loading. The sections are
//! plain data; every other module takes its settings from them and reads no file and no environment.
//!
//! The table that `section!` and `choice!` make (crate `config-table`) is also the source of the
//! decoder, the overrides, and all that is printed about the configuration.
//! Order of strength: default, file, environment, flag.

mod changes;
mod checks;
mod forms;
mod load;
mod overrides;
pub mod print;
mod sample;
mod sections;
#[cfg(test)]
mod tests;
mod url;

pub use changes::changes;
pub use checks::strategies::available as available_strategies;
pub use config_table::{Note, Place, Problem, Report, Secret, Size};
pub use load::{Loaded, Source, check_strategies, endpoint, load, masked, read};
pub use overrides::PERFORMANCE;
pub use sections::*;
pub use url::EndpointAddress;
