//! Counts of a statement for the planner.

/// How deep a path without an upper bound is taken to be.
pub const UNBOUNDED_DEPTH: u32 = 10;

/// What the patterns of a statement look like.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct QueryFeatures {
    /// Node patterns.
    pub nodes: u32,
    /// Relationship patterns.
    pub hops: u32,
    /// The longest path of one pattern, upper bounds of variable lengths included.
    pub depth: u32,
    /// A variable length, a quantified path or a shortest path.
    pub many_hops: bool,
    /// A WHERE, or properties in a pattern.
    pub filters: bool,
    /// The last literal LIMIT.
    pub limit: u32,
    /// Labels and relationship types named anywhere in patterns.
    pub labels: u32,
    pub types: u32,
}
