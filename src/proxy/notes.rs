//! What is recorded of a request: its id, how its response was found, what the cache did.

use super::call::CallTrace;
use crate::balance::{Exclusion, NoRoute};
use crate::cache::{CacheStatus, LookupResult, words};
use crate::observe::{self, CacheNote, EndpointCounts, Excluded, InFlight, Name};
use crate::plan::Category;
use http::HeaderValue;

/// The client's own id where it was taken over, otherwise ours.
pub fn request_id(record: &InFlight) -> HeaderValue {
    let told = record.seen().and_then(|seen| seen.request_id.as_deref());
    let told = told.and_then(|told| HeaderValue::from_str(told).ok());
    let ours = || HeaderValue::from_str(&record.id()?.to_string()).ok();
    told.or_else(ours)
        .unwrap_or(HeaderValue::from_static("none"))
}

/// Notes the way to the response, and who could not be asked.
pub fn route(record: &mut InFlight, trace: &CallTrace) {
    record.note(|record| {
        record.times.route = Some(record.times.route.unwrap_or_default() + trace.routing);
        if let Some(queued) = trace.queued {
            record.times.queue = Some(record.times.queue.unwrap_or_default() + queued);
        }
        if let Some(rung) = trace.rung {
            record.route.rung = Some(rung.label());
        }
        if let Some(none) = &trace.nowhere {
            record.route.counts = Some(counts(none));
            record.route.excluded(none.excluded.iter().map(excluded));
        }
    });
}

/// The cache's word for the record of the request.
pub fn cache(status: &CacheStatus, category: Option<Category>) -> CacheNote {
    let reason = status.reason.unwrap_or(words::FRESH);
    CacheNote {
        status: match status.result {
            LookupResult::Hit => observe::CacheResult::Hit,
            LookupResult::Miss => observe::CacheResult::Miss,
            LookupResult::Bypass => observe::CacheResult::Bypass,
        },
        reason: reason.detail.unwrap_or(reason.word),
        category,
        age: status.age,
        ttl: status.ttl,
    }
}

fn counts(none: &NoRoute) -> EndpointCounts {
    let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
    EndpointCounts {
        capable: count(none.capable),
        with_capacity: count(none.with_capacity),
        online: count(none.online),
    }
}

fn excluded((endpoint, reason): &(String, Exclusion)) -> Excluded {
    Excluded {
        endpoint: Name::from(endpoint.as_str()),
        reason: reason.label(),
    }
}
