//! What is asked of a feature's texts: the same messages, variables, commands and forms of number in every language.
//!
//! It is for tests: each feature has one that calls [`check`] on its texts, and [`untranslated`] where all of them are sentences. It must not know a feature.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use fluent_bundle::FluentResource;
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement, VariantKey};

use crate::language::Language;
use crate::texts::Texts;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFlaw {
    /// Of which language.
    pub language: Language,
    /// At which message, `key` or `key.attribute`; empty where it is the whole text.
    pub at: String,
    /// What.
    pub what: String,
}

impl fmt::Display for TextFlaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.ftl, `{}`: {}", self.language.tag(), self.at, self.what)
    }
}

/// The forms that a whole number takes in a language (CLDR, cardinal).
const fn forms(language: Language) -> &'static [&'static str] {
    match language {
        Language::English | Language::German | Language::Greek => &["one", "other"],
        Language::Spanish | Language::French => &["many", "one", "other"],
        Language::Japanese | Language::Chinese => &["other"],
    }
}

/// What is compared of one message.
#[derive(Default)]
struct Shape {
    variables: BTreeSet<String>,
    /// By variable: the names of the variants that are chosen by it.
    chosen: BTreeMap<String, BTreeSet<String>>,
    /// Variants that are not as the default one beside them: without one of its variables, but for that by which they are chosen, or with other words in backquotes.
    lacking: Vec<String>,
    /// As it reads with the default variants, variables as `{$name}`.
    text: String,
}

/// Every flaw of texts; none is what a feature's test wants.
#[must_use]
pub fn check(texts: &Texts) -> Vec<TextFlaw> {
    let mut flaws = Vec::new();
    let english = shapes(texts, Language::English, &mut flaws);
    for language in Language::ALL {
        let other = (language != Language::English).then(|| shapes(texts, language, &mut flaws));
        let own = other.as_ref().unwrap_or(&english);
        let mut tell = |at: &str, what: String| flaws.push(TextFlaw { language, at: at.to_owned(), what });
        for at in own.keys().filter(|at| !english.contains_key(*at)) {
            tell(at, "English has no such message".to_owned());
        }
        for (at, said) in &english {
            match own.get(at) {
                None => tell(at, "it is missing".to_owned()),
                Some(own) => compare(language, said, own).into_iter().for_each(|what| tell(at, what)),
            }
        }
    }
    flaws
}

/// Lines of other languages that stand in English too, so nobody has translated them; none is what a test of whole sentences wants.
#[must_use]
pub fn untranslated(texts: &Texts) -> Vec<TextFlaw> {
    let english: BTreeSet<&str> = texts.source(Language::English).lines().filter(|line| line.contains('=')).collect();
    let others = Language::ALL.into_iter().filter(|language| *language != Language::English);
    let same = others.flat_map(|language| {
        let lines = texts.source(language).lines().filter(|line| english.contains(line));
        lines.map(move |line| {
            let at = line.split('=').next().unwrap_or(line).trim().to_owned();
            TextFlaw { language, at, what: format!("it says the same as English: {line}") }
        })
    });
    same.collect()
}

fn compare(language: Language, english: &Shape, own: &Shape) -> Vec<String> {
    let mut wrong = Vec::new();
    if own.variables != english.variables {
        wrong.push(format!("the variables are {:?}, and English has {:?}", own.variables, english.variables));
    }
    let (said, expected) = (placed(&own.text), placed(&english.text));
    if said != expected {
        wrong.push(format!("it says the variables {said:?}, and English says {expected:?}"));
    }
    wrong.extend(own.lacking.iter().cloned());
    let (commands, expected) = (quoted(&own.text), quoted(&english.text));
    if commands != expected {
        wrong.push(format!("in backquotes stands {commands:?}, and in English {expected:?}"));
    }
    for variable in &english.variables {
        let (of_english, of_own) = (english.chosen.get(variable), own.chosen.get(variable));
        // Words may change after a number where those of English do not.
        let is_number =
            [of_english, of_own].into_iter().flatten().any(|names| names.contains("one") || names.contains("other"));
        let other = || BTreeSet::from(["other".to_owned()]);
        let (found, expected) = match (of_english, of_own) {
            (None, None) => continue,
            // A language of one form need not choose.
            _ if is_number => {
                (of_own.cloned().unwrap_or_else(other), forms(language).iter().map(|form| (*form).to_owned()).collect())
            }
            _ => (of_own.cloned().unwrap_or_default(), of_english.cloned().unwrap_or_default()),
        };
        if found != expected {
            wrong.push(format!("by `{variable}` it chooses among {found:?}, and needs {expected:?}"));
        }
    }
    let is_mark = |letter: char| {
        letter.is_control()
            || ('\u{2066}'..='\u{2069}').contains(&letter)
            || ('\u{202a}'..='\u{202e}').contains(&letter)
    };
    if own.text.contains(is_mark) {
        wrong.push("it has control characters or marks that turn text around".to_owned());
    }
    wrong
}

