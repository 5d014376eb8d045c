//! Thresholds that belong together, and the rules about resources among themselves.

use super::path;
use crate::config::Config;
use config_table::{Findings, quoted};

/// Rules at most: each is evaluated at each pass of the monitor.
const MAX_RULES: usize = 32;

/// Reports what does not fit together.
pub fn check(config: &Config, findings: &mut Findings) {
    let (monitor, ladder) = (&config.balance.monitor, &config.balance.degradation);
    ordered(
        findings,
        ("monitor", "target", monitor.target),
        ("overload", monitor.overload),
    );
    ordered(
        findings,
        ("degradation", "lower_below", ladder.lower_below),
        ("raise_above", ladder.raise_above),
    );
    if findings.is_clean(&path(&["balance", "monitor"])) {
        rules(config, findings);
    }
}

/// What begins above one value must not end above a higher one.
fn ordered(
    findings: &mut Findings,
    (section, key, end): (&str, &str, f64),
    (other, begin): (&str, f64),
) {
    if end > begin && findings.is_clean(&path(&["balance", section])) {
        let expected = format!("at most balance.{section}.{other}, {begin}");
        findings.refuse(path(&["balance", section, key]), end.to_string(), expected);
    }
}

fn rules(config: &Config, findings: &mut Findings) {
    let (rules, list) = (
        &config.balance.monitor.rules,
        path(&["balance", "monitor", "rules"]),
    );
    if rules.len() > MAX_RULES {
        let found = format!("{} rules", rules.len());
        findings.refuse(list, found, format!("at most {MAX_RULES}"));
        return;
    }
    for (index, rule) in rules.iter().enumerate() {
        let mut before = rules.iter().take(index);
        if let Some(first) = before.position(|other| other.name == rule.name) {
            let mut item = list.clone();
            item.extend([index.into(), "name".into()]);
            let found = format!("{}, which rules[{first}] has as well", quoted(&rule.name));
            findings.refuse(item, found, "another name for each rule");
        }
    }
}
