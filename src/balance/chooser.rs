//! The policy of a pool and its shadow, and what of them goes on after a reload.

use crate::config::StrategyName;
use balancing::{Policy, ShadowFigures, Shadowed};
use std::sync::Arc;

/// The policy that chooses, and the one that is asked beside it.
#[derive(Clone)]
pub struct Chooser {
    pub strategy: StrategyName,
    policy: Arc<dyn Policy>,
    shadow: Option<Shadow>,
}

#[derive(Clone)]
struct Shadow {
    strategy: StrategyName,
    counted: Arc<Shadowed>,
}

impl Chooser {
    /// For so many endpoints. A policy of the same name goes on where it was `before`, whose endpoints are the same; so do
    /// the counts of the same shadow beside it.
    pub fn new(
        strategy: StrategyName,
        shadow: Option<StrategyName>,
        endpoints: usize,
        before: Option<&Self>,
    ) -> Self {
        let before = before.filter(|before| before.strategy == strategy);
        let policy = match before {
            Some(before) => Arc::clone(&before.policy),
            None => strategy.strategy().policy(endpoints),
        };
        let same = before.and_then(|before| before.shadow.clone());
        let same = same.filter(|same| Some(same.strategy) == shadow);
        let fresh = |strategy: StrategyName| Shadow {
            strategy,
            counted: Arc::new(Shadowed::new(
                Arc::clone(&policy),
                strategy.strategy().policy(endpoints),
            )),
        };
        Self {
            strategy,
            shadow: same.or_else(|| shadow.map(fresh)),
            policy,
        }
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
