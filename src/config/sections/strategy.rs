//! The sections of strategies: their names, what `adaptive` stands for, a strategy of figures, and soft affinity.

use super::super::forms::HEADER;
use balancing::Figure;
use balancing::policies::Strategy;
use config_table::decode::{Reader, Value};
use config_table::forms::{NAME, WORD};
use config_table::table::{Choice, Rules, Shape};
use config_table::tree::Node;
use config_table::{choice, formed, required, section, within};
use std::borrow::Cow;
use std::sync::Arc;

/// The name of a way to choose an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StrategyName {
    /// One of those that are always there.
    BuiltIn(Strategy),
    /// One of `balance.custom`, or a policy that the program registers.
    Named(Arc<str>),
}

impl From<Strategy> for StrategyName {
    fn from(strategy: Strategy) -> Self {
        Self::BuiltIn(strategy)
    }
}

impl StrategyName {
    /// The name of a word, whether or not there is such a strategy.
    pub fn of(word: &str) -> Self {
        Strategy::of(word).map_or_else(|| Self::Named(word.into()), Self::BuiltIn)
    }

    /// The word in the configuration.
    pub fn word(&self) -> &str {
        match self {
            Self::BuiltIn(strategy) => strategy.word(),
            Self::Named(name) => name,
        }
    }

    /// The word, for a record that outlives the configuration.
    pub fn label(&self) -> Cow<'static, str> {
        match self {
            Self::BuiltIn(strategy) => strategy.word().into(),
            Self::Named(name) => name.to_string().into(),
        }
    }
}

impl Value for StrategyName {
    const SHAPE: Shape = Shape::Choice(&Choice {
        name: "StrategyName",
        words: Strategy::WORDS,
        others: Some("a name of `balance.custom` or of a policy that the program registers"),
    });

    fn read(node: &Node, _: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let expected = "the name of a strategy";
        reader.parsed(node, expected, |text| Ok(Self::of(text)))
    }

    fn show(&self) -> config_table::Json {
        config_table::Json::from(self.word())
    }
}

choice! {
    /// What `adaptive` stands for.
    AdaptiveMode {
        /// Late binding.
        LateBinding = "late_binding",
        /// The strategy `history`.
        History = "history",
        /// The strategy `score`.
        Score = "score",
        /// The strategy `learned`.
        Learned = "learned",
    }
}

section! {
    /// The strategy `adaptive`.
    AdaptiveRules {
        /// Which strategy it is.
        mode: AdaptiveMode = AdaptiveMode::LateBinding,
    }
}

impl AdaptiveRules {
    /// What a name stands for.
    pub fn resolved(&self, name: &StrategyName) -> StrategyName {
        let StrategyName::BuiltIn(Strategy::Adaptive) = name else {
            return name.clone();
        };
        let strategy = match self.mode {
            AdaptiveMode::LateBinding => Strategy::Adaptive,
            AdaptiveMode::History => Strategy::History,
            AdaptiveMode::Score => Strategy::Score,
            AdaptiveMode::Learned => Strategy::Learned,
        };
        strategy.into()
    }
}

section! {
    /// A strategy of figures: the lowest figure is taken. Lower is better in all figures; one that is unknown of an endpoint counts as the mean of the others.
    CustomRules {
        /// Tags that an endpoint must carry (`tags` of the endpoint); others take no requests of a service with this strategy.
        tags: Vec<String> = Vec::new() => formed(&WORD),
        /// Figures in order: those that are within a tenth of the lowest are compared by the next one. At most 8.
        keys: Vec<FigureName> = Vec::new(),
        /// In place of keys: one sum of figures, each with its weight.
        weights: Vec<WeightedFigure> = Vec::new(),
    }
}

section! {
    /// A figure in a sum.
    WeightedFigure {
        /// The figure.
        figure: FigureName = FigureName(Figure::Load) => required(),
        /// How much it counts.
        weight: f64 = 1.0 => within(0.0, 1e6),
    }
}

/// The name of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigureName(pub Figure);

impl Value for FigureName {
    const SHAPE: Shape = Shape::Choice(&Choice {
        name: "FigureName",
        words: Figure::WORDS,
        others: None,
    });

    fn read(node: &Node, _: &Rules, reader: &mut Reader<'_>) -> Option<Self> {
        let all: Vec<_> = Figure::ALL
            .iter()
            .map(|one| (Self(*one), one.word()))
            .collect();
        reader.choice(node, &all)
    }

    fn show(&self) -> config_table::Json {
        config_table::Json::from(self.0.word())
    }
}

choice! {
    /// What requests have in common that go to the same endpoint.
    AffinityKey {
        /// The collection or database that they ask for.
        Target = "target",
        /// Their tenant, as `balance.queue.tenant_header` or their credential says.
        Tenant = "tenant",
        /// The value of the header `balance.affinity.header`.
        Header = "header",
    }
}

section! {
    /// Soft affinity: requests of one key go to the same endpoint, while that serves and is not much busier than the others. Few keys move when endpoints come or go.
    KeyAffinity {
        /// The key. None: the strategy alone decides.
        by: Option<AffinityKey> = None,
        /// The header whose value is the key, where `by` is `header`.
        header: Option<String> = None => formed(&HEADER),
        /// How many times its share of the requests in flight an endpoint may have before its keys go elsewhere.
        load_factor: f64 = 1.25 => within(1.01, 1000.0),
    }
}

section! {
    /// A rule for some requests: all that it names must hold of a request. `never` is stronger than `prefer`, of whatever rule; of those that name a strategy the first one counts.
    AffinityRule {
        /// The service. None: each.
        service: Option<String> = None => formed(&NAME),
        /// The name of the operation, as explanations show it (`points.query`). None: each.
        operation: Option<String> = None => formed(&WORD),
        /// The collection or database that is asked for, by its own name or an alias. None: each. While aliases are not known, `never` holds for each name that may be one.
        target: Option<String> = None => formed(&WORD),
        /// The tenant: the value of the header `balance.queue.tenant_header`. None: each.
        tenant: Option<String> = None => formed(&WORD),
        /// A header field that the request carries.
        header: Option<String> = None => formed(&HEADER),
        /// The value of that field. None: any.
        value: Option<String> = None,
        /// Endpoints by name that take such requests before others, while they have room and are not much busier: no more than `load_factor` of `affinity` times their share.
        prefer: Vec<String> = Vec::new() => formed(&NAME),
        /// Endpoints by name that never take such a request: not as a retry, nor as a last resort.
        never: Vec<String> = Vec::new() => formed(&NAME),
        /// The strategy that chooses for such requests, in place of that of the service. It learns from all requests of the service.
        strategy: Option<StrategyName> = None,
    }
}
