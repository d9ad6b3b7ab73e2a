//! Whether a transaction or a block is final, with everything checked that the node says about it.
//!
//! It must not trust the node: header, certificate and the transaction's place in the block are checked by [`Chain`]. It must not
//! know how a transaction gets to the node, nor wait.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{Canonical, Epoch, Genesis, Hash32, Header, Height, List, Receipt, Transaction, Validator, ValidatorSet};

use crate::calls::{DescribedEvent, describe_events};
use crate::chain::{Chain, CheckedHeader, FinalityClaim};
use crate::checkpoint::Checkpoint;
use crate::client::NodeClient;
use crate::client::types::{
    BlockResponse, EventResponse, ProofResponse, ReceiptResponse, TransactionResponse, ValidatorResponse,
};
use crate::{Error, Result};

/// A transaction that this wallet has found final.
#[derive(Clone, Debug)]
pub struct FinalTransaction {
    /// The transaction.
    pub id: Hash32,
    /// Its block.
    pub block: CheckedHeader,
    /// What became of it.
    pub receipt: ReceiptResponse,
    /// The same receipt's events in words.
    pub events: Vec<DescribedEvent>,
    /// Whether the receipt was checked against the next block's header, or is the node's word.
    pub receipt_checked: bool,
    /// From handing in to the news of finality; absent for a transaction that was not handed in here.
    pub latency: Option<Duration>,
    /// For how long the chain had stood, also from before it was handed in, as the node said; absent where that was not worth telling.
    pub stood: Option<Duration>,
}

/// Checks everything that makes a transaction final: certificate, header, and that these very bytes are in the block. Without
/// `transaction` the node's copy is taken, of which the id is checked.
///
/// # Errors
/// `bad_answer`, or what [`Chain`] finds wrong.
pub fn check_transaction(
    client: &NodeClient,
    chain: &mut Chain,
    response: &TransactionResponse,
    transaction: Option<&Transaction>,
    latency: Option<Duration>,
) -> Result<FinalTransaction> {
    let id = response.id;
    let incomplete =
        || Error::new("bad_answer", "the node calls the transaction final without saying where", "ask another node");
    let height = response.height.ok_or_else(incomplete)?;
    let transaction = transaction.or(response.transaction.as_ref()).ok_or_else(incomplete)?;
    if crypto::ids::transaction_id(chain.id(), &transaction.body) != id {
        return Err(Error::new(
            "bad_answer",
            "the node shows another transaction than the one asked for",
            "ask another node",
        ));
    }
    let block = client.block(&height.to_string())?;
    let checked = check_block(client, chain, &block)?;
    if checked.header.height != height {
        return Err(incomplete());
    }
    let wids: Vec<Hash32> = block.transactions.iter().map(|entry| entry.wid).collect();
    // Somebody else may have sent the same body with another valid signature; the id is the same and so is the effect.
    let place = block.transactions.iter().position(|entry| entry.id == id).ok_or_else(incomplete)?;
    let included = &block.transactions.get(place).ok_or_else(incomplete)?.transaction;
    if crypto::ids::transaction_id(chain.id(), &included.body) != id {
        return Err(incomplete());
    }
    let wid = crypto::ids::witness_id(id, &included.witness);
    checked.check_contains(&block.system_calls, &wids, &wid)?;
    let receipt = block
        .receipts
        .get(place.saturating_add(1))
        .filter(|receipt| receipt.id == id)
        .cloned()
        .ok_or_else(incomplete)?;
    let receipt_checked = check_receipts(client, chain, &block, checked.header.height)?;
    let events = describe_events(&receipt, chain.network());
    Ok(FinalTransaction { id, block: checked, receipt, events, receipt_checked, latency, stood: None })
}

/// Checks everything that a node shows of a final block against its checked header: header and hash, each transaction's ids by its
/// bytes, the whole body, and the receipts once the next block commits to them. Says whether those were checked.
///
/// # Errors
/// `bad_answer` when a part is not what the header says; as [`CheckedHeader::check_body`]; `wrong_proof` for the receipts.
pub fn check_content(
    client: &NodeClient,
    chain: &mut Chain,
    block: &BlockResponse,
    checked: &CheckedHeader,
) -> Result<bool> {
    let other = |what: &str| {
        let message = format!("the node shows block {} with {what} that is not its own", checked.header.height);
        Error::new("bad_answer", message, "the node is lying or damaged: ask another one")
    };
    if block.hash != checked.hash || block.header != checked.header {
        return Err(other("a header"));
    }
    // The bytes were checked; what is shown beside them has to be the same.
    let certificate = block.certificate.as_ref().map(|certificate| hex::encode(certificate.to_canonical()));
    if certificate.is_some() && certificate != block.certificate_hex.as_deref().map(str::to_ascii_lowercase) {
        return Err(other("a certificate"));
    }
    let mut wids = Vec::with_capacity(block.transactions.len());
    for entry in &block.transactions {
        let body = &entry.transaction.body;
        let id = crypto::ids::transaction_id(chain.id(), body);
        let wid = crypto::ids::witness_id(id, &entry.transaction.witness);
        if entry.id != id || entry.wid != wid || entry.sender != body.sender.to_text(chain.network()) {
            return Err(other("a transaction"));
        }
        wids.push(wid);
    }
    checked.check_body(&block.system_calls, &wids)?;
    check_receipts(client, chain, block, checked.header.height)
}

