//! `cargo x fuzz`: one decoder under hostile bytes, by libFuzzer.
//!
//! The pinned compiler instruments for libFuzzer as well as a nightly one; only address sanitizing would need
//! nightly, and the house forbids unsafe code. So this needs nothing but cargo and the C++ compiler of `./setup`.
//! Continuous integration only compiles the targets; running them is for people with time.

use crate::workspace::Workspace;
use crate::{Failure, command};

/// Edge counters and comparison traces, as libFuzzer wants them; assertions on, and `cfg(fuzzing)` for the few crates
/// that ask for it.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1 --cfg fuzzing";

const HELP: &str = "\
cargo x fuzz TARGET [ARGS of libFuzzer]

Runs until a crash or Ctrl-C; `-max_total_time=60` stops after a minute, the name of a crash file repeats it. What
was found to be interesting is kept in fuzz/corpus/, crashes in fuzz/artifacts/. It begins with what stands in
fuzz/seeds/TARGET/, if that is there: good inputs, without which hardly any byte gets behind a parser.

The targets (fuzz/fuzz_targets/):";

/// `cargo x fuzz [TARGET] [ARGS]`; without a target it lists them.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    let targets = targets(&workspace)?;
    let Some((target, rest)) = arguments.split_first().filter(|(first, _)| !first.starts_with('-')) else {
        println!("{HELP}\n  {}", targets.join("\n  "));
        return Ok(());
    };
    if !targets.contains(target) {
        return Err(Failure::new(format!("there is no fuzz target `{target}`; there are: {}", targets.join(", "))));
    }
    let corpus = format!("fuzz/corpus/{target}");
    let artifacts = format!("fuzz/artifacts/{target}/");
    for folder in [&corpus, &artifacts] {
        let made = std::fs::create_dir_all(workspace.root.join(folder));
        made.map_err(|error| Failure::new(format!("cannot make the folder {folder}: {error}")))?;
    }
    let mut started = command::command(&workspace, build(&workspace, target)?);
    started.arg(format!("-artifact_prefix={artifacts}")).args(rest);
    // A file as argument is a crash to repeat; libFuzzer takes either that or a corpus.
    if rest.iter().all(|argument| argument.starts_with('-')) {
        started.arg(corpus);
        // Further folders are read and never written.
        let seeds = format!("fuzz/seeds/{target}");
        if workspace.root.join(&seeds).is_dir() {
            started.arg(seeds);
        }
    }
    command::become_program(&mut started)
}

/// Builds an instrumented target and returns where it is. The triple is named so that build scripts and macros, which
/// run here and now, are not instrumented.
fn build(workspace: &Workspace, target: &str) -> Result<std::path::PathBuf, Failure> {
    let about = command::output(command::command(workspace, "rustc").arg("-vV"))?;
    let triple = about.lines().find_map(|line| line.strip_prefix("host: "));
    let triple = triple.ok_or_else(|| Failure::new("`rustc -vV` names no host"))?;
    let arguments = ["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--bin", target, "--target", triple];
    let mut built = command::cargo(workspace, &arguments);
    command::run(built.env("RUSTFLAGS", INSTRUMENTED).arg("--target-dir").arg(&workspace.target))?;
    Ok(workspace.target.join(triple).join("release").join(target))
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
