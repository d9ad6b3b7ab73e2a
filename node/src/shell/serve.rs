//! The thread that answers peers' questions from the store, so that a peer that is behind slows nobody down.
//!
//! Validators' questions come first, then one of each address in turn. Answers are bounded in blocks and bytes whatever was
//! asked for.

use std::thread::JoinHandle;

use p2p::{Network, QueueLimits, RequestToken};
use replica::wire::{CertifiedBlock, Request, Response, WireBlock};
use replica::{answer_headers, answer_kept, answer_range};
use store::{Store, StoreError};
use types::{Canonical, Height, List};

use super::fair::{FairReceiver, FairSender, fair_queue};
use super::fault::Faults;

/// Questions that may wait; who asks more is told that we are busy.
const WAITING: QueueLimits = QueueLimits { all_max: 64, per_prefix_max: 8, per_peer_max: 4 };

/// A peer's question.
pub(crate) struct Question {
    pub(crate) token: RequestToken,
    pub(crate) request: Request,
}

/// Starts the thread; it ends when the sender is dropped.
pub(crate) fn start(
    store: Store,
    network: Network,
    faults: &Faults,
) -> std::io::Result<(FairSender<Question>, JoinHandle<()>)> {
    let (sender, receiver) = fair_queue(WAITING);
    let reports = faults.clone();
    let thread = faults.spawn("serve", move || {
        if let Err(error) = answer_all(&store, &network, &receiver) {
            reports.report(error.to_string());
        }
    })?;
    Ok((sender, thread))
}

fn answer_all(store: &Store, network: &Network, receiver: &FairReceiver<Question>) -> Result<(), StoreError> {
    while let Some(Question { token, request }) = receiver.pop() {
        match answer(store, &request) {
            // A peer that is gone needs no answer.
            Ok(Some(response)) => drop(network.respond(token, response.to_canonical())),
            Ok(None) => {}
            // It is being mended: the peer hears that we are busy, and asks somebody else.
            Err(StoreError::Unreadable { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What the store has to say; nothing for questions that only the replica can answer.
pub(crate) fn answer(store: &Store, request: &Request) -> Result<Option<Response>, StoreError> {
    Ok(match request {
        Request::Status => None,
        Request::Transactions { block, places } => {
            let height = store.height_of(block)?;
            let body = height.map(|height| store.body(height)).transpose()?.flatten().unwrap_or_default();
            Some(Response::transactions_at(&body, places))
        }
        Request::Certificates(asked) => {
            // Whoever is behind in this epoch goes on from the newest finalization.
            let tip = store.tip().map(|tip| store.block(tip.height)).transpose()?.flatten();
            let certificate = tip.and_then(|block| block.certificate);
            let certificate =
                certificate.filter(|found| found.statement.epoch == asked.epoch && found.statement.view >= asked.view);
            Some(Response::Certificates(List::new(certificate.into_iter().collect()).unwrap_or_default()))
        }
        Request::Block { hash } => {
            let height = store.height_of(hash)?;
            let block = height.map(|height| certified_block(store, height)).transpose()?.flatten();
            let whole = |CertifiedBlock { header, body, .. }| Box::new(WireBlock { header, body: body.into() });
            Some(Response::Block(block.map(whole)))
        }
        Request::Range { from, count } => {
            let heights = std::iter::successors(Some(*from), |height| height.checked_add(1));
            let blocks = heights.map_while(|height| certified_block(store, height).transpose());
            Some(answer_range(*count, blocks)?)
        }
        Request::Kept { height } => {
            let block = certified_block(store, *height)?;
            Some(answer_kept(block.zip(store.receipts(*height)?)))
        }
        Request::Headers { last, count } => {
            let first = store.height_of(last)?;
            let heights = std::iter::successors(first, |height| height.0.checked_sub(1).map(Height));
            let headers = heights.map_while(|height| store.block(height).transpose());
            Some(answer_headers(*count, headers.map(|block| block.map(|block| block.header)))?)
        }
    })
}

/// A final block with its certificate; nothing for the genesis, which everybody has.
fn certified_block(store: &Store, height: Height) -> Result<Option<CertifiedBlock>, StoreError> {
    let Some(block) = store.block(height)? else { return Ok(None) };
    let (Some(body), Some(certificate)) = (store.body(height)?, block.certificate) else { return Ok(None) };
    Ok(Some(CertifiedBlock { header: block.header, body, certificate }))
}
