//! The load of the machine and of the databases, sampled elsewhere: a plan's time goes by the processors, and whether it fits by
//! all of it; the health route reads the memory.

use std::collections::BTreeMap;

/// How busy the machine is. Shares are 0..=1; what cannot be observed is `None` and changes no formula.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SystemLoad {
    pub cpu: Option<f64>,
    pub memory: Option<f64>,
    pub network: Option<f64>,
    /// Mean load score of the endpoints, by service.
    pub databases: BTreeMap<String, f64>,
    /// A rule asks for more use of the cache: responses are stored for longer.
    pub wants_cache: bool,
}
