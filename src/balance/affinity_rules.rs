//! The affinity rules of a service, and what they say of one request: which endpoints never take it, and which take it before
//! others. What matched is kept with the request, so that it holds while the request waits, over retries and over a reload.

use crate::config::{self, Balance, StrategyName};
use crate::dialect::{CallFacts, Target};
use http::HeaderMap;
use std::sync::Arc;

/// The rules of a service; at most 64, of which those that match a request are a bit each.
#[derive(Debug)]
pub struct PlacementRules(Box<[Rule]>);

#[derive(Debug)]
struct Rule {
    operation: Option<String>,
    /// The hashes that the collection or database of this name may have.
    targets: Option<[u64; 2]>,
    /// Fields that the request must carry, with their value where that counts.
    fields: Vec<(String, Option<String>)>,
    prefer: Vec<String>,
    never: Vec<String>,
    strategy: Option<StrategyName>,
}

/// The rules that match a request.
#[derive(Debug, Clone)]
pub struct MatchedRules {
    rules: Arc<PlacementRules>,
    /// Those that are about what it asks for; `prefer` and `strategy` count of them.
    prefer: u64,
    /// Those that may be.
    never: u64,
}

impl PlacementRules {
    /// Those of a service; `None` where it has none.
    pub fn of(service: &str, balance: &Balance) -> Option<Arc<Self>> {
        let all = balance.affinity_rules.iter();
        let is_own =
            |rule: &&config::AffinityRule| rule.service.as_ref().is_none_or(|name| name == service);
        let own = all.filter(is_own).map(|rule| Rule::of(rule, balance));
        let own: Box<[Rule]> = own.collect();
        (!own.is_empty()).then(|| Arc::new(Self(own)))
    }

    /// The strategies that they name, each once, in order.
    pub fn strategies(&self) -> Vec<&StrategyName> {
        let mut all = Vec::new();
        for name in self.0.iter().filter_map(|rule| rule.strategy.as_ref()) {
            if !all.contains(&name) {
                all.push(name);
            }
        }
        all
    }

    /// Those that match a request; `None` where none does.
    pub fn matched(
        self: &Arc<Self>,
        operation: &str,
        facts: CallFacts,
        headers: &HeaderMap,
    ) -> Option<MatchedRules> {
        let (mut prefer, mut never) = (0, 0);
        for (bit, rule) in (0..u64::BITS).zip(&self.0) {
            if !rule.is_about(operation, headers) {
                continue;
            }
            let (is_target, may_be_target) = rule.target(facts);
            prefer |= u64::from(is_target) << bit;
            never |= u64::from(may_be_target) << bit;
        }
        let rules = Arc::clone(self);
        (prefer | never != 0).then_some(MatchedRules {
            rules,
            prefer,
            never,
        })
    }
}

impl Rule {
    fn of(rule: &config::AffinityRule, balance: &Balance) -> Self {
        let tenant_header = balance.queue.tenant_header.as_ref();
        let field = rule
            .header
            .iter()
            .map(|name| (name.clone(), rule.value.clone()));
        let tenant = tenant_header.zip(rule.tenant.as_ref());
        let tenant = tenant.map(|(header, name)| (header.clone(), Some(name.clone())));
        let strategy = rule.strategy.as_ref();
        let hashes = |name: &String| {
            [
                Target::Collection(name.clone()).hashed(),
                Target::Database(name.to_lowercase()).hashed(),
            ]
        };
        Self {
            operation: rule.operation.clone(),
            targets: rule.target.as_ref().map(hashes),
            fields: field.chain(tenant).collect(),
            prefer: rule.prefer.clone(),
            never: rule.never.clone(),
            strategy: strategy.map(|name| balance.adaptive.resolved(name)),
        }
    }

    fn is_about(&self, operation: &str, headers: &HeaderMap) -> bool {
        let carried = |(name, value): &(String, Option<String>)| {
            let mut values = headers.get_all(name.as_str()).iter();
            values.any(|one| value.as_ref().is_none_or(|value| one == value.as_str()))
        };
        self.operation.as_ref().is_none_or(|own| own == operation)
            && self.fields.iter().all(carried)
    }

    /// Whether a call is about its target, and whether it may be: a name that may be an alias may stand for it.
    fn target(&self, facts: CallFacts) -> (bool, bool) {
        let Some(targets) = self.targets else {
            return (true, true);
        };
        let is_target = targets.contains(&facts.target) || targets.contains(&facts.held);
        let is_unknown = facts.held == 0 && facts.target != 0;
        (is_target, is_target || is_unknown)
    }
}

impl MatchedRules {
    /// Whether this endpoint never takes the request.
    pub fn avoid(&self, endpoint: &str) -> bool {
        self.name(self.never, endpoint, |rule| &rule.never)
    }

    /// Whether this endpoint takes the request before others.
    pub fn prefer(&self, endpoint: &str) -> bool {
        self.name(self.prefer, endpoint, |rule| &rule.prefer)
    }

    /// The strategy that chooses for the request; `None`: that of the service.
    pub fn strategy(&self) -> Option<&StrategyName> {
        self.matching(self.prefer)
            .find_map(|rule| rule.strategy.as_ref())
    }

