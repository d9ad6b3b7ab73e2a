//! Purity: what a pure crate reaches, alone and without features, and what must never reach the daemon.
//!
//! The crate tree is cargo's own answer, so an impure crate is found however deep it hides. Clocks, files, sockets
//! and threads of the standard library are the part of clippy (`pure-clippy.toml`).

use std::collections::BTreeSet;

use crate::workspace::Workspace;
use crate::{Failure, command};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Each pure crate, alone, without features.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let mut problems = Vec::new();
    for pure in workspace.pure().map(|package| package.name.as_str()) {
        let arguments = ["tree", "-p", pure, "-e", "normal", "--no-default-features", "--prefix", "none"];
        let tree = command::output(command::cargo(workspace, &arguments).args(["--target", TARGET]))?;
        for name in reached(&tree, &workspace.layers.impure) {
            problems.push(format!("{pure} reaches {name}; see: cargo tree -p {pure} -e normal -i {name}"));
        }
    }
    Ok(problems)
}

/// The planted bugs of the simulator are compiled in by the feature `canary`: never into what people run, also
/// not when the binaries of a local network are built by one command.
pub(crate) fn check_canary(workspace: &Workspace) -> Result<Vec<String>, Failure> {
    let mut problems = Vec::new();
    for packages in
        [&["node"] as &[&str], &["node", "thronos", "programs"], &["node", "thronos", "programs", "benches"]]
    {
        let mut asked = command::cargo(workspace, &["tree", "-e", "normal,build,features", "--prefix", "none"]);
        asked.args(["--target", TARGET]);
        for package in packages {
            asked.args(["-p", package]);
        }
        for line in canaries(&command::output(&mut asked)?) {
            problems.push(format!("a build of {} has {line}", packages.join(", ")));
        }
    }
    Ok(problems)
}

fn reached<'a>(tree: &str, impure: &'a [String]) -> Vec<&'a String> {
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split_whitespace().next()).collect();
    impure.iter().filter(|name| names.contains(name.as_str())).collect()
}

fn canaries(tree: &str) -> BTreeSet<&str> {
    tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| line.contains("feature \"canary\"")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_impure_crate_deep_in_the_tree_is_found_by_its_whole_name() {
        let tree = "consensus v0.1.0 (/r/consensus)\nrand_core v0.10.1\nmio v1.0.0\ntokio v1.54.0 (*)\n";
        let impure = ["tokio", "rand", "rocksdb"].map(str::to_owned);
        assert_eq!(reached(tree, &impure), ["tokio"]);
    }

    #[test]
    fn the_feature_canary_is_found_in_a_feature_tree() {
        let clean = "node v0.1.0\nconsensus feature \"default\"\n";
        assert!(canaries(clean).is_empty());
        let planted = "node v0.1.0\nconsensus feature \"canary\"\nconsensus feature \"canary\" (*)\n";
        assert_eq!(canaries(planted).into_iter().collect::<Vec<_>>(), ["consensus feature \"canary\""]);
    }
}
