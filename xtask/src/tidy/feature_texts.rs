//! `feature-text`: the house does not name a feature in what it writes or asks for either.
//!
//! Counted are strings, those of attributes too, that are a feature's name, or hold it as a part of a path, of a dotted key or of
//! something quoted: `"tokens"`, `"/api/v1/mining/work"`, `"mining.port"`, "such as `tokens`". A sentence on mining or on tokens is
//! none. What the house needs of a feature it finds by its role, in the registry or in a list. Words, files and what may name
//! features are those of `feature_words.rs`. What stands beside the house is not looked at: no program has it, and it makes features
//! up for its examples (`guestbook`) and tries one that there is by its name.

use super::feature_words::{Word, allowed, foreign, home, is_looked_at, own, told, words};
use crate::ratchet::Finding;
use crate::source::Source;
use crate::workspace::Workspace;

const RULE: &str = "feature-text";

/// The rule over all files.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Finding> {
    let words = words(workspace);
    let looked_at = sources.iter().filter(|source| is_in_a_program(workspace, &source.path));
    let found =
        looked_at.filter_map(|source| finding(workspace, source, &foreign(own(workspace, &source.path), &words)));
    found.collect()
}

/// Where texts would name a feature of this name, which nobody has yet.
pub(super) fn of_name(workspace: &Workspace, sources: &[Source], name: &str) -> Vec<Finding> {
    let word = Word::of_name(name);
    let looked_at = sources.iter().filter(|source| is_in_a_program(workspace, &source.path));
    looked_at.filter_map(|source| finding(workspace, source, &[&word])).collect()
}

fn is_in_a_program(workspace: &Workspace, path: &str) -> bool {
    let is_beside = home(workspace, path).is_some_and(|package| workspace.layers.beside.contains(&package.name));
    is_looked_at(workspace, path) && !is_beside
}

fn finding(workspace: &Workspace, source: &Source, words: &[&Word]) -> Option<Finding> {
    let allowed = allowed(workspace, source);
    let strings = source.strings.iter().filter(|range| !allowed.iter().any(|part| part.contains(&range.start)));
    let named =
        strings.filter_map(|range| Some((range.start, named(&source.text[range.clone()], words)?.name().to_owned())));
    told(RULE, source, named, "find it by its role, in the registry or a list")
}

/// The feature that a text names.
fn named<'a>(text: &str, words: &[&'a Word]) -> Option<&'a Word> {
    // What is escaped is neither a letter of a name nor a sign beside it.
    let mut text = text.to_owned();
    while let Some(at) = text.find('\\') {
        let behind = text[at + 1..].chars().next().map_or(0, char::len_utf8);
        text.replace_range(at..=at + behind, "  ");
    }
    segments(&text)
        .filter(|(at, segment)| is_key(&text, *at, segment.len()))
        .find_map(|(_, segment)| words.iter().copied().find(|word| word.is_part(segment)))
}

/// The runs of letters, digits, hyphens and underscores.
fn segments(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|letter| !is_of_segment(letter)).filter_map(move |segment| {
        let begin = at;
        at += segment.len();
        at += text[at..].chars().next().map_or(0, char::len_utf8);
        (!segment.is_empty()).then_some((begin, segment))
    })
}

fn is_of_segment(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_' || letter == '-'
}

/// Whether a segment is all of the text, or a part of a path or of a dotted key, or quoted.
fn is_key(text: &str, at: usize, length: usize) -> bool {
    let (before, behind) = (&text[..at], &text[at + length..]);
    let begins = |rest: &str| rest.starts_with(|letter| is_of_segment(letter) || letter == '{');
    let ends = |rest: &str| rest.ends_with(|letter| is_of_segment(letter) || letter == '}');
    let is_whole = before.trim().is_empty() && behind.trim().is_empty();
    let is_quoted = [('`', '`'), ('[', ']'), ('\'', '\'')];
    let is_quoted = is_quoted.iter().any(|(open, close)| before.ends_with(*open) && behind.starts_with(*close));
    let in_path =
        before.ends_with(['/', '=']) || behind.starts_with('/') || before.ends_with("::") || behind.starts_with("::");
    let in_key = before.strip_suffix('.').is_some_and(ends) || behind.strip_prefix('.').is_some_and(begins);
    is_whole || is_quoted || in_path || in_key
}

