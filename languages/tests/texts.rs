//! Sentences are said in the language that is asked for, and flaws of texts are found.

use std::thread;

use languages::{Language, Sentence, SentenceValue, Texts, check};

static TEXTS: Texts = Texts::new([
    "left = { $count ->\n   [one] one is left\n  *[other] { $count } are left\n }\n    .hint = see `thronos { $what }`\nonly = only in English\nnested = so: { $why }\n",
    "left = { $count ->\n   [one] eines bleibt\n  *[other] { $count } bleiben\n }\n    .hint = siehe `thronos { $what }`\nnested = also: { $why }\n",
    "left = { $count }\n",
    "left = { $count ->\n   [one] queda uno\n   [many] quedan { $count } de ellos\n  *[other] quedan { $count }\n }\n",
    "left = { $count ->\n   [one] reste { $count }\n   [many] il en reste { $count }\n  *[other] restent { $count }\n }\n",
    "left = 残り { $count }\n",
    "left = { $other }\n",
]);

#[test]
fn a_sentence_is_said_in_each_language_by_its_own_rules_of_number() {
    let left = |language: Language, count: u64| TEXTS.said("left").with("count", count).in_language(language);
    for (language, count, expected) in [
        (Language::English, 1, "one is left"),
        (Language::English, 0, "0 are left"),
        (Language::German, 1, "eines bleibt"),
        (Language::German, 2, "2 bleiben"),
        (Language::Spanish, 1, "queda uno"),
        (Language::Spanish, 2, "quedan 2"),
        (Language::French, 0, "reste 0"),
        (Language::French, 2, "restent 2"),
        (Language::Japanese, 1, "残り 1"),
        (Language::English, u64::MAX, "18446744073709551615 are left"),
    ] {
        assert_eq!(left(language, count), expected);
    }
    assert_eq!(left(Language::Chinese, 2), "2 are left", "a sentence with a variable that is not given is none");
}

#[test]
fn what_a_language_lacks_is_said_in_english_and_what_stands_in_it_stays_as_it_is() {
    for language in Language::ALL {
        assert_eq!(TEXTS.said("only").in_language(language), "only in English");
        assert_eq!(TEXTS.said("nobody").in_language(language), "nobody");
    }
    let hostile = "{ $count } \u{2067}{\"{\"} [one]\n*[other] `x`";
    let said = TEXTS.said("nested").with("why", hostile);
    assert_eq!(said.in_language(Language::German), format!("also: {hostile}"));
    let inner = TEXTS.said("left").with("count", 3_u64);
    let outer = TEXTS.said("nested").with("why", inner);
    assert_eq!(outer.to_string(), "so: 3 are left");
    assert_eq!(outer.in_language(Language::German), "also: 3 bleiben");
    let hint = TEXTS.said("left").with("what", SentenceValue::from("help")).hint();
    assert_eq!(hint.in_language(Language::German), "siehe `thronos help`");
    assert_eq!(hint.in_language(Language::French), "see `thronos help`");
    let sentence = Sentence::from(outer);
    assert!(sentence.is_said() && sentence == Sentence::from("so: 3 are left"));
}

#[test]
fn many_threads_are_told_at_once() {
    let told = thread::scope(|scope| {
        let one = |place: usize| {
            let language = Language::ALL[place % 7];
            scope.spawn(move || {
                (0..200_u64).all(|count| !TEXTS.said("left").with("count", count).in_language(language).is_empty())
            })
        };
        let threads: Vec<_> = (0..14).map(one).collect();
        threads.into_iter().all(|thread| thread.join().is_ok_and(|all| all))
    });
    assert!(told);
}

#[test]
fn every_flaw_of_a_text_is_found() {
    let english = "a = { $n ->\n  [one] one\n *[other] { $n }\n }\nb = run `thronos x` for { $who }\n    .hint = h\n";
    let flaws = |language: Language, text: &'static str| {
        let mut sources = [english; 7];
        // Of one form, or of three.
        sources[3] =
            "a = { $n ->\n  [one] x\n  [many] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\n";
        sources[4] = sources[3];
        sources[5] = "a = { $n }\nb = `thronos x` { $who }\n    .hint = h\n";
        sources[6] = sources[5];
        sources[language as usize] = text;
        let texts = Texts::new(sources);
        check(&texts).into_iter().map(|flaw| flaw.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(flaws(Language::English, english), Vec::<String>::new());
    for (text, expected) in [
        ("b = `thronos x` { $who }\n    .hint = h\n", "de.ftl, `a`: it is missing"),
        ("a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n", "de.ftl, `b.hint`: it is missing"),
        ("a = { $n }\nb = `thronos x` { $who }\n    .hint = h\n", "de.ftl, `a`: by `n` it chooses among"),
        (
            "a = { $n ->\n  [eins] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\n",
            "de.ftl, `a`: by `n` it chooses among",
        ),
        (
            "a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos y` { $who }\n    .hint = h\n",
            "de.ftl, `b`: in backquotes stands",
        ),
        (
            "a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` { $wer }\n    .hint = h\n",
            "de.ftl, `b`: the variables are",
        ),
        (
            "a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\nc = c\n",
            "de.ftl, `c`: English has no such message",
        ),
        (
            "a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` \u{202e}{ $who }\n    .hint = h\n",
            "de.ftl, `b`: it has control characters",
        ),
        (
            "a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\nb = `thronos x` { $who }\n",
            "de.ftl, `b`: it is there twice",
        ),
        ("a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\n?\n", "de.ftl, ``: "),
        (
            "a = { $n ->\n  [one] x\n *[other] many\n }\nb = `thronos x` { $who }\n    .hint = h\n",
            "de.ftl, `a`: it says the variables {}",
        ),
        (
            "a = { $n ->\n  [one] `x`\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\n",
            "de.ftl, `a`: ``x`` and `{$n}` do not say the same",
        ),
        (
            "-a = x\na = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\n",
            "de.ftl, ``: it has more than messages",
        ),
    ] {
        let found = flaws(Language::German, text);
        assert!(found.iter().any(|flaw| flaw.starts_with(expected)), "{expected}: {found:?}");
    }
    let one = "a = { $n ->\n  [one] x\n *[other] { $n }\n }\nb = `thronos x` { $who }\n    .hint = h\n";
    assert!(flaws(Language::French, one).iter().any(|flaw| flaw.contains("needs {\"many\", \"one\", \"other\"}")));
    assert!(flaws(Language::Chinese, one).iter().any(|flaw| flaw.contains("needs {\"other\"}")));
}
