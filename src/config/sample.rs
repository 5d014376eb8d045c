//! The samples of `config/full.yaml`: a service needs endpoints, a rule endpoints, a strategy a name, and a sum figures, which have no defaults.

use super::{AffinityRule, Config, CustomRules, DialectName, Endpoint, Service, WeightedFigure};

/// Every default, two services, a strategy of one figure, and a rule.
pub fn sample() -> Config {
    let graph = service(DialectName::Neo4j, "http://127.0.0.1:7474");
    let vectors = service(DialectName::Qdrant, "http://127.0.0.1:6333");
    let services = [("graph", graph), ("vectors", vectors)];
    let mut config = Config {
        services: services
            .map(|(name, service)| (name.to_string(), service))
            .into(),
        ..Config::default()
    };
    let by_load = CustomRules {
        weights: vec![WeightedFigure::default()],
        ..CustomRules::default()
    };
    config.balance.custom.insert("by_load".into(), by_load);
    config.balance.affinity_rules = vec![AffinityRule {
        prefer: vec!["127-0-0-1-6333".into()],
        ..AffinityRule::default()
    }];
    config
}

fn service(dialect: DialectName, url: &str) -> Service {
    let mut endpoint = Endpoint {
        url: url.into(),
        ..Endpoint::default()
    };
    if let Some(address) = endpoint.address() {
        endpoint.name = endpoint.name_at(&address);
    }
    Service {
        dialect,
        endpoints: vec![endpoint],
        ..Service::default()
    }
}
