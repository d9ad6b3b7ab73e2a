//! `feature-word`: a feature is named in its own folder and in the lists, and nowhere else in code.
//!
//! The words are the names of the feature folders and of the crates in them. Counted are identifiers, never comments or
//! strings, in which one of their parts is such a word: `mining::`, `MiningFile`, `MINING_PORT`, `after_mining`, but not
//! `examining`. Words that code uses anyway (`ordinary` in the root manifest) count only where they stand for the crate: at
//! the head of a path (`tokens::Transfer`, `use tokens as …`), or as the beginning of a longer type (`TokensCall`). So a
//! variable `tokens` is none, nor is a file of that name inside another crate (`super::tokens`).
//!
//! Not looked at: tests, which may depend on a feature to have something to test with; the crates that may name any
//! feature because they measure it; and what is no member of the workspace, such as fuzz targets.

use std::collections::BTreeMap;

use super::source::{Source, identifiers};
use crate::features;
use crate::ratchet::Finding;
use crate::workspace::Workspace;

const RULE: &str = "feature-word";

/// A word, and the folder of the feature to which it belongs.
struct Word {
    text: String,
    feature: String,
    ordinary: bool,
}

/// The rule over all files.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Finding> {
    let words = words(workspace);
    let looked_at = sources.iter().filter(|source| is_looked_at(workspace, &source.path));
    looked_at.filter_map(|source| finding(source, &foreign(workspace, &words, &source.path))).collect()
}

/// Where code would name a feature of this name, which nobody has yet.
pub(super) fn of_name(workspace: &Workspace, sources: &[Source], name: &str) -> Vec<Finding> {
    let word = Word { text: joined(name), feature: format!("modules/{name}"), ordinary: false };
    let looked_at = sources.iter().filter(|source| is_looked_at(workspace, &source.path));
    looked_at.filter_map(|source| finding(source, &[&word])).collect()
}

/// The names of all features and of their crates.
fn words(workspace: &Workspace) -> Vec<Word> {
    let mut words: BTreeMap<String, String> = BTreeMap::new();
    for package in &workspace.packages {
        let Some(part) = &package.part else { continue };
        for name in [features::name(&part.feature), &package.name] {
            words.insert(joined(name), part.feature.clone());
        }
    }
    let ordinary: Vec<String> = workspace.features.ordinary.iter().map(|name| joined(name)).collect();
    let word = |(text, feature)| Word { ordinary: ordinary.contains(&text), text, feature };
    words.into_iter().map(word).collect()
}

/// As identifiers write it in one part: `storage-market` is found in `StorageMarket` and `storage_market`.
fn joined(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

fn is_looked_at(workspace: &Workspace, path: &str) -> bool {
    let package = home(workspace, path);
    let is_free = package.is_none_or(|package| workspace.features.free.contains(&package.name));
    !is_free && !workspace.features.list_files.iter().any(|list| list == path)
}

/// The member to which a file belongs: of several folders the deepest.
fn home<'a>(workspace: &'a Workspace, path: &str) -> Option<&'a crate::workspace::Package> {
    let holds = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let fits = workspace.packages.iter().filter(|package| package.folder.to_str().is_some_and(holds));
    fits.max_by_key(|package| package.folder.as_os_str().len())
}

/// The words that are foreign to a file.
fn foreign<'a>(workspace: &Workspace, words: &'a [Word], path: &str) -> Vec<&'a Word> {
    let own = home(workspace, path).and_then(|package| package.part.as_ref()).map(|part| part.feature.as_str());
    words.iter().filter(|word| own != Some(word.feature.as_str())).collect()
}

fn finding(source: &Source, words: &[&Word]) -> Option<Finding> {
    let (mut lines, mut named) = (Vec::new(), Vec::new());
    for (at, name) in identifiers(&source.code).filter(|(at, _)| !source.in_test(*at)) {
        if let Some(word) = words.iter().find(|word| word.is_named(&source.code, at, name)) {
            lines.push(source.line(at));
            named.push(features::name(&word.feature));
        }
    }
    let number = lines.len();
    lines.dedup();
    named.sort_unstable();
    named.dedup();
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    let says = format!("(line {}) names {}; only its folder and the lists may", lines.join(", "), named.join(" and "));
    (number > 0).then(|| Finding { rule: RULE, place: source.path.clone(), number, says })
}