#[cfg(test)]
mod tests {
    use super::super::feature_words::made_up::workspace;
    use super::*;

    fn counted(path: &str, text: &str) -> usize {
        check(&workspace(), &[Source::read(path, text)]).first().map_or(0, |finding| finding.number)
    }

    fn in_string(text: &str) -> usize {
        counted("node/src/lib.rs", &format!("const A: &str = {text};\n"))
    }

    #[test]
    fn a_text_that_is_a_features_name_or_holds_it_in_a_path_or_key_is_counted() {
        for planted in [
            "\"tokens\"",
            "\"Mining\"",
            "b\"mining\"",
            "r#\"mining\"#",
            "\"mining-service\"",
            "\"mining_pot\"",
            "\"storage-market\"",
            "\"/api/v1/mining/work?address={payee}\"",
            "\"GET /api/v1/mining HTTP/1.0\\r\\n\\r\\n\"",
            "\"add it to `modules.tokens.assets` first\"",
            "\"write a name, such as `tokens`, or a number\"",
            "\"mining.port\"",
            "\"{section}.mining\"",
            "\"[mining]\\nport = 1\\n\"",
            "\"mining::Mining\"",
            "\"..\\n/mining\"",
        ] {
            assert_eq!(in_string(planted), 1, "{planted}");
        }
        let attribute = "#[path = \"../modules/tokens/rules/src/lib.rs\"]\nmod t;\n";
        assert_eq!(counted("node/src/lib.rs", attribute), 1);
        assert_eq!(counted("modules/tokens/rules/src/lib.rs", "fn a() { [\"mining\", \"tokens\"]; }\n"), 1);
    }

    #[test]
    fn sentences_and_other_words_are_not_counted() {
        for other in [
            "\"no tokens are left.\"",
            "\"mining pays whoever works\"",
            "\"it is paid by mining.\"",
            "\"mining. Then\"",
            "\"/api/v1/examining/work\"",
            "\"tokens_left\"",
            "\"a.tokens-left\"",
            "\"\\\\mining is a word\"",
            "\"it\\nmining\\nis\"",
            "\"\"",
        ] {
            assert_eq!(in_string(other), 0, "{other}");
        }
        assert_eq!(counted("node/src/lib.rs", "/// \"mining\"\nfn a() { 'm'; } // \"tokens\"\n"), 0);
    }

    #[test]
    fn tests_features_lists_and_those_who_measure_may_name_a_feature() {
        let text = "const A: &str = \"/api/v1/mining/work\";\n";
        for path in [
            "modules/mining/service/src/lib.rs",
            "benches/src/main.rs",
            "node/tests/a.rs",
            "fuzz/src/a.rs",
            "xtask/src/a.rs",
        ] {
            assert_eq!(counted(path, text), 0, "{path}");
        }
        assert_eq!(counted("node/src/lib.rs", &format!("#[cfg(test)]\nmod tests {{\n    {text}}}\n")), 0);
        let list = "pub const FAMILIES: &[Family] = &[\n    family::<mining_client::MiningVerbs>(\"Mining\"),\n];\n";
        assert_eq!(counted("wallet/cli/src/families.rs", list), 0);
        assert_eq!(counted("wallet/cli/src/families.rs", &format!("{list}{text}")), 1);
    }

    #[test]
    fn a_name_that_a_feature_does_not_have_yet_is_looked_for_in_texts_too() {
        let source = Source::read("node/src/lib.rs", "const A: &str = \"/api/v1/clock\";\n");
        assert_eq!(of_name(&workspace(), std::slice::from_ref(&source), "clock").len(), 1);
        assert!(of_name(&workspace(), &[source], "watch").is_empty());
    }
}
