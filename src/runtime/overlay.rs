//! What operators change through the admin API: a layer over the configuration of the file. A change builds the whole
//! configuration anew and goes the way of a reload, so there is one way to make a pool and one swap per change.
//!
//! The layer ends with the process. A reload that takes a changed file ends the mode, the features and the strategies;
//! an added endpoint stays until the file has one of its name or address, a removed one until the file lacks it.

use crate::admin::{Feature, ModeChange, Problem};
use crate::config::{Config, Endpoint, Mode, Service, StrategyName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Endpoints that operators may have added at a time, over all services.
const MAX_ADDED: usize = 1024;

/// The configuration of the file, and what lies over it.
#[derive(Debug, Clone)]
pub struct Layers {
    pub file: Arc<Config>,
    pub overlay: Overlay,
}

/// What operators changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overlay {
    mode: Option<Mode>,
    features: BTreeMap<Feature, bool>,
    strategy: Option<StrategyName>,
    strategies: BTreeMap<String, StrategyName>,
    added: Vec<(String, Endpoint)>,
    /// Service and name.
    removed: Vec<(String, String)>,
}

impl Layers {
    /// What serves.
    pub fn effective(&self) -> Config {
        self.configured().effective()
    }

    /// What would serve without a mode.
    pub fn configured(&self) -> Config {
        self.overlay.over(&self.file)
    }
}

impl Overlay {
    /// The configuration under this layer.
    fn over(&self, file: &Config) -> Config {
        let mut config = file.clone();
        config.mode = self.mode.unwrap_or(config.mode);
        for (feature, on) in &self.features {
            *switch(&mut config, *feature) = *on;
        }
        if let Some(strategy) = &self.strategy {
            config.balance.strategy = strategy.clone();
            let services = config.services.values_mut();
            services.for_each(|service| service.strategy = None);
        }
        for (name, service) in &mut config.services {
            let own = self.strategies.get(name).cloned();
            service.strategy = own.or(service.strategy.take());
            let is_removed = |one: &Endpoint| self.removes(name, &one.name);
            service.endpoints.retain(|one| !is_removed(one));
            let added = self.added.iter().filter(|(of, _)| of == name);
            service.endpoints.extend(added.map(|(_, one)| one.clone()));
        }
        config
    }

    /// What stays over another file.
    pub fn after_reload(&self, file: &Config) -> Self {
        let mut kept = Self {
            added: self.added.clone(),
            removed: self.removed.clone(),
            ..Self::default()
        };
        kept.added.retain(|(service, added)| {
            let service = file.services.get(service);
            service.is_some_and(|service| !service.endpoints.iter().any(|one| clash(one, added)))
        });
        kept.removed.retain(|(service, name)| {
            let service_in_file = file.services.get(service);
            let mut endpoints = service_in_file.iter().flat_map(|file| &file.endpoints);
            let one = endpoints.find(|one| one.name == *name);
            // One that was added again in another form is the file's again.
            let added = |one: &Endpoint| {
                self.added
                    .iter()
                    .any(|(of, added)| of == service && clash(one, added))
            };
            one.is_some_and(|one| !added(one))
        });
        // A service always has an endpoint: where none would be left, the file's own are back.
        let empty: Vec<String> = kept
            .over(file)
            .services
            .into_iter()
            .filter_map(nothing_left)
            .collect();
        kept.removed.retain(|(service, _)| !empty.contains(service));
        kept
    }

    /// With another mode, or features switched.
    pub fn with_mode(mut self, change: &ModeChange) -> Result<Self, Problem> {
        if let Some(word) = &change.mode {
            let mode = Mode::ALL.iter().find(|(_, known)| known == word);
            let words: Vec<&str> = Mode::ALL.iter().map(|(_, word)| *word).collect();
            let (mode, _) = mode.ok_or_else(|| unexpected("mode", &words))?;
            self.mode = Some(*mode);
        }
        for (feature, on) in &change.features {
            match on {
                Some(on) => drop(self.features.insert(*feature, *on)),
                None => drop(self.features.remove(feature)),
            }
        }
        Ok(self)
    }

    /// With another of the `known` strategies for a service, or for all; `None`: the one of the file.
    pub fn with_strategy(
        mut self,
        service: Option<&str>,
        strategy: Option<&str>,
        known: &[&str],
    ) -> Result<Self, Problem> {
        let unknown = strategy.filter(|word| !known.contains(word));
        if unknown.is_some() {
            return Err(unexpected("strategy", known));
        }
        let strategy = strategy.map(StrategyName::of);
        match (service, strategy) {
            (Some(service), Some(strategy)) => {
                self.strategies.insert(service.into(), strategy);
            }
            (Some(service), None) => drop(self.strategies.remove(service)),
            (None, strategy) => {
                self.strategies.clear();
                self.strategy = strategy;
            }
        }
        Ok(self)
    }

    /// With one more endpoint; `now` is the service as it is.
    pub fn with_endpoint(
        mut self,
        service: &str,
        now: &Service,
        endpoint: Endpoint,
    ) -> Result<Self, Problem> {
        if let Some(same) = now.endpoints.iter().find(|one| clash(one, &endpoint)) {
            let detail = format!(
                "{service}: the endpoint {} has this name or address already",
                same.name
            );
            return Err(Problem::conflict(detail));
        }
        if self.added.len() >= MAX_ADDED {
            let detail =
                format!("at most {MAX_ADDED} endpoints may be added; put them into the file");
            return Err(Problem::conflict(detail));
        }
        self.added.push((service.into(), endpoint));
        Ok(self)
    }

    /// Without an endpoint, which is there.
    pub fn without_endpoint(
        mut self,
        service: &str,
        now: &Service,
        file: &Config,
        name: &str,
    ) -> Result<Self, Problem> {
        if !now.endpoints.iter().any(|one| one.name == name) {
            return Err(Problem::not_found(format!("{service}: no endpoint {name}")));
        }
        if now.endpoints.len() <= 1 {
            let detail = format!("{service}: {name} is its only endpoint; add another one first");
            return Err(Problem::conflict(detail));
        }
        self.added
            .retain(|(of, one)| of != service || one.name != name);
        let in_file = file.services.get(service);
        if in_file.is_some_and(|file| file.endpoints.iter().any(|one| one.name == name)) {
            self.removed.push((service.into(), name.into()));
        }
        Ok(self)
    }

    fn removes(&self, service: &str, name: &str) -> bool {
        let mut removed = self.removed.iter();
        removed.any(|(of, one)| of == service && one == name)
    }
}

fn unexpected(key: &str, words: &[&str]) -> Problem {
    Problem::invalid(format!("{key}: expected one of {}", words.join(", ")))
}

fn nothing_left((name, service): (String, Service)) -> Option<String> {
    service.endpoints.is_empty().then_some(name)
}

/// Whether two endpoints cannot stand in one service.
fn clash(one: &Endpoint, other: &Endpoint) -> bool {
    one.name == other.name || one.address() == other.address()
}

/// The switch of a feature.
pub fn switch(config: &mut Config, feature: Feature) -> &mut bool {
    match feature {
        Feature::Cache => &mut config.cache.enabled,
        Feature::Planner => &mut config.planner.enabled,
        Feature::Balance => &mut config.balance.enabled,
        Feature::Health => &mut config.health.enabled,
        Feature::Breaker => &mut config.breaker.enabled,
        Feature::Queries => &mut config.queries.enabled,
    }
}

#[cfg(test)]
mod tests;
