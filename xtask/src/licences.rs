//! Licences, sources and version floors of everything that is compiled, against the lists in `deny.toml`.
//!
//! `cargo deny` reads the same file and knows more; it runs too where it is installed. This check needs nothing
//! but cargo. It reads only two lists, `allow` of `[licenses]` and `deny` of `[bans]`, one entry per line.

use std::collections::BTreeMap;
use std::process::Stdio;

use crate::workspace::Workspace;
use crate::{Failure, command};

/// What `deny.toml` says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Policy {
    allowed: Vec<String>,
    /// Crate, and the lowest version that is allowed.
    floors: BTreeMap<String, String>,
}

/// One line of `cargo tree`.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    name: String,
    version: String,
    /// What stands in parentheses: a folder or a git address; nothing for crates.io.
    source: Option<String>,
    licence: String,
}

/// Runs the check.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let file = workspace.root.join("deny.toml");
    let text = std::fs::read_to_string(&file).map_err(|error| Failure::new(format!("deny.toml: {error}")))?;
    let policy = Policy::parse(&text);
    if policy.allowed.is_empty() || policy.floors.is_empty() {
        return Err(Failure::new("deny.toml: the lists `allow` and `deny` must not be empty"));
    }
    let arguments = ["tree", "--workspace", "--all-features", "--prefix", "none", "--format", "{p}\t{l}"];
    let tree = command::output(&mut command::cargo(workspace, &arguments))?;
    let root = workspace.root.to_string_lossy();
    let lines = tree.lines().filter(|line| !line.is_empty());
    let mut found: Vec<String> = lines.flat_map(|line| problems(&policy, &root, line)).collect();
    found.sort();
    found.dedup();
    found.extend(cargo_deny(workspace)?);
    Ok(found)
}

/// `cargo deny` where it is installed. Advisories need the network and are left to whoever calls it by hand.
fn cargo_deny(workspace: &Workspace) -> Result<Option<String>, Failure> {
    let mut version = command::cargo(workspace, &["deny", "--version"]);
    let installed = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    let arguments = ["deny", "--log-level", "error", "check", "bans", "licenses", "sources"];
    let ended = command::run(&mut command::cargo(workspace, &arguments));
    Ok(ended.err().map(|Failure(sentence)| sentence))
}

impl Policy {
    fn parse(text: &str) -> Self {
        let mut policy = Self::default();
        let (mut section, mut list) = (String::new(), String::new());
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            if line.starts_with('[') && line.ends_with(']') {
                section = line.to_owned();
            } else if let Some((key, _)) = line.split_once(" = [") {
                list = key.to_owned();
            }
            match (section.as_str(), list.as_str()) {
                ("[licenses]", "allow") => policy.allowed.extend(quoted(line).map(str::to_owned)),
                ("[bans]", "deny") => policy.floors.extend(quoted(line).next().and_then(floor)),
                _ => {}
            }
            if line.ends_with(']') {
                list.clear();
            }
        }
        policy
    }
}

/// `name:<1.2.3` says that 1.2.3 is the floor.
fn floor(entry: &str) -> Option<(String, String)> {
    entry.split_once(":<").map(|(name, version)| (name.to_owned(), version.to_owned()))
}

fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

fn problems(policy: &Policy, root: &str, line: &str) -> Vec<String> {
    let Some(dependency) = parse(line) else { return vec![format!("cannot read this line of cargo tree: {line}")] };
    let Dependency { name, version, source, licence } = &dependency;
    let mut problems = Vec::new();
    match source {
        None => {}
        Some(folder) if folder == root || folder.starts_with(&format!("{root}/")) => {}
        Some(source) => problems.push(format!("{name} {version} comes from {source}, not from crates.io")),
    }
    if !allows(&policy.allowed, licence) {
        problems.push(format!("{name} {version} has the licence `{licence}`, which deny.toml does not allow"));
    }
    if let Some(floor) = policy.floors.get(name).filter(|floor| numbers(version) < numbers(floor)) {
        problems.push(format!("{name} {version} is older than {floor}, its floor in deny.toml"));
    }
    problems
}

fn parse(line: &str) -> Option<Dependency> {
    let (package, licence) = line.split_once('\t')?;
    let mut words = package.split_whitespace();
    let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
    let source = words.find(|word| *word != "(proc-macro)" && *word != "(*)");
    let source = source.map(|word| word.trim_matches(['(', ')']).to_owned());
    Some(Dependency { name, version, source, licence: licence.trim_end_matches(" (*)").to_owned() })
}

