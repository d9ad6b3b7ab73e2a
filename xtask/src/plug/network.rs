//! A network of real processes with the new module: its call by its verb, its event, its proof, its route, its metric, its rejects.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::tree::Copy;
use super::{program, say};
use crate::local_network::{Running, free_base, get};
use crate::new_module::Written;
use crate::{Failure, command};

/// What alice writes.
const TEXT: &str = "hello from the stage plug";

/// Longest that something final may take to be seen.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts a network, asks and sends, and stops it.
pub(super) fn prove(copy: &Copy, written: &Written) -> Result<(), Failure> {
    let home = copy.workspace.target.join("network");
    let base = free_base().ok_or_else(|| Failure::new("no ports are free for a network"))?;
    let mut started = program(copy, "devnet");
    started.args(["--no-transfer", "--wipe", "--base-port", &base.to_string()]).arg("--home").arg(&home);
    let mut running = Running::start(&mut started)?;
    let outcome = running.address().and_then(|address| Asked { copy, written, home, address }.all());
    let stopped = running.stop();
    outcome?;
    stopped?;
    say("the network has stopped, each node by itself");
    Ok(())
}

/// A network that lives.
struct Asked<'a> {
    copy: &'a Copy,
    written: &'a Written,
    home: PathBuf,
    address: String,
}

impl Asked<'_> {
    fn all(&self) -> Result<(), Failure> {
        let (snake, kebab) = (self.written.name.snake.as_str(), self.written.name.kebab.as_str());
        say(&format!("a network of four nodes runs with it, the first at http://{}", self.address));
        let count = |json: &Value| json["written"].clone();
        expect("the count over HTTP", &count(&self.http(&format!("/api/v1/{snake}/count"))?), &0.into())?;
        let told = self.thronos(&["ask", snake, "count"])?;
        expect("the count by `thronos ask`", &count(&told["answer"]), &0.into())?;
        self.refused(&[kebab, "write", "", "--from", "alice"], "empty_note")?;
        let sent = self.thronos(&[kebab, "write", TEXT, "--from", "alice"])?;
        expect("the transaction", &sent["status"], &"final".into())?;
        say(&format!("its call is final: `thronos {kebab} write '{TEXT}' --from alice`"));
        let events = self.soon("the event", &|| {
            let events = self.http(&format!("/api/v1/events/{snake}/written"))?;
            let is_there = events["events"].as_array().is_some_and(|events| !events.is_empty());
            Ok(is_there.then_some(events))
        })?;
        let said = events["events"].to_string();
        if !said.contains(&hex(TEXT)) && !said.contains(TEXT) {
            return Err(Failure::new(format!("the event does not say what was written: {said}")));
        }
        let read = self.soon("the proof", &|| Ok(self.thronos(&[kebab, "read", "alice"]).ok()))?;
        expect("the proven note", &read["text"], &TEXT.into())?;
        expect("whether it was checked", &read["checked"], &true.into())?;
        self.refused(&[kebab, "read", "bob"], "no_note")?;
        say(&format!("its event is told, and its state proven: `thronos {kebab} read alice`"));
        let newest = self.soon("the route", &|| {
            let newest = self.http(&format!("/api/v1/{snake}/newest"))?;
            Ok((newest[0]["text"] == TEXT).then_some(newest))
        })?;
        expect("the author of the newest note", &newest[0]["author"], &read["author"])?;
        let metric = format!("thronos_{snake}_notes_total 1");
        let metrics = get(&self.address, "/metrics")?;
        if !metrics.lines().any(|line| line == metric) {
            return Err(Failure::new(format!("`/metrics` does not say `{metric}`")));
        }
        say("its route and its metric tell the same");
        Ok(())
    }

    fn http(&self, path: &str) -> Result<Value, Failure> {
        json(&format!("GET {path}"), &get(&self.address, path)?)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut thronos = program(self.copy, "thronos");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("THRONOS_")) {
            thronos.env_remove(name);
        }
        thronos.args(words).args(["--json", "--node", &format!("http://{}", self.address)]);
        thronos.arg("--wallet-dir").arg(self.home.join("wallet"));
        thronos.arg("--password-file").arg(self.home.join("password"));
        thronos
    }

    /// What the client answers.
    fn thronos(&self, words: &[&str]) -> Result<Value, Failure> {
        let shown = format!("thronos {}", words.join(" "));
        json(&shown, &command::output(&mut self.command(words))?)
    }

    /// That the client refuses, by the code of its error.
    fn refused(&self, words: &[&str], code: &str) -> Result<(), Failure> {
        let shown = format!("thronos {}", words.join(" "));
        let output = self.command(words).output();
        let output = output.map_err(|error| Failure::new(format!("cannot start `{shown}`: {error}")))?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() && said.contains(&format!("\"{code}\"")) {
            return Ok(());
        }
        Err(Failure::new(format!("`{shown}` should be refused as `{code}`, and ended with {}: {said}", output.status)))
    }

    /// Asks until there is an answer, as long as that may take.
    fn soon(&self, what: &str, ask: &dyn Fn() -> Result<Option<Value>, Failure>) -> Result<Value, Failure> {
        let begun = Instant::now();
        loop {
            if let Some(found) = ask()? {
                return Ok(found);
            }
            if begun.elapsed() > PATIENCE {
                let logs = self.home.join("logs");
                let seconds = PATIENCE.as_secs();
                return Err(Failure::new(format!("{what} is not there after {seconds} s; see {}", logs.display())));
            }
        }
    }
}

fn json(asked: &str, text: &str) -> Result<Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::new(format!("`{asked}` answered no JSON ({error}): {text}")))
}

fn expect(what: &str, found: &Value, expected: &Value) -> Result<(), Failure> {
    if found == expected { Ok(()) } else { Err(Failure::new(format!("{what} is {found}, not {expected}"))) }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
