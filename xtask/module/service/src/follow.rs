//! Final blocks, one after the other: what they report of this module is kept at hand.

use execution::Module;
use module_name::{ModuleName, ModuleNameEvent, ModuleNameNewest};
use prometheus_client::metrics::counter::Counter;
use service::chain::{ChainBlock, Follower, Unavailable};
use service::{Ground, Life, ServiceFault};
use types::Network;

use crate::newest::Newest;

/// Follows the chain until the node stops.
pub(crate) async fn follow(
    ground: &Ground,
    newest: &Newest,
    seen: &Counter,
    mut life: Life,
) -> Result<(), ServiceFault> {
    let network = ground.chain.genesis().network;
    let mut blocks = Follower::from_now(ground.chain.clone());
    life.ready();
    loop {
        let next = tokio::select! {
            () = life.draining() => return Ok(()),
            next = blocks.next() => next,
        };
        match next {
            Ok(block) => {
                for note in notes(&block, network) {
                    tracing::debug!(number = note.number, height = note.height, "a note");
                    seen.inc();
                    newest.add(note);
                }
            }
            // The node stops, and the service is asked to, too.
            Err(Unavailable::Stopping) => {
                life.draining().await;
                return Ok(());
            }
            Err(error) => return Err(ServiceFault(format!("the next block cannot be read: {error}"))),
        }
    }
}

/// The notes of a block, the oldest first.
fn notes(block: &ChainBlock, network: Network) -> impl Iterator<Item = ModuleNameNewest> {
    let height = block.header.height.0;
    let events = block.receipts.iter().flat_map(|receipt| receipt.events.iter());
    events.filter(|event| event.module == ModuleName::ID).filter_map(move |event| {
        let ModuleNameEvent::Written { author, number, text } = ModuleNameEvent::read(event.kind, &event.body)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Some(ModuleNameNewest { number, height, author: author.to_text(network), text })
    })
}
