//! The rules that look at documents: links lead somewhere, and the map names only what exists.
//!
//! In `docs/ARCHITECTURE.md`, `docs/FAULTS.md` and the page of each feature a back-ticked path must be a file or a folder, and `path.rs::name` must name an item of
//! that file; the path may be shortened to its end as long as one file fits.

use super::{Files, Finding};
use crate::Failure;
use crate::features::Features;
use crate::source::{Source, words};

/// The pages that name files, functions and tests; every feature's page is one too.
const MAPS: [&str; 2] = ["docs/ARCHITECTURE.md", "docs/FAULTS.md"];

/// All rules over all documents.
pub(super) fn check(features: &Features, files: &Files, sources: &[Source]) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for page in files.with_extension("md") {
        let text = files.read(page)?;
        let dead: Vec<String> = links(&text).filter(|link| !leads_somewhere(files, page, link)).collect();
        findings.extend(finding("link", page, "links to what does not exist", &dead));
        if is_map(features, page) {
            let names = code_spans(&text);
            let unknown: Vec<String> = names.filter(|name| !exists(files, sources, name)).map(str::to_owned).collect();
            findings.extend(finding("map", page, "names what does not exist", &unknown));
        }
    }
    Ok(findings)
}

fn is_map(features: &Features, page: &str) -> bool {
    let of_feature = page.strip_suffix("/README.md").filter(|folder| features.folder_of(folder) == Some(folder));
    MAPS.contains(&page) || of_feature.is_some()
}

fn finding(rule: &'static str, page: &str, says: &str, wrong: &[String]) -> Option<Finding> {
    let says = format!("{says}: {}", wrong.join(", "));
    (!wrong.is_empty()).then(|| Finding { rule, place: page.to_owned(), number: wrong.len(), says })
}

/// The lines outside fenced blocks.
pub(super) fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    text.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Back-ticked words.
fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    prose(text).flat_map(|line| line.split('`').skip(1).step_by(2))
}

/// Targets of relative links, without their anchors.
fn links(text: &str) -> impl Iterator<Item = String> {
    let without_code = prose(text).map(|line| line.split('`').step_by(2).collect::<String>());
    without_code.flat_map(|line| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        let paths = targets.map(|target| target.split('#').next().unwrap_or_default().to_owned());
        let relative = |path: &String| !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:");
        paths.filter(relative).collect::<Vec<_>>()
    })
}

fn leads_somewhere(files: &Files, page: &str, link: &str) -> bool {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in link.trim_end_matches('/').split('/') {
        match part {
            "." => {}
            ".." => {
                if parts.pop().is_none() {
                    return false;
                }
            }
            part => parts.push(part),
        }
    }
    is_known(files, &parts.join("/"))
}

/// A file, or a folder with files in it.
fn is_known(files: &Files, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    let folder = format!("{path}/");
    path.is_empty() || files.paths.contains(path) || files.paths.iter().any(|file| file.starts_with(&folder))
}

/// Whether a back-ticked word exists; words that are no paths are not judged.
fn exists(files: &Files, sources: &[Source], name: &str) -> bool {
    if let Some((path, item)) = name.split_once(".rs::") {
        return defines(sources, &format!("{path}.rs"), item);
    }
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c)) {
        return true;
    }
    let is_file = [".rs", ".toml", ".md", ".sh", ".txt"].iter().any(|end| name.ends_with(end));
    if !name.contains('/') {
        // A bare file name may stand for one in any folder; files of a node's home are no part of the project.
        return !name.ends_with(".rs") || files.paths.iter().any(|path| path.rsplit('/').next() == Some(name));
    }
    !(is_file || name.ends_with('/')) || name.starts_with(['/', '.']) || is_known(files, name) || has_end(files, name)
}

fn has_end(files: &Files, name: &str) -> bool {
    files.paths.iter().any(|path| path.ends_with(&format!("/{name}")))
}

