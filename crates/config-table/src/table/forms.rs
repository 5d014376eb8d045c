//! Forms of text: what a name must look like. A user adds forms of its own.

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

/// A name, as the keys of a map have it.
pub const NAME: Form = Form {
    expected: "a name of 1 to 63 of the characters a-z, 0-9, - and _, beginning with a letter or a digit",
    pattern: "^[a-z0-9][a-z0-9_-]{0,62}$",
    test: |text| accept_if(is_name(text)),
};

/// A word without blanks.
pub const WORD: Form = Form {
    expected: "a name without blanks",
    pattern: "^[^\\s]{1,200}$",
    test: |text| accept_if(is_word(text)),
};

/// Accepts, or refuses with the words of the form.
pub fn accept_if(fits: bool) -> Result<(), Refused> {
    fits.then_some(()).ok_or_else(Refused::default)
}

fn is_name(text: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    text.len() <= 63 && text.chars().all(inner) && !text.is_empty() && !text.starts_with(['-', '_'])
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 200
        && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}
