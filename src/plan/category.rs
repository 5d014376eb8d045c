//! The kind of a stored response.

use serde::Serialize;

/// The kind of a stored response, which decides how long it is stored and how its key begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Entity,
    Relation,
    Path,
    Query,
    Vector,
    GraphStats,
    Misc,
}

impl Category {
    /// Every category.
    pub const ALL: [Category; 7] = [
        Category::Entity,
        Category::Relation,
        Category::Path,
        Category::Query,
        Category::Vector,
        Category::GraphStats,
        Category::Misc,
    ];

    /// The name in configuration, metrics and the admin API.
    pub const fn label(self) -> &'static str {
        match self {
            Category::Entity => "entity",
            Category::Relation => "relation",
            Category::Path => "path",
            Category::Query => "query",
            Category::Vector => "vector",
            Category::GraphStats => "graph_stats",
            Category::Misc => "misc",
        }
    }

    /// The category of a name.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|category| category.label() == word)
    }
}
