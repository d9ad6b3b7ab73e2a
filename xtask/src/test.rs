//! `cargo x test`: everything that proves a commit, as one table of stages, quick ones first.
//!
//! The first stage is `cargo x check`. A stage that fails ends the run: what follows would say less than it cost.

use std::time::Instant;

use crate::workspace::Workspace;
use crate::{Failure, check, command, fuzz, plug, reference, run};

struct Stage {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<(), Failure>,
}

const STAGES: &[Stage] = &[
    Stage { name: "check", about: "format, layers, lints, docs, licences (cargo x check)", run: check::all },
    Stage { name: "build", about: "the daemon, the client and the local network", run: |all| run::build(all, &[]) },
    Stage { name: "reference", about: "docs/reference/ is what the programs say", run: reference::compare },
    Stage { name: "tests", about: "every unit and integration test", run: tests },
    Stage {
        name: "plug",
        about: "a new module in one folder and the promised lines, on a real network",
        run: plug::run,
    },
    Stage { name: "sim", about: "simulated networks from 12 seeds", run: |all| sim(all, &["--seeds", "12"]) },
    Stage { name: "canaries", about: "the simulator finds every planted bug", run: |all| sim(all, &["--canaries"]) },
    Stage { name: "fuzz", about: "every fuzz target compiles", run: fuzz::compile },
    Stage { name: "soak", about: "a short kill loop", run: |all| network(all, "soak", &["--minutes", "1"]) },
    Stage { name: "hostile", about: "every attack on a local network for a moment", run: hostile },
    Stage { name: "devnet", about: "a local network end to end", run: |all| network(all, "devnet", &["--check"]) },
    Stage { name: "trials", about: "what features prove on a local network of their own", run: trials },
    Stage {
        name: BY_NAME_ONLY,
        about: "a local network that mines",
        run: |all| network(all, "devnet", &["--check", "--trial", BY_NAME_ONLY]),
    },
    Stage { name: "bench", about: "every measurement in its short form, for its correctness", run: bench },
];

/// The trial that is a stage of its own, and the stage. It judges how difficulty follows a hash rate that this machine's other work changes too, so it is run where there is time to repeat it.
const BY_NAME_ONLY: &str = "mining";

/// The trials that prove something on a local network, but for that one.
const ON_NETWORKS: [&str; 2] = ["tokens", "verifyid"];

const HELP: &str = "\
cargo x test [--stage NAME]… [--list]
cargo x test [ARGS of cargo test]

Without arguments all stages run, in this order, but for `BY_NAME_ONLY`, which has to be named. With other arguments than these, `cargo test --release` runs
with them: cargo x test -p consensus -- timers
";

/// What the arguments ask for.
#[derive(Debug, PartialEq, Eq)]
enum Request {
    Help,
    Stages(Vec<&'static str>),
    CargoTest(Vec<String>),
}

/// `cargo x test`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match request(arguments)? {
        Request::Help => {
            println!("{}", HELP.replace("BY_NAME_ONLY", BY_NAME_ONLY));
            for stage in STAGES {
                println!("  {:9} {}", stage.name, stage.about);
            }
            Ok(())
        }
        Request::Stages(names) => stages(&Workspace::load()?, &names),
        Request::CargoTest(arguments) => {
            let workspace = Workspace::load()?;
            run::setup(&workspace, &["--check"])?;
            cargo_test(&workspace, &arguments)
        }
    }
}

/// `cargo x pre-pr`: check and test; the check is the first stage.
pub(crate) fn pre_pr(arguments: &[String]) -> Result<(), Failure> {
    match arguments {
        [] => run(&[]),
        _ => {
            println!("cargo x pre-pr: the same as `cargo x check` and then `cargo x test`; it takes no arguments");
            Ok(())
        }
    }
}

fn request(arguments: &[String]) -> Result<Request, Failure> {
    let mut names = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--list" | "-h" | "--help" => return Ok(Request::Help),
            "--stage" => names.push(stage_name(rest.next())?),
            _ if names.is_empty() => return Ok(Request::CargoTest(arguments.to_vec())),
            other => return Err(Failure::new(format!("`{other}` cannot be combined with --stage"))),
        }
    }
    if names.is_empty() {
        names = STAGES.iter().map(|stage| stage.name).filter(|name| *name != BY_NAME_ONLY).collect();
    }
    Ok(Request::Stages(names))
}

