//! Configuration: YAML text -> tree with locations -> checked values. The sections are plain data;
//! every other module takes its settings from them and reads no file and no environment.
//!
//! One table (`sections`) makes the structs, the decoder, the overrides, and all that is printed
//! about the configuration. Order of strength: default, file, environment, flag.

mod changes;
mod checks;
pub(crate) mod decode;
mod load;
pub mod overrides;
pub mod print;
mod sections;
mod service;
pub(crate) mod table;
pub(crate) mod tree;
mod values;

pub use changes::masked;
pub use decode::{Note, Problem, Report};
pub use load::{Loaded, Source, load, read};
pub use sections::*;
pub use tree::Place;
pub use values::{Secret, Size};
