//! What happened.

use super::{Field, Group, Kind};

/// One event.
pub const EVENT: &[Group] = &[(
    "",
    fields! {
        "number" Number, "Counts up from 1; `?after=` takes it.";
        "at" Text, "The time of day, RFC 3339.";
        "service" MaybeText, "The service; null for an event of the whole process, such as a reload.";
        "endpoint" MaybeText, "The endpoint; null likewise.";
        "what" Text, "What happened: unhealthy, breaker_opened, reloaded, ...";
        "why" Text, "Why.";
    },
)];
