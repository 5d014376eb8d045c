//! Retry-After of a response by which an endpoint refuses: how long it asks to be left alone.

use http::HeaderMap;
use http::header::RETRY_AFTER;
use std::time::Duration;

/// Statuses by which an endpoint says that it does not serve now.
const REFUSES: [u16; 2] = [429, 503];

/// How long the endpoint asks to be left alone. Databases say it in seconds; a date is not read.
pub fn asked(status: u16, headers: &HeaderMap) -> Option<Duration> {
    let value = headers
        .get(RETRY_AFTER)
        .filter(|_| REFUSES.contains(&status))?;
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(status: u16, value: &str) -> Option<Duration> {
        let value = HeaderValue::from_str(value).unwrap();
        asked(status, &HeaderMap::from_iter([(RETRY_AFTER, value)]))
    }

    #[test]
    fn seconds_are_read_where_the_endpoint_refuses() {
        assert_eq!(of(429, "5"), Some(Duration::from_secs(5)));
        assert_eq!(of(503, " 7 "), Some(Duration::from_secs(7)));
    }

    #[test]
    fn what_is_unreadable_or_of_another_status_asks_for_nothing() {
        assert_eq!(of(200, "5"), None);
        for value in ["-1", "soon", "", "Sun, 06 Nov 1994 08:49:37 GMT"] {
            assert_eq!(of(503, value), None, "{value}");
        }
    }
}
