//! Tidy: the rules of shape that a compiler does not check.
//!
//! Every rule yields findings with a number (lines, occurrences); a line of `xtask/tidy-ratchet.txt` may allow a
//! number for a while. `source.rs` beside this reads Rust just well enough to tell code, comments, strings, functions
//! and test parts apart; `rules.rs` looks at one file, `house.rs` at packages, `pages.rs` at documents,
//! `feature_words.rs`, `feature_texts.rs` and `feature_shape.rs` (with `first_bytes.rs`) at features, `one_word.rs` at the names of types.

mod feature_shape;
mod feature_texts;
mod feature_words;
mod first_bytes;
mod house;
mod one_word;
mod pages;
mod rules;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::ratchet::{Finding, Ratchet};
use crate::source::{self, Source};
use crate::workspace::Workspace;
use crate::{Failure, layers};

/// The files of the project, by paths relative to the root, sorted.
struct Files<'a> {
    root: &'a Path,
    paths: BTreeSet<String>,
}

impl Files<'_> {
    fn read(&self, path: &str) -> Result<String, Failure> {
        std::fs::read_to_string(self.root.join(path)).map_err(|error| Failure::new(format!("{path}: {error}")))
    }

    fn with_extension(&self, extension: &str) -> impl Iterator<Item = &String> {
        self.paths.iter().filter(move |path| path.rsplit_once('.').is_some_and(|(_, end)| end == extension))
    }
}

/// Runs the check.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let ratchet = Ratchet::load(&workspace.root)?;
    Ok(ratchet.judge(|rule| rule != layers::LISTS, findings(workspace)?))
}

/// All that the rules do not like, exceptions included.
pub(crate) fn findings(workspace: &Workspace) -> Result<Vec<Finding>, Failure> {
    let files = Files { root: &workspace.root, paths: tracked(&workspace.root)? };
    let sources = sources(&files)?;
    let mut findings: Vec<Finding> = sources.iter().flat_map(rules::check).collect();
    findings.extend(house::check(workspace, &files)?);
    findings.extend(pages::check(&workspace.features, &files, &sources)?);
    findings.extend(feature_words::check(workspace, &sources));
    findings.extend(feature_texts::check(workspace, &sources));
    findings.extend(feature_shape::check(workspace, &files, &sources)?);
    findings.extend(one_word::check(workspace, &files, &sources)?);
    Ok(findings)
}

/// What code has that a feature of this name could not be told from: its word, or public types that it would have too.
pub(crate) fn in_the_way(
    workspace: &Workspace,
    name: &str,
    types: &BTreeSet<String>,
) -> Result<Option<String>, Failure> {
    let files = Files { root: &workspace.root, paths: tracked(&workspace.root)? };
    let sources = sources(&files)?;
    let mut named = feature_words::of_name(workspace, &sources, name);
    named.extend(feature_texts::of_name(workspace, &sources, name));
    if let Some(Finding { place, says, .. }) = named.first() {
        let lines = says.split(" names ").next().unwrap_or_default();
        let more = named.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!(", and {more} more files") };
        return Ok(Some(format!("code, where it means something else: {place} {lines}{more}")));
    }
    let public = one_word::public_types(&sources);
    let both = types.iter().find_map(|name| Some((name, public.get(name)?)));
    Ok(both.map(|(name, path)| format!("the type `{name}` in {path}")))
}

fn sources(files: &Files<'_>) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for path in files.with_extension("rs") {
        sources.push(Source::read(path, &files.read(path)?));
    }
    source::mark_test_modules(&mut sources);
    Ok(sources)
}

/// What git tracks or would track, as far as it exists: a new file is checked before its commit.
fn tracked(root: &Path) -> Result<BTreeSet<String>, Failure> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = git.stderr(Stdio::inherit()).output();
    let listed = listed.map_err(|error| Failure::new(format!("cannot start `git ls-files`: {error}")))?;
    if !listed.status.success() {
        return Err(Failure::new("`git ls-files` failed: tidy looks at the files of a git checkout"));
    }
    let text = String::from_utf8_lossy(&listed.stdout);
    let paths = text.split('\0').filter(|path| !path.is_empty() && root.join(path).is_file());
    Ok(paths.map(str::to_owned).collect())
}
