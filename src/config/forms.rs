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

fn is_filter(text: &str) -> bool {
    !text.trim().is_empty() && tracing_subscriber::EnvFilter::try_new(text).is_ok()
}
