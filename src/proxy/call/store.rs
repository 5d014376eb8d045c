//! What a fetched response means for the cache.

use super::caller::CallResponse;
use super::outbound::Outbound;
use super::response_stream::ResponseStream;
use super::send::{SendEnd, SendReport};
use crate::cache::{Cache, CacheStatus, FetchedResponse, Fill};
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderName, VARY};
use http::{HeaderMap, HeaderValue};
use std::time::Duration;

/// Header fields that a hit repeats, beside what browsers are told of other origins.
const KEPT: [HeaderName; 4] = [CONTENT_TYPE, CONTENT_ENCODING, CONTENT_LANGUAGE, VARY];
/// The prefix of the fields that browsers need; the origin of a request is part of the cache key.
const CROSS_ORIGIN: &str = "access-control-";

/// Stores a response if it may be stored, and wakes its waiters.
pub fn settle(outbound: &Outbound, report: &SendReport, fill: Fill) -> CacheStatus {
    let SendEnd::Response(fetched) = &report.end else {
        let why = fill.why();
        fill.abandon();
        return CacheStatus::miss(why);
    };
    let response = &fetched.response;
    let outcome = fill.finish(FetchedResponse {
        status: response.head.status.as_u16(),
        headers: kept(&response.head.headers),
        body: response.body.clone(),
        endpoint: fetched.endpoint.id,
        no_store: fetched.no_store,
        storable: Framing::of(fetched)
            .storable()
            .and(fetched.judgement.storable),
        expires: expires(outbound),
    });
    CacheStatus::filled(outcome)
}

/// Drops what is stored for a credential that the database refused.
pub fn revoke(cache: &Cache, outbound: &Outbound, report: &SendReport) {
    let SendEnd::Response(response) = &report.end else {
        return;
    };
    if !response.judgement.revoke {
        return;
    }
    let canonical = outbound.call.canonical.as_ref();
    let credential = canonical
        .map(|canonical| canonical.credential)
        .or_else(|| outbound.dialect().credential(&outbound.request.view()));
    if let Some(credential) = credential {
        cache.revoke(credential);
    }
}

/// How a response was received.
#[derive(Debug, Clone, Copy)]
struct Framing {
    is_whole: bool,
    is_delimited_by_close: bool,
    has_trailers: bool,
}

impl Framing {
    fn of(fetched: &CallResponse) -> Self {
        let response = &fetched.response;
        let stream = fetched.stream.as_ref();
        Self {
            is_whole: response.is_whole,
            is_delimited_by_close: response.is_delimited_by_close,
            has_trailers: response.trailers.is_some()
                || stream.is_some_and(ResponseStream::holds_trailers),
        }
    }

    /// Whether the response can be stored: it is certainly complete, and a hit can reproduce it.
    fn storable(self) -> Result<(), &'static str> {
        match self {
            Self {
                is_whole: false, ..
            } => Err("not_held_whole"),
            Self {
                is_delimited_by_close: true,
                ..
            } => Err("delimited_by_close"),
            Self {
                has_trailers: true, ..
            } => Err("has_trailers"),
            _ => Ok(()),
        }
    }
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

/// Time until the credential expires.
fn expires(outbound: &Outbound) -> Option<Duration> {
    let at = Duration::from_secs(outbound.call.expires?);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .ok()?;
    Some(at.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::{Framing, kept};
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn what_is_not_whole_for_certain_or_has_more_than_a_body_is_not_stored() {
        let storable = |is_whole, is_delimited_by_close, has_trailers| {
            let framing = Framing {
                is_whole,
                is_delimited_by_close,
                has_trailers,
            };
            framing.storable()
        };
        assert_eq!(storable(true, false, false), Ok(()));
        assert_eq!(storable(false, true, true), Err("not_held_whole"));
        assert_eq!(storable(true, true, true), Err("delimited_by_close"));
        assert_eq!(storable(true, false, true), Err("has_trailers"));
    }

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