    fn name(&self, matched: u64, endpoint: &str, list: fn(&Rule) -> &[String]) -> bool {
        let is_listed = |rule: &Rule| list(rule).iter().any(|name| name == endpoint);
        self.matching(matched).any(is_listed)
    }

    fn matching(&self, matched: u64) -> impl Iterator<Item = &Rule> {
        let all = (0..u64::BITS).zip(&self.rules.0);
        let matching = all.filter(move |(bit, _)| matched >> bit & 1 == 1);
        matching.map(|(_, rule)| rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::AffinityRule;
    use http::{HeaderName, HeaderValue};

    fn balance(rules: Vec<AffinityRule>) -> Balance {
        let mut balance = Balance {
            affinity_rules: rules,
            ..Balance::default()
        };
        balance.queue.tenant_header = Some("x-tenant".into());
        balance
    }

    fn never_a(change: impl FnOnce(&mut AffinityRule)) -> AffinityRule {
        let mut rule = AffinityRule {
            never: vec!["a".into()],
            ..AffinityRule::default()
        };
        change(&mut rule);
        rule
    }

    fn books() -> CallFacts {
        let hashed = Target::Collection("books".into()).hashed();
        CallFacts {
            target: hashed,
            held: hashed,
            asks_data: true,
            is_read: true,
            is_change: false,
            needs_target: false,
        }
    }

    fn headers(fields: &[(&str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&str, &str)| {
            let name = HeaderName::try_from(*name).unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        };
        fields.iter().map(field).collect()
    }

    /// Whether `a` never takes a `points.get` of `books` with these fields.
    fn avoids(rule: AffinityRule, fields: &[(&str, &str)]) -> bool {
        let rules = PlacementRules::of("db", &balance(vec![rule]));
        let matched =
            rules.and_then(|rules| rules.matched("points.get", books(), &headers(fields)));
        matched.is_some_and(|matched| matched.avoid("a") && !matched.avoid("b"))
    }

    #[test]
    fn all_that_a_rule_names_must_hold() {
        let of = |text: &str| Some(text.to_owned());
        let fields = &[("x-job", "batch"), ("x-tenant", "acme")];
        assert!(avoids(never_a(|_| ()), &[]));
        assert!(avoids(never_a(|rule| rule.service = of("db")), &[]));
        assert!(!avoids(never_a(|rule| rule.service = of("other")), &[]));
        assert!(avoids(
            never_a(|rule| rule.operation = of("points.get")),
            &[]
        ));
        assert!(!avoids(
            never_a(|rule| rule.operation = of("points.query")),
            &[]
        ));
        assert!(avoids(never_a(|rule| rule.target = of("books")), &[]));
        assert!(!avoids(never_a(|rule| rule.target = of("films")), &[]));
        assert!(avoids(never_a(|rule| rule.tenant = of("acme")), fields));
        assert!(!avoids(never_a(|rule| rule.tenant = of("other")), fields));
        assert!(avoids(never_a(|rule| rule.header = of("x-job")), fields));
        assert!(!avoids(never_a(|rule| rule.header = of("x-job")), &[]));
        let both = never_a(|rule| {
            (rule.header, rule.value) = (of("x-job"), of("batch"));
            rule.target = of("books");
        });
        assert!(avoids(
            both.clone(),
            &[("X-Job", "other"), ("X-Job", "batch")]
        ));
        assert!(!avoids(both, &[("x-job", "other")]));
    }

    #[test]
    fn a_rule_for_a_collection_holds_for_its_aliases_and_for_what_may_be_one() {
        let rule = || AffinityRule {
            target: Some("books".into()),
            prefer: vec!["b".into()],
            ..never_a(|_| ())
        };
        let rules = PlacementRules::of("db", &balance(vec![rule()])).unwrap();
        let by_alias = |held| CallFacts {
            target: Target::Collection("live".into()).hashed(),
            held,
            ..books()
        };
        let matched = |facts| rules.matched("points.get", facts, &HeaderMap::new());
        let alias = matched(by_alias(books().held)).unwrap();
        assert!(alias.avoid("a") && alias.prefer("b"));
        let films = Target::Collection("films".into()).hashed();
        assert!(matched(by_alias(films)).is_none());
        let unknown = matched(by_alias(0)).unwrap();
        assert!(unknown.avoid("a") && !unknown.prefer("b"));
        let whole = CallFacts {
            target: 0,
            ..by_alias(0)
        };
        assert!(matched(whole).is_none(), "the service as a whole");
    }

    #[test]
    fn a_database_has_one_name_in_any_case() {
        let rule = never_a(|rule| rule.target = Some("Neo4j".into()));
        let rules = PlacementRules::of("db", &balance(vec![rule])).unwrap();
        let hashed = Target::Database("neo4j".into()).hashed();
        let facts = CallFacts {
            target: hashed,
            held: hashed,
            ..books()
        };
        assert!(
            rules
                .matched("cypher.read", facts, &HeaderMap::new())
                .is_some()
        );
    }
}
