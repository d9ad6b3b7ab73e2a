//! From stored values to answers: blocks, transactions, receipts, certificates.
//!
//! It must not know HTTP. A block that became final with a descendant is shown with the headers that lead to the certificate's
//! block.

use execution::{FinalizedBlock, Registry};
use replica::DecidedBlock;
use store::{Store, StoreError, StoredBlock};
use types::{Address, Canonical, Certificate, Event, Hash32, Header, Height, Network, Receipt, Transaction};

use super::models::{BlockSummary, EventResponse, FinalBlock, ReceiptResponse, TransactionResponse, TransactionStatus};

/// Longest chain of headers from a block to the one its certificate names.
const DESCENDANTS_MAX: usize = 1_024;

/// Canonical bytes in hex.
pub(crate) fn to_hex(value: &impl Canonical) -> String {
    types::to_hex(&value.to_canonical())
}

/// A receipt with its code in words.
pub(crate) fn receipt(registry: &Registry, receipt: &Receipt) -> ReceiptResponse {
    let described = registry.describe_reject(receipt.code);
    let (name, message) = match described {
        _ if receipt.is_ok() => ("ok", ""),
        Some(found) => (found.name, found.sentence),
        None => ("unknown", "this software does not know the reject"),
    };
    ReceiptResponse {
        id: receipt.id,
        code: receipt.code,
        name: name.to_owned(),
        message: message.to_owned(),
        call: receipt.call,
        weight: receipt.weight,
        fee: receipt.fee,
        events: receipt.events.iter().map(event).collect(),
    }
}

fn event(event: &Event) -> EventResponse {
    EventResponse { module: event.module, kind: event.kind, body: types::to_hex(&event.body) }
}

/// A block in a list.
pub(crate) fn summary(block: &StoredBlock, transactions: usize) -> BlockSummary {
    let StoredBlock { hash, header, certificate } = block;
    BlockSummary {
        height: header.height,
        hash: *hash,
        time: header.time,
        epoch: header.epoch,
        view: header.view,
        proposer: header.proposer,
        transactions: u32::try_from(transactions).unwrap_or(u32::MAX),
        header_hex: to_hex(header),
        // One that names a descendant proves nothing without the headers between, which only the whole block has.
        certificate_hex: certificate.as_ref().filter(|own| own.statement.block == *hash).map(to_hex),
    }
}

/// A block that has just become final, in a list.
pub(crate) fn fresh_summary(block: &FinalizedBlock) -> BlockSummary {
    let stored =
        StoredBlock { hash: block.hash, header: block.header.clone(), certificate: Some(block.certificate.clone()) };
    summary(&stored, block.body.transactions.len())
}

/// Headers from the next height up to the one that the certificate names.
pub(crate) fn descendants(store: &Store, height: Height, certificate: &Certificate) -> Result<Vec<Header>, StoreError> {
    let mut headers = Vec::new();
    if store.block(height)?.is_some_and(|block| block.hash == certificate.statement.block) {
        return Ok(headers);
    }
    let mut height = height.next();
    while headers.len() < DESCENDANTS_MAX {
        let Some(block) = store.block(height)? else { break };
        let is_named = block.hash == certificate.statement.block;
        headers.push(block.header);
        if is_named {
            break;
        }
        height = height.next();
    }
    Ok(headers)
}

/// A final transaction from the store.
pub(crate) fn stored_transaction(
    store: &Store,
    registry: &Registry,
    id: &Hash32,
) -> Result<Option<TransactionResponse>, StoreError> {
    let Some(place) = store.transaction(id)? else { return Ok(None) };
    let (block, body, receipts) =
        (store.block(place.height)?, store.body(place.height)?, store.receipts(place.height)?);
    let (Some(block), Some(body), Some(receipts)) = (block, body, receipts) else { return Ok(None) };
    let index = place.index as usize;
    let parts = body.transactions.get(index).zip(receipts.get(index + 1));
    Ok(parts.map(|(transaction, found)| {
        let place = Place { header: &block.header, hash: block.hash, certificate: block.certificate.as_ref(), index };
        final_transaction(registry, &place, transaction, found)
    }))
}

/// A transaction of a block that has just become final.
pub(crate) fn fresh_transaction(
    registry: &Registry,
    block: &FinalizedBlock,
    id: &Hash32,
) -> Option<TransactionResponse> {
    let (_, receipts) = block.outcome.receipts.split_first()?;
    let index = receipts.iter().position(|receipt| receipt.id == *id)?;
    let place = Place { header: &block.header, hash: block.hash, certificate: Some(&block.certificate), index };
    Some(final_transaction(registry, &place, block.body.transactions.get(index)?, receipts.get(index)?))
}

/// A transaction of a block that is final and not certified yet.
pub(crate) fn decided_transaction(
    registry: &Registry,
    block: &DecidedBlock,
    id: &Hash32,
) -> Option<TransactionResponse> {
    let (_, receipts) = block.outcome.receipts.split_first()?;
    let index = receipts.iter().position(|receipt| receipt.id == *id)?;
    let place = Place { header: &block.header, hash: block.outcome.hash, certificate: None, index };
    Some(final_transaction(registry, &place, block.body.transactions.get(index)?, receipts.get(index)?))
}

/// The news that a block is final.
pub(crate) fn final_block(block: &DecidedBlock) -> FinalBlock {
    let DecidedBlock { header, body, outcome } = block;
    let transactions = u32::try_from(body.transactions.len()).unwrap_or(u32::MAX);
    FinalBlock { height: header.height, hash: outcome.hash, time: header.time, transactions }
}

/// Where a transaction stands.
struct Place<'a> {
    header: &'a Header,
    hash: Hash32,
    certificate: Option<&'a Certificate>,
    index: usize,
}

fn final_transaction(
    registry: &Registry,
    place: &Place<'_>,
    transaction: &Transaction,
    found: &Receipt,
) -> TransactionResponse {
    TransactionResponse {
        id: found.id,
        status: TransactionStatus::Final,
        wid: Some(crypto::ids::witness_id(found.id, &transaction.witness)),
        height: Some(place.header.height),
        block: Some(place.hash),
        time: Some(place.header.time),
        index: u32::try_from(place.index).ok(),
        receipt: Some(receipt(registry, found)),
        transaction: Some(transaction.clone()),
        header_hex: Some(to_hex(place.header)),
        certificate_hex: place.certificate.map(to_hex),
    }
}

/// A transaction that is not final.
pub(crate) fn open_transaction(id: Hash32, waiting: Option<(Hash32, Transaction)>) -> TransactionResponse {
    let status = if waiting.is_some() { TransactionStatus::Pending } else { TransactionStatus::Unknown };
    let (wid, transaction) = waiting.unzip();
    TransactionResponse {
        id,
        status,
        wid,
        height: None,
        block: None,
        time: None,
        index: None,
        receipt: None,
        transaction,
        header_hex: None,
        certificate_hex: None,
    }
}

/// An address as text of the chain's network.
pub(crate) fn text(address: Address, network: Network) -> String {
    address.to_text(network)
}
