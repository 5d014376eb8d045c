//! Words of closed sets that people meet in header fields, metrics, explanations and events, each with what it
//! means and what an operator may do. `docs/reasons.md` is printed from them.

pub use serde;

/// One word of a closed set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub word: &'static str,
    /// A sentence, as the doc comment of the word has it.
    pub meaning: &'static str,
    /// What an operator may do; empty where nothing is to be done.
    pub advice: &'static str,
}

/// Declares an enum of such words: `Variant = "word", "advice";`. The doc comment of a variant is its meaning.
#[macro_export]
macro_rules! glossary {
    ($(#[$meta:meta])* pub enum $name:ident {
        $($(#[doc = $meaning:literal])+ $variant:ident = $word:literal, $advice:literal;)+
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[doc = $meaning])+ $variant,)+
        }

        impl $name {
            /// Every word with its meaning.
            pub const GLOSSARY: &'static [$crate::Term] = &[$($crate::Term {
                word: $word,
                meaning: concat!($($meaning),+),
                advice: $advice,
            },)+];

            /// The word in header fields, metrics, logs and explanations.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::serde::Serialize for $name {
            fn serialize<S: $crate::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.label())
            }
        }
    };
}