/// The variables that a text says, as it stands in a [`Shape`].
fn placed(text: &str) -> BTreeSet<&str> {
    text.split("{$").skip(1).filter_map(|rest| rest.split('}').next()).collect()
}

/// What stands in backquotes, sorted.
fn quoted(text: &str) -> Vec<&str> {
    let mut quoted: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    quoted.sort_unstable();
    quoted
}

fn shapes(texts: &Texts, language: Language, flaws: &mut Vec<TextFlaw>) -> BTreeMap<String, Shape> {
    let mut tell = |at: &str, what: &str| flaws.push(TextFlaw { language, at: at.to_owned(), what: what.to_owned() });
    let resource = FluentResource::try_new(texts.source(language).to_owned()).unwrap_or_else(|(read, errors)| {
        errors.iter().for_each(|error| tell("", &error.to_string()));
        read
    });
    let mut shapes = BTreeMap::new();
    for entry in resource.entries() {
        let Entry::Message(message) = entry else {
            if !matches!(entry, Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_)) {
                tell("", "it has more than messages");
            }
            continue;
        };
        let own = message.value.iter().map(|value| (message.id.name.to_owned(), value));
        let attributes =
            message.attributes.iter().map(|one| (format!("{}.{}", message.id.name, one.id.name), &one.value));
        for (at, pattern) in own.chain(attributes) {
            let mut shape = Shape::default();
            shape.add(pattern);
            if shapes.insert(at.clone(), shape).is_some() {
                tell(&at, "it is there twice");
            }
        }
    }
    shapes
}

impl Shape {
    fn add(&mut self, pattern: &Pattern<&str>) {
        for element in &pattern.elements {
            match element {
                PatternElement::TextElement { value } => self.text.push_str(value),
                PatternElement::Placeable { expression } => self.add_expression(expression),
            }
        }
    }

    fn add_expression(&mut self, expression: &Expression<&str>) {
        match expression {
            Expression::Inline(InlineExpression::StringLiteral { value }) => self.text.push_str(value),
            Expression::Inline(inline) => {
                let name = variable(inline);
                self.text.push_str(&format!("{{${name}}}"));
                self.variables.insert(name);
            }
            Expression::Select { selector, variants } => {
                let name = variable(selector);
                let names = variants.iter().map(|variant| match &variant.key {
                    VariantKey::Identifier { name } => (*name).to_owned(),
                    VariantKey::NumberLiteral { value } => (*value).to_owned(),
                });
                self.chosen.entry(name.clone()).or_default().extend(names);
                self.variables.insert(name.clone());
                let before = self.text.len();
                let mut texts = Vec::new();
                for variant in variants {
                    self.add(&variant.value);
                    texts.push((variant.default, self.text.split_off(before)));
                }
                let default =
                    texts.iter().find(|(default, _)| *default).map(|(_, text)| text.clone()).unwrap_or_default();
                for (_, text) in &texts {
                    let but_it =
                        |text| placed(text).into_iter().filter(|placed| *placed != name).collect::<BTreeSet<_>>();
                    if but_it(text) != but_it(&default) || quoted(text) != quoted(&default) {
                        self.lacking.push(format!("`{text}` and `{default}` do not say the same but for `{name}`"));
                    }
                }
                self.text.push_str(&default);
            }
        }
    }
}

/// The name of a variable; what is none stands by its form, so that no two languages may differ in it.
fn variable(inline: &InlineExpression<&str>) -> String {
    match inline {
        InlineExpression::VariableReference { id } => id.name.to_owned(),
        other => format!("{other:?}"),
    }
}
