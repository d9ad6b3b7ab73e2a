//! `cargo x fuzz`: one decoder under hostile bytes, by cargo-fuzz, which needs a nightly compiler.
//!
//! Continuous integration only compiles the targets; running them is for people with time.

use std::process::Stdio;

use crate::workspace::Workspace;
use crate::{Failure, command};

/// `cargo x fuzz [TARGET] [ARGS]`; without a target it lists them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let targets = targets(&workspace)?;
    let Some((target, rest)) = arguments.split_first().filter(|(first, _)| !first.starts_with('-')) else {
        println!("cargo x fuzz TARGET [ARGS]\n\nThe targets (fuzz/fuzz_targets/):\n  {}", targets.join("\n  "));
        return Ok(());
    };
    if !targets.contains(target) {
        return Err(Failure::new(format!("there is no fuzz target `{target}`; there are: {}", targets.join(", "))));
    }
    let mut version = fuzzer(&workspace, &["--version"]);
    let installed = version.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        return Err(Failure::new(
            "cargo-fuzz or the nightly compiler is missing. Install them by:\n    \
             rustup toolchain install nightly && cargo install cargo-fuzz",
        ));
    }
    command::become_program(fuzzer(&workspace, &["run", target]).args(rest))
}

/// The rustup proxy chooses nightly, so the toolchain that runs `cargo x` must not be passed on.
fn fuzzer(workspace: &Workspace, arguments: &[&str]) -> std::process::Command {
    let mut command = command::command(workspace, "cargo");
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN").args(["+nightly", "fuzz"]).args(arguments);
    command
}

fn targets(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let folder = workspace.root.join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).map_err(|error| Failure::new(format!("fuzz/fuzz_targets: {error}")))?;
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut targets: Vec<String> = names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect();
    targets.sort();
    Ok(targets)
}

/// Compiles every target with the pinned compiler.
pub(crate) fn compile(workspace: &Workspace) -> Result<(), Failure> {
    let mut checked = command::cargo(
        workspace,
        &["check", "--release", "--manifest-path", "fuzz/Cargo.toml", "--no-default-features"],
    );
    command::run(checked.arg("--target-dir").arg(&workspace.target))
}
