//! `one-word`: a word stands for one thing, as far as the names of types and the glossary show it.
//!
//! - Two crates that meet (one depends on the other, or a third on both) have no public types of one name: who reads
//!   `Template` where both are at hand has to look which of them it is. The number is that of the crates.
//! - `xtask/words.txt` says which crate owns a word; a type of that name anywhere else is found, public or not.
//! - `docs/GLOSSARY.md` explains a word once; `view (of state)` beside `view (of consensus)` is one word for two things.
//!
//! Tests are not looked at, and nothing meets in the crates that may name any feature.

use std::collections::{BTreeMap, BTreeSet};

use super::Files;
use crate::Failure;
use crate::ratchet::Finding;
use crate::source::{Source, identifiers};
use crate::workspace::{Kind, Package, Workspace};

const RULE: &str = "one-word";

/// Lines `TYPE CRATE what it stands for`.
const WORDS: &str = "xtask/words.txt";

const GLOSSARY: &str = "docs/GLOSSARY.md";

const KEYWORDS: [&str; 4] = ["struct", "enum", "trait", "type"];

/// A type that a file defines.
#[derive(Debug, PartialEq, Eq)]
struct Definition {
    name: String,
    public: bool,
}

/// Which types each crate defines, and where.
type Defined<'a> = BTreeMap<&'a str, Vec<(&'a str, Definition)>>;

/// The rule over all crates.
pub(super) fn check(workspace: &Workspace, files: &Files, sources: &[Source]) -> Result<Vec<Finding>, Failure> {
    let mut defined = Defined::new();
    for package in workspace.packages.iter().filter(|package| !workspace.features.free.contains(&package.name)) {
        let folder = format!("{}/src/", package.folder.display());
        for source in sources.iter().filter(|source| source.path.starts_with(&folder)) {
            let found = definitions(source).into_iter().map(|definition| (source.path.as_str(), definition));
            defined.entry(package.name.as_str()).or_default().extend(found);
        }
    }
    let words = files.read(WORDS)?;
    let mut findings = twice(workspace, &defined);
    findings.extend(elsewhere(workspace, &words, &defined));
    findings.extend(explained_twice(&files.read(GLOSSARY)?));
    Ok(findings)
}

/// The public types of all files, each with a file that has one.
pub(super) fn public_types(sources: &[Source]) -> BTreeMap<String, String> {
    let of_one = |source: &Source| {
        let public = definitions(source).into_iter().filter(|definition| definition.public);
        public.map(|definition| (definition.name, source.path.clone())).collect::<Vec<_>>()
    };
    sources.iter().flat_map(of_one).collect()
}

/// Types at the outer level of a file; those of a trait or of a function are their own affair.
fn definitions(source: &Source) -> Vec<Definition> {
    let mut found = Vec::new();
    let mut before: [&str; 2] = ["", ""];
    let mut depth = Depth::default();
    for (at, word) in identifiers(&source.code) {
        depth.advance(&source.code, at);
        if KEYWORDS.contains(&before[1]) && depth.braces == 0 && !source.in_test(at) {
            found.push(Definition { name: word.to_owned(), public: before[0] == "pub" });
        }
        before = [before[1], word];
    }
    found
}

/// How many braces are open at a place.
#[derive(Default)]
struct Depth {
    at: usize,
    braces: i32,
}

impl Depth {
    fn advance(&mut self, code: &str, to: usize) {
        for byte in code[self.at..to].bytes() {
            match byte {
                b'{' => self.braces += 1,
                b'}' => self.braces -= 1,
                _ => {}
            }
        }
        self.at = to;
    }
}

/// Public types of one name in crates that meet.
fn twice(workspace: &Workspace, defined: &Defined) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (package, types) in defined {
        for (_, definition) in types.iter().filter(|(_, definition)| definition.public) {
            crates.entry(&definition.name).or_default().insert(package);
        }
    }
    let mut findings = Vec::new();
    for (name, owners) in crates {
        let meeting = |one: &&&str| owners.iter().any(|other| other != *one && meet(workspace, one, other));
        let meeting: Vec<&str> = owners.iter().filter(meeting).copied().collect();
        if meeting.len() > 1 {
            let says = format!("is a public type of {}, which meet; say which it is", meeting.join(", "));
            findings.push(Finding { rule: RULE, place: name.to_owned(), number: meeting.len(), says });
        }
    }
    findings
}

fn meet(workspace: &Workspace, one: &str, other: &str) -> bool {
    let knows = |package: &Package, name: &str| {
        package.name == name || package.arrows.iter().any(|arrow| arrow.kind == Kind::Built && arrow.to == name)
    };
    let mut packages = workspace.packages.iter().filter(|package| !workspace.features.free.contains(&package.name));
    packages.any(|package| knows(package, one) && knows(package, other))
}

