//! Flat names of variables (`APP_CACHE_SIZE`, in any case) and the keys that they stand for.

/// How the text of such a variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// As the key itself would be.
    Plain,
    /// A plain number counts seconds.
    Seconds,
    /// Also 1, 0, yes, no, on, off, in any case.
    Switch,
}

/// One name.
#[derive(Debug, Clone, Copy)]
pub struct Alias {
    /// Without the prefix, in lower case.
    pub name: &'static str,
    /// The path of the key, with dots.
    pub key: &'static str,
    /// How its text is read.
    pub reading: Reading,
}

/// All names behind one prefix.
#[derive(Debug)]
pub struct Aliases {
    /// In upper case, as the reference shows it.
    pub prefix: &'static str,
    /// The names. Others behind the prefix are noted and ignored.
    pub names: &'static [Alias],
}

impl Aliases {
    /// The name without its prefix, in lower case, if it has the prefix.
    pub fn stem(&self, variable: &str) -> Option<String> {
        let (prefix, stem) = variable.split_at_checked(self.prefix.len())?;
        prefix
            .eq_ignore_ascii_case(self.prefix)
            .then(|| stem.to_ascii_lowercase())
    }

    /// The alias of a stem.
    pub fn named(&self, stem: &str) -> Option<&'static Alias> {
        self.names.iter().find(|alias| alias.name == stem)
    }
}

impl Reading {
    /// A text as the key would be written.
    pub fn translate(self, text: &str) -> String {
        let text = text.trim();
        match self {
            Reading::Plain => text.into(),
            Reading::Seconds if text.parse::<f64>().is_ok() => format!("{text}s"),
            Reading::Seconds => text.into(),
            Reading::Switch => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => "true".into(),
                "false" | "0" | "no" | "off" => "false".into(),
                _ => text.into(),
            },
        }
    }
}
