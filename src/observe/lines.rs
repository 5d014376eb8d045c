//! The two log lines of a request: the request line (when enabled) and the slow line. Structured
//! fields only; every text in them was bounded and escaped when it entered the record.

use super::observation::Observation;

/// Target of request lines in the log filter.
pub const REQUEST: &str = "pointsman::request";
/// Target of slow lines in the log filter.
pub const SLOW: &str = "pointsman::slow";

macro_rules! line {
    ($level:ident, $target:expr, $seen:expr, $message:literal) => {
        tracing::$level!(
            target: $target,
            id = %$seen.id,
            request_id = $seen.request_id,
            service = &*$seen.service,
            client = $seen.client.map(tracing::field::display),
            method = &*$seen.method,
            path = &*$seen.path,
            operation = $seen.operation(),
            effect = $seen.effect().label(),
            target_name = $seen.call.as_ref().map(|facts| &*facts.target),
            status = $seen.status,
            outcome = $seen.outcome.label(),
            refused = $seen.rejection.map(|reason| reason.row().label),
            cache = $seen.cache.map(|note| note.status.label()),
            cache_reason = $seen.cache.map(|note| note.reason),
            endpoint = $seen.route.endpoint().as_deref(),
            attempts = $seen.route.attempts.len(),
            total_ms = millis($seen.times.total),
            upstream_ms = $seen.times.upstream.map(millis),
            bytes_in = $seen.bytes_in,
            bytes_out = $seen.bytes_out,
            $message
        )
    };
}

/// The line of every request.
pub fn request(seen: &Observation) {
    line!(info, REQUEST, seen, "request");
}

/// The line of a request at or above the threshold.
pub fn slow(seen: &Observation) {
    line!(warn, SLOW, seen, "slow request");
}

fn millis(span: std::time::Duration) -> f64 {
    span.as_secs_f64() * 1e3
}