fn stage_name(name: Option<&String>) -> Result<&'static str, Failure> {
    let name = name.ok_or_else(|| Failure::new("--stage needs the name of a stage (see --list)"))?;
    let stage = STAGES.iter().find(|stage| stage.name == name);
    stage.map(|stage| stage.name).ok_or_else(|| Failure::new(format!("there is no stage `{name}` (see --list)")))
}

fn stages(workspace: &Workspace, names: &[&str]) -> Result<(), Failure> {
    run::setup(workspace, &["--check"])?;
    let chosen: Vec<&Stage> = STAGES.iter().filter(|stage| names.contains(&stage.name)).collect();
    let mut summary = Vec::new();
    for (index, stage) in chosen.iter().enumerate() {
        let (number, count) = (index + 1, chosen.len());
        println!("[{number}/{count}] {}: {}", stage.name, stage.about);
        let start = Instant::now();
        (stage.run)(workspace).map_err(|Failure(sentence)| {
            let repeat = format!("cargo x test --stage {}", stage.name);
            Failure::new(format!("stage {} failed: {sentence}\nTo repeat it alone: {repeat}", stage.name))
        })?;
        summary.push(format!("{} {:.0} s", stage.name, start.elapsed().as_secs_f64()));
    }
    println!("test: all {} stages passed ({})", chosen.len(), summary.join(", "));
    Ok(())
}

fn trials(workspace: &Workspace) -> Result<(), Failure> {
    ON_NETWORKS.iter().try_for_each(|trial| network(workspace, "devnet", &["--check", "--trial", trial]))
}

/// Some tests run programs that are not built by cargo; without them they name what they leave out.
fn tests(workspace: &Workspace) -> Result<(), Failure> {
    run::install_peers(workspace);
    cargo_test(workspace, &[])
}

fn cargo_test(workspace: &Workspace, arguments: &[String]) -> Result<(), Failure> {
    let mut tested = command::cargo(workspace, &["test", "--release"]);
    if arguments.is_empty() {
        tested.arg("--workspace");
    }
    command::run(tested.args(arguments))
}

fn sim(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    command::run(&mut run::sim_command(workspace, &arguments))
}

/// A binary over a local network. It is built here too, so that a stage can be run alone.
fn network(workspace: &Workspace, name: &str, arguments: &[&str]) -> Result<(), Failure> {
    run::build(workspace, &[])?;
    command::run(run::binary(workspace, name).args(arguments))
}

/// Half a minute of attacks; networks, restarts and looks between them take about as much again.
fn hostile(workspace: &Workspace) -> Result<(), Failure> {
    run::install_peers(workspace);
    network(workspace, "hostile", &["--minutes", "0.5"])
}

fn bench(workspace: &Workspace) -> Result<(), Failure> {
    run::build(workspace, &["benches"])?;
    command::run(run::binary(workspace, "bench").args(["--quick", "--json"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Request, Failure> {
        request(&arguments.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn without_arguments_every_stage_runs_but_the_one_that_has_to_be_named() {
        let Ok(Request::Stages(names)) = asked(&[]) else { panic!("stages are asked for") };
        assert_eq!(names.len() + 1, STAGES.len());
        assert!(!names.contains(&BY_NAME_ONLY) && STAGES.iter().any(|stage| stage.name == BY_NAME_ONLY));
        assert_eq!(names.first(), Some(&"check"));
    }

    #[test]
    fn named_stages_run_alone_and_unknown_ones_are_refused() {
        assert!(
            matches!(asked(&["--stage", "sim", "--stage", "fuzz"]), Ok(Request::Stages(names)) if names == ["sim", "fuzz"])
        );
        assert!(asked(&["--stage", "simm"]).is_err());
        assert!(asked(&["--stage"]).is_err());
        assert!(asked(&["--stage", "sim", "-p"]).is_err());
    }

    #[test]
    fn other_arguments_go_to_cargo_test() {
        let words = ["-p", "types", "--", "address"].map(str::to_owned).to_vec();
        assert!(matches!(asked(&["-p", "types", "--", "address"]), Ok(Request::CargoTest(given)) if given == words));
    }
}
