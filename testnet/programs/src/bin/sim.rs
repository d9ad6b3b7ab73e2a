//! `cargo x sim`: runs simulated networks and says what was violated.
//!
//! With `--json` standard output is one document, and everything else goes to standard error. Exit code 1 means that a property was violated, or a planted bug missed.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use programs::trials::TRIALS;
use testnet::sim::{Catch, Failure, Options, Report, hunt, run, scenario_names};
use testnet::spoken::{heard, speak};

/// Simulates whole networks, each from one seed: lossy links, partitions, power cuts, failing disks, criminals.
#[derive(Debug, Parser)]
#[command(name = "sim", version)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 12)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Only this scenario, instead of one chosen by the seed; `list` names them all.
    #[arg(long)]
    scenario: Option<String>,
    /// Sign with real BLS under every seed, not only under every tenth.
    #[arg(long)]
    bls: bool,
    /// Plant bugs, one after the other, and show that each is found.
    #[arg(long)]
    canaries: bool,
    /// With `--canaries`: only this bug.
    #[arg(long, requires = "canaries")]
    canary: Option<String>,
    /// Tell on standard error what happens, to follow a seed that failed.
    #[arg(long)]
    narrate: bool,
    /// Print one JSON document at the end, and everything else on standard error.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.scenario.as_deref() == Some("list") {
        speak(&scenario_names(TRIALS).join("\n"));
        return heard(ExitCode::SUCCESS);
    }
    heard(if arguments.canaries { hunt_canaries(&arguments) } else { simulate(&arguments) })
}

fn simulate(arguments: &Arguments) -> ExitCode {
    let Arguments { seeds, from, scenario, bls, narrate, .. } = arguments;
    let options = Options { seeds: *seeds, from: *from, scenario: scenario.clone(), bls: *bls, narrate: *narrate };
    let begun = Instant::now();
    let progress = |done: u64, failure: Option<&Failure>| {
        if let Some(failure) = failure {
            eprintln!("seed {} ({}) violates \"{}\"", failure.seed, failure.scenario, failure.property);
        }
        if done.is_multiple_of(25) {
            eprintln!("{done} of {seeds} seeds after {} s", begun.elapsed().as_secs());
        }
    };
    match run(&options, TRIALS, progress) {
        Ok(report) => {
            say(arguments, &text_of(&report, begun.elapsed().as_secs_f32()));
            if arguments.json {
                speak(&serde_json::to_string(&report).expect("a report is made of numbers and texts"));
            }
            if report.violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(unknown) => {
            eprintln!("{unknown}");
            ExitCode::from(2)
        }
    }
}

fn text_of(report: &Report, seconds: f32) -> String {
    let last = (report.from + report.seeds).saturating_sub(1);
    let mut lines = vec![
        format!("seeds         {} ({} to {last}) in {seconds:.1} s", report.seeds, report.from),
        format!("views         {}", report.views),
        format!("blocks        {}", report.blocks),
        format!("transactions  {}", report.transactions),
        "calls without a sender".to_owned(),
    ];
    lines.extend(report.system_calls.iter().map(|(module, count)| format!("  {count:>9}  {module}")));
    lines.push("faults".to_owned());
    lines.extend(report.faults.iter().map(|(kind, count)| format!("  {count:>9}  {kind}")));
    lines.push(format!("trace         {:016x}", report.trace));
    lines.push(format!("violations    {}", report.violations));
    for failure in &report.failures {
        lines.push(format!("\nseed {} ({}) violates \"{}\":", failure.seed, failure.scenario, failure.property));
        lines.push(format!("  {}", failure.message));
        lines.push(format!("  repeat it with: {}", failure.command));
    }
    lines.join("\n")
}

/// For people; with `--json` standard output is left to the document.
fn say(arguments: &Arguments, text: &str) {
    if arguments.json { eprintln!("{text}") } else { speak(text) }
}

fn hunt_canaries(arguments: &Arguments) -> ExitCode {
    say(arguments, &format!("{:<30} found by", "planted bug"));
    let catches = hunt(arguments.canary.as_deref(), TRIALS, |catch| say(arguments, &describe(catch)));
    if catches.is_empty() {
        eprintln!("no bug was planted: this build has none (use `cargo x sim --canaries`), or none has that name");
        return ExitCode::from(2);
    }
    let missed = catches.iter().filter(|catch| catch.found.is_none()).count();
    say(arguments, &format!("{} of {} found", catches.len() - missed, catches.len()));
    if arguments.json {
        speak(&serde_json::json!({ "canaries": catches, "missed": missed }).to_string());
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn describe(catch: &Catch) -> String {
    match &catch.found {
        Some(found) => {
            format!(
                "{:<30} {} seed {}: {}: {}",
                catch.canary, found.scenario, found.seed, found.property, found.message
            )
        }
        None => format!("{:<30} NOT FOUND", catch.canary),
    }
}
