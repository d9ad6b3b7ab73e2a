//! Child processes: started in the root folder, with an environment as if the user had started them.
//!
//! `cargo x` itself runs below `cargo run`, which sets variables that some build scripts watch. Passing them on
//! would compile those crates again at every change between `cargo x` and plain cargo, so they are removed.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Failure;
use crate::workspace::Workspace;

/// A cargo command in the root folder.
pub(crate) fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = command(workspace, std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

/// Any program in the root folder.
pub(crate) fn command(workspace: &Workspace, program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(&workspace.root);
    clean_environment(&mut command);
    command
}

fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_set_by_cargo_run) {
            command.env_remove(name);
        }
    }
    let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") else { return };
    let kept: Vec<_> = std::env::split_paths(&paths).filter(|path| !is_library_path_of_cargo(path)).collect();
    match std::env::join_paths(kept) {
        Ok(kept) if !kept.is_empty() => command.env("LD_LIBRARY_PATH", kept),
        _ => command.env_remove("LD_LIBRARY_PATH"),
    };
}

fn is_set_by_cargo_run(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_PATH",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
    ];
    NAMES.contains(&name) || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_BIN_EXE_")
}

fn is_library_path_of_cargo(path: &Path) -> bool {
    let beside_xtask = std::env::current_exe()
        .ok()
        .and_then(|executable| executable.parent().map(|folder| path.starts_with(folder)))
        .unwrap_or(false);
    beside_xtask || path.components().any(|part| part.as_os_str() == "rustlib" || part.as_os_str() == "toolchains")
}

/// Runs to the end with the terminal of the parent.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("`{}` ended with {status}", shown(command)))) }
}

/// Runs to the end and returns what it printed; its messages go to the terminal.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| not_started(command, &error))?;
    if !output.status.success() {
        return Err(Failure::new(format!("`{}` ended with {}", shown(command), output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failure::new(format!("`{}` printed no UTF-8", shown(command))))
}

/// Becomes the program, so that Ctrl-C and other signals reach it directly. Returns only on failure.
pub(crate) fn become_program(command: &mut Command) -> Result<(), Failure> {
    let error = command.exec();
    Err(not_started(command, &error))
}

/// The command line, for people.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = command.get_args().map(|word| word.to_string_lossy());
    std::iter::once(program.to_string_lossy()).chain(words).collect::<Vec<_>>().join(" ")
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot start `{}`: {error}", shown(command)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_loses_what_cargo_run_adds_and_nothing_else() {
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_VERSION_MAJOR", "CARGO_BIN_NAME"] {
            assert!(is_set_by_cargo_run(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_NET_OFFLINE", "RUSTFLAGS", "PATH"] {
            assert!(!is_set_by_cargo_run(name), "{name}");
        }
        assert!(is_library_path_of_cargo(Path::new("/r/toolchains/1.95.0/lib")));
        assert!(!is_library_path_of_cargo(Path::new("/usr/local/lib")));
    }

    #[test]
    fn a_failing_program_is_named_with_its_arguments() {
        let Failure(sentence) = run(Command::new("/bin/sh").args(["-c", "exit 3"])).expect_err("it exits with 3");
        assert!(sentence.contains("`sh -c exit 3`") && sentence.contains('3'), "{sentence}");
        assert!(run(&mut Command::new("/nonexistent/program")).is_err());
    }
}
