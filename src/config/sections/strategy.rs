//! The sections of strategies: their names, what `adaptive` stands for, a strategy of figures, and soft affinity.

use super::super::forms::HEADER;
use balancing::Figure;
use balancing::policies::Strategy;
use config_table::decode::{Reader, Value};
use config_table::forms::WORD;
use config_table::table::{Choice, Rules, Shape};
use config_table::tree::Node;
use config_table::{choice, formed, required, section, within};

choice! {
    /// A way to choose an endpoint.
    StrategyName {
        /// Each in turn.
        RoundRobin = "round_robin",
        /// Each in turn, in proportion to the weights.
        WeightedRoundRobin = "weighted_round_robin",
        /// One at random, with the probability of its share of the weights.
        WeightedRandom = "weighted_random",
        /// The fewest requests in flight per weight.
        LeastConnections = "least_connections",
        /// The lowest mean of the last hundred response times; an endpoint of which none is known is asked once a minute.
        LeastResponseTime = "least_response_time",
        /// The lowest estimated cost in flight per capacity.
        LeastLoaded = "least_loaded",
        /// The lowest mix of load and mean response time: 0.6 load, 0.4 time.
        ResourceAware = "resource_aware",
        /// The lowest sum of CPU, memory and connections in percent.
        ResourceBased = "resource_based",
        /// Of the endpoints with the tags of the request the one with the fewest others, then the least busy.
        CapabilityBased = "capability_based",
        /// The best of 0.35 success rate, 0.25 speed, 0.25 share of time up and 0.15 free connections.
        PerformanceBased = "performance_based",
        /// The best of 0.4 capacity, 0.3 performance, 0.2 affinity and 0.1 reliability.
        Composite = "composite",
        /// The lowest load score B: 0.3 time, 0.3 connections, 0.2 errors, 0.2 machine.
        Score = "score",
        /// Several strategies vote, by weights that are learned from how the requests went.
        Learned = "learned",
        /// Resource aware, corrected by the last response times for the complexity of the request.
        History = "history",
        /// Late binding: an endpoint is given as many requests as it works on at once, which is learned; more wait, and each goes where it is done first. `balance.adaptive.mode` makes it another one.
        Adaptive = "adaptive",
        /// By figures: see `balance.custom`.
        Custom = "custom",
    }
}

impl StrategyName {
    /// The policy of the name; `None` of a custom one.
    pub fn strategy(self) -> Option<Strategy> {
        Some(match self {
            Self::RoundRobin => Strategy::RoundRobin,
            Self::WeightedRoundRobin => Strategy::WeightedRoundRobin,
            Self::WeightedRandom => Strategy::WeightedRandom,
            Self::LeastConnections => Strategy::LeastConnections,
            Self::LeastResponseTime => Strategy::LeastResponseTime,
            Self::LeastLoaded => Strategy::LeastLoaded,
            Self::ResourceAware => Strategy::ResourceAware,
            Self::ResourceBased => Strategy::ResourceBased,
            Self::CapabilityBased => Strategy::CapabilityBased,
            Self::PerformanceBased => Strategy::PerformanceBased,
            Self::Composite => Strategy::Composite,
            Self::Score => Strategy::Score,
            Self::Learned => Strategy::Learned,
            Self::History => Strategy::History,
            Self::Adaptive => Strategy::Adaptive,
            Self::Custom => return None,
        })
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
    pub fn resolved(&self, name: StrategyName) -> StrategyName {
        match (name, self.mode) {
            (StrategyName::Adaptive, AdaptiveMode::History) => StrategyName::History,
            (StrategyName::Adaptive, AdaptiveMode::Score) => StrategyName::Score,
            (StrategyName::Adaptive, AdaptiveMode::Learned) => StrategyName::Learned,
            (name, _) => name,
        }
    }
}

section! {
    /// The strategy `custom`: the lowest figure is taken. Lower is better in all figures; one that is unknown of an endpoint counts as the mean of the others.
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
    AffinityRules {
        /// The key. None: the strategy alone decides.
        by: Option<AffinityKey> = None,
        /// The header whose value is the key, where `by` is `header`.
        header: Option<String> = None => formed(&HEADER),
        /// How many times its share of the requests in flight an endpoint may have before its keys go elsewhere.
        load_factor: f64 = 1.25 => within(1.01, 1000.0),
    }
}
