//! `cargo x devnet` from its first line to its last.

use std::cell::Cell;
use std::process::ExitCode;

use serde_json::json;
use types::Genesis;

use super::check::{check, first_transfer};
use super::mining;
use super::network::open_or_create;
use super::ports::DEFAULT_BASE;
use super::watch::watch;
use super::{Failure, Layout, LocalNetwork, Options, Outcome, Plan, Ports, Programs, Relay, Standing, Stop};

/// One more node may join.
const NODES_MORE: usize = 1;

/// Does what was typed; prints what failed.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    let mouth = Mouth { speaks_json: options.json, has_told: Cell::new(false) };
    let say = |text: &str| mouth.say(text);
    match perform(options, &mouth, &say) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Stopped) if !options.check => ExitCode::SUCCESS,
        Err(failure) => {
            let logs: Vec<String> = failure.logs().iter().map(|log| log.display().to_string()).collect();
            eprintln!("devnet: {failure}");
            for log in &logs {
                eprintln!("devnet: see {log}");
            }
            if options.check || options.json {
                mouth.tell(&json!({ "ok": false, "error": failure.to_string(), "logs": logs }).to_string());
            }
            ExitCode::FAILURE
        }
    }
}

/// Where lines for people go, and the one document for programs.
struct Mouth {
    speaks_json: bool,
    has_told: Cell<bool>,
}

impl Mouth {
    fn say(&self, text: &str) {
        if self.speaks_json { eprintln!("{text}") } else { println!("{text}") }
    }

    /// Prints the document, if none was printed: what goes wrong later only the exit code and standard error say.
    fn tell(&self, document: &str) {
        if !self.has_told.replace(true) {
            println!("{document}");
        }
    }
}

fn perform(options: &Options, mouth: &Mouth, say: &dyn Fn(&str)) -> Outcome<()> {
    let validators = usize::from(options.validators);
    if options.check && validators < 4 {
        return Err(Failure::new(format!(
            "--check kills one validator, which {validators} cannot bear: give --validators 4 or more"
        )));
    }
    let layout = Layout::new(&options.directory())?;
    // First of all, so that a network that runs is called so and no port that it has.
    layout.check_nobody_runs()?;
    let ports = match options.base_port {
        Some(base) => Ports::new(base, validators + NODES_MORE)?,
        // A proof may run beside a network that somebody uses; a network for use has the ports that are written down.
        None if options.check => Ports::free_from(DEFAULT_BASE, validators + NODES_MORE)?,
        None => Ports::new(DEFAULT_BASE, validators + NODES_MORE)?,
    };
    let programs = Programs::find()?;
    let stop = Stop::on_signals()?;
    // Before anything is deleted: another network may run in the same place.
    let mut plan = Plan::new(layout, ports, validators);
    // A network for use serves miners, too, unless another program has these ports; one with a miner needs them.
    plan.stratum = options.mine || (!options.check && plan.are_stratum_ports_free());
    plan.weather = options.weather();
    for index in 0..validators {
        plan.check_ports(index)?;
    }
    if options.wipe || options.check {
        plan.layout.wipe()?;
    }
    let rules = if options.mine && options.check { mining::quick_works } else { |_: &mut Genesis| {} };
    let relay =
        options.weather().map(|weather| Relay::start(weather, plan.ports, validators + NODES_MORE)).transpose()?;
    plan.fronts = relay.as_ref().map(Relay::fronts).unwrap_or_default();
    let (mut network, is_new) = open_or_create(plan, programs, stop, rules)?;
    network.relay = relay;
    let place = network.plan.layout.root().display().to_string();
    let made = if is_new { "a new network" } else { "continuing the network" };
    say(&format!("{made} of {validators} validators in {place}, chain {}", network.chain_id()));
    let outcome = live(&mut network, options, mouth, say);
    say("stopping the nodes");
    let stopped = network.stop_all();
    if let Some(relay) = network.relay.take() {
        say(&relay.report().sentence());
    }
    let document = outcome?;
    stopped?;
    if options.check && !options.keep {
        network.plan.layout.wipe()?;
    }
    if let Some(document) = document {
        mouth.tell(&document);
    }
    Ok(())
}

/// Where somebody else's miner may join.
fn miners_may_join(network: &LocalNetwork) -> String {
    let port = network.plan.ports.stratum(0);
    if network.plan.stratum {
        format!(
            "Miners may join at stratum+tcp://127.0.0.1:{port}, user ADDRESS.NAME; `cargo x devnet --mine` brings one along.\n"
        )
    } else {
        format!("Miners cannot join: another program has port {port} or the next ones. --base-port chooses others.\n")
    }
}

/// Everything between the start and the end of the processes; returns what is to be printed as the last line.
fn live(network: &mut LocalNetwork, options: &Options, mouth: &Mouth, say: &dyn Fn(&str)) -> Outcome<Option<String>> {
    network.start(|ready, count| say(&format!("{ready} of {count} nodes are ready")))?;
    if options.check && options.mine {
        let report = mining::check(network, say)?;
        say(&format!("\n{}", Standing::table(&report.nodes)));
        return Ok(Some(serde_json::to_string(&report).expect("numbers and texts have a JSON form")));
    }
    if options.check {
        let report = check(network, say)?;
        say(&format!("\n{}", Standing::table(&report.nodes)));
        return Ok(Some(serde_json::to_string(&report).expect("numbers and texts have a JSON form")));
    }
    let finality_ms = if options.no_transfer { None } else { Some(first_transfer(network, 0, say)?) };
    let standings = network.standings()?;
    say(&format!("\n{}", Standing::table(&standings)));
    let api = standings.first().map(|standing| standing.api.clone()).unwrap_or_default();
    say(&network.wallets.how_to_use(&network.programs.client, &api, &network.plan.layout.password()));
    if !options.mine {
        say(&miners_may_join(network));
    }
    say("Ctrl-C stops the network; the same command continues it, with --wipe it begins anew.");
    if options.json {
        let genesis = network.plan.layout.genesis();
        let ready = json!({ "ok": true, "finality_ms": finality_ms, "nodes": standings, "genesis": genesis });
        mouth.tell(&ready.to_string());
    }
    let onlooker = if options.mine { Some(mining::Onlooker::start(network, say)?) } else { None };
    watch(network, onlooker, say)?;
    Ok(None)
}
