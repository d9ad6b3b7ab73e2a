//! `cargo x check`: what must hold of every commit and needs no test run.
//!
//! The table `CHECKS` is all there is. Cheap checks come first, so that a wrong arrow is told before clippy runs.

use std::time::{Duration, Instant};

use crate::ratchet::{self, Ratchet};
use crate::workspace::Workspace;
use crate::{Failure, command, layers, licences, purity, tidy};

struct Check {
    name: &'static str,
    about: &'static str,
    /// What to do when it fails.
    remedy: &'static str,
    /// The problems found; a `Failure` means that the check itself could not run.
    find: fn(&Workspace) -> Result<Vec<String>, Failure>,
}

const CHECKS: &[Check] = &[
    Check {
        name: "format",
        about: "rustfmt",
        remedy: "run `cargo fmt --all`, and for fuzz/ `cargo fmt --manifest-path fuzz/Cargo.toml`",
        find: |workspace| {
            let mut problems = one(workspace, &["fmt", "--all", "--check"])?;
            problems.extend(one(workspace, &["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"])?);
            Ok(problems)
        },
    },
    Check {
        name: "layers",
        about: "arrows between crates only point down",
        remedy: "move the code to the layer that may know both, or let the caller own a trait (docs/ARCHITECTURE.md); of a feature only \
                 the lists know; `cargo x ratchet` writes what fell",
        find: layers::check,
    },
    Check {
        name: "tidy",
        about: "size and shape of files and functions, links, names in the docs",
        remedy: "mend the code; where that must wait, xtask/tidy-ratchet.txt takes a number that may only fall; `cargo x ratchet` writes what fell",
        find: tidy::check,
    },
    Check {
        name: "lock",
        about: "Cargo.lock and fuzz/Cargo.lock are what the manifests ask for",
        remedy: "run `cargo update --workspace`, and for fuzz/ `cargo update --manifest-path fuzz/Cargo.toml --workspace`, and commit both",
        find: |workspace| {
            let mut problems = one_silent(workspace, &["tree", "--workspace", "--locked"])?;
            problems.extend(one_silent(workspace, &["tree", "--manifest-path", "fuzz/Cargo.toml", "--locked"])?);
            Ok(problems)
        },
    },
    Check {
        name: "purity",
        about: "pure crates reach no runtime, network, disk, entropy or clock",
        remedy: "drop the dependency, or hide it behind a feature that is off by default",
        find: purity::check,
    },
    Check {
        name: "canary",
        about: "the daemon carries no planted bug",
        remedy: "turn the feature `canary` off: no default feature and no dependency may ask for it",
        find: purity::check_canary,
    },
    Check {
        name: "licences",
        about: "licences, sources and version floors of dependencies",
        remedy: "choose another crate or version; deny.toml says what is allowed, and why",
        find: licences::check,
    },
    Check {
        name: "clippy",
        about: "the compiler's lints and clippy's, warnings denied",
        remedy: "mend what is named above",
        find: |workspace| {
            one(workspace, &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"])
        },
    },
    Check {
        name: "docs",
        about: "rustdoc, warnings denied",
        remedy: "mend what is named above",
        find: |workspace| {
            let mut documented = command::cargo(workspace, &["doc", "--release", "--no-deps", "--workspace"]);
            Ok(problem(command::run(documented.env("RUSTDOCFLAGS", "-D warnings"))))
        },
    },
];

/// `cargo x check [--only NAME]… [--list]`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let mut chosen = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--only" => chosen.push(named(arguments.next())?),
            "--list" => return list(),
            "-h" | "--help" => {
                println!("cargo x check [--only NAME]… [--list]\n\nThe checks, in their order:");
                return list();
            }
            other => return Err(Failure::new(format!("check knows --only NAME and --list, not `{other}`"))),
        }
    }
    if chosen.is_empty() { all(&Workspace::load()?) } else { these(&Workspace::load()?, &chosen) }
}

/// Every check.
pub(crate) fn all(workspace: &Workspace) -> Result<(), Failure> {
    these(workspace, &CHECKS.iter().collect::<Vec<_>>())
}

