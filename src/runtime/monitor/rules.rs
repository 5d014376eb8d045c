//! The rules about resources: each is evaluated on the newest sample, and its action is in force once it has held for a while.

use crate::clock::Moment;
use crate::config::{Config, ResourceRule, RuleAction, RuleFigure};
use crate::endpoint::{EventKind, Subject};
use crate::shared::{ResourceSample, Shared};
use balancing::{Alarm, AlarmRule, Edge, Rung};
use std::collections::{BTreeMap, BTreeSet};

/// The rules by their names.
#[derive(Debug, Default)]
pub struct Rules(BTreeMap<String, Alarm>);

impl Rules {
    /// Evaluates all rules, tells what has changed, and returns the rung on which all services are at least.
    pub fn look(&mut self, shared: &Shared, config: &Config) -> Rung {
        let monitor = &config.balance.monitor;
        let sample = shared.resources.newest(1).pop().unwrap_or_default();
        let now = shared.clock.now();
        self.0
            .retain(|name, _| monitor.rules.iter().any(|rule| rule.name == *name));
        let mut in_force = BTreeSet::new();
        let mut least = Rung::Normal;
        for rule in &monitor.rules {
            if self.is_in_force(rule, &sample, monitor.lasting, now, shared) {
                in_force.insert(rule.name.clone());
                least = least.max(rung(rule.action));
            }
        }
        if *shared.findings.rules() != in_force {
            shared.findings.set_rules(in_force);
        }
        least
    }

    fn is_in_force(
        &mut self,
        rule: &ResourceRule,
        sample: &ResourceSample,
        lasting: std::time::Duration,
        now: Moment,
        shared: &Shared,
    ) -> bool {
        let alarm = self.0.entry(rule.name.clone()).or_default();
        let times = AlarmRule {
            above: rule.above,
            until: rule.above,
            begins_after: lasting,
            ends_after: lasting,
        };
        // What is not known any more is over.
        let value = figure(sample, rule.figure).unwrap_or(0.0);
        if let Some(edge) = alarm.look(value, &times, now) {
            let what = match edge {
                Edge::Begun => EventKind::RuleBegun,
                Edge::Ended => EventKind::RuleEnded,
            };
            let (name, action) = (&rule.name, rule.action.word());
            let why = format!("{name}: {} {value:.2}, {action}", rule.figure.word());
            shared.registry.events().record(Subject::Process, what, why);
        }
        alarm.is_on()
    }
}

/// A figure of a sample; `None` where it is not known.
pub fn figure(sample: &ResourceSample, figure: RuleFigure) -> Option<f64> {
    match figure {
        RuleFigure::CpuUsage => sample.cpu_usage,
        RuleFigure::MemoryUsage => sample.memory_usage,
        RuleFigure::VectorDbLoad => sample.vector_db_load,
        RuleFigure::GraphDbLoad => sample.graph_db_load,
        RuleFigure::PendingQueries => Some(sample.pending_queries as f64),
    }
}

/// The rung on which an action puts all services.
fn rung(action: RuleAction) -> Rung {
    match action {
        RuleAction::SkipExtras => Rung::NoExtras,
        RuleAction::SkipRetries => Rung::NoRetries,
        RuleAction::ShedLowPriority => Rung::Shedding,
        RuleAction::IncreaseCacheUsage
        | RuleAction::PreferSequentialExecution
        | RuleAction::ReduceResultLimits => Rung::Normal,
    }
}

/// Whether a rule is in force that asks for more use of the cache.
pub fn wants_cache(shared: &Shared) -> bool {
    let (config, in_force) = (shared.config(), shared.findings.rules());
    let mut rules = config.balance.monitor.rules.iter();
    rules.any(|rule| rule.action == RuleAction::IncreaseCacheUsage && in_force.contains(&rule.name))
}
