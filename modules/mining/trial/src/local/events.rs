//! What the module `mining` reports in receipts, and the proofs in bodies, read from their bytes.
//!
//! It must not know what they ought to be.

use borsh::BorshDeserialize;
use testnet::devnet::{Failure, Outcome};
use types::{Address, Amount, Hash32, ModuleId};
use wallet::client::types::{BlockResponse, ReceiptResponse};

/// The module's number.
pub(super) const MINING: ModuleId = ModuleId(3);
/// Length of a header.
const HEADER_BYTES: usize = 80;
/// Where a coinbase names its payee: OP_RETURN, a push of 56 bytes, and four letters stand before it.
const PAYEE_MARK: &[u8] = b"\x6a\x38THRW";

/// How a reward was divided, in µTHR.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshDeserialize)]
pub(super) struct Split {
    /// To the finder alone.
    pub(super) finder: Amount,
    /// To the window.
    pub(super) window: Amount,
    /// To the AI pool.
    pub(super) ai_pool: Amount,
    /// To the validators.
    pub(super) validators: Amount,
    /// To the ecosystem.
    pub(super) ecosystem: Amount,
}

/// An event, in the order of its numbers in the byte form.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
pub(super) enum Event {
    /// A work was accepted: height, hash, finder, parts, and the next nBits.
    Work(u64, Hash32, Address, Split, u32),
    /// A share entered the window: work height, hash, payee, weight.
    Share(u64, Hash32, Address, u128),
    /// Somebody moved earnings to the account.
    Claimed(Address, Amount),
}

/// The module's events of a receipt, in order.
pub(super) fn of_receipt(receipt: &ReceiptResponse) -> Outcome<Vec<Event>> {
    let own = receipt.events.iter().filter(|event| event.module == MINING);
    own.map(|event| {
        let bytes = hex::decode(&event.body).map_err(|error| error.to_string());
        let read = bytes.and_then(|bytes| borsh::from_slice(&bytes).map_err(|error| error.to_string()));
        read.map_err(|error| {
            Failure::new(format!("an event of the module mining, {}, cannot be read: {error}", event.body))
        })
    })
    .collect()
}

/// A proof as it stands in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    /// What its header builds on.
    pub(super) previous: [u8; 32],
    /// Its header's nBits.
    pub(super) bits: u32,
    /// Its header's hash.
    pub(super) hash: Hash32,
    /// Who is paid.
    pub(super) payee: Address,
}

impl Proof {
    /// Header, anchor (8 bytes), then the coinbase behind its length.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (header, rest) = bytes.split_at_checked(HEADER_BYTES)?;
        let length = u32::from_le_bytes(rest.get(8..12)?.try_into().ok()?);
        let coinbase = rest.get(12..)?.get(..usize::try_from(length).ok()?)?;
        let mark = coinbase.windows(PAYEE_MARK.len()).position(|window| window == PAYEE_MARK)?;
        let payee = coinbase.get(mark + PAYEE_MARK.len()..)?.get(..20)?;
        Some(Self {
            previous: header.get(4..36)?.try_into().ok()?,
            bits: u32::from_le_bytes(header.get(72..76)?.try_into().ok()?),
            hash: Hash32(pow::sha256d(header)),
            payee: Address(payee.try_into().ok()?),
        })
    }

    /// All proofs of a block, in order.
    pub(super) fn of_block(block: &BlockResponse) -> Outcome<Vec<Self>> {
        let own = block.system_calls.iter().filter(|call| call.module == MINING);
        own.map(|call| {
            Self::read(&call.body).ok_or_else(|| {
                Failure::new(format!("block {} holds a proof of work that cannot be read", block.header.height))
            })
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_read_as_the_module_writes_it() {
        let payee = Address([7; 20]);
        let commitment =
            pow::Commitment { chain_id: types::ChainId::default(), work_height: 9, payee, anchor: Hash32([5; 32]) };
        let coinbase = commitment.coinbase_parts(b"tag").expect("a short tag").assemble([1; 4], [2; 8]);
        let header = pow::WorkHeader {
            version: 2,
            previous: [3; 32],
            merkle_root: [4; 32],
            time: 6,
            bits: pow::CompactBits(0x1e10_0000),
            nonce: 8,
        };
        let proof = mining::WorkProof {
            header: header.to_bytes(),
            anchor: types::Height(1),
            coinbase: types::ByteString::new(coinbase).expect("it is short"),
            branch: types::List::default(),
        };
        let bytes = proof.to_system_call().body;
        let read = Proof::read(&bytes).expect("a proof");
        let expected = Proof { previous: [3; 32], bits: 0x1e10_0000, hash: Hash32(header.hash()), payee };
        assert_eq!(read, expected);
        assert_eq!(Proof::read(&bytes[..100]), None);
    }
}
