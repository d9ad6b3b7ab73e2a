//! `feature-word`: a feature is named in its own folder and in the lists, and nowhere else in code.
//!
//! The words are the names of the feature folders and of the crates in them. Counted are identifiers, never comments or
//! strings, in which one of their parts is such a word: `mining::`, `MiningFile`, `MINING_PORT`, `after_mining`, but not
//! `examining`. Words that code uses anyway (`ordinary` in the root manifest) count only where they stand for the crate: at
//! the head of a path (`tokens::Transfer`, `use tokens as …`), or as the beginning of a longer type (`TokensCall`). So a
//! variable `tokens` is none, nor is a file of that name inside another crate (`super::tokens`). A number in place of a name
//! (`ModuleId(3)`) counts too, but for the kernel's, and in a feature its own.
//!
//! In a list's file the entries of the list may name features, and nothing else there: what it handed on (`pub use`) everybody
//! could name without its name. The same goes for adapters, which may use what they like and hand on none of it.
//!
//! Not looked at: tests, which may depend on a feature to have something to test with; the crates that may name any
//! feature because they measure it; and what is no member of the workspace, such as fuzz targets.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::ratchet::Finding;
use crate::source::{self, Source, identifiers};
use crate::workspace::Workspace;
use crate::{features, new_module};

const RULE: &str = "feature-word";

/// A word, and the folder of the feature to which it belongs.
pub(super) struct Word {
    text: String,
    feature: String,
    ordinary: bool,
}

/// The rule over all files.
pub(super) fn check(workspace: &Workspace, sources: &[Source]) -> Vec<Finding> {
    let words = words(workspace);
    let numbers = numbers(workspace, sources);
    let looked_at = sources.iter().filter(|source| is_looked_at(workspace, &source.path));
    let found = looked_at.filter_map(|source| {
        let own = own(workspace, &source.path);
        let numbers =
            Numbers { of: &numbers, own: own.and_then(|own| numbers.get(own).copied()), of_house: own.is_none() };
        finding(workspace, source, &foreign(own, &words), &numbers)
    });
    found.collect()
}

/// Where code would name a feature of this name, which nobody has yet.
pub(super) fn of_name(workspace: &Workspace, sources: &[Source], name: &str) -> Vec<Finding> {
    let word = Word::of_name(name);
    let numbers = Numbers { of: &BTreeMap::new(), own: None, of_house: false };
    let looked_at = sources.iter().filter(|source| is_looked_at(workspace, &source.path));
    looked_at.filter_map(|source| finding(workspace, source, &[&word], &numbers)).collect()
}

/// The numbers of features that have one, and the one that a file may name.
struct Numbers<'a> {
    of: &'a BTreeMap<String, u16>,
    own: Option<u16>,
    of_house: bool,
}

impl Numbers<'_> {
    /// Whom the number behind an identifier names, if it may not: `ModuleId(3)`.
    fn named(&self, code: &str, at: usize, identifier: &str) -> Option<String> {
        if identifier != "ModuleId" || !(self.of_house || self.own.is_some()) {
            return None;
        }
        let (number, _) = code[at + identifier.len()..].trim_start().strip_prefix('(')?.split_once(')')?;
        let number = source::number(number).filter(|number| *number > 0 && self.own.map(u64::from) != Some(*number))?;
        let feature = self.of.iter().find(|(_, of)| u64::from(**of) == number);
        Some(feature.map_or_else(|| format!("module {number}"), |(feature, _)| features::name(feature).to_owned()))
    }
}

/// The numbers that modules give themselves, by the folders of their features.
fn numbers(workspace: &Workspace, sources: &[Source]) -> BTreeMap<String, u16> {
    let rules = workspace.packages.iter().filter_map(|package| {
        let part = package.part.as_ref().filter(|part| part.role == "rules")?;
        let library = format!("{}/src/lib.rs", package.folder.display());
        let source = sources.iter().find(|source| source.path == library)?;
        Some((part.feature.clone(), new_module::number_in(&source.code)?))
    });
    rules.collect()
}

