//! `thronosd check`: looks at a home while no node runs in it, and says what it found. It changes nothing.

use clap::Args;
use serde_json::{Map, Value, json};
use service::Finding;
use types::counted;

use super::{HomeArgument, Refusal, hint, read_config};
use crate::home::Home;
use crate::shell::{Findings, verify_home};

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    home: HomeArgument,
    /// Print what was found as one JSON document.
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        let home = self.home.home()?;
        home.check()?;
        let config = read_config(&home, Vec::new())?;
        let found = verify_home(&home, &config)?;
        if self.json {
            say!("{}", document(&home, &found));
        } else {
            show(&home, &found);
        }
        if found.wrong.is_empty() {
            return Ok(());
        }
        let (count, root) = (counted(found.wrong.len() as u64, "thing"), home.root().display());
        Err(Refusal::new("home_damaged", format!("{root} is not sound: {count} missing or damaged, as is said above")))
    }
}

/// What was found, for people.
fn show(home: &Home, found: &Findings) {
    for (of, what) in &found.facts {
        say!("{of:<11} {what}");
    }
    for finding in &found.torn {
        say!("torn        {finding}; the next start cuts it off");
    }
    for finding in &found.ignored {
        say!("ignored     {finding}");
    }
    for finding in &found.held {
        say!("held        {}", hint::as_typed(&finding.to_string()));
    }
    for finding in &found.wrong {
        say!("wrong       {}", hint::as_typed(&finding.to_string()));
    }
    if found.wrong.is_empty() {
        let waits = if found.held.is_empty() { "" } else { "; what is held waits for your word after a start" };
        say!("{} is sound{waits}", home.root().display());
    }
}

/// The same for programs.
fn document(home: &Home, found: &Findings) -> Value {
    let facts: Map<String, Value> =
        found.facts.iter().map(|(of, what)| (of.replace(' ', "_"), what.as_str().into())).collect();
    let kinds = [("torn", &found.torn), ("ignored", &found.ignored), ("held", &found.held), ("wrong", &found.wrong)];
    let told = |kind: &str, Finding { file, what }: &Finding| json!({ "kind": kind, "file": file, "what": hint::as_typed(what) });
    let findings = kinds.into_iter().flat_map(|(kind, all)| all.iter().map(move |finding| told(kind, finding)));
    json!({
        "home": home.root(),
        "sound": found.wrong.is_empty(),
        "facts": facts,
        "findings": findings.collect::<Vec<_>>(),
    })
}
