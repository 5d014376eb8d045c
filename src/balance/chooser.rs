//! The policies of a pool: its own, those that rules name, and a shadow; and what of them goes on after a reload.

use crate::config::{Balance, CustomRules, FigureName, StrategyName};
use balancing::policies::{ByRequest, Custom, Key, PolicyRegistry, RoundRobin};
use balancing::{Memory, Policy, ShadowFigures, Shadowed};
use std::sync::Arc;

/// Policies that rules name for a service at most, so that their numbers fit.
const MAX_BY_RULE: usize = 64;

/// The policy that chooses, those that choose for some requests, and the one that is asked beside it.
#[derive(Clone)]
pub struct Chooser {
    chosen: Recipe,
    policy: Arc<dyn Policy>,
    by_rule: Vec<(Recipe, Arc<dyn Policy>)>,
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
        by_rule: &[&StrategyName],
        balance: &Balance,
        policies: &PolicyRegistry,
        endpoints: usize,
        before: Option<Former<'_>>,
    ) -> Self {
        let policy = |recipe: &Recipe| {
            let carried = before.and_then(|one| one.carried(one.chooser.made_by(recipe)?));
            carried.unwrap_or_else(|| recipe.policy(policies, endpoints))
        };
        let chosen = Recipe::of(strategy, balance);
        let others = by_rule
            .iter()
            .map(|name| Recipe::of((*name).clone(), balance));
        let others = others.filter(|recipe| *recipe != chosen).take(MAX_BY_RULE);
        let by_rule = others
            .map(|recipe| (recipe.clone(), policy(&recipe)))
            .collect();
        let policy = policy(&chosen);
        let before = before.filter(|before| before.chooser.chosen == chosen);
        let shadow = balance.shadow.as_ref().map(|name| {
            let recipe = Recipe::of(balance.adaptive.resolved(name), balance);
            let fresh = || recipe.policy(policies, endpoints);
            Shadow::new(recipe.clone(), &policy, fresh, before)
        });
        Self {
            chosen,
            policy,
            by_rule,
            shadow,
        }
    }

    fn all(&self) -> impl Iterator<Item = (&Recipe, &Arc<dyn Policy>)> {
        let others = self.by_rule.iter().map(|(recipe, policy)| (recipe, policy));
        std::iter::once((&self.chosen, &self.policy)).chain(others)
    }

    fn made_by(&self, recipe: &Recipe) -> Option<&Arc<dyn Policy>> {
        let made = self.all().find(|(one, _)| *one == recipe);
        made.map(|(_, policy)| policy)
    }

    /// The strategy that chooses where no rule names another one.
    pub fn strategy(&self) -> &StrategyName {
        &self.chosen.strategy
    }

    /// The strategies that rules name beside it.
    pub fn by_rule(&self) -> impl Iterator<Item = &StrategyName> {
        self.by_rule.iter().map(|(recipe, _)| &recipe.strategy)
    }

    /// The number of the policy of a strategy; 0, which is the service's own, where no rule names it any more.
    pub fn number(&self, strategy: &StrategyName) -> u8 {
        let place = self.by_rule().position(|one| one == strategy);
        place.map_or(0, |place| u8::try_from(place + 1).unwrap_or(0))
    }

    /// What chooses.
    pub fn policy(&self) -> Arc<dyn Policy> {
        let own = match &self.shadow {
            Some(shadow) => Arc::clone(&shadow.counted) as Arc<dyn Policy>,
            None => Arc::clone(&self.policy),
        };
        let others = self.by_rule.iter().map(|(_, policy)| Arc::clone(policy));
        match self.by_rule.is_empty() {
            true => own,
            false => Arc::new(ByRequest::new(own, others)),
        }
    }

    /// What the policies have learned, by strategy, to be kept beyond the process.
    pub fn memories(&self) -> impl Iterator<Item = (&StrategyName, Memory)> {
        self.all().filter_map(|(recipe, policy)| {
            let memory = policy.memory().filter(Memory::is_sound)?;
            Some((&recipe.strategy, memory))
        })
    }

    /// The policy of a strategy goes on from what one of its name had learned, for the endpoints that were at these places then, as
    /// far as that is trusted (0..=1).
    pub fn recall(&self, strategy: &str, memory: &Memory, from: &[Option<usize>], trust: f64) {
        let named = self.all().find(|(one, _)| one.strategy.word() == strategy);
        if let Some((_, policy)) = named.filter(|_| memory.is_sound()) {
            policy.recall(memory, from, trust);
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
