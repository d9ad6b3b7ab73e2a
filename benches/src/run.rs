//! `cargo x bench` from its first line to its last.

use std::process::ExitCode;

use serde_json::{Map, Value, json};
use testnet::devnet::{Failure, Layout, Outcome, Programs, Stop};

use crate::figures::summarize;
use crate::ground::Ground;
use crate::machine::Machine;
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
    let machine = Machine::look();
    for warning in &machine.warnings {
        eprintln!("bench: warning: {warning}");
    }
    let ground = Ground { options, programs: Programs::find()?, stop: Stop::on_signals()? };
    let mut document = Map::new();
    document.insert("machine".to_owned(), json!(machine));
    document.insert("validators".to_owned(), json!(crate::ground::VALIDATORS));
    document.insert("runs".to_owned(), json!(options.runs()));
    document.insert("quick".to_owned(), json!(options.quick));
    let mut failures = Vec::new();
    for part in
        PARTS.iter().filter(|part| options.parts.is_empty() || options.parts.iter().any(|name| name == part.name))
    {
        match measure_part(&ground, part) {
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
    document.insert("failures".to_owned(), json!(failures));
    if is_whole {
        // Logs are worth keeping only when something failed.
        Layout::new(&options.home)?.wipe()?;
    }
    Ok((Value::Object(document), is_whole))
}

fn measure_part(ground: &Ground<'_>, part: &Part) -> Outcome<Value> {
    eprintln!("bench: {}: {}", part.name, part.about);
    let began = std::time::Instant::now();
    let runs = (part.measure)(ground)?;
    let summary = summarize(&runs);
    for (name, figure) in &summary {
        eprintln!("bench:   {name:28} {:>12}   ({} … {})", figure.median, figure.least, figure.most);
    }
    eprintln!("bench:   took {} s", began.elapsed().as_secs());
    Ok(json!(summary))
}