/// Whether a file defines every part of `Type::method` or `function`.
fn defines(sources: &[Source], path: &str, item: &str) -> bool {
    let end = format!("/{path}");
    let fits: Vec<&Source> =
        sources.iter().filter(|source| source.path == path || source.path.ends_with(&end)).collect();
    let exact = fits.iter().find(|source| source.path == path).or(fits.first());
    let Some(source) = exact.filter(|source| fits.len() == 1 || source.path == path) else { return false };
    item.split("::").all(|part| {
        let part = part.split('(').next().unwrap_or_default();
        words(&source.code, part).any(|at| is_definition(&source.code, at, part.len()))
    })
}

fn is_definition(code: &str, at: usize, length: usize) -> bool {
    const KEYWORDS: [&str; 10] =
        ["fn", "struct", "enum", "trait", "const", "static", "type", "mod", "impl", "macro_rules!"];
    let before = code[..at].split_whitespace().next_back().unwrap_or_default();
    let after = code[at + length..].trim_start();
    // An enum's variant begins its line and is followed by its fields or a comma.
    let begins_line = code[..at].rsplit('\n').next().is_some_and(|line| line.trim().is_empty());
    KEYWORDS.contains(&before) || (begins_line && after.starts_with([',', '{', '(']))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn files() -> Files<'static> {
        let paths =
            ["README.md", "docs/API.md", "docs/ARCHITECTURE.md", "a/src/step.rs", "b/src/lib.rs", "c/src/lib.rs"];
        Files { root: Path::new("/nonexistent"), paths: paths.map(str::to_owned).into() }
    }

    #[test]
    fn links_are_found_in_prose_only_and_resolved_from_their_page() {
        let text = "[a](API.md#x) [b](../README.md \"t\") [c](gone.md) `[d](code.md)`\n```\n[e](fenced.md)\n```\n\
                    [f](https://example.org/x.md) [g](#here) [h](../../out.md) [i](../a/src/)\n";
        let dead: Vec<String> =
            links(text).filter(|link| !leads_somewhere(&files(), "docs/ARCHITECTURE.md", link)).collect();
        assert_eq!(dead, ["gone.md", "../../out.md"]);
    }

    #[test]
    fn the_map_names_only_files_and_items_that_exist() {
        let text = "//! A.\npub struct Step;\nimpl Step {\n    fn advance() {}\n}\nenum E {\n    First,\n}\n";
        let sources = [
            Source::read("a/src/step.rs", text),
            Source::read("b/src/lib.rs", "fn x() {}"),
            Source::read("c/src/lib.rs", ""),
        ];
        let exists = |name: &str| exists(&files(), &sources, name);
        let real =
            ["a/src/step.rs", "step.rs", "src/step.rs", "a/", "step.rs::advance", "a/src/step.rs::Step::advance"];
        for name in real.into_iter().chain(["step.rs::First", "b/src/lib.rs::x", "cargo x", "config.toml", "n/a"]) {
            assert!(exists(name), "{name}");
        }
        let made_up = ["a/src/stop.rs", "stop.rs", "d/", "step.rs::retreat", "step.rs::Stop::advance", "lib.rs::x"];
        for name in made_up.into_iter().chain(["docs/GLOSSARY.md", "b/src/lib.rs::advance"]) {
            assert!(!exists(name), "{name}");
        }
    }

    #[test]
    fn the_page_of_a_feature_is_a_map_and_other_readmes_are_not() {
        let folders = vec!["modules/*".to_owned(), "storage-market".to_owned()];
        let features = Features { folders, ..Features::default() };
        for page in ["docs/FAULTS.md", "modules/mining/README.md", "storage-market/README.md"] {
            assert!(is_map(&features, page), "{page}");
        }
        for page in ["README.md", "modules/README.md", "modules/mining/rules/README.md", "docs/MINING.md"] {
            assert!(!is_map(&features, page), "{page}");
        }
    }

    #[test]
    fn a_page_is_named_with_all_that_is_wrong_with_it() {
        let found = finding("link", "README.md", "links to what does not exist", &["x".to_owned(), "y".to_owned()]);
        assert_eq!(
            found.map(|found| (found.number, found.says)),
            Some((2, "links to what does not exist: x, y".to_owned()))
        );
        assert_eq!(finding("link", "README.md", "", &[]), None);
    }
}
