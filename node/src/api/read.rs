//! From stored values to answers: blocks, transactions, receipts, certificates.
//!
//! It must not know HTTP. A block that became final with a descendant is shown with the headers that lead to the certificate's
//! block.

use execution::{FinalizedBlock, Registry};
use replica::DecidedBlock;
use store::{Store, StoreError, StoredBlock};
use types::{Address, Canonical, Certificate, Event, Hash32, Header, Height, Network, Receipt, Transaction, limits};

use super::models::{BlockSummary, EventResponse, FinalBlock, ReceiptResponse, TransactionResponse, TransactionStatus};

/// What stands between a block and its own certificate.
const NO_HEADERS: &[Header] = &[];

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

/// What proves a block final: its certificate, and the headers from the next height up to the one that it names. Nothing for the
/// first block, and as long as those headers are not all in the store.
pub(crate) fn proof(store: &Store, block: &StoredBlock) -> Result<Option<(Certificate, Vec<Header>)>, StoreError> {
    let Some(certificate) = &block.certificate else { return Ok(None) };
    let headers = headers_to(&certificate.statement.block, block.header.height, |height| store.block(height))?;
    Ok(headers.map(|headers| (certificate.clone(), headers)))
}

/// The headers above a height up to the one of this hash, out of whatever has blocks. Nothing when it does not lead there.
fn headers_to(
    named: &Hash32,
    height: Height,
    block: impl Fn(Height) -> Result<Option<StoredBlock>, StoreError>,
) -> Result<Option<Vec<Header>>, StoreError> {
    let mut headers = Vec::new();
    for step in 0..=limits::DESCENDANTS_MAX {
        let Some(found) = block(height.saturating_add(step as u64))? else { return Ok(None) };
        if step > 0 {
            headers.push(found.header);
        }
        if found.hash == *named {
            return Ok(Some(headers));
        }
    }
    Ok(None)
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
    let proof = proof(store, &block)?;
    Ok(parts.map(|(transaction, found)| {
        let proof = proof.as_ref().map(|(certificate, headers)| (certificate, headers.as_slice()));
        let place = Place { header: &block.header, hash: block.hash, proof, index };
        final_transaction(registry, &place, transaction, found)
    }))
}

/// A transaction of a block that has just become final. Where the block's certificate names a descendant, the headers between are
/// the store's to give, and there is no proof here.
pub(crate) fn fresh_transaction(
    registry: &Registry,
    block: &FinalizedBlock,
    id: &Hash32,
) -> Option<TransactionResponse> {
    let (_, receipts) = block.outcome.receipts.split_first()?;
    let index = receipts.iter().position(|receipt| receipt.id == *id)?;
    let is_own = block.certificate.statement.block == block.hash;
    let proof = is_own.then_some((&block.certificate, NO_HEADERS));
    let place = Place { header: &block.header, hash: block.hash, proof, index };
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
    let place = Place { header: &block.header, hash: block.outcome.hash, proof: None, index };
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
    /// The certificate, and the headers up to the one that it names.
    proof: Option<(&'a Certificate, &'a [Header])>,
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
        certificate_hex: place.proof.map(|(certificate, _)| to_hex(certificate)),
        descendants_hex: place.proof.map_or(NO_HEADERS, |(_, headers)| headers).iter().map(to_hex).collect(),
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
        descendants_hex: Vec::new(),
    }
}

/// An address as text of the chain's network.
pub(crate) fn text(address: Address, network: Network) -> String {
    address.to_text(network)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use execution::{BlockOutcome, ChangeSet};
    use types::{
        Amount, AuthKind, BlsSignature, Body, Epoch, List, Nonce, ProtocolVersion, SignerBitmap, TimeMs,
        TransactionBody, ValidatorIndex, View, VoteKind, VoteStatement, Weight, Witness,
    };

    use super::*;

    fn hash(height: u64) -> Hash32 {
        Hash32([u8::try_from(height).expect("low"); 32])
    }

    fn header(height: u64) -> Header {
        Header {
            version: ProtocolVersion(1),
            view: View(height),
            height: Height(height),
            parent: hash(height - 1),
            time: TimeMs(height),
            ..Header::default()
        }
    }

    fn certificate(named: u64) -> Certificate {
        let (kind, view) = (VoteKind::Finalize, View(named));
        let statement = VoteStatement { kind, epoch: Epoch::ZERO, view, parent_view: View::ZERO, block: hash(named) };
        let signers = SignerBitmap::new(4, (0..3).map(ValidatorIndex));
        Certificate { statement, signers, signature: BlsSignature::ZERO }
    }

    /// Block 1 with one transaction, whose receipt has the id 9, final by the certificate of a block.
    fn fresh(named: u64) -> FinalizedBlock {
        let body = TransactionBody {
            version: 1,
            sender: Address([1; 20]),
            auth: AuthKind::Single,
            nonce: Nonce::ZERO,
            valid_until: TimeMs(1),
            fee_max: Amount::ZERO,
            tip: Amount::ZERO,
            payer: None,
            calls: List::default(),
        };
        let transaction = Transaction { body, witness: Witness { auths: List::default() } };
        let receipt = |id| Receipt {
            id: hash(id),
            code: 0,
            call: 0,
            weight: Weight(0),
            fee: Amount::ZERO,
            events: List::default(),
        };
        let outcome = BlockOutcome {
            hash: hash(1),
            height: Height(1),
            changes: ChangeSet::default(),
            pages: Default::default(),
            pages_replaced: Vec::new(),
            state_root: Hash32::ZERO,
            receipts: vec![receipt(0), receipt(9)],
            receipts_root: Hash32::ZERO,
            accounts_touched: Vec::new(),
        };
        let transactions = List::new(vec![transaction]).expect("one");
        let body = Arc::new(Body { system_calls: List::default(), transactions });
        let certificate = certificate(named);
        FinalizedBlock { hash: hash(1), header: header(1), body, certificate, outcome: Arc::new(outcome) }
    }

    // FAULTS E3
    #[test]
    fn a_certificate_is_given_with_all_headers_up_to_the_block_that_it_names_or_not_at_all() {
        let stored = |Height(height)| {
            let block = StoredBlock { hash: hash(height), header: header(height), certificate: None };
            Ok((height <= 3).then_some(block))
        };
        let heights = |named| {
            let headers = headers_to(&hash(named), Height(1), stored).expect("it reads");
            headers.map(|headers| headers.iter().map(|header| header.height.0).collect::<Vec<_>>())
        };
        assert_eq!(heights(1), Some(vec![]));
        assert_eq!(heights(3), Some(vec![2, 3]));
        assert_eq!(heights(4), None, "it is not stored yet");
        let told = |named| fresh_transaction(&runtime::registry(), &fresh(named), &hash(9)).expect("it is there");
        assert!(told(1).certificate_hex.is_some() && told(1).descendants_hex.is_empty());
        assert_eq!(told(2).certificate_hex, None, "of a descendant, without the headers between");
    }
}