impl Word {
    /// Whether an identifier at that place of code names the feature.
    fn is_named(&self, code: &str, at: usize, identifier: &str) -> bool {
        let parts = parts(identifier);
        if !self.ordinary {
            return (0..parts.len()).any(|from| self.begins(&parts[from..]).is_some());
        }
        let Some(length) = self.begins(&parts) else { return false };
        let is_type =
            identifier.starts_with(|first: char| first.is_ascii_uppercase()) && identifier.contains(char::is_lowercase);
        is_head_of_path(code, at, identifier.len()) || (is_type && length < parts.len())
    }

    /// How many of the first parts together are the word.
    fn begins(&self, parts: &[String]) -> Option<usize> {
        (1..=parts.len()).find(|length| parts[..*length].concat() == self.text)
    }
}

/// `tokens::…`, `::tokens::…`, `use tokens;`, `use tokens as …`, `use {tokens, …}`, `extern crate tokens`; not `super::tokens::…`.
fn is_head_of_path(code: &str, at: usize, length: usize) -> bool {
    let (before, after) = (code[..at].trim_end(), code[at + length..].trim_start());
    let before = match before.strip_suffix("::") {
        // A path may begin with the colons; behind a name or a type they go on with one.
        Some(head) => {
            let head = head.trim_end();
            if head.ends_with(|last: char| last.is_alphanumeric() || "_>)".contains(last)) && !head.ends_with("use") {
                return false;
            }
            head
        }
        None => before,
    };
    let is_whole = after.starts_with([';', ',', '}'])
        || after.strip_prefix("as").is_some_and(|rest| rest.starts_with(char::is_whitespace));
    let is_used = before.ends_with("use") || is_extern(before) || is_in_group(before);
    after.starts_with("::") || (is_used && is_whole)
}

/// Whether `extern crate` stands at the end.
fn is_extern(before: &str) -> bool {
    before.strip_suffix("crate").is_some_and(|before| before.trim_end().ends_with("extern"))
}

/// Whether the end stands in braces of a `use` of which nothing is the beginning: `use {types, `.
fn is_in_group(before: &str) -> bool {
    let mut depth = 0_usize;
    for (at, letter) in before.char_indices().rev() {
        match letter {
            '}' => depth = depth.saturating_add(1),
            '{' if depth > 0 => depth = depth.saturating_sub(1),
            '{' => {
                let head = before[..at].trim_end();
                return head.strip_suffix("::").map_or(head, str::trim_end).ends_with("use");
            }
            // No brace of a `use` holds one.
            ';' | '(' | '=' => return false,
            _ => {}
        }
    }
    false
}

