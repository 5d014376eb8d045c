//! The API against a fake process: each route, each refusal, the listener's bounds.

mod fake;

mod listener;
mod refusals;
mod routed;
