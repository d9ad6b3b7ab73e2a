//! Settings as a list per section of `config.toml`: file, flags, environment, comments and errors follow from it.
//!
//! It must not know any setting. Invariant: a value that a rule refuses is never taken, and the error says what is expected.

use std::any::Any;
use std::fmt::Debug;

use crate::Value;

/// A type that a setting may have.
pub trait SettingType: Sized {
    /// What is expected, for an error.
    const EXPECTED: &'static str;
    /// For the file.
    fn to_value(&self) -> Value;
    /// From the file, a flag or the environment; `None` for another kind.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! kinds {
    ($($type:ty, $variant:ident, $expected:literal;)*) => { $(
        impl SettingType for $type {
            const EXPECTED: &'static str = $expected;

            fn to_value(&self) -> Value {
                Value::$variant(self.clone())
            }

            fn from_value(value: Value) -> Option<Self> {
                if let Value::$variant(value) = value { Some(value) } else { None }
            }
        }
    )* };
}

kinds! {
    String, Text, "a text";
    Vec<String>, List, "a list of texts";
    u64, Number, "a whole number of at least 0";
    bool, Switch, "true or false";
}

/// What a default may be written as: a value of its type, or a text.
pub trait Usual<T> {
    /// The value.
    fn usual(self) -> T;
}

impl<T> Usual<T> for T {
    fn usual(self) -> T {
        self
    }
}

impl Usual<String> for &str {
    fn usual(self) -> String {
        self.to_owned()
    }
}

/// One setting of the section `S`.
#[derive(Debug)]
pub struct Setting<S: 'static> {
    /// What stands before the `=`.
    pub key: &'static str,
    /// What it means: the comment in the file.
    pub about: &'static str,
    /// The present value.
    pub get: fn(&S) -> Value,
    /// Changes the value, or says what is expected.
    pub set: fn(&mut S, Value) -> Result<(), &'static str>,
    /// The kind, for an error about a value of no kind.
    pub expected: &'static str,
}

/// A section of settings, as [`settings!`](crate::settings!) writes it.
pub trait Settings: Clone + Debug + Default + Eq + Send + Sync + 'static {
    /// Its name in `config.toml`.
    const SECTION: &'static str;
    /// Names that it had in older files.
    const FORMER: &'static [&'static str] = &[];
    /// Every setting, in the order of the file.
    const LIST: &'static [Setting<Self>];
}

/// A setting with its present value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingValue {
    /// What stands before the `=`.
    pub key: &'static str,
    /// What it means.
    pub about: &'static str,
    /// What it is now.
    pub value: Value,
    /// The kind, for an error.
    pub expected: &'static str,
}

/// A section as the configuration holds it.
pub trait AnySection: Debug + Send + Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Names that it had in older files.
    fn former(&self) -> &'static [&'static str];
    /// Every setting with its value, in the order of the file.
    fn entries(&self) -> Vec<SettingValue>;
    /// Changes a value, or says what is expected; `None` when there is no such key.
    fn set(&mut self, key: &str, value: Value) -> Option<Result<(), &'static str>>;
    /// A copy.
    fn boxed(&self) -> Box<dyn AnySection>;
    /// The section as its own type.
    fn as_any(&self) -> &dyn Any;
    /// The section as its own type, to change it.
    fn as_any_mut(&mut self) -> &mut dyn Any;
}

impl<S: Settings> AnySection for S {
    fn name(&self) -> &'static str {
        S::SECTION
    }

    fn former(&self) -> &'static [&'static str] {
        S::FORMER
    }

    fn entries(&self) -> Vec<SettingValue> {
        let entry = |one: &Setting<S>| SettingValue {
            key: one.key,
            about: one.about,
            value: (one.get)(self),
            expected: one.expected,
        };
        S::LIST.iter().map(entry).collect()
    }

    fn set(&mut self, key: &str, value: Value) -> Option<Result<(), &'static str>> {
        let one = S::LIST.iter().find(|one| one.key == key)?;
        Some((one.set)(self, value))
    }

    fn boxed(&self) -> Box<dyn AnySection> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// Struct, defaults and list of a section from one entry per setting. An entry's doc comment is the comment in `config.toml`.
///
/// ```
/// service::settings! {
///     /// The door of a feature.
///     pub struct DoorSettings in "door" {
///         /// Address and port to listen on.
///         listen: String = "0.0.0.0:1", if |text: &String| !text.is_empty() => "an address and a port";
///         /// Whether it is open.
///         open: bool = false;
///     }
/// }
/// use service::AnySection;
/// let mut door = DoorSettings::default();
/// assert_eq!(door.set("open", service::Value::Switch(true)), Some(Ok(())));
/// assert_eq!(door.set("listen", service::Value::Text(String::new())), Some(Err("an address and a port")));
/// assert_eq!(door.set("close", service::Value::Switch(true)), None);
/// ```
#[macro_export]
macro_rules! settings {
    (
        $(#[$meta:meta])*
        $visible:vis struct $name:ident in $section:literal $(formerly [$($former:literal),+])? {
            $( $(#[doc = $about:literal])+ $key:ident: $type:ty = $default:expr $(, if $rule:expr => $expected:expr)?; )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $visible struct $name { $( $(#[doc = $about])+ pub $key: $type, )* }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $key: $crate::settings::Usual::<$type>::usual($default), )* }
            }
        }

        impl $crate::settings::Settings for $name {
            const SECTION: &'static str = $section;
            $( const FORMER: &'static [&'static str] = &[$($former),+]; )?
            const LIST: &'static [$crate::settings::Setting<Self>] = &[ $( $crate::settings::Setting {
                key: stringify!($key),
                about: concat!($($about, "\n"),+),
                get: |section| $crate::settings::SettingType::to_value(&section.$key),
                set: |section, value| {
                    let value: $type = $crate::settings::SettingType::from_value(value)
                        .ok_or(<$type as $crate::settings::SettingType>::EXPECTED)?;
                    $(
                        let rule: fn(&$type) -> bool = $rule;
                        if !rule(&value) {
                            return Err($expected);
                        }
                    )?
                    section.$key = value;
                    Ok(())
                },
                expected: <$type as $crate::settings::SettingType>::EXPECTED,
            }, )* ];
        }
    };
}
