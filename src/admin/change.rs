//! What operators may change, as their requests say it.

use super::control::Problem;
use crate::config::{self, Endpoint};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What can be switched off by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    Cache,
    Planner,
    Balance,
    Health,
    Breaker,
    Queries,
}

impl Feature {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Feature::Cache,
        Feature::Planner,
        Feature::Balance,
        Feature::Health,
        Feature::Breaker,
        Feature::Queries,
    ];
}

/// Another mode, or features switched; what is absent stays.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModeChange {
    pub mode: Option<String>,
    /// On or off; null: as the configuration says.
    #[serde(default)]
    pub features: BTreeMap<Feature, Option<bool>>,
}

/// A replay of the recorded requests of a service.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Optimize {
    pub service: String,
    /// Whether the best strategy is taken.
    #[serde(default)]
    pub apply: bool,
}

/// The longest time that feedback may tell, seconds.
const LONGEST: f64 = 86_400.0;
/// The largest cost that feedback may tell.
const DEAREST: f64 = 1e9;

/// What became of a plan that another program carried out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feedback {
    pub service: String,
    pub query_type: String,
    /// Absent: the service's.
    pub strategy: Option<String>,
    pub complexity: String,
    pub query_id: Option<String>,
    /// Seconds.
    pub estimated_time: Option<f64>,
    /// Seconds of the database.
    pub actual_time: f64,
    /// Cost units, as the other one.
    pub estimated_cost: Option<f64>,
    pub actual_cost: Option<f64>,
    #[serde(default = "is_success_unless_told")]
    pub success: bool,
}

/// An outcome is a success unless it says otherwise.
const fn is_success_unless_told() -> bool {
    true
}

impl Feedback {
    /// Says which figure is out of its range.
    pub fn check(&self) -> Result<(), Problem> {
        let figures = [
            ("estimated_time", self.estimated_time, LONGEST),
            ("actual_time", Some(self.actual_time), LONGEST),
            ("estimated_cost", self.estimated_cost, DEAREST),
            ("actual_cost", self.actual_cost, DEAREST),
        ];
        for (key, value, most) in figures {
            if value.is_some_and(|value| !(value > 0.0 && value <= most)) {
                let detail = format!("{key}: expected a number above 0, at most {most}");
                return Err(Problem::invalid(detail));
            }
        }
        Ok(())
    }
}

/// Another strategy.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyChange {
    /// Absent: all services.
    pub service: Option<String>,
    /// Null: the one of the configuration.
    #[serde(deserialize_with = "Option::deserialize")]
    pub strategy: Option<String>,
}

/// An endpoint to add: a service, and the keys of an endpoint as the configuration has them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct NewInstance {
    pub service: String,
    /// The dialect that the caller believes the service to have.
    pub service_type: Option<String>,
    #[serde(flatten)]
    endpoint: Map<String, Value>,
}

impl NewInstance {
    /// The endpoint, checked as the configuration is.
    pub fn endpoint(&self) -> Result<Endpoint, Problem> {
        let text = Value::Object(self.endpoint.clone()).to_string();
        config::endpoint(&text).map_err(|report| Problem::invalid(report.to_string()))
    }
}
