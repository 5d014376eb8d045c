//! Forms of text: what a name, a header, a URL or a log filter must look like.

use crate::config::decode::url;

/// A form: its words for errors, its pattern for the JSON schema, and the test itself.
#[derive(Debug)]
pub struct Form {
    /// What an error says was expected.
    pub expected: &'static str,
    /// A regular expression; the test may be stricter.
    pub pattern: &'static str,
    /// Refuses with what was found and what was expected; `None` stands for the text itself and `expected`.
    pub test: fn(&str) -> Result<(), Refused>,
}

/// Why a text was refused: what was found, and what was expected in place of the form's own words.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// What was found, in words.
    pub found: Option<String>,
    /// What was expected, in words.
    pub expected: Option<String>,
}

/// A name of a service or an endpoint.
pub const NAME: Form = Form {
    expected: "a name of 1 to 63 of the characters a-z, 0-9, - and _, beginning with a letter or a digit",
    pattern: "^[a-z0-9][a-z0-9_-]{0,62}$",
    test: |text| plainly(is_name(text)),
};

/// The name of a header field.
pub const HEADER: Form = Form {
    expected: "the name of a header field, such as x-user-id",
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
    test: |text| plainly(http::HeaderName::try_from(text).is_ok()),
};

/// A log filter.
pub const FILTER: Form = Form {
    expected: "a log filter such as info or info,pointsman=debug",
    pattern: "^.+$",
    test: |text| plainly(is_filter(text)),
};

/// The name of an operation, a procedure or a function.
pub const WORD: Form = Form {
    expected: "a name without blanks",
    pattern: "^[^\\s]{1,200}$",
    test: |text| plainly(is_word(text)),
};

/// The address of an endpoint.
pub const URL: Form = Form {
    expected: "the HTTP address of the server, http://HOST:PORT",
    pattern: "^http://[^/@?#\\s]+:[0-9]{1,5}/?$",
    test: |text| url::parts(text).map(|_| ()),
};

fn plainly(fits: bool) -> Result<(), Refused> {
    if fits {
        Ok(())
    } else {
        Err(Refused::default())
    }
}

fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    text.len() <= 63 && text.chars().all(inner) && !text.is_empty() && !text.starts_with(['-', '_'])
}

fn is_filter(text: &str) -> bool {
    !text.trim().is_empty() && tracing_subscriber::EnvFilter::try_new(text).is_ok()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}
