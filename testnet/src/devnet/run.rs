//! `cargo x devnet` from its first line to its last.

use std::cell::Cell;
use std::process::ExitCode;

use serde_json::json;
use types::Genesis;

use super::check::{check, first_transfer};
use super::network::open_or_create;
use super::options::proof;
use super::ports::DEFAULT_BASE;
use super::watch::watch;
use super::{
    Failure, Layout, LocalActor, LocalNetwork, Options, Outcome, Plan, Ports, Programs, Proven, Relay, Standing, Stop,
};
use crate::spoken::{heard, speak};
use crate::trial::{Trials, named};

/// One more node may join.
const NODES_MORE: usize = 1;

/// Does what was typed; prints what failed.
#[must_use]
pub fn run(options: &Options, trials: Trials) -> ExitCode {
    let mouth = Mouth { speaks_json: options.json, has_told: Cell::new(false) };
    let say = |text: &str| mouth.say(text);
    match perform(options, trials, &mouth, &say) {
        Ok(()) => heard(ExitCode::SUCCESS),
        Err(Failure::Stopped) if !options.check => heard(ExitCode::SUCCESS),
        Err(failure) => {
            let logs: Vec<String> = failure.logs().iter().map(|log| log.display().to_string()).collect();
            eprintln!("devnet: {failure}");
            for log in &logs {
                eprintln!("devnet: see {log}");
            }
            if options.json {
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
        if self.speaks_json { eprintln!("{text}") } else { speak(text) }
    }

    /// Prints the document, if none was printed: what goes wrong later only the exit code and standard error say.
    fn tell(&self, document: &str) {
        if !self.has_told.replace(true) {
            speak(document);
        }
    }
}

fn perform(options: &Options, trials: Trials, mouth: &Mouth, say: &dyn Fn(&str)) -> Outcome<()> {
    let validators = usize::from(options.validators);
    if options.check && validators < 4 {
        return Err(Failure::new(format!(
            "--check kills one validator, which {validators} cannot bear: give --validators 4 or more"
        )));
    }
    let layout = Layout::new(&options.directory())?;
    // First of all, so that a network that runs is called so and no port that it has.
    layout.check_nobody_runs()?;
    layout.claim()?;
    let ports = match options.base_port {
        Some(base) => Ports::new(base, validators + NODES_MORE)?,
        // A proof may run beside a network that somebody uses; a network for use has the ports that are written down.
        None if options.check => Ports::claimed_from(DEFAULT_BASE, validators + NODES_MORE)?,
        None => Ports::new(DEFAULT_BASE, validators + NODES_MORE)?,
    };
    if !ports.claim(validators + NODES_MORE) {
        let sentence = "another local network has claimed these ports: choose others with --base-port, such as 27700";
        return Err(Failure::new(sentence));
    }
    let programs = Programs::find()?;
    let stop = Stop::on_signals()?;
    // Before anything is deleted: another network may run in the same place.
    let mut plan = Plan::new(layout, ports, validators, trials);
    plan.services = services(options, &plan);
    plan.weather = options.weather();
    for index in 0..validators {
        plan.check_ports(index)?;
    }
    if options.wipe || options.check {
        plan.layout.wipe()?;
    }
    let asked = options.trial.as_deref().and_then(|name| proof(trials, name));
    let rules = asked.map_or((|_| {}) as fn(&mut Genesis), |proof| proof.rules);
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
    let is_told = options.check && asked.is_none() && outcome.is_ok();
    if let Some(relay) = network.relay.take().filter(|_| !is_told) {
        say(&relay.report().sentence());
    }
    let document = outcome?;
    stopped?;
    if options.check && !options.keep {
        network.plan.layout.wipe()?;
    }
    match document {
        Some(document) if options.json => mouth.tell(&document),
        Some(_) => say("everything holds"),
        None => {}
    }
    Ok(())
}

/// Whose services run: those that were asked for, and in a network for use all whose ports no other program has.
fn services(options: &Options, plan: &Plan) -> Vec<&'static str> {
    let is_asked = |name: &str| options.trial.iter().chain(&options.with).any(|asked| asked == name);
    let runs =
        plan.trials.iter().filter(|trial| is_asked(trial.name) || (!options.check && plan.are_ports_free(trial)));
    runs.map(|trial| trial.name).collect()
}

/// How to take part in what nobody asked for here.
fn invitations(network: &LocalNetwork, options: &Options) -> Vec<String> {
    let others = network.plan.trials.iter().filter(|trial| !options.with.iter().any(|asked| asked == trial.name));
    others.filter_map(|trial| (trial.local.invitation)(network, network.plan.service(trial))).collect()
}

/// Starts what was asked for beside the nodes.
fn actors(network: &LocalNetwork, options: &Options, say: &dyn Fn(&str)) -> Outcome<Vec<Box<dyn LocalActor>>> {
    let asked = options.with.iter().filter_map(|name| named(network.plan.trials, name)?.local.actor);
    asked.map(|start| start(network, say)).collect()
}

/// Everything between the start and the end of the processes; returns what is to be printed as the last line.
fn live(network: &mut LocalNetwork, options: &Options, mouth: &Mouth, say: &dyn Fn(&str)) -> Outcome<Option<String>> {
    network.start(|ready, count| say(&format!("{ready} of {count} nodes are ready")))?;
    if let Some(asked) = options.trial.as_deref().and_then(|name| proof(network.plan.trials, name)) {
        let Proven { document, nodes } = (asked.run)(network, say)?;
        say(&format!("\n{}", Standing::table(&nodes)));
        return Ok(Some(document.to_string()));
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
    invitations(network, options).iter().for_each(|invitation| say(invitation));
    say("Ctrl-C stops the network; the same command continues it, with --wipe it begins anew.");
    if options.json {
        let genesis = network.plan.layout.genesis();
        let ready = json!({ "ok": true, "finality_ms": finality_ms, "nodes": standings, "genesis": genesis });
        mouth.tell(&ready.to_string());
    }
    watch(network, actors(network, options, say)?, say)?;
    Ok(None)
}
