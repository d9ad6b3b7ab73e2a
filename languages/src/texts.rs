//! The sentences of one feature, in all languages: read once, each language when somebody is first spoken to in it.
//!
//! A sentence is a message of Fluent: its value says what is, its attribute `hint` what to do. It must not know who asks.

use std::borrow::Cow;
use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::language::Language;
use crate::sentence::{Said, SentenceValue};

type Bundle = FluentBundle<FluentResource>;

/// Sentences in all languages, made by [`crate::texts!`].
pub struct Texts {
    /// In the order of [`Language::ALL`].
    sources: [&'static str; 7],
    read: [OnceLock<Bundle>; 7],
}

/// Makes a static of a feature's texts: `i18n/en.ftl`, `de`, `el`, `es`, `fr`, `ja` and `zh` beside the crate's manifest are compiled in.
#[macro_export]
macro_rules! texts {
    ($(#[$about:meta])* $visible:vis static $name:ident) => {
        $(#[$about])*
        $visible static $name: $crate::Texts = $crate::Texts::new([
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/i18n/en.ftl")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/i18n/de.ftl")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/i18n/el.ftl")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/i18n/es.ftl")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/i18n/fr.ftl")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/i18n/ja.ftl")),
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/i18n/zh.ftl")),
        ]);
    };
}

impl Texts {
    /// Texts in Fluent, in the order of [`Language::ALL`].
    #[must_use]
    pub const fn new(sources: [&'static str; 7]) -> Self {
        Self { sources, read: [const { OnceLock::new() }; 7] }
    }

    /// The text of a language as it is written.
    #[must_use]
    pub const fn source(&self, language: Language) -> &'static str {
        self.sources[language as usize]
    }

    /// A sentence, to be said later.
    pub fn said(&'static self, key: impl Into<Cow<'static, str>>) -> Said {
        Said::new(self, key.into())
    }

    /// Whether English has a message of this key.
    #[must_use]
    pub fn knows(&self, key: &str) -> bool {
        self.bundle(Language::English).has_message(key)
    }

    fn bundle(&self, language: Language) -> &Bundle {
        self.read[language as usize].get_or_init(|| bundle_of(language, self.source(language)))
    }

    /// A sentence in a language, in English where that has none; its key where English has none either, which [`crate::check`] and a feature's own tests find.
    pub(crate) fn say(
        &self,
        language: Language,
        (key, attribute): (&str, Option<&str>),
        arguments: &[(&'static str, SentenceValue)],
    ) -> String {
        let mut given = FluentArgs::with_capacity(arguments.len());
        for (name, argument) in arguments {
            given.set(*name, value_of(argument, language));
        }
        let found = |language| self.find(language, (key, attribute), &given);
        found(language).or_else(|| found(Language::English)).unwrap_or_else(|| key.to_owned())
    }

    fn find(
        &self,
        language: Language,
        (key, attribute): (&str, Option<&str>),
        arguments: &FluentArgs<'_>,
    ) -> Option<String> {
        let bundle = self.bundle(language);
        let message = bundle.get_message(key)?;
        let pattern = match attribute {
            None => message.value()?,
            Some(name) => message.get_attribute(name)?.value(),
        };
        let mut errors = Vec::new();
        let said = bundle.format_pattern(pattern, Some(arguments), &mut errors).into_owned();
        // Half a sentence is none: a variable is missing, or of another type than is needed.
        errors.is_empty().then_some(said)
    }
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Texts")
    }
}

/// What could be read of a text. What could not is left out, so English stands in for it; [`crate::check`] finds it.
fn bundle_of(language: Language, source: &str) -> Bundle {
    let tag: LanguageIdentifier = language.tag().parse().expect("the tags of the list are well-formed");
    let mut bundle = FluentBundle::new_concurrent(vec![tag]);
    // Terminals show the marks, and programs that read JSON keep them.
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(read, _)| read);
    // Of two of one name the first stands.
    let _ = bundle.add_resource(resource);
    bundle
}

/// Greatest whole number that a float has exactly.
const EXACT_MAX: u64 = 1 << 53;

fn value_of(argument: &SentenceValue, language: Language) -> FluentValue<'static> {
    match argument {
        SentenceValue::Text(text) => text.clone().into(),
        SentenceValue::Number(number) if *number <= EXACT_MAX => (*number).into(),
        SentenceValue::Number(number) => number.to_string().into(),
        SentenceValue::Said(said) => said.in_language(language).into(),
    }
}
