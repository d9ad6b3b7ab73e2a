//! The commands that build the project's binaries and become one of them.
//!
//! Arguments are passed on as they are: each binary explains its own by `--help`.

use std::path::PathBuf;
use std::process::Command;

use crate::workspace::Workspace;
use crate::{Failure, command};

/// `cargo x devnet [ARGS]`: a local network of real processes, in the foreground.
pub(crate) fn devnet(arguments: &[String]) -> Result<(), Failure> {
    become_binary("devnet", &[], arguments)
}

/// `cargo x soak [ARGS]`: kills and restarts the nodes of a local network and watches from outside.
pub(crate) fn soak(arguments: &[String]) -> Result<(), Failure> {
    become_binary("soak", &[], arguments)
}

/// `cargo x hostile [ARGS]`: attacks the nodes of a local network, partly with peers that are not built by cargo.
pub(crate) fn hostile(arguments: &[String]) -> Result<(), Failure> {
    install_peers(&Workspace::load()?);
    become_binary("hostile", &[], arguments)
}

/// `./setup --peers`. Without them other attacks and tests are run all the same, and what is left out is named, so a failure here is none.
pub(crate) fn install_peers(workspace: &Workspace) {
    if let Err(Failure(sentence)) = setup(workspace, &["--peers"]) {
        eprintln!("{sentence}");
    }
}

/// `cargo x bench [NAME] [--json] [--quick]`.
pub(crate) fn bench(arguments: &[String]) -> Result<(), Failure> {
    become_binary("bench", &["benches"], arguments)
}

/// `cargo x sim [--canaries] [ARGS]`: simulated networks. They need no RocksDB, so this builds without the default
/// features; the planted bugs are a build of their own.
pub(crate) fn sim(arguments: &[String]) -> Result<(), Failure> {
    command::become_program(&mut sim_command(&Workspace::load()?, arguments))
}

/// The command behind [`sim`].
pub(crate) fn sim_command(workspace: &Workspace, arguments: &[String]) -> Command {
    let mut built = command::cargo(workspace, &["run", "--release", "-p", "programs", "--bin", "sim"]);
    built.arg("--no-default-features");
    if arguments.iter().any(|argument| argument == "--canaries") {
        built.args(["--features", "canary"]);
    }
    built.arg("--").args(arguments);
    built
}

/// Builds what a local network is made of. The same packages are named every time: another set would be another
/// choice of features, and much would be compiled again.
pub(crate) fn build(workspace: &Workspace, more: &[&str]) -> Result<(), Failure> {
    setup(workspace, &[])?;
    eprintln!("{}", announcement(workspace.target.join("release/thronosd").exists()));
    let mut built = command::cargo(workspace, &["build", "--release", "-p", "node", "-p", "thronos", "-p", "programs"]);
    for package in more {
        built.args(["-p", package]);
    }
    command::run(&mut built)
}

/// What is being built and, to somebody who has never built it, how long that takes.
fn announcement(built_before: bool) -> &'static str {
    if built_before {
        return "Building thronosd, thronos and devnet, as far as they have changed.";
    }
    "Building thronosd, thronos and devnet. The first time takes 10 to 20 minutes on two cores, most of it for\n\
     RocksDB, which is C++: cargo may seem to stand still at `librocksdb-sys`. Later builds take seconds."
}

/// `./setup`, which says nothing when all is there.
pub(crate) fn setup(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    command::run(command::command(workspace, workspace.root.join("setup")).args(arguments))
}

/// A built binary, which learns from its environment where the daemon and the client are.
pub(crate) fn binary(workspace: &Workspace, name: &str) -> Command {
    let path = |name: &str| -> PathBuf { workspace.target.join("release").join(name) };
    let mut started = command::command(workspace, path(name));
    started.env("THRONOSD", path("thronosd")).env("THRONOS", path("thronos"));
    started
}

fn become_binary(name: &str, more: &[&str], arguments: &[String]) -> Result<(), Failure> {
    let workspace = Workspace::load()?;
    build(&workspace, more)?;
    command::become_program(binary(&workspace, name).args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace() -> Workspace {
        let layers = crate::workspace::Layers::default();
        let features = crate::features::Features::default();
        Workspace { root: "/r".into(), target: "/t".into(), packages: Vec::new(), layers, features }
    }

    #[test]
    fn only_canaries_build_with_the_planted_bugs() {
        let shown = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
            command::shown(&sim_command(&workspace(), &arguments))
        };
        assert!(shown(&["--seeds", "3"]).ends_with("--bin sim --no-default-features -- --seeds 3"));
        assert!(shown(&["--canaries"]).ends_with("--no-default-features --features canary -- --canaries"));
    }

    #[test]
    fn only_the_first_build_is_announced_as_long() {
        assert!(announcement(false).contains("20 minutes") && announcement(false).contains("RocksDB"));
        assert!(!announcement(true).contains("minutes"));
    }

    #[test]
    fn a_binary_is_told_where_the_daemon_and_the_client_are() {
        let started = binary(&workspace(), "devnet");
        assert_eq!(started.get_program(), "/t/release/devnet");
        let told: Vec<_> =
            started.get_envs().filter(|(name, _)| name.to_string_lossy().starts_with("THRONOS")).collect();
        assert_eq!(told.len(), 2);
        assert!(
            told.iter().all(|(_, path)| path.is_some_and(|path| path.to_string_lossy().starts_with("/t/release/")))
        );
    }
}