/// The names of all features and of their crates.
pub(super) fn words(workspace: &Workspace) -> Vec<Word> {
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

pub(super) fn is_looked_at(workspace: &Workspace, path: &str) -> bool {
    home(workspace, path).is_some_and(|package| !workspace.features.free.contains(&package.name))
}

/// Where a file may name every feature: in the entries of its list, and in adapters everywhere but where they hand something on.
pub(super) fn allowed(workspace: &Workspace, source: &Source) -> Vec<Range<usize>> {
    let is_one_of = |files: &[String]| files.contains(&source.path);
    if is_one_of(&workspace.features.list_files) {
        return new_module::entries_of_file(source).into_iter().map(|entry| entry.line).collect();
    }
    if !is_one_of(&workspace.features.adapters) {
        return Vec::new();
    }
    let mut at = 0;
    let mut allowed = Vec::new();
    for handed_on in handed_on(&source.code) {
        allowed.push(at..handed_on.start);
        at = handed_on.end;
    }
    allowed.push(at..source.code.len());
    allowed
}

/// The items that give what others have made another name to be found by: `pub use …;`, `pub(crate) type …;`, `pub extern crate …;`.
fn handed_on(code: &str) -> Vec<Range<usize>> {
    let is_public = |at: usize, name: &str| {
        let before = code[..at].trim_end();
        let before = if name == "crate" { before.strip_suffix("extern")?.trim_end() } else { before };
        let before = match before.strip_suffix(')').and_then(|inside| inside.rfind('(')) {
            Some(open) => before[..open].trim_end(),
            None => before,
        };
        let before = before.strip_suffix("pub")?;
        (!before.ends_with(|last: char| last.is_alphanumeric() || last == '_')).then_some(())
    };
    let items = identifiers(code)
        .filter(|(at, name)| ["use", "type", "crate"].contains(name) && is_public(*at, name).is_some());
    items.map(|(at, _)| at..code[at..].find(';').map_or(code.len(), |length| at + length)).collect()
}

/// The member to which a file belongs: of several folders the deepest.
pub(super) fn home<'a>(workspace: &'a Workspace, path: &str) -> Option<&'a crate::workspace::Package> {
    let holds = |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    let fits = workspace.packages.iter().filter(|package| package.folder.to_str().is_some_and(holds));
    fits.max_by_key(|package| package.folder.as_os_str().len())
}

/// The folder of the feature to which a file belongs; nothing in the house.
pub(super) fn own<'a>(workspace: &'a Workspace, path: &str) -> Option<&'a str> {
    home(workspace, path).and_then(|package| package.part.as_ref()).map(|part| part.feature.as_str())
}

/// The words that are foreign to the files of a feature, or of the house.
pub(super) fn foreign<'a>(own: Option<&str>, words: &'a [Word]) -> Vec<&'a Word> {
    words.iter().filter(|word| own != Some(word.feature.as_str())).collect()
}

fn finding(workspace: &Workspace, source: &Source, words: &[&Word], numbers: &Numbers<'_>) -> Option<Finding> {
    let allowed = allowed(workspace, source);
    let named = identifiers(&source.code).filter_map(|(at, name)| {
        let word = words.iter().find(|word| word.is_named(&source.code, at, name));
        let named = word.map(|word| word.name().to_owned()).or_else(|| numbers.named(&source.code, at, name));
        named.map(|named| (at, named))
    });
    told(
        RULE,
        source,
        named.filter(|(at, _)| !allowed.iter().any(|part| part.contains(at))),
        "only its folder and the lists may",
    )
}

/// A finding of what is named at places of a file, but for tests.
pub(super) fn told(
    rule: &'static str,
    source: &Source,
    named: impl Iterator<Item = (usize, String)>,
    instead: &str,
) -> Option<Finding> {
    let named: Vec<(usize, String)> = named.filter(|(at, _)| !source.in_test(*at)).collect();
    let mut lines: Vec<usize> = named.iter().map(|(at, _)| source.line(*at)).collect();
    let number = lines.len();
    lines.dedup();
    let mut names: Vec<String> = named.into_iter().map(|(_, name)| name).collect();
    names.sort_unstable();
    names.dedup();
    let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
    let says = format!("(line {}) names {}; {instead}", lines.join(", "), names.join(" and "));
    (number > 0).then(|| Finding { rule, place: source.path.clone(), number, says })
}

impl Word {
    /// That of a feature which nobody has yet.
    pub(super) fn of_name(name: &str) -> Self {
        Self { text: joined(name), feature: format!("modules/{name}"), ordinary: false }
    }

    /// The feature that it names.
    pub(super) fn name(&self) -> &str {
        features::name(&self.feature)
    }

    /// Whether a part of a text names the feature: `mining`, `mining-service`, `mining_pot`; an ordinary word only as a whole.
    pub(super) fn is_part(&self, text: &str) -> bool {
        let parts = parts(&text.replace('-', "_"));
        match self.ordinary {
            true => self.begins(&parts) == Some(parts.len()),
            false => (0..parts.len()).any(|from| self.begins(&parts[from..]).is_some()),
        }
    }

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

/// A house for the tests of the rules on names.
#[cfg(test)]
pub(super) mod made_up {
    use std::path::Path;

    use crate::features::Features;
    use crate::workspace::{Layers, Package, Workspace};

    pub(in super::super) fn workspace() -> Workspace {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let features = Features {
            folders: texts(&["modules/*", "storage-market"]),
            list_files: texts(&["runtime/src/lib.rs", "node/src/services.rs", "wallet/cli/src/families.rs"]),
            adapters: texts(&["runtime/src/adapters.rs"]),
            ordinary: texts(&["tokens"]),
            free: texts(&["benches"]),
            ..Features::default()
        };
        let members = [
            ("node", "node"),
            ("runtime", "runtime"),
            ("thronos", "wallet/cli"),
            ("benches", "benches"),
            ("xtask", "xtask"),
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
        let layers = Layers { beside: texts(&["xtask"]), ..Layers::default() };
        Workspace { root: "/r".into(), target: "/t".into(), packages, layers, features }
    }
}

#[cfg(test)]
mod tests {
    use super::made_up::workspace;
    use super::*;

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
            "runtime/src/adapters.rs",
            "benches/src/main.rs",
        ] {
            assert_eq!(counted(path, text), 0, "{path}");
        }
        assert_eq!(counted("fuzz/fuzz_targets/proof.rs", text), 0);
        assert_eq!(counted("modules/tokens/rules/src/lib.rs", text), 3);
        assert_eq!(counted("runtime/src/other.rs", text), 3);
    }