/// Types whose name belongs to another crate.
fn elsewhere(workspace: &Workspace, words: &str, defined: &Defined) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in words.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let mut parts = line.splitn(3, ' ');
        let (Some(word), Some(owner), Some(about)) = (parts.next(), parts.next(), parts.next()) else {
            let says = format!("has a line that is not of the form TYPE CRATE what it stands for: `{line}`");
            findings.push(Finding { rule: RULE, place: WORDS.to_owned(), number: 1, says });
            continue;
        };
        let owned = defined.get(owner).is_some_and(|types| types.iter().any(|(_, definition)| definition.name == word));
        if workspace.package(owner).is_some() && !owned {
            let says = format!("gives {word} to {owner}, which has no such type");
            findings.push(Finding { rule: RULE, place: WORDS.to_owned(), number: 1, says });
        }
        let others = defined.iter().filter(|(package, _)| **package != owner).flat_map(|(_, types)| types);
        for (path, _) in others.filter(|(_, definition)| definition.name == word) {
            let says = format!("calls something else {word}, which is {about} ({owner})");
            findings.push(Finding { rule: RULE, place: format!("{path}::{word}"), number: 1, says });
        }
    }
    findings
}

/// Words with more than one row of the glossary's table. What stands in brackets or behind a comma only tells rows apart.
fn explained_twice(glossary: &str) -> Vec<Finding> {
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    let cells = glossary.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    for word in cells.filter_map(|cell| cell.split(['(', ',']).next()).map(str::trim).filter(|word| !word.is_empty()) {
        let row = rows.entry(word).or_default();
        *row = row.saturating_add(1);
    }
    let twice = rows.into_iter().filter(|(_, number)| *number > 1);
    let finding = |(word, number): (&str, usize)| {
        let says = format!("stands for {number} things; find a word for each");
        Finding { rule: RULE, place: format!("{GLOSSARY}::{}", word.replace(' ', "-")), number, says }
    };
    twice.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Features;
    use crate::workspace::{Arrow, Layers};

    /// `top` depends on `a` and `b`; `c` on nothing.
    fn workspace() -> Workspace {
        let package = |name: &str, to: &[&str]| {
            let arrow = |to: &&str| Arrow { to: (*to).to_owned(), kind: Kind::Built };
            Package { name: name.to_owned(), folder: name.into(), arrows: to.iter().map(arrow).collect(), part: None }
        };
        let packages = vec![package("a", &[]), package("b", &[]), package("c", &[]), package("top", &["a", "b"])];
        let (layers, features) = (Layers::default(), Features::default());
        Workspace { root: "/r".into(), target: "/t".into(), packages, layers, features }
    }

    fn source(path: &str, text: &str) -> Source {
        Source::read(path, text)
    }

    fn places(words: &str, sources: &[Source]) -> Vec<(String, usize)> {
        let mut defined = Defined::new();
        for source in sources {
            let package = source.path.split('/').next().unwrap_or_default();
            let found = definitions(source).into_iter().map(|definition| (source.path.as_str(), definition));
            defined.entry(package).or_default().extend(found);
        }
        let mut findings = twice(&workspace(), &defined);
        findings.extend(elsewhere(&workspace(), words, &defined));
        findings.into_iter().map(|finding| (finding.place, finding.number)).collect()
    }

    #[test]
    fn two_public_types_of_one_name_are_found_where_their_crates_meet() {
        let planted = |other: &str| [source("a/src/x.rs", "pub struct Job;\n"), source(other, "pub enum Job {}\n")];
        assert_eq!(places("", &planted("b/src/y.rs")), [("Job".to_owned(), 2)]);
        assert_eq!(places("", &planted("top/src/y.rs")), [("Job".to_owned(), 2)]);
        assert_eq!(places("", &planted("c/src/y.rs")), [], "nobody knows both");
    }

    #[test]
    fn private_types_tests_and_types_of_traits_are_not_compared() {
        for other in [
            "struct Job;\n",
            "pub(crate) struct Job;\n",
            "#[cfg(test)]\nmod tests {\n    pub struct Job;\n}\n",
            "impl T for U {\n    type Job = u8;\n}\n",
            "// pub struct Job;\n",
        ] {
            assert_eq!(
                places("", &[source("a/src/x.rs", "pub struct Job;\n"), source("b/src/y.rs", other)]),
                [],
                "{other}"
            );
        }
    }

    #[test]
    fn a_type_with_the_name_of_another_crates_word_is_found_although_it_is_private() {
        let words = "# comment\nJob a a piece of work\n";
        let sources = [source("a/src/x.rs", "pub struct Job;\n"), source("c/src/y.rs", "struct Job;\n")];
        assert_eq!(places(words, &sources), [("c/src/y.rs::Job".to_owned(), 1)]);
        assert_eq!(places(words, &sources[..1]), []);
    }

    #[test]
    fn a_word_without_its_type_or_without_a_meaning_is_found() {
        let sources = [source("a/src/x.rs", "pub struct Job;\n")];
        for words in ["Task a a piece of work\n", "Job a\n"] {
            assert_eq!(places(words, &sources), [(WORDS.to_owned(), 1)], "{words}");
        }
    }

    #[test]
    fn a_word_that_the_glossary_explains_twice_is_found() {
        let glossary = "# Words\n\n| Word | Means |\n| --- | --- |\n| job | Work. |\n| view (of state) | One. |\n| view (of all) | Two. |\n";
        let found = explained_twice(glossary);
        let found: Vec<(&str, usize)> = found.iter().map(|finding| (finding.place.as_str(), finding.number)).collect();
        assert_eq!(found, [("docs/GLOSSARY.md::view", 2)]);
    }
}
