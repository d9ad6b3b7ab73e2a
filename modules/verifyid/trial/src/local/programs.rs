//! What a person does with the programs: the client as a process, one that mines, and a node that starts again with other settings.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use testnet::devnet::{Failure, Outcome, launch};

use super::cast::{PATIENCE, Troupe};

/// A process that ends with what holds it.
pub(super) struct Beside(Child);

impl Drop for Beside {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Troupe<'_> {
    fn client_command(&self) -> Outcome<Command> {
        let mut command = launch::below_this_process(&self.network.programs.client)?;
        command.arg("--node").arg(self.client.url()).arg("--wallet-dir").arg(&self.network.wallets.directory);
        command.arg("--password-file").arg(self.network.plan.layout.password()).arg("--json").stdin(Stdio::null());
        Ok(command)
    }

    /// Runs the client; gives what it answers, or the code of its error.
    pub(super) fn thronos(&self, arguments: &[&str]) -> Outcome<Result<Value, String>> {
        Ok(self.run(arguments)?.map_err(|(code, _)| code))
    }

    /// The same with the whole error beside its code.
    fn run(&self, arguments: &[&str]) -> Outcome<Result<Value, (String, String)>> {
        let output = self.client_command()?.args(arguments).output();
        let output = output.map_err(|error| Failure::new(format!("cannot start the client: {error}")))?;
        let text = if output.status.success() { &output.stdout } else { &output.stderr };
        let text = String::from_utf8_lossy(text);
        let last = text.lines().rev().find_map(|line| serde_json::from_str::<Value>(line).ok());
        let found = last.or_else(|| serde_json::from_str(&text).ok());
        let found = found.ok_or_else(|| Failure::new(format!("`thronos {}` says {text}", arguments.join(" "))))?;
        if output.status.success() {
            return Ok(Ok(found));
        }
        // What a node refuses has its own code beside that of the client.
        let codes = ["node_code", "code"].into_iter().flat_map(|name| [&found["error"][name], &found[name]]);
        let code = codes.filter_map(Value::as_str).next().map(str::to_owned);
        let code = code.ok_or_else(|| Failure::new(format!("an error without a code: {found}")))?;
        Ok(Err((code, found.to_string())))
    }

    /// The same of a command that must succeed.
    pub(super) fn good(&self, arguments: &[&str]) -> Outcome<Value> {
        let done = self.run(arguments)?;
        done.map_err(|(_, error)| Failure::new(format!("`thronos {}` fails: {error}", arguments.join(" "))))
    }

    /// Mines for an account with one thread, until the answer is dropped.
    pub(super) fn mine(&self, port: u16, address: &str, password: &str) -> Outcome<Beside> {
        let mut command = self.client_command()?;
        let pool = format!("127.0.0.1:{port}");
        command.args(["mine", "--threads", "1", "--pool", &pool, "--address", address, "--password", password]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        child.map(Beside).map_err(|error| Failure::new(format!("cannot start the miner: {error}")))
    }

    /// Node 0 starts again with these settings beside its own.
    pub(super) fn restart_with(&mut self, settings: &[String]) -> Outcome<()> {
        let stop = self.network.stop.clone();
        let node = self.network.node(0)?;
        node.ask_to_stop();
        node.finish()?;
        settings.iter().for_each(|setting| node.give(setting));
        node.start()?;
        node.wait_ready(PATIENCE, &stop)
    }

    /// The key file of somebody in the network's wallet.
    pub(super) fn key_file(&self, name: &str) -> String {
        self.network.wallets.directory.join("keys").join(format!("{name}.json")).display().to_string()
    }
}

/// Changes a file of JSON.
pub(super) fn edit(path: &Path, change: impl FnOnce(&mut Value)) -> Outcome<()> {
    let text = std::fs::read_to_string(path).map_err(Failure::file("read", path))?;
    let mut value = serde_json::from_str(&text).map_err(|error| Failure::new(error.to_string()))?;
    change(&mut value);
    std::fs::write(path, value.to_string()).map_err(Failure::file("write", path))
}
