//! Proofs that hold without trust in who gives them: a value of the state or its absence, and what became of a transaction.
//!
//! Each comes with a final header, the headers up to the certified one, and the certificate, all of one epoch. The validators of the
//! genesis are accepted and no others: a header that names another set is refused. It must not ask anybody, nor know commands.
//!
//! Invariant: every fact that is returned was derived from bytes that the header's roots commit to.

use crypto::merkle::MerkleProof;
use types::{Hash32, Header, Height, Receipt, Transaction, limits};

use crate::chain::{Chain, CheckedHeader, FinalityClaim, decode, decode_header};
use crate::client::proofs::ReceiptEvidence;
use crate::client::types::ProofResponse;
use crate::finality::ProvenValue;
use crate::transaction::verify_transaction;
use crate::{Error, Result};

/// Which receipt is to be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichReceipt {
    /// That of a transaction, wherever it stands.
    Transaction(Hash32),
    /// One of a block by its place: 0 is the block's own, the transaction at place `i` has `i + 1`.
    Receipt(Height, u32),
}

/// What became of a transaction, or what a block itself did.
#[derive(Clone, Debug)]
pub struct ProvenReceipt {
    /// The block.
    pub height: Height,
    /// The receipt's place there, and how many there are.
    pub place: (u32, u32),
    /// The receipt.
    pub receipt: Receipt,
    /// The transaction with good signatures, if the node gave it. Its body is proven; the signatures may be others than in the block.
    pub transaction: Option<Transaction>,
    /// The header of the next block, which commits to the receipt.
    pub header: CheckedHeader,
}

/// Checks a value of the state, or its absence.
///
/// # Errors
/// `wrong_proof`; `unknown_validator_set` and what else [`Chain::check_final`] finds wrong.
pub fn check_state(chain: &Chain, answer: &ProofResponse, key: &[u8]) -> Result<ProvenValue> {
    if answer.key_hex != hex::encode(key) {
        return Err(wrong("the proof is about another key than the one that was asked for"));
    }
    let value = answer.value_hex.as_deref().map(hex::decode).transpose();
    let value = value.map_err(|_| wrong("the value is not hexadecimal"))?;
    let header = final_header(chain, &answer.header_hex, &answer.descendants_hex, &answer.certificate_hex)?;
    let height = header.check_state(key, value.as_deref(), &answer.proof_hex)?;
    if answer.height != height {
        return Err(wrong("the proof is of another height than it says"));
    }
    Ok(ProvenValue { value, height, header })
}

/// Checks a receipt, and the transaction that comes with it.
///
/// # Errors
/// As [`check_state`]; `bad_answer` for what cannot be read.
pub fn check_receipt(chain: &Chain, answer: &ReceiptEvidence, asked: WhichReceipt) -> Result<ProvenReceipt> {
    let receipt: Receipt = decode(&answer.receipt_hex, "receipt")?;
    let path: MerkleProof = decode(&answer.path_hex, "path of a receipt")?;
    let header = final_header(chain, &answer.header_hex, &answer.descendants_hex, &answer.certificate_hex)?;
    if !crypto::ids::verify_receipt(&header.header.receipts_root, &receipt, &path) {
        let height = header.header.height;
        return Err(wrong(&format!("the receipt is none of those that block {height} commits to")));
    }
    let height = header.header.height.saturating_sub(1);
    let is_asked = match asked {
        WhichReceipt::Transaction(id) => receipt.id == id && path.index > 0,
        WhichReceipt::Receipt(of, index) => (height, path.index) == (of, index),
    };
    if !is_asked {
        return Err(wrong("the proof is of another receipt than the one that was asked for"));
    }
    if (answer.height, answer.index, answer.id) != (height, path.index, receipt.id) {
        return Err(wrong("the proof is of another receipt than it says"));
    }
    let transaction = answer.transaction_hex.as_deref().map(|text| checked_transaction(chain, text, &receipt.id));
    let transaction = transaction.transpose()?;
    Ok(ProvenReceipt { height, place: (path.index, path.count), receipt, transaction, header })
}

/// A transaction by its bytes: it has the id, and its signatures are good.
fn checked_transaction(chain: &Chain, text: &str, id: &Hash32) -> Result<Transaction> {
    let transaction: Transaction = decode(text, "transaction")?;
    let signed = verify_transaction(chain.id(), &transaction);
    match signed.map_err(|_| wrong("the transaction is shown with signatures that are wrong"))? {
        own if own == *id => Ok(transaction),
        _ => Err(wrong("the transaction is another than the one that the receipt is of")),
    }
}

/// A final header: it and what follows up to the certified one are of one epoch, and only the last may be that epoch's last block.
fn final_header(
    chain: &Chain,
    header_hex: &str,
    descendants_hex: &[String],
    certificate_hex: &str,
) -> Result<CheckedHeader> {
    if descendants_hex.len() > limits::DESCENDANTS_MAX {
        return Err(wrong(&format!("{} headers stand between it and its certificate", descendants_hex.len())));
    }
    let first = decode_header(header_hex)?;
    let mut before: Header = first.clone();
    for text in descendants_hex {
        let child = decode_header(text)?;
        if child.epoch != first.epoch || before.next_validators_hash.is_some() {
            return Err(wrong("the headers up to the certified one are of more than one epoch"));
        }
        before = child;
    }
    chain.check_final(FinalityClaim { header_hex, descendants_hex, certificate_hex })
}

fn wrong(why: &str) -> Error {
    Error::new("wrong_proof", why, "the node is lying or damaged: ask another one")
}
