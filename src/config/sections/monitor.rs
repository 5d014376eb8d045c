//! The section of the monitor: the pass that looks for overload and imbalance.

use super::secs;
use config_table::{section, share, time};
use std::time::Duration;

section! {
    /// The pass that looks for overload and imbalance. Both are events when they begin and when they end, and metrics.
    Monitor {
        /// Off: neither is looked for.
        enabled: bool = true,
        /// Time between two passes.
        interval: Duration = secs(1) => time(),
        /// Load score A above which an endpoint is overloaded.
        overload: f64 = 0.8 => share(),
        /// The overload of an endpoint ends at this load score A. So many endpoints are advised for a service that is overloaded as would bring it here.
        target: f64 = 0.6 => share(),
        /// A service is imbalanced when load score A of an endpoint is so far above the mean of those that serve. It ends at half of it.
        imbalance: f64 = 0.3 => share(),
        /// How long overload and imbalance last, or are over, until they are told.
        lasting: Duration = secs(5) => time(),
    }
}
