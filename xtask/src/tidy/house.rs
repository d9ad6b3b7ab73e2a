//! The rules that look at packages: the lints that every one of them takes, and those of the pure ones.

use super::{Files, Finding};
use crate::Failure;
use crate::workspace::{Package, Workspace};

/// The clippy.toml of pure crates; clippy looks for one file beside the manifest, so each crate has a copy.
const PURE_CLIPPY: &str = "xtask/pure-clippy.toml";

/// What the `lib.rs` of a pure crate denies, outside its tests.
const PURE_LINTS: [&str; 5] = [
    "clippy::unwrap_used",
    "clippy::panic",
    "clippy::float_arithmetic",
    "clippy::indexing_slicing",
    "clippy::arithmetic_side_effects",
];

/// The packages that may hold unsafe code, each block allowed by itself, and the most of them: `lanes` enters code for
/// instructions that not every processor has in three places, and twice in tests.
const UNSAFE_PACKAGES: [(&str, usize); 1] = [("lanes", 5)];

/// All rules over all packages.
pub(super) fn check(workspace: &Workspace, files: &Files) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let root = files.read("Cargo.toml")?;
    if !root.lines().any(|line| line == "unsafe_code = \"forbid\"") {
        findings.push(finding("package-lints", "Cargo.toml", "does not forbid unsafe code for the workspace"));
    }
    for package in &workspace.packages {
        let manifest = path(package, "Cargo.toml");
        let text = files.read(&manifest)?;
        match UNSAFE_PACKAGES.iter().find(|(name, _)| *name == package.name) {
            Some((_, most)) => findings.extend(unsafe_code(package, files, &manifest, &text, *most)?),
            None => findings.extend(package_lints(&manifest, &text)),
        }
    }
    let original = files.read(PURE_CLIPPY)?;
    for package in workspace.pure() {
        let library = path(package, "src/lib.rs");
        findings.extend(pure_lints(&library, &files.read(&library)?));
        let clippy = path(package, "clippy.toml");
        let copy = if files.paths.contains(&clippy) { files.read(&clippy)? } else { String::new() };
        if copy != original {
            let says = format!("is not a copy of {PURE_CLIPPY}: cp {PURE_CLIPPY} {clippy}");
            findings.push(finding("pure-clippy", &clippy, &says));
        }
    }
    Ok(findings)
}

fn path(package: &Package, file: &str) -> String {
    format!("{}/{file}", package.folder.display())
}

fn finding(rule: &'static str, place: &str, says: &str) -> Finding {
    Finding { rule, place: place.to_owned(), number: 1, says: says.to_owned() }
}

fn package_lints(manifest: &str, text: &str) -> Option<Finding> {
    let taken = text.contains("[lints]\nworkspace = true");
    (!taken)
        .then(|| finding("package-lints", manifest, "does not take the workspace's lints ([lints] workspace = true)"))
}

/// Denied all the same, so that each block has to say why it is there.
fn unsafe_code(
    package: &Package,
    files: &Files,
    manifest: &str,
    text: &str,
    most: usize,
) -> Result<Option<Finding>, Failure> {
    let folder = format!("{}/", package.folder.display());
    let mut blocks: usize = 0;
    for source in files.paths.iter().filter(|path| path.starts_with(&folder) && path.ends_with(".rs")) {
        blocks = blocks.saturating_add(files.read(source)?.matches("#[allow(unsafe_code").count());
    }
    let says = if text.contains("unsafe_code = \"deny\"") && blocks <= most {
        return Ok(None);
    } else {
        format!("has to deny unsafe code and allow at most {most} blocks of it; it allows {blocks}")
    };
    Ok(Some(Finding { rule: "unsafe-code", place: manifest.to_owned(), number: blocks, says }))
}

fn pure_lints(library: &str, text: &str) -> Option<Finding> {
    let text: String = text.split_whitespace().collect();
    let starts = ["#![deny(", "#![cfg_attr(not(test),deny("];
    let denied = starts.iter().filter_map(|start| text.split_once(start)).filter_map(|(_, rest)| rest.split_once(")]"));
    let denied: String = denied.map(|(lints, _)| lints).collect();
    let missing: Vec<&str> = PURE_LINTS.into_iter().filter(|lint| !denied.contains(lint)).collect();
    if missing.is_empty() {
        return None;
    }
    let says = format!("is pure, but does not deny {} by `#![deny(…)]`", missing.join(", "));
    Some(Finding { rule: "pure-lints", place: library.to_owned(), number: missing.len(), says })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_without_the_lints_is_found() {
        assert!(package_lints("a/Cargo.toml", "[package]\nname = \"a\"\n").is_some());
        assert!(package_lints("a/Cargo.toml", "[lints]\nworkspace = true\n").is_none());
    }

    #[test]
    fn a_pure_crate_that_denies_too_little_is_found_with_what_is_missing() {
        let all = PURE_LINTS.join(",\n    ");
        for start in ["#![deny(", "#![cfg_attr(not(test), deny(", "#![cfg_attr(\n    not(test),\n    deny("] {
            assert_eq!(pure_lints("a/src/lib.rs", &format!("//! A.\n{start}\n    {all}\n)]\n")), None);
        }
        let found = pure_lints("a/src/lib.rs", "//! A.\n#![deny(clippy::panic, clippy::unwrap_used)]\n");
        let found = found.expect("three lints are missing");
        assert_eq!(found.number, 3);
        assert!(found.says.contains("clippy::indexing_slicing") && !found.says.contains("clippy::panic"));
        assert_eq!(pure_lints("a/src/lib.rs", "//! A.\n").map(|found| found.number), Some(5));
    }
}
