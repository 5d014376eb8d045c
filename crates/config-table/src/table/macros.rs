//! The macros that make a struct or an enum and its line in the table at once, so that the two
//! cannot differ. A key may carry rules after its default: `weight: f64 = 1.0 => within(0.0, 1000.0)`.

/// A section: a struct with defaults, and its decoder.
#[macro_export]
macro_rules! section {
    ($(#[doc = $about:literal])* $name:ident $((short $short:literal))? {
        $($(#[doc = $doc:literal])* $key:ident: $type:ty = $default:expr $(=> $rules:expr)?,)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name { $($(#[doc = $doc])* pub $key: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $crate::decode::Value for $name {
            const SHAPE: $crate::table::Shape =
                $crate::table::Shape::Section(&$crate::table::Section {
                    name: stringify!($name),
                    about: concat!($($about),*),
                    short: [$(Some($short),)? None][0],
                    fields: &[$($crate::table::Field {
                        key: stringify!($key),
                        about: concat!($($doc),*),
                        shape: &<$type as $crate::decode::Value>::SHAPE,
                        rules: [$($rules,)? $crate::table::ANY][0],
                    },)*],
                    default: || $crate::decode::Value::show(&$name::default()),
                });

            fn read(
                node: &$crate::tree::Node,
                _: &$crate::table::Rules,
                reader: &mut $crate::decode::Reader<'_>,
            ) -> Option<Self> {
                let $crate::table::Shape::Section(section) = Self::SHAPE else {
                    return None;
                };
                let mut keys = $crate::decode::Keys::of(node, section, reader)?;
                let default = Self::default();
                Some(Self { $($key: keys.take(stringify!($key), reader).unwrap_or(default.$key),)* })
            }

            fn show(&self) -> $crate::Json {
                let keys = [$((stringify!($key).to_string(), self.$key.show()),)*];
                $crate::Json::Object(keys.into_iter().collect())
            }
        }
    };
}

/// A closed list of words: an enum, and its decoder.
#[macro_export]
macro_rules! choice {
    ($(#[doc = $about:literal])* $name:ident { $($(#[doc = $doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[doc = $doc])* $variant,)* }

        impl $name {
            /// Every choice with its word in the configuration.
            pub const ALL: &'static [($name, &'static str)] = &[$(($name::$variant, $word),)*];

            /// The word in the configuration.
            pub const fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }

        impl $crate::decode::Value for $name {
            const SHAPE: $crate::table::Shape =
                $crate::table::Shape::Choice(&$crate::table::Choice {
                    name: stringify!($name),
                    words: &[$(($word, concat!($($doc),*)),)*],
                    others: None,
                });

            fn read(
                node: &$crate::tree::Node,
                _: &$crate::table::Rules,
                reader: &mut $crate::decode::Reader<'_>,
            ) -> Option<Self> {
                reader.choice(node, Self::ALL)
            }

            fn show(&self) -> $crate::Json {
                $crate::Json::from(self.word())
            }
        }
    };
}
