//! A sentence that is not said yet: which one, and what stands in it.
//!
//! Whoever finds out that something is so need not know to whom it is told. It must not know a text.

use std::borrow::Cow;
use std::fmt;

use crate::language::Language;
use crate::texts::Texts;

/// The attribute of a message that says what to do.
const HINT: &str = "hint";

/// What stands in a sentence.
#[derive(Clone, Debug)]
pub enum SentenceValue {
    /// A text that is the same in all languages.
    Text(String),
    /// A number, after which words may change.
    Number(u64),
    /// A sentence of its own.
    Said(Box<Said>),
}

impl From<&str> for SentenceValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for SentenceValue {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for SentenceValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Said> for SentenceValue {
    fn from(said: Said) -> Self {
        Self::Said(Box::new(said))
    }
}

impl From<u64> for SentenceValue {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for SentenceValue {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<u16> for SentenceValue {
    fn from(number: u16) -> Self {
        Self::Number(number.into())
    }
}

impl From<u8> for SentenceValue {
    fn from(number: u8) -> Self {
        Self::Number(number.into())
    }
}

impl From<usize> for SentenceValue {
    fn from(number: usize) -> Self {
        Self::Number(number as u64)
    }
}

/// A message of a feature's texts with its arguments. As text it is English.
#[derive(Clone)]
pub struct Said {
    texts: &'static Texts,
    key: Cow<'static, str>,
    attribute: Option<&'static str>,
    arguments: Vec<(&'static str, SentenceValue)>,
}

impl Said {
    pub(crate) const fn new(texts: &'static Texts, key: Cow<'static, str>) -> Self {
        Self { texts, key, attribute: None, arguments: Vec::new() }
    }

    /// The same with what stands where the text names this variable.
    #[must_use]
    pub fn with(mut self, name: &'static str, argument: impl Into<SentenceValue>) -> Self {
        self.arguments.push((name, argument.into()));
        self
    }

    /// What to do about it: the attribute `hint` of the same message.
    #[must_use]
    pub fn hint(&self) -> Self {
        Self { attribute: Some(HINT), ..self.clone() }
    }

    /// The sentence in a language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        self.texts.say(language, (&*self.key, self.attribute), &self.arguments)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.in_language(Language::English))
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Said({}: {self})", self.key)
    }
}

/// A sentence that is told: one that is known in all languages, or one that is only known in English.
#[derive(Clone, Debug)]
pub enum Sentence {
    /// In English, whoever asks.
    English(String),
    /// In the language of whoever asks.
    Said(Box<Said>),
}

impl Sentence {
    /// The sentence in a language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match self {
            Self::English(text) => text.clone(),
            Self::Said(said) => said.in_language(language),
        }
    }

    /// Whether it is known in other languages than English.
    #[must_use]
    pub const fn is_said(&self) -> bool {
        matches!(self, Self::Said(_))
    }
}

impl From<&str> for Sentence {
    fn from(text: &str) -> Self {
        Self::English(text.to_owned())
    }
}

impl From<String> for Sentence {
    fn from(text: String) -> Self {
        Self::English(text)
    }
}

impl From<Said> for Sentence {
    fn from(said: Said) -> Self {
        Self::Said(Box::new(said))
    }
}

/// Two are equal where they say the same in English.
impl PartialEq for Sentence {
    fn eq(&self, other: &Self) -> bool {
        self.in_language(Language::English) == other.in_language(Language::English)
    }
}

impl Eq for Sentence {}
