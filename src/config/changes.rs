//! What differs between two configurations, in a few words: for the event of a reload. Of most keys only the path is told, so
//! that no secret is; of endpoints what an operator looks for.

use super::{Config, Endpoint, Service};

/// Changes that are told one by one.
const TOLD: usize = 8;

/// The differences; the first ones, and how many more there are.
pub fn changes(old: &Config, new: &Config) -> String {
    let mut told = services(old, new);
    let keys = config_table::changed_keys(old, new).into_iter();
    let is_known = |key: &str| match key.strip_prefix("services.") {
        Some(rest) => {
            let name = rest.split('.').next().unwrap_or_default();
            let both = old.services.contains_key(name) && new.services.contains_key(name);
            !both || rest.ends_with(".endpoints")
        }
        None => false,
    };
    told.extend(keys.filter(|key| !is_known(key)));
    let more = told.len().saturating_sub(TOLD);
    told.truncate(TOLD);
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}

/// Services that came or went, and the endpoints of those that stay.
fn services(old: &Config, new: &Config) -> Vec<String> {
    let gone = old.services.keys();
    let gone = gone.filter(|name| !new.services.contains_key(*name));
    let mut told: Vec<String> = gone
        .map(|name| format!("service {name}: removed"))
        .collect();
    for (name, service) in &new.services {
        match old.services.get(name) {
            None => told.push(format!("service {name}: added")),
            Some(before) => told.extend(endpoints(name, before, service)),
        }
    }
    told
}

fn endpoints(service: &str, old: &Service, new: &Service) -> Vec<String> {
    let all = |service: &Service| -> Vec<(String, Endpoint)> {
        let one = |one: &Endpoint| Some((one.name_at(&one.address()?), one.clone()));
        service.endpoints.iter().filter_map(one).collect()
    };
    let (old, new) = (all(old), all(new));
    let in_list = |list: &[(String, Endpoint)], name: &str| {
        let found = list.iter().find(|(other, _)| other == name);
        found.map(|(_, endpoint)| endpoint.clone())
    };
    let gone = old.iter().filter(|(name, _)| in_list(&new, name).is_none());
    let gone = gone.map(|(name, _)| (name, "removed".to_owned()));
    let stay = new.iter().filter_map(|(name, one)| {
        let what = match in_list(&old, name) {
            None => format!("added at {}", one.address()?),
            Some(before) => difference(&before, one)?,
        };
        Some((name, what))
    });
    let told = gone.chain(stay);
    told.map(|(name, what)| format!("endpoint {service}/{name}: {what}"))
        .collect()
}

fn difference(old: &Endpoint, new: &Endpoint) -> Option<String> {
    let (before, now) = (old.address()?, new.address()?);
    if before != now {
        return Some(format!("from {before} to {now}"));
    }
    let keys = config_table::changed_keys(old, new);
    (!keys.is_empty()).then(|| keys.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(urls: &[(&str, &str)]) -> Config {
        let endpoints = urls.iter().map(|(name, url)| Endpoint {
            name: (*name).into(),
            url: (*url).into(),
            ..Endpoint::default()
        });
        let service = Service {
            endpoints: endpoints.collect(),
            ..Service::default()
        };
        let mut config = Config::default();
        config.services.insert("docs".into(), service);
        config
    }

    #[test]
    fn endpoints_are_named_with_their_addresses_and_other_keys_without_their_values() {
        let old = config(&[
            ("q1", "http://a:1"),
            ("q2", "http://b:1"),
            ("q3", "http://c:1"),
        ]);
        let mut new = config(&[
            ("q1", "http://a:1"),
            ("q2", "http://b:2"),
            ("q4", "http://d:1"),
        ]);
        assert_eq!(changes(&old, &old), "");
        assert_eq!(
            changes(&old, &new),
            "endpoint docs/q3: removed; endpoint docs/q2: from b:1 to b:2; endpoint docs/q4: added at d:1"
        );
        new = config(&[
            ("q1", "http://a:1"),
            ("q2", "http://b:1"),
            ("q3", "http://c:1"),
        ]);
        new.balance.hedging = !new.balance.hedging;
        new.services
            .values_mut()
            .for_each(|one| one.endpoints[0].weight = 7.0);
        let told = changes(&old, &new);
        assert_eq!(told, "endpoint docs/q1: weight; balance.hedging");
        new.services.clear();
        assert!(changes(&old, &new).starts_with("service docs: removed"));
    }

    #[test]
    fn a_great_change_is_told_in_few_words() {
        let urls: Vec<String> = (0..100).map(|n| format!("http://h{n}:1")).collect();
        let named: Vec<(&str, &str)> = urls.iter().map(|url| (&url[7..], &**url)).collect();
        let named: Vec<(&str, &str)> = named
            .iter()
            .map(|(n, u)| (n.trim_end_matches(":1"), *u))
            .collect();
        let told = changes(&config(&[]), &config(&named));
        assert!(told.ends_with("and 92 more") && told.len() < 500, "{told}");
    }
}