    const SERVICES: &str =
        "pub const SERVICES: &[Listed] = &[\n    service::<mining_service::MiningService>(), // why\n];\n";

    #[test]
    fn in_a_lists_file_only_the_entries_of_the_list_may_name_a_feature() {
        let path = "node/src/services.rs";
        assert_eq!(counted(path, SERVICES), 0);
        for (planted, number) in [
            ("pub(crate) use mining_service::{OwedList, PoolQuestion};\n", 1),
            ("pub use tokens;\n", 1),
            ("fn a(entry: &Listed) { if entry.name == mining_service::NAME {} }\n", 1),
            ("fn b() -> Listed {\n    service::<mining_service::MiningService>(),\n}\n", 2),
            ("#[cfg(test)]\nmod tests {\n    use mining_service::MiningService;\n}\n", 0),
        ] {
            assert_eq!(counted(path, &format!("{SERVICES}{planted}")), number, "{planted}");
            assert_eq!(counted(path, &format!("{planted}{SERVICES}")), number, "{planted}");
        }
        assert_eq!(counted("node/src/lib.rs", SERVICES), 2, "it is the list of another file");
        let conditional = SERVICES.replace("    service", "    #[cfg(feature = \"x\")]\n    service");
        assert_eq!(counted(path, &conditional), 2);
    }

    #[test]
    fn an_adapter_may_use_every_feature_and_hand_on_none_of_it() {
        let path = "runtime/src/adapters.rs";
        assert_eq!(
            counted(path, "use tokens::Tokens;\npub(crate) fn a() -> u8 { let b: mining::B = tokens::c(); b.d }\n"),
            0
        );
        for planted in [
            "pub use tokens::Transfer;\n",
            "pub(crate) use tokens;\n",
            "pub use {types::{A, B}, tokens as t};\n",
            "pub type T = tokens::Transfer;\n",
            "pub(in crate::a) type T = Vec<tokens::Transfer>;\n",
            "pub extern crate tokens;\n",
        ] {
            assert_eq!(
                counted(path, &format!("use tokens::Tokens;\n{planted}fn f() {{ tokens::f(); }}\n")),
                1,
                "{planted}"
            );
        }
    }

    #[test]
    fn a_number_in_place_of_a_name_is_counted_but_for_the_kernels_and_a_features_own() {
        let rules = "impl Module for Mining {\n    const ID: ModuleId = ModuleId(3);\n}\n";
        let found = |path: &str, text: &str| {
            let sources = [Source::read("modules/mining/rules/src/lib.rs", rules), Source::read(path, text)];
            check(&workspace(), &sources).into_iter().map(|found| (found.number, found.says)).collect::<Vec<_>>()
        };
        for planted in ["ModuleId(3)", "types::ModuleId( 0x03 )", "ModuleId(3_u16)"] {
            let found = found("node/src/lib.rs", &format!("const A: ModuleId = {planted};\n"));
            assert!(
                found.len() == 1 && found[0].0 == 1 && found[0].1.contains("names mining;"),
                "{planted}: {found:?}"
            );
        }
        let unknown = found("node/src/lib.rs", "fn a() { ModuleId(9) }\n");
        assert!(unknown.len() == 1 && unknown[0].1.contains("names module 9;"), "{unknown:?}");
        for other in
            ["ModuleId(0)", "ModuleId(number)", "struct ModuleId(pub u16);", "#[cfg(test)]\nfn t() { ModuleId(3); }"]
        {
            assert_eq!(found("node/src/lib.rs", other), Vec::new(), "{other}");
        }
        assert_eq!(found("modules/mining/stratum/src/a.rs", "fn a() { ModuleId(3) }\n"), Vec::new());
        assert_eq!(found("modules/mining/stratum/src/a.rs", "fn a() { ModuleId(1) }\n").len(), 1);
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
    fn a_name_that_a_feature_does_not_have_yet_is_looked_for_in_all_code() {
        let code = |path: &str| Source::read(path, "fn clock_ms(price: ClockPrice) {}\n");
        let found = of_name(&workspace(), &[code("node/src/lib.rs"), code("modules/mining/rules/src/lib.rs")], "clock");
        assert_eq!(found.iter().map(|finding| finding.number).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(
            of_name(&workspace(), &[code("runtime/src/lib.rs")], "clock").len(),
            1,
            "a list's file has code too"
        );
        assert!(of_name(&workspace(), &[code("node/tests/a.rs")], "clock").is_empty());
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