/// The parts of an identifier, in small letters: `MiningFile` and `mining_file` have the same.
fn parts(identifier: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for piece in identifier.split('_').filter(|piece| !piece.is_empty()) {
        let letters: Vec<char> = piece.chars().collect();
        let mut part = String::new();
        for (index, letter) in letters.iter().enumerate() {
            let before = index.checked_sub(1).and_then(|before| letters.get(before));
            let after = letters.get(index + 1);
            let begins = letter.is_uppercase()
                && before
                    .is_some_and(|before| !before.is_uppercase() || after.is_some_and(|after| after.is_lowercase()));
            if begins && !part.is_empty() {
                parts.push(std::mem::take(&mut part));
            }
            part.extend(letter.to_lowercase());
        }
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::features::Features;
    use crate::workspace::{Layers, Package};

    fn workspace() -> Workspace {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let features = Features {
            folders: texts(&["modules/*", "storage-market"]),
            list_files: texts(&["runtime/src/lib.rs"]),
            ordinary: texts(&["tokens"]),
            free: texts(&["benches"]),
            ..Features::default()
        };
        let members = [
            ("node", "node"),
            ("runtime", "runtime"),
            ("benches", "benches"),
            ("stratum", "modules/mining/stratum"),
            ("mining", "modules/mining/rules"),
            ("tokens", "modules/tokens/rules"),
            ("storage-market-client", "storage-market/client"),
        ];
        let package = |(name, folder): (&str, &str)| Package {
            name: name.to_owned(),
            folder: folder.into(),
            arrows: Vec::new(),
            part: features.part(Path::new(folder)),
        };
        let packages = members.into_iter().map(package).collect();
        Workspace { root: "/r".into(), target: "/t".into(), packages, layers: Layers::default(), features }
    }

    fn counted(path: &str, text: &str) -> usize {
        check(&workspace(), &[Source::read(path, text)]).first().map_or(0, |finding| finding.number)
    }

    #[test]
    fn a_feature_named_in_the_house_is_counted_in_every_form_of_its_name() {
        let planted = "use mining::Mining;\nfn after_mining(a: MiningFile) { a.mining = MINING_PORT; }\nmod stratum;\n";
        assert_eq!(counted("node/src/lib.rs", planted), 7);
        assert_eq!(counted("node/src/lib.rs", "struct StorageMarketFile;\nfn storage_market() {}\n"), 2);
    }

    #[test]
    fn comments_strings_tests_and_other_words_are_not_counted() {
        for text in [
            "/// Mining.\nfn a() { \"mining\"; } // mining\n",
            "fn examining(determining: Undermining, mine: Miner) {}\n",
            "#[cfg(test)]\nmod tests {\n    use mining::Mining;\n}\n",
        ] {
            assert_eq!(counted("node/src/lib.rs", text), 0, "{text}");
        }
        assert_eq!(counted("node/tests/mining.rs", "use mining::Mining;\n"), 0);
    }

    #[test]
    fn a_feature_may_be_named_at_home_in_a_list_and_by_those_who_measure_it() {
        let text = "use mining::Mining;\nuse stratum::Server;\n";
        for path in [
            "modules/mining/rules/src/lib.rs",
            "modules/mining/stratum/src/lib.rs",
            "runtime/src/lib.rs",
            "benches/src/main.rs",
        ] {
            assert_eq!(counted(path, text), 0, "{path}");
        }
        assert_eq!(counted("fuzz/fuzz_targets/proof.rs", text), 0);
        assert_eq!(counted("modules/tokens/rules/src/lib.rs", text), 3);
        assert_eq!(counted("runtime/src/adapters.rs", text), 3);
    }

    #[test]
    fn an_ordinary_word_counts_only_where_it_stands_for_the_crate() {
        let other = "mod tokens;\nuse super::tokens::Tokens;\nstruct Tokens { tokens: u64 }\nfn tokens_left(tokens: Tokens) {}\n";
        assert_eq!(counted("node/src/lib.rs", other), 0);
        let planted = "use tokens::{Tokens, TokensCall};\nuse tokens as t;\nfn a() { tokens::ID; }\n";
        assert_eq!(counted("node/src/lib.rs", planted), 4);
    }

    #[test]
    fn no_way_to_name_a_crate_gets_past_because_its_name_is_an_ordinary_word() {
        for planted in [
            "use ::tokens::Transfer;\n",
            "fn a() { ::tokens::id() }\n",
            "use ::tokens as t;\n",
            "use {tokens as t};\n",
            "use {types, tokens};\n",
            "use {types::{Amount, Hash32}, tokens as t};\n",
            "pub use ::{tokens, types};\n",
            "use {\n    tokens::Transfer,\n    types,\n};\n",
            "extern crate tokens as t;\n",
            "pub extern crate  tokens ;\n",
            "use tokens\n    as t;\n",
        ] {
            assert_eq!(counted("node/src/lib.rs", planted), 1, "{planted}");
        }
        for other in [
            "use super::{tokens as t, types};\n",
            "use crate::tokens as t;\n",
            "fn a() { Self::tokens(); <A as B>::tokens(); let b = S { tokens, a: 1 }; b.tokens; }\n",
            "fn a() { let tokens = 1; { tokens }; }\n",
            "use {super::tokens, crate::a::{tokens, b}};\n",
        ] {
            assert_eq!(counted("node/src/lib.rs", other), 0, "{other}");
        }
    }

    #[test]
    fn a_name_that_a_feature_does_not_have_yet_is_looked_for_in_all_code_but_the_lists() {
        let code = |path: &str| Source::read(path, "fn clock_ms(price: ClockPrice) {}\n");
        let found = of_name(&workspace(), &[code("node/src/lib.rs"), code("modules/mining/rules/src/lib.rs")], "clock");
        assert_eq!(found.iter().map(|finding| finding.number).collect::<Vec<_>>(), [2, 2]);
        assert!(of_name(&workspace(), &[code("runtime/src/lib.rs"), code("node/tests/a.rs")], "clock").is_empty());
        assert!(of_name(&workspace(), &[code("node/src/lib.rs")], "clock-work").is_empty());
    }

    #[test]
    fn an_identifier_falls_into_its_words() {
        for (identifier, expected) in [
            ("MiningFile", vec!["mining", "file"]),
            ("HTTPServer2", vec!["http", "server2"]),
            ("MINING_PORT", vec!["mining", "port"]),
            ("_after__mining", vec!["after", "mining"]),
        ] {
            assert_eq!(parts(identifier), expected, "{identifier}");
        }
    }
}
