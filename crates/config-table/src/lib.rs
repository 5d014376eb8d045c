//! Configuration from one table. `section!` and `choice!` declare structs and enums together with
//! their table: keys, defaults, rules and documentation. From the table come a decoder of YAML that
//! reports every error with its place, overrides by environment and flags, a JSON schema, a file
//! with every key, and a reference page.
//!
//! ```
//! use config_table::{count, section, decode, Overrides, Value};
//!
//! section! {
//!     /// A worker pool.
//!     Workers {
//!         /// Threads.
//!         threads: u32 = 4 => count(),
//!     }
//! }
//!
//! const OVERRIDES: Overrides = Overrides { prefix: "APP_", reserved: &[], aliases: None };
//! let env = [("APP_THREADS".to_string(), "8".to_string())].into();
//! let decoded = decode::<Workers>("threads: 2", &env, &[], &OVERRIDES);
//! assert_eq!(decoded.unwrap().value.threads, 8);
//!
//! let wrong = decode::<Workers>("threads: none\nthread: 1", &env, &[], &OVERRIDES).unwrap();
//! assert_eq!(wrong.findings.problems.len(), 1); // the unknown key; the override replaced the other
//! ```
//!
//! Everything is bounded: bytes, nodes, depth, aliases, referenced files. A secret is never shown.

mod changes;
pub mod decode;
mod document;
pub mod overrides;
pub mod print;
pub mod table;
pub mod tree;
mod values;

pub use changes::{changed_keys, restart_only_changes};
pub use decode::{Note, Problem, Reader, Report, Value, nearest, one_of, quoted, units};
pub use document::{Decoded, Findings, decode, read_text};
pub use overrides::{Alias, Aliases, Overrides, Reading};
pub use serde_json::Value as Json;
pub use table::forms;
pub use table::{
    ANY, Choice, Field, Form, Kind, Refused, Rules, Section, Shape, count, formed, percent,
    required, share, time, ttl, volume, within,
};
pub use tree::{Node, Place, Step, path_text};
pub use values::{Secret, Size};
