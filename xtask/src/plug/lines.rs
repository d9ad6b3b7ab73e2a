//! The promise, counted: outside its folder a new module is one line in each list and one in the manifest beside it.
//!
//! What cargo writes, the lock file, may grow and lose nothing.

use super::tree::Copy;
use crate::Failure;
use crate::new_module::Written;

/// The files that a new module changes, each with how many lines it gets. Whoever adds one has to add a list to the house, and to say so here.
const PROMISED: &[(&str, &str)] = &[
    ("node/Cargo.toml", "1"),
    ("node/src/services.rs", "1"),
    ("runtime/Cargo.toml", "1"),
    ("runtime/src/lib.rs", "1"),
    // The second one lets the trial's part for local networks into their programs.
    ("testnet/programs/Cargo.toml", "2"),
    ("testnet/programs/src/trials.rs", "1"),
    ("wallet/cli/Cargo.toml", "1"),
    ("wallet/cli/src/families.rs", "1"),
];

/// Written by cargo.
const LOCK: &str = "Cargo.lock";

/// Compares what git sees with the promise.
pub(super) fn check(copy: &Copy, written: &Written) -> Result<(), Failure> {
    let counted = copy.git(&["diff", "--numstat"])?;
    print!("{}", copy.git(&["diff", "--stat"])?);
    let mut problems = broken(&counted);
    let untracked = copy.git(&["ls-files", "--others", "--exclude-standard"])?;
    let folder = format!("modules/{}/", written.name.kebab);
    problems.extend(untracked.lines().filter(|path| !path.starts_with(&folder)).map(|path| format!("{path} is new")));
    let mut new: Vec<&str> = untracked.lines().filter(|path| path.starts_with(&folder)).collect();
    let mut told: Vec<&str> = written.files.iter().map(String::as_str).collect();
    new.sort_unstable();
    told.sort_unstable();
    if new != told {
        problems.push(format!("{folder} holds {}, and {} is told", new.join(", "), told.join(", ")));
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("a new module changes what was not promised:\n  {}", problems.join("\n  "))))
}

/// What is wrong with `git diff --numstat`: lines of added, removed and path.
fn broken(counted: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut seen = Vec::new();
    for line in counted.lines() {
        let mut parts = line.split('\t');
        let (added, removed, path) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
        seen.push(path);
        let is_right = match (added, removed) {
            (Some(added), Some("0")) => path == LOCK || PROMISED.contains(&(path, added)),
            _ => false,
        };
        if !is_right {
            let [added, removed] = [added, removed].map(|number| number.unwrap_or("?"));
            problems.push(format!("{path} has {added} lines more and {removed} fewer"));
        }
    }
    let files = PROMISED.iter().map(|(path, _)| *path).chain([LOCK]);
    let missing = files.filter(|path| !seen.contains(path));
    problems.extend(missing.map(|path| format!("{path} has no line for it")));
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> String {
        let lines = PROMISED.iter().map(|(path, added)| format!("{added}\t0\t{path}\n"));
        lines.chain([format!("40\t0\t{LOCK}\n")]).collect()
    }

    #[test]
    fn one_line_per_list_and_manifest_is_what_was_promised() {
        assert_eq!(broken(&kept()), Vec::<String>::new());
    }

    #[test]
    fn a_line_more_a_line_lost_another_file_and_a_missing_line_are_found() {
        let planted = [
            kept().replace("1\t0\tnode/Cargo.toml", "2\t0\tnode/Cargo.toml"),
            kept().replace("1\t0\tnode/Cargo.toml", "1\t1\tnode/Cargo.toml"),
            kept().replace("1\t0\tnode/Cargo.toml\n", ""),
            kept() + "1\t0\tCargo.toml\n",
            kept() + "3\t0\tdocs/README.md\n",
            kept().replace("40\t0\tCargo.lock", "40\t2\tCargo.lock"),
        ];
        for counted in planted {
            assert_eq!(broken(&counted).len(), 1, "{counted}");
        }
    }
}
