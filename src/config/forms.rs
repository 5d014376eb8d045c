//! Forms of text that only pointsman knows: header names, log filters, addresses of endpoints.

use super::url::EndpointAddress;
use config_table::Form;
use config_table::forms::accept_if;

/// The name of a header field.
pub const HEADER: Form = Form {
    expected: "the name of a header field, such as x-user-id",
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
    test: |text| accept_if(http::HeaderName::try_from(text).is_ok()),
};

/// A path, perhaps with a query.
pub const PATH: Form = Form {
    expected: "a path such as /health",
    pattern: "^/[!-~]*$",
    test: |text| accept_if(is_path(text)),
};

/// Status codes of a response.
pub const CODES: Form = Form {
    expected: "a status code such as 204, or a range such as 200-299, from 200 to 599",
    pattern: "^[2-5][0-9]{2}(-[2-5][0-9]{2})?$",
    test: |text| accept_if(status_codes(text).is_some()),
};

/// The first and the last status code of a text.
pub fn status_codes(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let code = |text: &str| {
        let code = text.parse().ok().filter(|_| text.len() == 3);
        code.filter(|code| (200..600).contains(code))
    };
    let (first, last) = (code(first)?, code(last)?);
    (first <= last).then_some((first, last))
}

/// A log filter.
pub const FILTER: Form = Form {
    expected: "a log filter such as info or info,pointsman=debug",
    pattern: "^.+$",
    test: |text| accept_if(is_filter(text)),
};

/// The address of an endpoint.
pub const URL: Form = Form {
    expected: "the HTTP address of the server, http://HOST:PORT",
    pattern: "^http://[^/@?#\\s]+:[0-9]{1,5}/?$",
    test: |text| EndpointAddress::parse(text).map(|_| ()),
};

fn is_path(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains('#');
    text.starts_with('/') && is_plain && http::uri::PathAndQuery::try_from(text).is_ok()
}

fn is_filter(text: &str) -> bool {
    !text.trim().is_empty() && tracing_subscriber::EnvFilter::try_new(text).is_ok()
}
