//! What is printed from the table. All three are checked in under `config/` and `docs/`; a test
//! fails when they are stale.

use super::Config;
use super::overrides::PERFORMANCE;
pub use super::sample::sample;

const FULL: &str = "\
# Every key of pointsman with its default. Printed by `pointsman schema --format yaml`; the same
# words stand in docs/configuration.md. Leave out what need not differ: config/minimal.yaml is enough.
# The services, their endpoints, the strategy of `balance.custom` and the rule are samples; everything else is the default.
";

/// The JSON schema, for editors.
pub fn schema() -> config_table::Json {
    config_table::print::schema::<Config>("pointsman")
}

/// `config/full.yaml`.
pub fn yaml() -> String {
    config_table::print::yaml(FULL, &sample())
}

/// `docs/configuration.md`.
pub fn markdown() -> String {
    config_table::print::markdown::<Config>(include_str!("reference.md"), Some(&PERFORMANCE))
}