/// Checks that a block is final, following changes of the validator set from what is known.
///
/// # Errors
/// What [`Chain::check_final`] finds wrong; `bad_answer` for a block without a certificate.
pub fn check_block(client: &NodeClient, chain: &mut Chain, block: &BlockResponse) -> Result<CheckedHeader> {
    let Some(certificate_hex) = &block.certificate_hex else {
        return Err(Error::new(
            "bad_answer",
            format!("the node gives no certificate for block {}", block.header.height),
            "ask another node",
        ));
    };
    let claim =
        FinalityClaim { header_hex: &block.header_hex, descendants_hex: &block.descendants_hex, certificate_hex };
    check_claim(client, chain, claim, &block.header)
}

/// Checks a header with its proof, following changes of the validator set from what is known.
///
/// # Errors
/// As [`check_block`].
pub fn check_claim(
    client: &NodeClient,
    chain: &mut Chain,
    claim: FinalityClaim<'_>,
    header: &Header,
) -> Result<CheckedHeader> {
    follow_sets(client, chain, header)?;
    chain.check_final(claim)
}

/// A state value, or its absence, with the final header that commits to it.
#[derive(Clone, Debug)]
pub struct ProvenValue {
    /// The value; nothing when the key is absent.
    pub value: Option<Vec<u8>>,
    /// The state after this block.
    pub height: Height,
    /// The header of the next one.
    pub header: CheckedHeader,
}

/// Checks what a node says of one key of the state.
///
/// # Errors
/// `wrong_proof`, and as [`check_claim`].
pub fn check_value(client: &NodeClient, chain: &mut Chain, answer: &ProofResponse, key: &[u8]) -> Result<ProvenValue> {
    follow_sets(client, chain, &crate::chain::decode_header(&answer.header_hex)?)?;
    check_value_of_known(chain, answer, key)
}

/// A proof of a state value with all that leads to it from the genesis, so that it can be checked where no node is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortableProof {
    /// What a node gave.
    pub state: ProofResponse,
    /// The changes of the validator set before it, the oldest first.
    pub sets: Vec<SetChange>,
}

/// A change of the validator set: the last block of an epoch, which commits to the next one's set, and that set.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetChange {
    header_hex: String,
    descendants_hex: Vec<String>,
    certificate_hex: String,
    validators: Vec<ValidatorResponse>,
}

impl PortableProof {
    /// Asks a node for what leads from the genesis to this proof, and checks all of it.
    ///
    /// # Errors
    /// As [`check_value`].
    pub fn fetch(
        client: &NodeClient,
        genesis: &Genesis,
        state: ProofResponse,
        key: &[u8],
    ) -> Result<(Self, ProvenValue)> {
        let mut chain = Chain::new(genesis.clone())?;
        let sets = follow_sets(client, &mut chain, &crate::chain::decode_header(&state.header_hex)?)?;
        let proven = check_value_of_known(&chain, &state, key)?;
        Ok((Self { state, sets }, proven))
    }

    /// Checks it from the genesis on, without a node. A block that stands at the height of a known one has to be that one: old keys of
    /// validators may have signed another history.
    ///
    /// # Errors
    /// `wrong_validator_set`, `unknown_validator_set`, `checkpoint_conflict`, and as [`check_value`].
    pub fn check(&self, genesis: &Genesis, known: &[Checkpoint], key: &[u8]) -> Result<ProvenValue> {
        let mut chain = Chain::new(genesis.clone())?;
        let mut newest = None;
        for change in &self.sets {
            let (last, from) = change.take(&mut chain)?;
            compare(known, &last)?;
            // Each step has to lead on, or the same one stands there a thousand times.
            if newest.replace(from).is_some_and(|earlier| from <= earlier) {
                let message = format!(
                    "the change of the validator set that is in force from epoch {from} on stands behind a later one"
                );
                return Err(Error::new(
                    "wrong_validator_set",
                    message,
                    "the file is damaged or forged: have the proof made anew",
                ));
            }
        }
        let proven = check_value_of_known(&chain, &self.state, key)?;
        compare(known, &proven.header)?;
        Ok(proven)
    }
}

/// Refuses another block in the place of one that is known.
fn compare(known: &[Checkpoint], checked: &CheckedHeader) -> Result<()> {
    known.iter().try_for_each(|known| known.check(&Checkpoint::of(checked)))
}

