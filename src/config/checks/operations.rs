//! Names of operations. One that no call of the dialect has would say nothing and do nothing.

use super::path;
use crate::config::{Config, Service};
use config_table::{Findings, nearest, quoted};

/// Checks the operations that each service names.
pub fn check(config: &Config, findings: &mut Findings) {
    for (name, service) in &config.services {
        let clean = |key| findings.is_clean(&path(&["services", name, key]));
        if clean("dialect") && clean("idempotent") {
            idempotent(name, service, findings);
        }
    }
}

fn idempotent(name: &str, service: &Service, findings: &mut Findings) {
    let known = (service.dialect.row().operations)();
    let given = service.idempotent.iter().enumerate();
    for (index, operation) in given.filter(|(_, one)| !known.contains(&one.as_str())) {
        let perhaps = match nearest(operation, &known) {
            Some(nearest) => format!("; perhaps `{nearest}`"),
            None => String::new(),
        };
        let mut item = path(&["services", name, "idempotent"]);
        item.push(index.into());
        let dialect = service.dialect.word();
        let expected = format!("the name of an operation of {dialect}{perhaps}");
        findings.refuse(item, quoted(operation), expected);
    }
}
