//! Between the path and the cache: what becomes of a fetched response, and of a write.

use super::caller::{CallEnd, CallReport};
use super::outbound::Outbound;
use crate::cache::{CacheStatus, FetchedResponse, Fill, Settled};
use crate::dialect::{Acknowledgement, Call, Executed};
use crate::endpoint_id::EndpointId;
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, VARY};
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// Header fields that a hit repeats, beside what browsers are told of other origins.
const KEPT: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, VARY];
/// How the fields begin that browsers need; the origin of a request is part of its key.
const CROSS_ORIGIN: &str = "access-control-";

/// Stores a response if it may be stored, and wakes those who wait for it.
pub fn settle(outbound: &Outbound, report: &CallReport, fill: Fill) -> CacheStatus {
    let CallEnd::Response(fetched) = &report.end else {
        let why = fill.why();
        fill.abandon();
        return CacheStatus::miss(why);
    };
    let response = &fetched.response;
    let storable = match response {
        response if !response.is_whole => Err("not_held_whole"),
        response if response.is_delimited_by_close => Err("delimited_by_close"),
        response if response.trailers.is_some() => Err("has_trailers"),
        _ => fetched.judgement.storable,
    };
    let outcome = fill.finish(FetchedResponse {
        status: response.head.status.as_u16(),
        headers: kept(&response.head.headers),
        body: response.body.clone(),
        endpoint: fetched.cache_id,
        held: fetched.held,
        storable,
        expires: expires(outbound),
    });
    CacheStatus::filled(outcome)
}

/// The fields that are stored. Their values are copied: a slice would keep the whole buffer of its connection alive.
fn kept(fields: &HeaderMap) -> HeaderMap {
    let is_kept =
        |name: &HeaderName| KEPT.contains(name) || name.as_str().starts_with(CROSS_ORIGIN);
    let mut kept = HeaderMap::new();
    for (name, value) in fields.iter().filter(|(name, _)| is_kept(name)) {
        if let Ok(own) = HeaderValue::from_bytes(value.as_bytes()) {
            kept.append(name, own);
        }
    }
    kept
}

/// Time until the credential ends by itself.
fn expires(outbound: &Outbound) -> Option<Duration> {
    let at = Duration::from_secs(outbound.call.expires?);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    Some(at.saturating_sub(now))
}

/// What became of a write.
pub fn outcome(outbound: &Outbound, report: &CallReport) -> Settled {
    let CallEnd::Response(fetched) = &report.end else {
        return if report.sent {
            Settled::Unknown
        } else {
            Settled::NoEffect
        };
    };
    if report.unsure {
        return Settled::Unknown;
    }
    settled(
        &outbound.call,
        fetched.judgement.execution,
        fetched.cache_id,
    )
}

/// What became of a write to which this endpoint responded.
pub fn settled(call: &Call, execution: Executed, endpoint: EndpointId) -> Settled {
    match execution {
        Executed::Unknown => Settled::Unknown,
        Executed::Queued => Settled::Queued { endpoint },
        Executed::Done if call.acknowledgement == Acknowledgement::Queued => {
            Settled::Queued { endpoint }
        }
        Executed::Done => Settled::Done { endpoint },
        Executed::Nothing | Executed::RolledBack => Settled::NoEffect,
    }
}

#[cfg(test)]
mod tests {
    use super::kept;
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn what_is_stored_of_a_head_keeps_no_buffer_alive() {
        let buffer = Bytes::from(vec![b'a'; 4096]);
        let value = HeaderValue::from_maybe_shared(buffer.slice(7..9)).unwrap();
        let fields = HeaderMap::from_iter([
            (http::header::CONTENT_TYPE, value.clone()),
            (http::header::ACCESS_CONTROL_ALLOW_ORIGIN, value.clone()),
            (http::header::DATE, value),
        ]);
        let kept = kept(&fields);
        assert_eq!(kept.len(), 2);
        let within = buffer.as_ptr_range();
        assert!(kept.values().all(|value| value == "aa"));
        assert!(
            kept.values()
                .all(|value| !within.contains(&value.as_bytes().as_ptr()))
        );
    }
}
