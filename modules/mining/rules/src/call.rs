//! What a transaction may ask of this module, and the proof of work that is its system call.
//!
//! It must not know what is allowed. A variant's number is part of the byte form and never changes.

use borsh::{BorshDeserialize, BorshSerialize};
use pow::{WorkHeader, coinbase, merkle};
use serde::{Deserialize, Serialize};
use types::{ByteString, Call, Canonical, Hash32, Height, List, SystemCall, limits};

/// A call of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum MiningCall {
    /// Moves all that the sender has earned from the window to its account.
    Claim = 0,
}

impl Canonical for MiningCall {
    const BYTES_MAX: usize = 1;
}

impl MiningCall {
    /// The call as it stands in a transaction.
    #[must_use]
    pub fn to_call(&self) -> Call {
        let body = ByteString::new(self.to_canonical()).expect("one byte is far below the limit");
        Call { module: <crate::Mining as execution::Module>::ID, body }
    }
}

/// A proof of work: a work or a share, whichever its hash is good for. The payee stands in the coinbase.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WorkProof {
    /// The header that was hashed.
    pub header: [u8; WorkHeader::LENGTH],
    /// The block whose hash the coinbase binds.
    pub anchor: Height,
    /// The coinbase.
    pub coinbase: ByteString<{ coinbase::BYTES_MAX }>,
    /// From the coinbase to the header's Merkle root.
    pub branch: List<Hash32, { merkle::BRANCH_LENGTH_MAX }>,
}

impl Canonical for WorkProof {
    const BYTES_MAX: usize =
        WorkHeader::LENGTH + 8 + 4 + coinbase::BYTES_MAX + 4 + merkle::BRANCH_LENGTH_MAX * Hash32::LENGTH;
}

impl WorkProof {
    /// The proof as it stands in a block.
    #[must_use]
    pub fn to_system_call(&self) -> SystemCall {
        let body = ByteString::new(self.to_canonical()).expect("a proof is shorter than a system call may be");
        SystemCall { module: <crate::Mining as execution::Module>::ID, body }
    }
}

/// A proof as it lies in a block, read without a copy of its long part: what judging needs, at a tenth of what decoding costs.
pub(crate) struct ProofBytes<'a> {
    pub(crate) header: &'a [u8; WorkHeader::LENGTH],
    pub(crate) anchor: Height,
    pub(crate) coinbase: &'a [u8],
    pub(crate) branch: Vec<Hash32>,
}

impl<'a> ProofBytes<'a> {
    /// Reads exactly what [`WorkProof::from_canonical`] reads.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let (header, rest) = bytes.split_first_chunk()?;
        let (anchor, rest) = rest.split_first_chunk()?;
        let (length, rest) = split_length(rest, coinbase::BYTES_MAX)?;
        let (coinbase, rest) = rest.split_at_checked(length)?;
        let (count, rest) = split_length(rest, merkle::BRANCH_LENGTH_MAX)?;
        let (nodes, []) = rest.as_chunks() else { return None };
        let branch = (nodes.len() == count).then(|| nodes.iter().copied().map(Hash32).collect())?;
        Some(Self { header, anchor: Height(u64::from_le_bytes(*anchor)), coinbase, branch })
    }
}

/// The length of a list of at most `most`, as borsh writes it, and what follows.
fn split_length(bytes: &[u8], most: usize) -> Option<(usize, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    (length <= most).then_some((length, rest))
}

const _: () = assert!(WorkProof::BYTES_MAX <= limits::SYSTEM_CALL_BYTES_MAX);

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn agree(bytes: &[u8]) -> Result<(), TestCaseError> {
        let (read, decoded) = (ProofBytes::read(bytes), WorkProof::from_canonical(bytes));
        prop_assert_eq!(read.is_some(), decoded.is_ok());
        if let (Some(read), Ok(decoded)) = (read, decoded) {
            prop_assert_eq!((read.header, read.anchor), (&decoded.header, decoded.anchor));
            prop_assert_eq!((read.coinbase, &read.branch[..]), (&decoded.coinbase[..], &decoded.branch[..]));
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn what_is_read_in_place_is_what_is_decoded(
            coinbase in vec(any::<u8>(), 0..=260),
            nodes in vec(any::<[u8; 32]>(), 0..=17),
            lie in prop_oneof![4 => Just(None), 1 => any::<(u32, bool)>().prop_map(Some)],
            cut in 0..3_usize,
            more in 0..3_usize,
        ) {
            let (length, count) = (coinbase.len() as u32, nodes.len() as u32);
            let (length, count) = match lie {
                Some((lie, true)) => (lie, count),
                Some((lie, false)) => (length, lie),
                None => (length, count),
            };
            let parts = [&[7; 80][..], &9_u64.to_le_bytes(), &length.to_le_bytes(), &coinbase, &count.to_le_bytes()];
            let mut bytes = [&parts.concat()[..], nodes.as_flattened()].concat();
            bytes.truncate(bytes.len().saturating_sub(cut));
            bytes.extend(std::iter::repeat_n(0, more));
            agree(&bytes)?;
        }
    }
}