impl SetChange {
    /// Follows it; gives the block that commits to it and the epoch from which on its set signs.
    fn take(&self, chain: &mut Chain) -> Result<(CheckedHeader, Epoch)> {
        let Self { header_hex, descendants_hex, certificate_hex, validators } = self;
        let last = chain.check_final(FinalityClaim { header_hex, descendants_hex, certificate_hex })?;
        let next = to_set(validators, chain)?;
        let from = chain.follow(&last, next)?;
        Ok((last, from))
    }
}

/// The same where the set that signed is known, or the proof does not hold.
fn check_value_of_known(chain: &Chain, answer: &ProofResponse, key: &[u8]) -> Result<ProvenValue> {
    let wrong = |why: &str| Error::new("wrong_proof", why, "the node is lying or damaged: ask another one");
    if answer.key_hex != hex::encode(key) {
        return Err(wrong("the proof is about something else than what was asked for"));
    }
    let value = answer.value_hex.as_deref().map(hex::decode).transpose();
    let value = value.map_err(|_| wrong("the value is not hexadecimal"))?;
    let header = chain.check_final(FinalityClaim {
        header_hex: &answer.header_hex,
        descendants_hex: &answer.descendants_hex,
        certificate_hex: &answer.certificate_hex,
    })?;
    let height = header.check_state(key, value.as_deref(), &answer.proof_hex)?;
    Ok(ProvenValue { value, height, header })
}

/// Learns validator sets until the one that `target` names is known. Each step finds the boundary between blocks of a known and an
/// unknown set by bisection; the last block before it commits to the next set and is itself checked. Gives the changes that were learnt.
fn follow_sets(client: &NodeClient, chain: &mut Chain, target: &Header) -> Result<Vec<SetChange>> {
    let (mut learnt, mut changes) = (None, Vec::new());
    while !chain.knows_set(target) {
        let (mut known, mut unknown) = (Height::ZERO, target.height);
        while known.next() < unknown {
            let middle = Height(known.0.midpoint(unknown.0));
            let header = client.block(&middle.to_string())?.header;
            if chain.knows_set(&header) { known = middle } else { unknown = middle }
        }
        let block = client.block(&known.to_string())?;
        let validators = client.validators(Some(block.header.epoch.next()))?.validators;
        let change = SetChange {
            header_hex: block.header_hex,
            descendants_hex: block.descendants_hex,
            certificate_hex: block.certificate_hex.unwrap_or_default(),
            validators,
        };
        let (_, from) = change.take(chain)?;
        changes.push(change);
        // Each step has to lead on.
        if learnt.is_some_and(|earlier| from <= earlier) {
            let message = format!("block {} names a validator set that is not the one of its epoch", target.height);
            return Err(Error::new("wrong_validator_set", message, "the node is lying or damaged: ask another one"));
        }
        learnt = Some(from);
    }
    Ok(changes)
}

fn to_set(members: &[ValidatorResponse], chain: &Chain) -> Result<ValidatorSet> {
    let bad = |why: String| {
        Error::new("bad_answer", format!("the node's validator set cannot be read: {why}"), "ask another node")
    };
    let member = |member: &ValidatorResponse| {
        let account =
            types::Address::parse(&member.account, chain.network()).map_err(|error| bad(error.to_string()))?;
        Ok(Validator { key: member.key, power: member.power, account, peer: member.peer })
    };
    let members = members.iter().map(member).collect::<Result<Vec<_>>>()?;
    ValidatorSet::new(members).map_err(|error| bad(error.to_string()))
}

/// Checks a block's receipts against the header of the next block, when that is final already.
fn check_receipts(client: &NodeClient, chain: &mut Chain, block: &BlockResponse, height: Height) -> Result<bool> {
    let Ok(next) = client.block(&height.next().to_string()) else { return Ok(false) };
    if next.certificate_hex.is_none() {
        return Ok(false);
    }
    let next = check_block(client, chain, &next)?;
    let receipts: Option<Vec<Receipt>> = block.receipts.iter().map(to_receipt).collect();
    let proven = receipts.is_some_and(|receipts| crypto::ids::receipts_root(&receipts) == next.header.receipts_root);
    if proven && next.header.height == height.next() {
        return Ok(true);
    }
    let message = format!(
        "the receipts that the node shows for block {height} are not those that block {} commits to",
        height.next()
    );
    Err(Error::new("wrong_proof", message, "the node is lying or damaged: ask another one"))
}

fn to_receipt(shown: &ReceiptResponse) -> Option<Receipt> {
    let events = shown.events.iter().map(EventResponse::event).collect::<Option<Vec<_>>>()?;
    let events = List::new(events).ok()?;
    let ReceiptResponse { id, code, call, weight, fee, .. } = *shown;
    Some(Receipt { id, code, call, weight, fee, events })
}
