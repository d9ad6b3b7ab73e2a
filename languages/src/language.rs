//! The languages that there are, and which of them somebody is spoken to in.
//!
//! All input is foreign: a header is read up to a bound, and what is wrong in it is passed over. Source: RFC 9110, 12.5.4; RFC 4647, 3.4; POSIX, 8.2.

use std::sync::OnceLock;

/// Most bytes that are read of what says which languages somebody understands; a browser sends some fifty.
pub const ACCEPTED_BYTES_MAX: usize = 1_024;
/// Most languages of it that are looked at.
const ACCEPTED_MAX: usize = 32;
/// The weight of a language without one, in thousandths.
const WHOLE: u16 = 1_000;

/// A language that features speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English, which has every sentence.
    #[default]
    English,
    /// German.
    German,
    /// Greek.
    Greek,
    /// Spanish.
    Spanish,
    /// French.
    French,
    /// Japanese.
    Japanese,
    /// Chinese, in simplified characters.
    Chinese,
}

impl Language {
    /// Every language, English first.
    pub const ALL: [Self; 7] =
        [Self::English, Self::German, Self::Greek, Self::Spanish, Self::French, Self::Japanese, Self::Chinese];

    /// As BCP 47 writes it: `de`.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Greek => "el",
            Self::Spanish => "es",
            Self::French => "fr",
            Self::Japanese => "ja",
            Self::Chinese => "zh",
        }
    }

    /// The language of a tag or of a locale, whatever the region: `de`, `de-AT`, `zh-Hant-TW`, `el_GR.UTF-8`, `fr_CA@euro`. Nothing if it is none of these.
    #[must_use]
    pub fn of_tag(text: &str) -> Option<Self> {
        let primary = text.split(['-', '_', '.', '@']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// That of whoever sends these values of `accept-language`: the one of the greatest weight, of equal ones the first. English where nothing fits, or
    /// nothing is said. What is behind [`ACCEPTED_BYTES_MAX`] bytes, or no part of such a header, is not looked at.
    #[must_use]
    pub fn accepted<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut asked: Vec<(Option<Self>, u16)> = Vec::new();
        let mut bytes_left = ACCEPTED_BYTES_MAX;
        for value in values {
            let (read, is_cut) = match value.get(..bytes_left) {
                Some(read) if read.len() < value.len() => (read, true),
                _ => (value, false),
            };
            bytes_left = bytes_left.saturating_sub(value.len());
            let mut entries: Vec<&[u8]> = read.split(|byte| *byte == b',').collect();
            // It may have been cut within its last entry.
            if is_cut {
                entries.pop();
            }
            asked.extend(entries.into_iter().take(ACCEPTED_MAX.saturating_sub(asked.len())).filter_map(entry));
        }
        best(&asked)
    }

    /// That of whoever starts a program: what is asked for, else the first of these variables that says anything. English where it is none of these languages.
    #[must_use]
    pub fn of_environment(asked: Option<Self>, variable: impl Fn(&str) -> Option<String>) -> Self {
        let said = || ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|text| !text.is_empty());
        asked.unwrap_or_else(|| said().and_then(|text| Self::of_tag(&text)).unwrap_or_default())
    }
}

/// The language of whoever runs this program, once it is known.
static SPOKEN: OnceLock<Language> = OnceLock::new();

/// Says in which language this program speaks, at its start; a program that serves many does not call it. The first word stands.
pub fn speak(language: Language) {
    let _ = SPOKEN.set(language);
}

/// The language that this program speaks; English until [`speak`] was called.
#[must_use]
pub fn spoken() -> Language {
    SPOKEN.get().copied().unwrap_or_default()
}

/// One language of a header with its weight; the language is nothing for `*`. Nothing at all if it is none of ours, or badly written.
fn entry(bytes: &[u8]) -> Option<(Option<Language>, u16)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let range = parts.next().filter(|range| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        *range == "*" || (!range.is_empty() && range.bytes().all(is_letter))
    })?;
    let weight = match (parts.next(), parts.next()) {
        (None, _) => WHOLE,
        (Some(weight), None) => thousandths(weight)?,
        _ => return None,
    };
    match range {
        "*" => Some((None, weight)),
        tag => Some((Some(Language::of_tag(tag)?), weight)),
    }
}

/// `q=0.8` in thousandths. Three digits at most may stand behind the point, and nothing is greater than one.
fn thousandths(text: &str) -> Option<u16> {
    let number = text.strip_prefix("q=").or_else(|| text.strip_prefix("Q="))?;
    let (whole, rest) = number.split_once('.').unwrap_or((number, ""));
    if rest.len() > 3 || !rest.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let rest: u16 = format!("{rest:0<3}").parse().ok()?;
    match whole {
        "0" => Some(rest),
        "1" if rest == 0 => Some(WHOLE),
        _ => None,
    }
}

/// The language of the greatest weight. `*` stands for those that are not named.
fn best(asked: &[(Option<Language>, u16)]) -> Language {
    let named = |language: Language| asked.iter().any(|(of, _)| *of == Some(language));
    // Where `de` and `de-AT` are both named, the greater weight counts; what has none is refused.
    let unnamed = || Language::ALL.into_iter().find(|language| !named(*language));
    let offers = asked.iter().filter(|(_, weight)| *weight > 0);
    let offers = offers.filter_map(|(of, weight)| Some((of.or_else(unnamed)?, *weight)));
    // The first of equal ones.
    offers.reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(Language::English, |(found, _)| found)
}