/// `cargo x ratchet`: writes the numbers that fell into the ratchet; what rose is told, and stays a problem.
pub(crate) fn lower(arguments: &[String]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        println!("cargo x ratchet: writes what fell into {}; it takes no arguments", ratchet::PATH);
        return Ok(());
    }
    let workspace = Workspace::load()?;
    let mut findings = layers::unlisted(&workspace);
    findings.extend(tidy::findings(&workspace)?);
    let (text, problems) = Ratchet::load(&workspace.root)?.lowered(&findings);
    let written = std::fs::write(workspace.root.join(ratchet::PATH), text);
    written.map_err(|error| Failure::new(format!("{}: {error}", ratchet::PATH)))?;
    for problem in &problems {
        println!("  {problem}");
    }
    if problems.is_empty() { Ok(()) } else { Err(Failure::new("no exception was written for the above; mend it")) }
}

fn named(name: Option<&String>) -> Result<&'static Check, Failure> {
    let name = name.ok_or_else(|| Failure::new("--only needs the name of a check (see --list)"))?;
    let check = CHECKS.iter().find(|check| check.name == name);
    check.ok_or_else(|| Failure::new(format!("there is no check `{name}` (see `cargo x check --list`)")))
}

fn list() -> Result<(), Failure> {
    for check in CHECKS {
        println!("  {:9} {}", check.name, check.about);
    }
    Ok(())
}

/// Runs all of them, also after a failure, so that one run tells everything.
fn these(workspace: &Workspace, checks: &[&Check]) -> Result<(), Failure> {
    let mut failed = Vec::new();
    for check in checks {
        let start = Instant::now();
        let result = (check.find)(workspace);
        let problems = result.unwrap_or_else(|Failure(sentence)| vec![format!("could not run: {sentence}")]);
        print!("{}", report(check, &problems, start.elapsed()));
        if !problems.is_empty() {
            failed.push(check.name);
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format!("check failed: {}", failed.join(", ")))) }
}

/// One line when all is well; else the problems and what to do.
fn report(check: &Check, problems: &[String], elapsed: Duration) -> String {
    let verdict = if problems.is_empty() { "ok  " } else { "FAIL" };
    let mut lines = format!("{verdict} {:9} {:6.1} s  {}\n", check.name, elapsed.as_secs_f64(), check.about);
    for problem in problems {
        lines.push_str(&format!("       {problem}\n"));
    }
    if !problems.is_empty() {
        lines.push_str(&format!("     what to do: {}\n", check.remedy));
    }
    lines
}

fn one(workspace: &Workspace, arguments: &[&str]) -> Result<Vec<String>, Failure> {
    Ok(problem(command::run(&mut command::cargo(workspace, arguments))))
}

fn one_silent(workspace: &Workspace, arguments: &[&str]) -> Result<Vec<String>, Failure> {
    Ok(problem(command::output(&mut command::cargo(workspace, arguments)).map(drop)))
}

fn problem(result: Result<(), Failure>) -> Vec<String> {
    result.err().map(|Failure(sentence)| sentence).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_check_prints_its_problems_and_what_to_do() {
        let check = named(Some(&"layers".to_owned())).expect("it is in the table");
        let page = report(check, &["a -> b: wrong".to_owned()], Duration::from_millis(1500));
        assert!(page.starts_with("FAIL layers       1.5 s"), "{page}");
        assert!(page.contains("\n       a -> b: wrong\n     what to do: move"), "{page}");
        assert_eq!(report(check, &[], Duration::ZERO).lines().count(), 1);
    }

    #[test]
    fn an_unknown_check_or_option_is_refused() {
        for arguments in [&["--only", "nothing"] as &[&str], &["--only"], &["--fast"]] {
            let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
            assert!(run(&arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn a_check_that_cannot_run_fails() {
        let check = Check { name: "n", about: "a", remedy: "r", find: |_| Err(Failure::new("no such file")) };
        let workspace = Workspace {
            root: "/".into(),
            target: "/".into(),
            packages: Vec::new(),
            layers: crate::workspace::Layers::default(),
            features: crate::features::Features::default(),
        };
        assert!(these(&workspace, &[&check]).is_err());
    }
}
