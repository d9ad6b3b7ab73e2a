//! Stage `plug` of `cargo x test`: the promise that a feature is a folder and one line per list, as a test.
//!
//! In a copy of the tree a new module is written as `cargo x new-module` does for people. Outside its folder nothing may have
//! changed but the promised lines; the checks must pass with it, and bite when the house names it elsewhere; its tests must pass;
//! and a network of real processes must carry out its call, report its event, prove its state and answer its route.
//!
//! Artifacts that do not depend on the new module are shared with the target folder by hard links, so that the stage costs time and
//! disk for what does, and no more. It must not know what the template holds but for its answers.

mod lines;
mod network;
mod tree;

use std::process::Command;

use crate::new_module::{self, Written};
use crate::workspace::Workspace;
use crate::{Failure, command, layers, run, tidy};
use tree::Copy;

/// A module that the house does not have.
const NAME: &str = "guestbook";

/// The tests of a new module, by the names that its manifests give them.
const TESTS: [&str; 4] = ["rules", "service", "client", "trial"];

/// A short test of each package with a program that a network needs: `devnet`, `thronosd`, `thronos`. They are built and not run.
const PROGRAMS: [&str; 3] = ["devnet", "probes", "thronos"];

/// The tests of the crate that lists the modules: what holds for the modules of every chain holds with one more.
const OF_THE_LIST: &str = "chain";

/// Runs the stage.
pub(crate) fn run(workspace: &Workspace) -> Result<(), Failure> {
    // What every build needs is built where others find it, and then shared. Where that was done once, it is there.
    if !workspace.target.join("release/thronosd").exists() {
        run::build(workspace, &[])?;
    }
    let copy = Copy::make(workspace)?;
    let before = problems(&copy)?;
    say(&format!("writing the module `{NAME}` in {}", copy.workspace.root.display()));
    let written = new_module::write(&copy.workspace, NAME)?;
    lines::check(&copy, &written)?;
    say("outside its folder nothing changed but the promised lines");
    checks_pass(&copy, &before)?;
    checks_bite(&copy, &written)?;
    say("building with it, and running its tests and those of the list of modules");
    build(&copy, &written)?;
    test(&copy, &written)?;
    network::prove(&copy, &written)?;
    copy.remove_tree()
}

fn say(text: &str) {
    println!("plug: {text}");
}

/// Format, arrows and shape are no worse with the new module than without.
fn checks_pass(copy: &Copy, before: &[String]) -> Result<(), Failure> {
    command::run(&mut copy.cargo(&["fmt", "--all", "--check"]))?;
    let problems: Vec<String> = problems(copy)?.into_iter().filter(|problem| !before.contains(problem)).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("checks refuse a new module:\n  {}", problems.join("\n  "))))
}

fn problems(copy: &Copy) -> Result<Vec<String>, Failure> {
    let workspace = copy.reload()?;
    let mut problems = layers::check(&workspace)?;
    problems.extend(tidy::check(&workspace)?);
    Ok(problems)
}

/// Names the module in the house, as somebody in a hurry would: by an arrow, in code, in a text, and handed on by the list that may
/// name it. Each has to be told by its rule.
fn checks_bite(copy: &Copy, written: &Written) -> Result<(), Failure> {
    let name = &written.name;
    let arrow = format!("genesis->{}", name.kebab);
    let (code, list) = ("genesis/src/lib.rs", "runtime/src/lib.rs");
    let handed_on = format!("\n/// Somebody was in a hurry.\npub use {}::{};\n", name.snake, name.pascal);
    let text = format!("\n/// And again.\npub const ROUTE: &str = \"/api/v1/{}/count\";\n", name.snake);
    let planted = [
        (
            "genesis/Cargo.toml",
            format!("\n[dependencies.{}]\npath = \"../modules/{}/rules\"\n", name.kebab, name.kebab),
        ),
        (code, format!("{handed_on}{text}")),
        (list, handed_on),
    ];
    let kept = copy.append(&planted)?;
    let found = problems(copy);
    copy.restore(kept)?;
    let found = found?;
    for (rule, place) in
        [("lists", arrow.as_str()), ("feature-word", code), ("feature-text", code), ("feature-word", list)]
    {
        // The place begins the sentence: others name it too, as the remedy or as a number that rose.
        if !found.iter().any(|problem| problem.starts_with(place) && problem.contains(&format!("[{rule}"))) {
            let told = found.join("\n  ");
            return Err(Failure::new(format!(
                "the rule `{rule}` does not find a planted mistake in {place}:\n  {told}"
            )));
        }
    }
    say(
        "the rules `lists`, `feature-word` and `feature-text` find the module when the house names it elsewhere or hands it on",
    );
    Ok(())
}

/// Programs and tests at once, with the features of the whole workspace's tests: of these `cargo x test` has the artifacts, and one
/// choice of features means that everything is compiled once. Cargo builds a package's programs for its tests.
fn build(copy: &Copy, written: &Written) -> Result<(), Failure> {
    let mut built = copy.cargo(&["test", "--release", "--workspace", "--no-run"]);
    for test in PROGRAMS {
        built.args(["--test", test]);
    }
    command::run(own_tests(&mut built, written))
}

/// The tests of the new module, and of the crate that lists it.
fn test(copy: &Copy, written: &Written) -> Result<(), Failure> {
    command::run(own_tests(&mut copy.cargo(&["test", "--release", "--workspace"]), written))
}

/// The tests of the new module, which have names of their own, and of the crate that lists it.
fn own_tests<'a>(cargo: &'a mut Command, written: &Written) -> &'a mut Command {
    cargo.args(["--test", OF_THE_LIST]);
    for role in TESTS {
        if written.files.iter().any(|file| file.ends_with(&format!("/{role}/Cargo.toml"))) {
            cargo.args(["--test", &format!("{}-{role}", written.name.kebab)]);
        }
    }
    cargo
}

/// A program of the copy, which learns from its environment where the others are.
fn program(copy: &Copy, name: &str) -> Command {
    run::binary(&copy.workspace, name)
}
