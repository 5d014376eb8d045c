//! What a value must keep to, beyond its kind: bounds, a form, and what a change or an absence means.

use super::Form;
use super::forms::NAME;

const DAY: f64 = 86_400.0;
const TEBIBYTE: f64 = (1_u64 << 40) as f64;

/// The rules of one key.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Lowest and highest value: a number as it is, a duration in seconds, a size in bytes.
    pub bounds: Option<(f64, f64)>,
    /// The form of a text.
    pub form: Option<&'static Form>,
    /// The form of the names, where each value has one.
    pub names: &'static Form,
    /// It must be given.
    pub required: bool,
    /// A change needs a restart.
    pub restart: bool,
    /// Nothing reads it yet; its words end with "Not used yet."
    pub unused: bool,
}

/// No rules.
pub const ANY: Rules = Rules {
    bounds: None,
    form: None,
    names: &NAME,
    required: false,
    restart: false,
    unused: false,
};

impl Rules {
    /// Its values have names of this form.
    pub const fn named(self, names: &'static Form) -> Self {
        Self { names, ..self }
    }

    /// It must be given.
    pub const fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    /// A change needs a restart.
    pub const fn restart(self) -> Self {
        Self {
            restart: true,
            ..self
        }
    }

    /// Nothing reads it yet.
    pub const fn not_used_yet(self) -> Self {
        Self {
            unused: true,
            ..self
        }
    }

    /// Whether a number lies within the bounds.
    pub fn admit(&self, number: f64) -> bool {
        self.bounds
            .is_none_or(|(low, high)| (low..=high).contains(&number))
    }
}

/// From `low` to `high`, both included.
pub const fn within(low: f64, high: f64) -> Rules {
    Rules {
        bounds: Some((low, high)),
        ..ANY
    }
}

/// A share of a whole, 0..=1.
pub const fn share() -> Rules {
    within(0.0, 1.0)
}

/// Percent, 0..=100.
pub const fn percent() -> Rules {
    within(0.0, 100.0)
}

/// A number of things: at least one.
pub const fn count() -> Rules {
    within(1.0, 1e9)
}

/// A time limit or an interval: a millisecond to a day.
pub const fn time() -> Rules {
    within(0.001, DAY)
}

/// A time to live: a millisecond to a year.
pub const fn ttl() -> Rules {
    within(0.001, 365.0 * DAY)
}

/// A number of bytes: at least one.
pub const fn volume() -> Rules {
    within(1.0, TEBIBYTE)
}

/// It must be given.
pub const fn required() -> Rules {
    Rules {
        required: true,
        ..ANY
    }
}

/// A text of this form.
pub const fn formed(form: &'static Form) -> Rules {
    Rules {
        form: Some(form),
        ..ANY
    }
}
