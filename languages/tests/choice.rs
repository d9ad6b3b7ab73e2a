//! Which language somebody is spoken to in, whatever they send.

use languages::{ACCEPTED_BYTES_MAX, Language};

fn accepted(text: &str) -> &'static str {
    Language::accepted([text.as_bytes()]).tag()
}

#[test]
fn the_language_of_the_greatest_weight_is_chosen_and_of_equal_ones_the_first() {
    for (header, expected) in [
        ("", "en"),
        ("de", "de"),
        ("DE", "de"),
        ("de-AT", "de"),
        ("zh-Hant-TW", "zh"),
        ("el-GR, el;q=0.9, en;q=0.8", "el"),
        ("ja;q=0.5, fr;q=0.8", "fr"),
        ("ja;q=0.5, fr;q=0.5", "ja"),
        ("fr;q=0.501,es;q=0.502", "es"),
        ("de;q=0.1,de-AT;q=0.9,fr;q=0.5", "de"),
        ("it, pt;q=0.9, es;q=0.1", "es"),
        ("it, pt", "en"),
        (" es ; q=1.000 ,\tfr", "es"),
        ("fr;Q=0.3", "fr"),
        ("*", "en"),
        ("*;q=0.5, ja;q=0.1", "en"),
        ("ja, *;q=0.5", "ja"),
        ("en;q=0, *", "de"),
        ("en;q=0, de;q=0", "en"),
        ("de;q=0", "en"),
        ("en;q=0, it", "en"),
    ] {
        assert_eq!(accepted(header), expected, "{header}");
    }
    assert_eq!(Language::accepted([&b"it"[..], b"el;q=0.4", b"ja;q=0.6"]).tag(), "ja", "several headers are one");
    assert_eq!(Language::accepted([]).tag(), "en");
}

#[test]
fn what_is_hostile_in_a_header_is_passed_over() {
    for (header, expected) in [
        ("de;q=NaN, fr;q=0.1", "fr"),
        ("de;q=inf, fr;q=0.1", "fr"),
        ("de;q=-1, fr;q=0.1", "fr"),
        ("de;q=1.1, fr;q=0.1", "fr"),
        ("de;q=2, fr;q=0.1", "fr"),
        ("de;q=0.0001, fr;q=0.1", "fr"),
        ("de;q=1e0, fr;q=0.1", "fr"),
        ("de;q=+1, fr;q=0.1", "fr"),
        ("de;q=, fr;q=0.1", "fr"),
        ("de;q=.5, fr;q=0.1", "fr"),
        ("de;q=\u{0661}, fr;q=0.1", "fr"),
        ("de;p=1, fr;q=0.1", "fr"),
        ("de;q=1;q=1, fr;q=0.1", "fr"),
        ("de;;, fr;q=0.1", "fr"),
        ("de_DE, fr;q=0.1", "fr"),
        ("../de, fr;q=0.1", "fr"),
        ("de\u{0}, fr;q=0.1", "fr"),
        ("d\u{435}, fr;q=0.1", "fr"),
        (",,,;;;,=,q=1,fr;q=0.1", "fr"),
        ("-,fr;q=0.1", "fr"),
        ("deutsch,fr;q=0.1", "fr"),
        ("de fr", "en"),
    ] {
        assert_eq!(accepted(header), expected, "{header:?}");
    }
    assert_eq!(Language::accepted([&b"\xff\xfe\x00,de"[..]]).tag(), "de", "bytes that are no text are no language");
}

#[test]
fn a_header_without_end_is_read_up_to_a_bound() {
    let long = |text: &str| accepted(text);
    assert_eq!(long(&format!("{},de", "x".repeat(8_192))), "en", "8 KiB of one language");
    assert_eq!(long(&format!("de,{}", "x".repeat(8_192))), "de");
    assert_eq!(long(&format!("{}de", "it,".repeat(1_000))), "en", "the thousandth language is not looked at");
    assert_eq!(long(&format!("de;q=0.5,{}fr", "it,".repeat(1_000))), "de");
    // The last entry within the bound is cut, and a cut one would be another.
    let head = format!("{}{}", "fr;q=0.1,", "x".repeat(ACCEPTED_BYTES_MAX - 9 - 1 - 2));
    assert_eq!(long(&format!("{head},de")), "de", "it fits");
    assert_eq!(long(&format!("{head},deu")), "fr", "`de` is all that is left of it");
    let many: Vec<&[u8]> = (0..1_000).map(|_| &b"it"[..]).chain([&b"de"[..]]).collect();
    assert_eq!(Language::accepted(many).tag(), "en");
}

#[test]
fn a_program_speaks_as_it_is_told_or_as_its_environment_says() {
    let of = |asked, pairs: &[(&str, &str)]| {
        let variable = |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Language::of_environment(asked, variable).tag()
    };
    assert_eq!(of(None, &[]), "en");
    assert_eq!(of(None, &[("LANG", "de_AT.UTF-8")]), "de");
    assert_eq!(of(None, &[("LANG", "de_AT.UTF-8"), ("LC_MESSAGES", "fr_CA@euro")]), "fr");
    assert_eq!(of(None, &[("LC_MESSAGES", "fr"), ("LC_ALL", "ja_JP"), ("LANG", "el")]), "ja");
    assert_eq!(of(None, &[("LC_ALL", ""), ("LANG", "el_GR")]), "el", "an empty one says nothing");
    assert_eq!(of(None, &[("LC_ALL", "C"), ("LANG", "el_GR")]), "en", "C is English");
    assert_eq!(of(None, &[("LC_ALL", "POSIX")]), "en");
    assert_eq!(of(None, &[("LANG", "\u{1b}[31m/../de")]), "en");
    assert_eq!(of(Some(Language::Chinese), &[("LC_ALL", "de")]), "zh");
}
