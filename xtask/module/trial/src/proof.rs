//! `devnet --check --trial module-name`: a note that one node was told of is answered by all, by the rules and by the service.

use std::time::Duration;

use execution::{Module, QueryArguments};
use module_name::{ModuleName, ModuleNameCount, ModuleNameNewest, ModuleNameNote};
use serde_json::json;
use testnet::devnet::check::compare;
use testnet::devnet::{Failure, Local, LocalNetwork, LocalProof, Outcome, Proven, send, until};

use crate::note_call;

/// A note must be final, and every node have its block, within this.
const PATIENCE: Duration = Duration::from_secs(30);
/// What alice writes, one after the other.
const NOTES: [&str; 2] = ["the first of two", "the second of two"];

/// Module name on local networks: nothing runs beside the nodes.
pub(crate) const LOCAL: Local = Local {
    proof: Some(LocalProof {
        about: "a note takes the place of the last one at every node, and every node's service has seen both",
        rules: |_| {},
        run: prove,
    }),
    ..Local::PLAIN
};

fn prove(network: &mut LocalNetwork, say: &dyn Fn(&str)) -> Outcome<Proven> {
    let client = network.node(0)?.client().clone();
    let alice = network.wallets.alice.key.clone();
    let author = network.wallets.alice.address();
    let mut height = network.standings()?.first().map(|standing| standing.height).unwrap_or_default();
    for text in NOTES {
        let done = send(&client, &mut network.chain, &alice, note_call(text), PATIENCE)?;
        height = done.block.header.height;
        say(&format!("alice has written \"{text}\", final in block {height}"));
    }
    let shown = author.to_text(network.chain.network());
    for node in 0..network.nodes.len() {
        network.wait_height(node, height, PATIENCE)?;
        ask(network, node, &shown)?;
    }
    say("all nodes answer the second note and have seen both");
    let (height, block, _) = compare(network)?;
    Ok(Proven { document: json!({ "ok": true, "height": height, "block": block }), nodes: network.standings()? })
}

/// Asks the rules and the service of one node.
fn ask(network: &mut LocalNetwork, node: usize, author: &str) -> Outcome<()> {
    let stop = network.stop.clone();
    let client = network.node(node)?.client();
    let arguments = QueryArguments::from([("address".to_owned(), author.to_owned())]);
    let note: ModuleNameNote = read(client.query(ModuleName::NAME, "note", &arguments)?)?;
    let count: ModuleNameCount = read(client.query(ModuleName::NAME, "count", &QueryArguments::new())?)?;
    if (note.text.as_str(), note.written, count.written) != (NOTES[1], 2, 2) {
        return Err(Failure::new(format!("node {node} answers {note:?} and {count:?}")));
    }
    // The service reads a block after the node has stored it.
    until(&format!("node {node} to have seen both notes"), PATIENCE, &stop, || {
        let newest: Vec<ModuleNameNewest> = client.get_at(&format!("/api/v1/{}/newest", ModuleName::NAME))?;
        let texts: Vec<&str> = newest.iter().map(|note| note.text.as_str()).collect();
        Ok(if texts == [NOTES[1], NOTES[0]] { Ok(()) } else { Err(format!("it answers {texts:?}")) })
    })
}

fn read<T: serde::de::DeserializeOwned>(answer: serde_json::Value) -> Outcome<T> {
    serde_json::from_value(answer).map_err(|error| Failure::new(format!("an answer cannot be read: {error}")))
}