/// The numbers of a version. A pre-release counts as its release: floors are about fixed bugs, not about order.
fn numbers(version: &str) -> Vec<u64> {
    let release = version.split(['-', '+']).next().unwrap_or_default();
    release.split('.').map(|number| number.parse().unwrap_or(0)).collect()
}

/// Whether an SPDX expression can be met with the allowed licences alone. `/` is an old form of OR.
fn allows(allowed: &[String], expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Expression { allowed, words: &words };
    reader.either() == Some(true) && reader.words.is_empty()
}

struct Expression<'a> {
    allowed: &'a [String],
    words: &'a [&'a str],
}

impl Expression<'_> {
    fn either(&mut self) -> Option<bool> {
        let mut met = self.both()?;
        while self.take("OR") {
            let other = self.both()?;
            met = met || other;
        }
        Some(met)
    }

    fn both(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            let other = self.one()?;
            met = met && other;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.either()?;
            return self.take(")").then_some(met);
        }
        let (name, rest) = self.words.split_first()?;
        self.words = rest;
        let name = if self.take("WITH") {
            let (exception, rest) = self.words.split_first()?;
            self.words = rest;
            format!("{name} WITH {exception}")
        } else {
            (*name).to_owned()
        };
        Some(self.allowed.contains(&name))
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = &self.words[1..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::parse(
            "[licenses]\nallow = [\n  \"MIT\", # short\n  \"Apache-2.0\",\n  \"ISC\",\n]\nconfidence = 0.9\n\
             [bans]\nwildcards = \"deny\"\ndeny = [\n  { crate = \"yamux:<0.13.10\", reason = \"a\" },\n]\n\
             [sources]\nallow-registry = [\"GPL-3.0\"]\n",
        )
    }

    #[test]
    fn reads_the_two_lists_of_the_policy_and_nothing_else() {
        let policy = policy();
        assert_eq!(policy.allowed, ["MIT", "Apache-2.0", "ISC"]);
        assert_eq!(policy.floors, BTreeMap::from([("yamux".to_owned(), "0.13.10".to_owned())]));
    }

    #[test]
    fn an_expression_is_met_only_by_allowed_licences() {
        let allowed = policy().allowed;
        for met in ["MIT", "GPL-3.0 OR MIT", "MIT/GPL-2.0", "(GPL-3.0 OR ISC) AND MIT", "Apache-2.0 / MIT"] {
            assert!(allows(&allowed, met), "{met}");
        }
        let refused = ["GPL-3.0", "AGPL-3.0-only AND MIT", "MIT AND (GPL-3.0 OR MPL-2.0)", "", "MIT OR", "(MIT"];
        for refused in refused.into_iter().chain(["Apache-2.0 WITH LLVM-exception", "MIT GPL-3.0", "mit)"]) {
            assert!(!allows(&allowed, refused), "{refused}");
        }
    }

    // FAULTS Z1
    #[test]
    fn a_gpl_crate_an_old_version_and_a_git_dependency_are_refused() {
        let one = |line: &str| problems(&policy(), "/r", line);
        assert!(one("planted v1.0.0\tGPL-3.0-only")[0].contains("licence `GPL-3.0-only`"));
        assert!(one("nothing v1.0.0\t")[0].contains("licence ``"));
        assert!(one("yamux v0.13.9\tMIT")[0].contains("older than 0.13.10"));
        assert!(one("forked v1.0.0 (https://example.org/forked?rev=1#abc)\tMIT")[0].contains("not from crates.io"));
        assert!(one("outside v1.0.0 (/rest/outside)\tMIT")[0].contains("not from crates.io"));
    }

    #[test]
    fn a_good_crate_passes_with_every_mark_of_cargo_tree() {
        let lines =
            ["yamux v0.13.10\tMIT", "yamux v0.14.0\tMIT (*)", "serde_derive v1.0.0 (proc-macro)\tMIT OR GPL-3.0"];
        for line in lines.into_iter().chain(["types v0.1.0 (/r/types)\tApache-2.0", "x v1.2.3+4 (*)\tISC"]) {
            assert_eq!(problems(&policy(), "/r", line), Vec::<String>::new(), "{line}");
        }
    }
}
