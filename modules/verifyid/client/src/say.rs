//! What is said to people, in their language.
//!
//! Sentences stand in `i18n`; labels of rows and headings of tables there too, by their English words. A program that reads JSON is spoken to in English. It must not know a
//! command.

use std::fmt::Display;

use languages::SentenceValue;
use wallet::cli::report;

languages::texts! {
    /// What this crate's commands say.
    pub(crate) static TEXTS
}

/// A sentence with what stands in it, in the language of whoever runs the program: `say!("key", name = value)`.
macro_rules! say {
    ($key:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::say::TEXTS.said($key)$(.with(stringify!($name), $crate::say::shown(&$crate::say::say!(@ $name $($value)?))))*
            .in_language(languages::spoken())
    };
    (@ $name:ident $value:expr) => { $value };
    (@ $name:ident) => { $name };
}
pub(crate) use say;

/// What stands in a sentence; a number keeps to be one, as words change after it.
pub(crate) fn shown(value: &impl Display) -> SentenceValue {
    let text = value.to_string();
    match text.parse::<u64>() {
        Ok(number) if number.to_string() == text => SentenceValue::Number(number),
        _ => SentenceValue::Text(text),
    }
}

/// A label or a heading; one that is not of this crate stays as it is.
fn worded(kind: &str, english: &str) -> String {
    let letters = english.chars().filter(|letter| *letter != '\'' && *letter != ':');
    let words: String = letters.map(|letter| if letter == ' ' { '_' } else { letter.to_ascii_lowercase() }).collect();
    let key = format!("{kind}_{words}");
    if TEXTS.knows(&key) { TEXTS.said(key).in_language(languages::spoken()) } else { english.to_owned() }
}

/// Rows for people, their labels in English here and as they are told in a language.
pub(crate) fn lines(rows: &[(&str, String)]) -> String {
    let told: Vec<(String, String)> =
        rows.iter().map(|(label, value)| (worded("label", label), value.clone())).collect();
    let told: Vec<(&str, String)> = told.iter().map(|(label, value)| (label.as_str(), value.clone())).collect();
    report::lines(&told)
}

/// A table for people, its headings as labels of rows.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let told: Vec<String> = headings.iter().map(|heading| worded("heading", heading)).collect();
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    report::table(&told, rows)
}

#[cfg(test)]
mod tests {
    use languages::{Language, check};

    use super::*;

    #[test]
    fn every_language_has_the_same_sentences_with_the_same_variables_commands_and_forms_of_number() {
        let flaws: Vec<String> = check(&TEXTS).iter().map(ToString::to_string).collect();
        assert!(flaws.is_empty(), "{}", flaws.join("\n"));
    }

    /// Every key that this crate's sources name is in the texts, and every text but those of labels is named.
    #[test]
    fn what_is_said_is_in_the_texts_and_what_is_in_the_texts_is_said() {
        let sources = sources(std::path::Path::new("src"));
        let named: Vec<&str> = sources.split("say!(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for key in named.iter().filter(|key| !key.is_empty() && **key != "key") {
            assert!(TEXTS.knows(key), "{key} has no text");
        }
        let keys = TEXTS.source(Language::English).lines().filter_map(|line| line.split_once(" = "));
        for (key, _) in keys.filter(|(key, _)| !key.starts_with([' ', '#'])) {
            let is_of_list = ["label_", "heading_", "reject_"].iter().any(|list| key.starts_with(list));
            let is_said = is_of_list || sources.contains(&format!("\"{key}\""));
            assert!(is_said, "{key} is said by nobody");
        }
    }

    fn sources(folder: &std::path::Path) -> String {
        let files = std::fs::read_dir(folder).expect("the sources are there").map(|file| file.expect("a file").path());
        let read = |path: std::path::PathBuf| match path.is_dir() {
            true => sources(&path),
            false => std::fs::read_to_string(&path).expect("a source is text"),
        };
        files.map(read).collect()
    }

    #[test]
    fn a_number_stays_one_and_what_only_looks_like_one_stays_a_text() {
        assert!(matches!(shown(&7), SentenceValue::Number(7)));
        for text in ["007", "+7", "7.0", "", "18446744073709551616", "abc"] {
            assert!(matches!(shown(&text), SentenceValue::Text(_)), "{text}");
        }
    }

    #[test]
    fn labels_of_this_crate_have_texts_and_others_stay() {
        assert_eq!(worded("label", "service's key:"), "service's key:");
        assert!(TEXTS.knows("label_services_key"));
        assert_eq!(worded("label", "of another crate:"), "of another crate:");
    }
}
