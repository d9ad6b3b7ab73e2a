//! `cargo x bench` from its first line to its last.

use std::process::ExitCode;

use serde_json::{Map, Value, json};
use testnet::devnet::{Failure, Outcome, Programs, Stop};

use crate::figures::summarize;
use crate::ground::Ground;
use crate::machine::{Machine, Watch};
use crate::options::Options;
use crate::parts::{PARTS, Part};

/// Does what was typed; progress goes to standard error.
#[must_use]
pub fn run(options: &Options) -> ExitCode {
    match measure(options) {
        Ok((document, is_whole)) => {
            if options.json {
                println!("{document}");
            } else {
                println!("{}", serde_json::to_string_pretty(&document).expect("a JSON value has a text"));
            }
            if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Measures the parts that were asked for. A part that fails is named in the document, and the others go on.
fn measure(options: &Options) -> Outcome<(Value, bool)> {
    let mut machine = Machine::look();
    for warning in &machine.warnings {
        eprintln!("bench: warning: {warning}");
    }
    let ground = Ground::new(options, Programs::find()?, Stop::on_signals()?);
    let mut document = Map::new();
    document.insert("validators".to_owned(), json!(crate::ground::VALIDATORS));
    document.insert("runs".to_owned(), json!(options.runs()));
    document.insert("quick".to_owned(), json!(options.quick));
    let mut failures = Vec::new();
    let is_asked = |part: &&Part| options.parts.is_empty() || options.parts.iter().any(|name| name == part.name);
    for part in PARTS.iter().filter(is_asked) {
        match measure_part(&ground, part, &mut machine) {
            Ok(figures) => {
                document.insert(part.name.to_owned(), figures);
            }
            Err(Failure::Stopped) => return Err(Failure::Stopped),
            Err(failure) => {
                eprintln!("bench: {} failed: {failure}", part.name);
                failures.push(json!({ "part": part.name, "error": failure.to_string(), "logs": failure.logs() }));
            }
        }
    }
    let is_whole = failures.is_empty();
    document.insert("machine".to_owned(), json!(machine));
    document.insert("failures".to_owned(), json!(failures));
    if is_whole {
        // Logs are worth keeping only when something failed.
        ground.clear()?;
    }
    Ok((Value::Object(document), is_whole))
}

fn measure_part(ground: &Ground<'_>, part: &Part, machine: &mut Machine) -> Outcome<Value> {
    eprintln!("bench: {}: {}", part.name, part.about);
    let (began, watch) = (std::time::Instant::now(), Watch::begin());
    let findings = (part.measure)(ground)?;
    let warning = watch.warning();
    for runs in findings.cases() {
        for (name, figure) in &summarize(runs) {
            eprintln!("bench:   {name:28} {:>12}   ({} … {})", figure.median, figure.least, figure.most);
        }
    }
    if let Some(warning) = &warning {
        eprintln!("bench: warning: {warning}");
        machine.warnings.push(format!("{}: {warning}", part.name));
    }
    eprintln!("bench:   took {} s", began.elapsed().as_secs());
    Ok(findings.document(warning.as_slice()))
}
