//! The policy of a pool and its shadow, and what of them goes on after a reload.

use crate::config::{Balance, CustomRules, FigureName, StrategyName};
use balancing::policies::{Custom, Key, PolicyRegistry, RoundRobin};
use balancing::{Policy, ShadowFigures, Shadowed};
use std::sync::Arc;

/// The policy that chooses, and the one that is asked beside it.
#[derive(Clone)]
pub struct Chooser {
    chosen: Recipe,
    policy: Arc<dyn Policy>,
    shadow: Option<Shadow>,
}

/// What a policy is made of: where it is the same after a reload, the policy goes on.
#[derive(Clone, PartialEq)]
struct Recipe {
    strategy: StrategyName,
    /// The figures of a strategy of `balance.custom`.
    custom: Option<CustomRules>,
}

#[derive(Clone)]
struct Shadow {
    recipe: Recipe,
    policy: Arc<dyn Policy>,
    counted: Arc<Shadowed>,
}

/// The chooser of a pool before, and where each endpoint of the new pool was in it.
#[derive(Clone, Copy)]
pub struct Former<'a> {
    pub chooser: &'a Chooser,
    /// The index before, of each endpoint; `None`: it is new.
    pub from: &'a [Option<usize>],
    /// How many endpoints there were.
    pub endpoints: usize,
}

impl Former<'_> {
    /// Whether the endpoints are the same in the same order.
    fn is_same(&self) -> bool {
        let mut from = self.from.iter().enumerate();
        self.from.len() == self.endpoints && from.all(|(index, before)| *before == Some(index))
    }

    /// What goes on of a policy: itself where the endpoints are the same, otherwise what it learned of those that stay.
    fn carried(&self, policy: &Arc<dyn Policy>) -> Option<Arc<dyn Policy>> {
        match self.is_same() {
            true => Some(Arc::clone(policy)),
            false => policy.carried(self.from),
        }
    }
}

/// A policy that has learned nothing.
pub fn fresh(
    strategy: StrategyName,
    balance: &Balance,
    policies: &PolicyRegistry,
    endpoints: usize,
) -> Arc<dyn Policy> {
    Recipe::of(strategy, balance).policy(policies, endpoints)
}

impl Recipe {
    fn of(strategy: StrategyName, balance: &Balance) -> Self {
        Self {
            custom: balance.custom.get(strategy.word()).cloned(),
            strategy,
        }
    }

    /// A fresh policy.
    fn policy(&self, policies: &PolicyRegistry, endpoints: usize) -> Arc<dyn Policy> {
        let name = match (&self.strategy, &self.custom) {
            (StrategyName::BuiltIn(strategy), _) => return strategy.policy(endpoints),
            (_, Some(custom)) => return Arc::new(Custom::new(keys(custom), endpoints)),
            (StrategyName::Named(name), None) => name,
        };
        // A configuration that names no policy was refused.
        let found = policies.policy(name, endpoints);
        found.unwrap_or_else(|| Arc::new(RoundRobin::default()))
    }
}

impl Chooser {
    /// For so many endpoints. A policy of the same name goes on where it was before, as far as the endpoints are the same;
    /// the counts of its shadow go on where all of them are.
    pub fn new(
        strategy: StrategyName,
        balance: &Balance,
        policies: &PolicyRegistry,
        endpoints: usize,
        before: Option<Former<'_>>,
    ) -> Self {
        let chosen = Recipe::of(strategy, balance);
        let before = before.filter(|before| before.chooser.chosen == chosen);
        let carried = before.and_then(|before| before.carried(&before.chooser.policy));
        let policy = carried.unwrap_or_else(|| chosen.policy(policies, endpoints));
        let shadow = balance.shadow.as_ref().map(|name| {
            let recipe = Recipe::of(balance.adaptive.resolved(name), balance);
            let fresh = || recipe.policy(policies, endpoints);
            Shadow::new(recipe.clone(), &policy, fresh, before)
        });
        Self {
            chosen,
            policy,
            shadow,
        }
    }

    /// The strategy that chooses.
    pub fn strategy(&self) -> &StrategyName {
        &self.chosen.strategy
    }

    /// What chooses.
    pub fn policy(&self) -> Arc<dyn Policy> {
        match &self.shadow {
            Some(shadow) => Arc::clone(&shadow.counted) as Arc<dyn Policy>,
            None => Arc::clone(&self.policy),
        }
    }

    /// The shadow and what was counted of it.
    pub fn shadow(&self) -> Option<(&StrategyName, ShadowFigures)> {
        let shadow = self.shadow.as_ref()?;
        Some((&shadow.recipe.strategy, shadow.counted.figures()))
    }
}

impl Shadow {
    /// Beside `chosen`.
    fn new(
        recipe: Recipe,
        chosen: &Arc<dyn Policy>,
        fresh: impl FnOnce() -> Arc<dyn Policy>,
        before: Option<Former<'_>>,
    ) -> Self {
        let same = before.and_then(|before| Some((before, before.chooser.shadow.as_ref()?)));
        let same = same.filter(|(_, shadow)| shadow.recipe == recipe);
        if let Some((before, shadow)) = same
            && before.is_same()
        {
            return shadow.clone();
        }
        let carried = same.and_then(|(before, shadow)| before.carried(&shadow.policy));
        let policy = carried.unwrap_or_else(fresh);
        let counted = Shadowed::new(Arc::clone(chosen), Arc::clone(&policy));
        Self {
            recipe,
            policy,
            counted: Arc::new(counted),
        }
    }
}

/// The keys of a custom strategy: each figure is one, or all together by their weights.
fn keys(custom: &CustomRules) -> Vec<Key> {
    if custom.weights.is_empty() {
        let key = |name: &FigureName| vec![(name.0, 1.0)];
        return custom.keys.iter().map(key).collect();
    }
    let weighted = custom.weights.iter();
    vec![weighted.map(|one| (one.figure.0, one.weight)).collect()]
}
