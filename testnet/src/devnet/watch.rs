//! What a person sees while the network runs: a line per block with transactions, one now and then without, and nodes that ended.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use types::Height;
use wallet::NodeClient;
use wallet::client::StreamEvent;
use wallet::client::types::BlockSummary;

use super::{LocalActor, LocalNetwork, Outcome};

/// With nothing happening a line comes this often.
const QUIET: Duration = Duration::from_secs(10);
/// Between two looks at the processes and the wish to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Watches until somebody wishes to stop; also what runs beside the nodes.
///
/// # Errors
/// When a process cannot be asked for.
pub fn watch(network: &mut LocalNetwork, mut actors: Vec<Box<dyn LocalActor>>, say: &dyn Fn(&str)) -> Outcome<()> {
    let mut blocks = follow(network);
    let (mut newest, mut told) = (Height::ZERO, Instant::now());
    while !network.stop.is_wished() {
        match blocks.recv_timeout(LOOK) {
            Ok(block) => {
                newest = block.height;
                if block.transactions > 0 {
                    say(&line(&block));
                    told = Instant::now();
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                // The node that was followed has ended or dropped us: another one tells the same.
                if network.stop.pause(LOOK).is_err() {
                    return Ok(());
                }
                blocks = follow(network);
            }
        }
        report_ended(network, say)?;
        if told.elapsed() >= QUIET {
            say(&format!("height {newest}, {}", doing(network, &mut actors)));
            told = Instant::now();
        }
    }
    Ok(())
}

/// What there is to tell when no transaction comes.
fn doing(network: &LocalNetwork, actors: &mut [Box<dyn LocalActor>]) -> String {
    let running = network.nodes.iter().find(|node| node.pid().is_some());
    let Some(node) = running.filter(|_| !actors.is_empty()) else { return "nothing to do".to_owned() };
    // A node that does not answer is reported when it has ended.
    let line =
        |actor: &mut Box<dyn LocalActor>| actor.line(node.client()).unwrap_or_else(|failure| failure.to_string());
    actors.iter_mut().map(line).collect::<Vec<_>>().join("; ")
}

fn report_ended(network: &mut LocalNetwork, say: &dyn Fn(&str)) -> Outcome<()> {
    let daemon = network.programs.daemon.display().to_string();
    for node in network.nodes.iter_mut().filter(|node| node.pid().is_some()) {
        if let Some(status) = node.ended()? {
            let home = node.home().display();
            say(&format!(
                "node {} ended ({status}); start it again in another terminal: {daemon} run --home {home}",
                node.index
            ));
        }
    }
    Ok(())
}

/// Blocks of the first running node from now on.
fn follow(network: &LocalNetwork) -> Receiver<BlockSummary> {
    let (sender, receiver) = channel();
    let running = network.nodes.iter().find(|node| node.pid().is_some());
    if let Some(client) = running.map(|node| node.client().clone()) {
        // It ends with the stream, or when nobody listens any more.
        std::thread::spawn(move || pass_on(&client, &sender));
    }
    receiver
}

fn pass_on(client: &NodeClient, sender: &Sender<BlockSummary>) {
    let Ok(stream) = client.follow_blocks(None) else { return };
    for event in stream {
        let Ok(event) = event else { return };
        if let StreamEvent::Block(block) = event
            && sender.send(*block).is_err()
        {
            return;
        }
    }
}

fn line(block: &BlockSummary) -> String {
    let noun = if block.transactions == 1 { "transaction" } else { "transactions" };
    format!(
        "block {}: {} {noun}, proposed by validator {}, view {}, {}",
        block.height, block.transactions, block.proposer, block.view, block.hash
    )
}
