//! The policy of a pool and its shadow, and what of them goes on after a reload.

use crate::config::{Balance, CustomRules, FigureName, StrategyName};
use balancing::policies::{Custom, Key};
use balancing::{Policy, ShadowFigures, Shadowed};
use std::sync::Arc;

/// The policy that chooses, and the one that is asked beside it.
#[derive(Clone)]
pub struct Chooser {
    pub strategy: StrategyName,
    custom: CustomRules,
    policy: Arc<dyn Policy>,
    shadow: Option<Shadow>,
}

#[derive(Clone)]
struct Shadow {
    strategy: StrategyName,
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

impl Chooser {
    /// For so many endpoints. A policy of the same name goes on where it was before, as far as the endpoints are the same;
    /// the counts of its shadow go on where all of them are.
    pub fn new(
        strategy: StrategyName,
        balance: &Balance,
        endpoints: usize,
        before: Option<Former<'_>>,
    ) -> Self {
        let custom = &balance.custom;
        let before = before.filter(|before| before.chooser.is_of(strategy, custom));
        let carried = before.and_then(|before| before.carried(&before.chooser.policy));
        let policy = carried.unwrap_or_else(|| policy(strategy, custom, endpoints));
        let shadow = balance.shadow.map(|name| {
            let name = balance.adaptive.resolved(name);
            Shadow::new(name, &policy, custom, endpoints, before)
        });
        Self {
            strategy,
            custom: custom.clone(),
            policy,
            shadow,
        }
    }

    fn is_of(&self, strategy: StrategyName, custom: &CustomRules) -> bool {
        self.strategy == strategy && self.custom == *custom
    }

    /// What chooses.
    pub fn policy(&self) -> Arc<dyn Policy> {
        match &self.shadow {
            Some(shadow) => Arc::clone(&shadow.counted) as Arc<dyn Policy>,
            None => Arc::clone(&self.policy),
        }
    }

    /// The shadow and what was counted of it.
    pub fn shadow(&self) -> Option<(StrategyName, ShadowFigures)> {
        let shadow = self.shadow.as_ref()?;
        Some((shadow.strategy, shadow.counted.figures()))
    }
}

impl Shadow {
    /// Beside `chosen`.
    fn new(
        strategy: StrategyName,
        chosen: &Arc<dyn Policy>,
        custom: &CustomRules,
        endpoints: usize,
        before: Option<Former<'_>>,
    ) -> Self {
        let same = before.and_then(|before| Some((before, before.chooser.shadow.as_ref()?)));
        let same = same.filter(|(_, shadow)| shadow.strategy == strategy);
        if let Some((before, shadow)) = same
            && before.is_same()
        {
            return shadow.clone();
        }
        let carried = same.and_then(|(before, shadow)| before.carried(&shadow.policy));
        let policy = carried.unwrap_or_else(|| policy(strategy, custom, endpoints));
        let counted = Shadowed::new(Arc::clone(chosen), Arc::clone(&policy));
        Self {
            strategy,
            policy,
            counted: Arc::new(counted),
        }
    }
}

/// A fresh policy.
fn policy(name: StrategyName, custom: &CustomRules, endpoints: usize) -> Arc<dyn Policy> {
    match name.strategy() {
        Some(strategy) => strategy.policy(endpoints),
        None => Arc::new(Custom::new(keys(custom), endpoints)),
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
