//! Configuration: YAML text -> tree with locations -> checked values. The sections below are plain
//! data; every other module takes its settings from them and reads no file and no environment.

mod sections;
mod values;

pub use sections::*;
pub use values::{Secret, Size};
