//! What operators change of the configuration that serves, each an event with what it was changed to.

use super::Operator;
use crate::admin::{Feature, ModeChange, NewInstance, Problem, StrategyChange};
use crate::config::{self, Config, Service, StrategyName};
use crate::endpoint::{EventKind, Subject};
use crate::plan::Complexity;
use crate::runtime::overlay::switch;
use balancing::LearnedWeight;
use serde_json::{Map, Value, json};

/// The strategy of each service, beside what its file says.
pub(super) fn strategy_page(operator: &Operator) -> Value {
    let (config, file) = (operator.shared.config(), operator.reloader.layers().file);
    let word = |config: &Config, service: &Service| {
        let strategy = service.strategy(&config.balance);
        Value::from(strategy.word())
    };
    let rows = config.services.iter().map(|(name, service)| {
        let in_file = file.services.get(name).unwrap_or(service);
        let weights = operator
            .service(name)
            .map(|one| weights(&one.pool.weights()));
        let pool = operator.service(name);
        let by_rule = pool.map(|one| -> Value {
            let named = one.pool.chooser().by_rule();
            named.map(|name| Value::from(name.word())).collect()
        });
        let by_rule = by_rule.unwrap_or_else(|_| Value::Array(Vec::new()));
        let row = json!({
            "strategy": word(&config, service),
            "configured": word(&file, in_file),
            "by_rule": by_rule,
            "weights": weights.unwrap_or_default(),
        });
        (name.clone(), row)
    });
    let available = config::available_strategies(&file, &operator.shared.policies);
    json!({
        "strategy": resolved(&config, &config.balance.strategy).word(),
        "services": rows.collect::<Map<_, _>>(),
        "available": available,
    })
}

/// The strategy that a name stands for.
fn resolved(config: &Config, name: &StrategyName) -> StrategyName {
    config.balance.adaptive.resolved(name)
}

/// Learned weights, by the complexity of requests and by strategy.
fn weights(learned: &[LearnedWeight]) -> Value {
    let mut classes = Map::new();
    for one in learned {
        let class = classes.entry(Complexity::of_class(one.class).label());
        let class = class.or_insert_with(|| json!({}));
        if let Some(class) = class.as_object_mut() {
            class.insert(one.strategy.into(), one.weight.into());
        }
    }
    Value::Object(classes)
}

/// The mode, and which features are on.
pub(super) fn mode_page(operator: &Operator) -> Value {
    let mut config = Config::clone(&operator.shared.config());
    let features = Feature::ALL.iter();
    let features = features.map(|one| (super::value(one), *switch(&mut config, *one)));
    let features = features.filter_map(|(name, on)| Some((name.as_str()?.to_owned(), on.into())));
    let features: Map<String, Value> = features.collect();
    json!({"mode": config.mode.word(), "features": features})
}

pub(super) async fn change_strategy(
    operator: &Operator,
    change: StrategyChange,
) -> Result<(), Problem> {
    if let Some(name) = &change.service {
        operator.service(name)?;
    }
    let (service, strategy) = (change.service.as_deref(), change.strategy.as_deref());
    operator
        .reloader
        .change(|overlay, layers| {
            let known = config::available_strategies(&layers.file, &operator.shared.policies);
            overlay.with_strategy(service, strategy, &known)
        })
        .await?;
    let of = service.unwrap_or("all services");
    let config = operator.shared.config();
    let named = strategy.map(|word| resolved(&config, &StrategyName::of(word)));
    let to = named.as_ref().map_or("as configured", StrategyName::word);
    record(
        operator,
        Subject::Process,
        EventKind::StrategyChanged,
        format!("{of}: {to}"),
    );
    Ok(())
}

pub(super) async fn change_mode(operator: &Operator, change: ModeChange) -> Result<(), Problem> {
    operator
        .reloader
        .change(|overlay, _| overlay.with_mode(&change))
        .await?;
    let why = mode_page(operator).to_string();
    record(operator, Subject::Process, EventKind::ModeChanged, why);
    Ok(())
}

pub(super) async fn add(operator: &Operator, instance: NewInstance) -> Result<String, Problem> {
    let service = operator.service(&instance.service)?;
    let dialect = service.settings.dialect.word();
    if instance
        .service_type
        .as_deref()
        .is_some_and(|word| word != dialect)
    {
        let detail = format!("{}: its dialect is {dialect}", service.name);
        return Err(Problem::conflict(detail));
    }
    let (endpoint, of) = (instance.endpoint()?, &instance.service);
    let name = endpoint.name.clone();
    let why = endpoint.url.clone();
    operator
        .reloader
        .change(|overlay, layers| {
            let config = layers.effective();
            overlay.with_endpoint(of, present(&config, of)?, endpoint)
        })
        .await?;
    record(
        operator,
        Subject::Endpoint(of, &name),
        EventKind::InstanceAdded,
        why,
    );
    Ok(name)
}

pub(super) async fn remove(
    operator: &Operator,
    service: &str,
    endpoint: &str,
) -> Result<(), Problem> {
    let (_, found) = operator.endpoint(service, endpoint)?;
    let name = found.name.clone();
    operator
        .reloader
        .change(|overlay, layers| {
            let config = layers.effective();
            let now = present(&config, service)?;
            overlay.without_endpoint(service, now, &layers.file, &name)
        })
        .await?;
    let why = found.authority.to_string();
    record(
        operator,
        Subject::Endpoint(service, &name),
        EventKind::InstanceRemoved,
        why,
    );
    Ok(())
}

fn record(operator: &Operator, about: Subject<'_>, what: EventKind, why: String) {
    operator.shared.registry.events().record(about, what, why);
}

/// The service as it is configured now: another change may have come first.
fn present<'c>(config: &'c Config, service: &str) -> Result<&'c Service, Problem> {
    let found = config.services.get(service);
    found.ok_or_else(|| Problem::not_found("no such service"))
}
