//! The `Date` field, made once a second.

use http::HeaderValue;
use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    /// The second, and its text.
    static CACHED: RefCell<(u64, Option<HeaderValue>)> = const { RefCell::new((0, None)) };
}

/// The date as it is now; `None`: the clock stands before 1970 or after 9999.
pub(crate) fn now() -> Option<HeaderValue> {
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).ok()?.as_secs();
    if second >= 253_402_300_800 {
        return None;
    }
    CACHED.with_borrow_mut(|(cached, text)| {
        if *cached != second {
            *text = HeaderValue::try_from(httpdate::fmt_http_date(now)).ok();
            *cached = second;
        }
        text.clone()
    })
}
