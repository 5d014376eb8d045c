//! Weights of tenants: a header names them, and they are not too many.

use super::super::Config;
use super::path;
use config_table::Findings;

/// Tenants with a weight of their own at most.
const MAX_TENANTS: usize = 1000;

/// Reports what does not fit together.
pub fn check(config: &Config, findings: &mut Findings) {
    let queue = &config.balance.queue;
    let at = path(&["balance", "queue", "tenants"]);
    if queue.tenants.is_empty() || !findings.is_clean(&path(&["balance", "queue"])) {
        return;
    }
    if queue.tenant_header.is_none() {
        let found = "weights of tenants, though no header names tenants";
        findings.refuse(at, found, "balance.queue.tenant_header");
    } else if queue.tenants.len() > MAX_TENANTS {
        let found = format!("{} tenants", queue.tenants.len());
        findings.refuse(at, found, "at most 1000");
    }
}
