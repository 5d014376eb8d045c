//! One test per bug that was found: what went wrong stands in its comment. One file per room of the code.

mod attempts;
mod balancing;
mod caching;
mod dialects;
mod outcomes;
mod planner;
mod truth;
mod understanding;
mod wire;
